"""All tables. State changes only through the operations; four eyes and one open order are constraints, too.

Columns whose name ends in `_key` hold a folded HSA-id, so that they can be compared in the database; the
HSA-id itself is kept beside it as the directory has it.
"""

from provisioning.models.absences import Absence
from provisioning.models.audit import AuditEntry, AuditHead
from provisioning.models.calendar_feeds import CalendarFeed
from provisioning.models.case import Case
from provisioning.models.columns import (
    KEY_LENGTH,
    AboutOneRight,
    KivTask,
    LevelChoice,
    PersonAndPlace,
)
from provisioning.models.figures import DayFigures, FiguredPlace, StepHistory
from provisioning.models.findings import AbsenceDoubt, Finding, FindingQuerySet, KnownPerson, Sweep
from provisioning.models.handling import Evidence, Handler, HandlerRole, TaskQuestion
from provisioning.models.heartbeats import Heartbeat
from provisioning.models.incidents import Incident, IncidentKind, IncidentQuerySet
from provisioning.models.log_ins import LogIn
from provisioning.models.many_orders import ManyOrder, OrderLine, OrderSummary
from provisioning.models.messages import OutgoingMessage
from provisioning.models.notice_choices import NoticeChoice
from provisioning.models.obstacles import Obstacle
from provisioning.models.orders import AccessRequest, AccessRequestQuerySet, Order, StateChoice
from provisioning.models.people import (
    Delegation,
    DelegationKind,
    DelegationQuerySet,
    User,
    UserManager,
    UserQuerySet,
)
from provisioning.models.protection import ProtectionDoubt
from provisioning.models.readers import Reader
from provisioning.models.removals import Removal, RemovalQuerySet, RemovalStateChoice
from provisioning.models.reorganisations import Reorganisation, ReorganisationState, ReorganisedRight
from provisioning.models.reviews import (
    BY_A_PERSON,
    Decision,
    Relation,
    Review,
    Reviewer,
    ReviewItem,
    ReviewItemQuerySet,
    ReviewScope,
    ReviewState,
)
from provisioning.models.rights import EndCauseChoice, Grant, GrantQuerySet, GrantStateChoice, Notice
from provisioning.models.saved_views import SavedView
from provisioning.models.systems import HandedOrder, System, SystemQuerySet
from provisioning.models.teams import TeamMember, TeamMemberQuerySet, TeamTaskChoice
from provisioning.models.tickets import Ticket, TicketReply
from provisioning.models.unsent_forms import UnsentForm
from provisioning.models.webhooks import HookDelivery, Subscription, SubscriptionQuerySet

__all__ = [
    "AboutOneRight",
    "Absence",
    "AbsenceDoubt",
    "AccessRequest",
    "AccessRequestQuerySet",
    "AuditEntry",
    "AuditHead",
    "BY_A_PERSON",
    "CalendarFeed",
    "Case",
    "Decision",
    "DayFigures",
    "Delegation",
    "DelegationKind",
    "DelegationQuerySet",
    "EndCauseChoice",
    "Evidence",
    "FiguredPlace",
    "Finding",
    "FindingQuerySet",
    "Grant",
    "GrantQuerySet",
    "GrantStateChoice",
    "HandedOrder",
    "Handler",
    "HandlerRole",
    "Heartbeat",
    "HookDelivery",
    "Incident",
    "IncidentKind",
    "IncidentQuerySet",
    "KEY_LENGTH",
    "KivTask",
    "KnownPerson",
    "LevelChoice",
    "LogIn",
    "ManyOrder",
    "Notice",
    "NoticeChoice",
    "Obstacle",
    "Order",
    "OrderLine",
    "OrderSummary",
    "OutgoingMessage",
    "PersonAndPlace",
    "ProtectionDoubt",
    "Reader",
    "Relation",
    "Removal",
    "RemovalQuerySet",
    "RemovalStateChoice",
    "Reorganisation",
    "ReorganisationState",
    "ReorganisedRight",
    "Review",
    "ReviewItem",
    "ReviewItemQuerySet",
    "ReviewScope",
    "ReviewState",
    "Reviewer",
    "SavedView",
    "StateChoice",
    "StepHistory",
    "Subscription",
    "SubscriptionQuerySet",
    "Sweep",
    "System",
    "SystemQuerySet",
    "Ticket",
    "TicketReply",
    "TaskQuestion",
    "TeamMember",
    "TeamMemberQuerySet",
    "TeamTaskChoice",
    "UnsentForm",
    "User",
    "UserManager",
    "UserQuerySet",
]
