"""The ladder: who is asked when nobody answers, how often, and how it ends.

A head who does not answer is reminded (`reminders.remind`) and then the next head up is asked as well; the
first can still act. KIV administrators above are asked from the beginning, so a rung there tells those who
run the tool. Where the orderer is to choose and does not, all who could order there now may choose as well.
After the last rung an undecided request ends, or stays, by setting; what has been decided always stays. All
in Swedish working days. Source: domain §7 (the nearest head above); the numbers are settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Count, Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import candidates, handlers, moves
from provisioning.cases.candidates import Asked
from provisioning.directory import Directory
from provisioning.errors import WrongState
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest, HandlerRole
from provisioning.operators import operator_ids
from provisioning.orders import stand_in
from provisioning.rules.dates import deadlines
from provisioning.rules.states.request import UNATTESTED, WITH_A_PERSON, RequestState

_ON_THE_LADDER = [state.value for state in WITH_A_PERSON]


@dataclass(frozen=True, slots=True)
class Rung:
    """Who is asked on the next rung, as the directory said just now."""

    level: int
    role: HandlerRole
    asked: tuple[Asked, ...]
    orderer_is_gone: bool = False


def due() -> list[int]:
    """Keys of requests that climb a rung now, oldest first."""
    since = timezone.now() - timedelta(days=settings.ESCALATE_AFTER_WORKING_DAYS)
    rows = (
        AccessRequest.objects.filter(
            state__in=_ON_THE_LADDER, escalation_level__lte=settings.ESCALATION_LEVELS
        )
        .annotate(asked=Count("handlers"), waited_since=Coalesce("escalated_at", "state_since"))
        .filter(Q(waited_since__lte=since) | Q(asked=0))
        .order_by("waited_since")
    )
    return [row.pk for row in rows if is_due(row)]


def is_due(request: AccessRequest) -> bool:
    """Say whether working days enough have passed; at once where the last who was asked has fallen away."""
    if request.escalation_level > settings.ESCALATION_LEVELS:
        return False
    is_orderers = request.current_state is RequestState.AWAITING_CHOICE  # then nobody else is asked at first
    if request.escalated_at is None and not is_orderers and not request.handlers.exists():
        return True
    since = dates.today(max(request.escalated_at or request.state_since, request.waits_since))
    return dates.today() >= deadlines.add_working_days(since, settings.ESCALATE_AFTER_WORKING_DAYS)


def ends_now(request: AccessRequest) -> bool:
    """Say whether the ladder is climbed and the request is one that then ends."""
    is_climbed = request.escalation_level >= settings.ESCALATION_LEVELS
    return is_climbed and request.current_state in UNATTESTED and settings.ESCALATION_END == "end"


def next_rung(directory: Directory, request: AccessRequest) -> Rung:
    """Ask the directory who stands on the next rung. Raises DirectoryError, WrongState."""
    level = request.escalation_level + 1
    found = candidates.look_up(directory, request, rungs=min(level, settings.ESCALATION_LEVELS))
    if found is None:
        raise WrongState
    return Rung(level, *found, orderer_is_gone=stand_in.orderer_is_gone(directory, request))


@transaction.atomic
def climb(request: AccessRequest, rung: Rung) -> None:
    """Ask those on the rung as well. Nobody new, or a KIV task: those who run the tool are told.

    After the last rung the orderer is told, too. Raises WrongState when somebody acted in between.
    """
    row = moves.lock(AccessRequest, request.pk)
    if row.state != request.state or row.escalation_level != rung.level - 1 or not is_due(row):
        raise WrongState
    before = set(row.handlers.filter(role=rung.role).values_list("person_key", flat=True))
    if rung.role is HandlerRole.CHOOSER:
        before.add(row.order.orderer_id)  # had it from the beginning
    row.escalation_level, row.escalated_at = rung.level, timezone.now()
    row.save(update_fields=["escalation_level", "escalated_at"])
    if rung.asked:  # an empty answer removes no handler
        handlers.assign(row, rung.role, rung.asked)
    newcomers = {one.person.hsa_id.folded for one in rung.asked} - before
    is_last = rung.level > settings.ESCALATION_LEVELS
    entry = events.record(
        Action.ESCALATED, actor=None, request=row, rung=rung.level, newcomers=len(newcomers), is_last=is_last
    )
    handlers.ask_newcomers(entry, row, rung.role, before=before)
    told = [*operator_ids()] if not newcomers or is_last else []
    if is_last and not rung.orderer_is_gone:
        told.append(row.order.orderer.identity)
    outbox.enqueue(entry, MessageKind.STUCK, told)
