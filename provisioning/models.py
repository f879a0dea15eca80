"""The tables: users, orders, requests, who handles them, evidence, audit entries, outgoing messages.

Columns whose name ends in `_key` hold a folded HSA-id, so that they can be compared in the database;
the HSA-id itself is kept beside it as the directory has it. Four eyes and one-open-request are
constraints here as well as rules in the operations. State changes only through the operations.
"""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any, ClassVar, NoReturn

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.case_models import Case
from provisioning.operators import auditor_ids, operator_ids
from provisioning.right_models import KEY_LENGTH
from provisioning.rules.hsa import HsaId
from provisioning.rules.lifecycle import MOVES, OPEN, State
from provisioning.rules.mandates import Kind


class StateChoice(models.TextChoices):
    AWAITING_ATTESTATION = State.AWAITING_ATTESTATION.value, _("Waiting for attestation")
    AWAITING_SECOND_ATTESTATION = (
        State.AWAITING_SECOND_ATTESTATION.value,
        _("Waiting for a second attestation"),
    )
    CHECKING = State.CHECKING.value, _("Being checked in the directory")
    AWAITING_CHOICE = State.AWAITING_CHOICE.value, _("Waiting for the orderer's choice")
    WAITING_FOR_COMMISSION = State.WAITING_FOR_COMMISSION.value, _("Waiting for what is missing")
    AWAITING_KIV = State.AWAITING_KIV.value, _("With the KIV administrator")
    VERIFYING = State.VERIFYING.value, _("Being verified")
    AWAITING_HSA = State.AWAITING_HSA.value, _("On its way to HSA")
    DONE = State.DONE.value, _("Done")
    REJECTED = State.REJECTED.value, _("Rejected")
    WITHDRAWN = State.WITHDRAWN.value, _("Withdrawn")
    CANNOT_BE_DONE = State.CANNOT_BE_DONE.value, _("Cannot be done")
    GAVE_UP = State.GAVE_UP.value, _("Ended: the time ran out")


class UserQuerySet(models.QuerySet["User"]):
    def delete(self) -> NoReturn:
        raise TypeError("users are deactivated, never deleted")


class UserManager(BaseUserManager["User"]):
    def get_queryset(self) -> UserQuerySet:
        return UserQuerySet(self.model, using=self._db)

    def seen(self, hsa_id: HsaId, *, name: str = "", is_protected: bool = False) -> User:
        """The user with this HSA-id, made or brought up to date from what the directory says now."""
        user, _created = self.update_or_create(
            hsa_key=hsa_id.folded,
            defaults={"hsa_id": hsa_id.text, "name": name, "is_protected": is_protected},
        )
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(hsa_key=HsaId(username or "").folded)


class User(AbstractBaseUser):
    """A person who has logged in, or acts in a case. Deactivated, never deleted.

    Mandates are never stored here: they come from the directory (`mandates.py`) and from settings.
    """

    hsa_key = models.CharField(max_length=KEY_LENGTH, primary_key=True)
    hsa_id = models.CharField(_("HSA-id"), max_length=KEY_LENGTH)
    name = models.CharField(_("name"), max_length=200, blank=True)
    is_protected = models.BooleanField(default=False)
    is_active = models.BooleanField(default=True)
    password = None  # type: ignore[assignment]  # nobody logs in with a password here

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "hsa_key"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")

    def __str__(self) -> str:
        return self.hsa_id

    @property
    def identity(self) -> HsaId:
        return HsaId(self.hsa_id)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Never: the engine's tasks would go with their owner. A trigger refuses it, too (`guards.py`)."""
        raise TypeError("users are deactivated, never deleted")

    def has_usable_password(self) -> bool:
        return False

    @property
    def is_auditor(self) -> bool:
        return self.hsa_key in {one.folded for one in auditor_ids()}

    @property
    def is_operator(self) -> bool:
        return self.hsa_key in {one.folded for one in operator_ids()}

    # Django's admin asks these; it is read-only here, for auditors and operators.
    @property
    def is_staff(self) -> bool:
        return self.is_auditor or self.is_operator

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and self.is_staff and ".view_" in perm

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff


class Order(models.Model):
    """What one person asked for in one go: one subject, one service and level, one or more units."""

    case_number = models.CharField(max_length=20, unique=True, null=True)  # noqa: DJ001 - set from the key right after
    submission = models.UUIDField(
        unique=True, default=uuid.uuid4, editable=False
    )  # a form sent twice is one order
    orderer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="orders")
    need = models.TextField()
    risk_statement = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.case_number or f"order {self.pk}"


class DelegationKind(models.TextChoices):
    ORDERING = Kind.ORDERING.value, _("Ordering access")
    ATTESTING = Kind.ATTESTING.value, _("Attesting orders")


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def in_force(self, on: date) -> DelegationQuerySet:
        """Not ended, and within its days. Whether the principal is still head is not known here."""
        return self.filter(ended_at=None, starts_on__lte=on, ends_on__gte=on)


class Delegation(models.Model):
    """The head of a unit lets somebody else order or attest there, from one day to another.

    Whether it counts also depends on the directory: the principal must still be head of the unit.
    """

    class End(models.TextChoices):
        REVOKED = "revoked", _("Revoked")
        LAPSED = "lapsed", _("Lapsed")
        NOT_HEAD = "not_head", _("The one who gave it is no longer head of the unit")

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    principal = models.ForeignKey(User, on_delete=models.PROTECT, related_name="delegations_given")
    delegate = models.ForeignKey(User, on_delete=models.PROTECT, related_name="delegations_received")
    unit_key = models.CharField(max_length=KEY_LENGTH)
    unit_hsa_id = models.CharField(max_length=KEY_LENGTH)
    unit_name = models.CharField(max_length=300)
    kind = models.CharField(max_length=10, choices=DelegationKind.choices)
    starts_on = models.DateField()
    ends_on = models.DateField()  # the last day
    reason = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="delegations_ended"
    )  # None: by itself
    end_code = models.CharField(max_length=20, blank=True, choices=End.choices)
    reminded_on = models.DateField(null=True)

    objects = DelegationQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.CheckConstraint(condition=~Q(principal=F("delegate")), name="delegate_is_somebody_else"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="delegation_ends_after_start"
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, end_code="") | (Q(ended_at__isnull=False) & ~Q(end_code="")),
                name="delegation_ends_for_a_reason",
            ),
        )
        indexes = (
            models.Index(fields=("delegate", "ends_on"), name="delegation_received"),
            models.Index(fields=("principal", "ends_on"), name="delegation_given"),
            models.Index(fields=("unit_key", "ends_on"), name="delegation_unit"),
        )

    def __str__(self) -> str:
        return f"delegation {self.public_id}"

    @property
    def unit_id(self) -> HsaId:
        return HsaId(self.unit_hsa_id)


class AccessRequestQuerySet(models.QuerySet["AccessRequest"]):
    def open(self) -> AccessRequestQuerySet:
        return self.filter(state__in=[state.value for state in OPEN])


class AccessRequest(Case):
    """One item of an order: person × service × level × unit (or care provider), with its own state."""

    KEY, STATES, MOVES, READ_WITH, VALUE = "request", State, MOVES, ("order__orderer",), "add"

    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="requests")
    position = models.PositiveSmallIntegerField()  # 1, 2, … within the order

    starts_on = models.DateField()
    ends_on = models.DateField()

    state = models.CharField(max_length=30, choices=StateChoice.choices)

    # `…_for`: the head of unit by whose mandate a delegate ordered or attested; None: nobody stood in.
    ordered_for = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="ordered_by_others"
    )
    attester = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="attested")
    attested_for = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="attested_by_others"
    )
    attested_at = models.DateTimeField(null=True)
    attestation_comment = models.TextField(blank=True)
    needs_second_attester = models.BooleanField(default=False)
    second_attester = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="second_attested"
    )
    second_attested_at = models.DateTimeField(null=True)
    second_attestation_comment = models.TextField(blank=True)

    wants_coupling = models.BooleanField(
        default=False
    )  # the orderer asked the KIV administrator to couple, too
    wait_until = models.DateField(null=True)
    # The last verdict: answer, login, causes, warnings, changes. The entry itself is never stored.
    assessment = models.JSONField(default=dict)

    carried_out_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="carried_out")
    # The three levels, each with its time: set in KIV, arrived in HSA, login would succeed.
    values_seen_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)  # only where the national HSA is read, too
    # The right it gave or prolonged, once it is done.
    grant = models.ForeignKey(
        "provisioning.Grant", null=True, on_delete=models.PROTECT, related_name="requests"
    )

    nudged_at = models.DateTimeField(null=True)  # somebody who waits pressed "remind"
    escalation_level = models.PositiveSmallIntegerField(default=0)  # rungs climbed in this state
    escalated_at = models.DateTimeField(null=True)

    objects = AccessRequestQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(fields=("order", "position"), name="request_position_in_order"),
            models.UniqueConstraint(
                fields=("subject_key", "service", "level", "unit_key"),
                condition=Q(state__in=sorted(state.value for state in OPEN)),
                name="one_open_request_per_right",
            ),
            models.CheckConstraint(
                condition=Q(attester=None) | ~Q(attester=F("subject_key")), name="attester_is_not_subject"
            ),
            models.CheckConstraint(
                condition=Q(attested_for=None) | (Q(attester__isnull=False) & ~Q(attested_for=F("attester"))),
                name="attested_for_somebody_else",
            ),
            models.CheckConstraint(
                condition=Q(second_attester=None)
                | (~Q(second_attester=F("subject_key")) & ~Q(second_attester=F("attester"))),
                name="second_attester_is_another",
            ),
            models.CheckConstraint(
                condition=Q(carried_out_by=None)
                | (
                    ~Q(carried_out_by=F("subject_key"))
                    & ~Q(carried_out_by=F("attester"))
                    & (Q(second_attester=None) | ~Q(carried_out_by=F("second_attester")))
                ),
                name="carried_out_by_somebody_else",
            ),
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="request_ends_after_start"),
            # Nothing is carried out or done that nobody attested.
            models.CheckConstraint(
                condition=~Q(
                    state__in=[
                        State.CHECKING.value,
                        State.AWAITING_CHOICE.value,
                        State.WAITING_FOR_COMMISSION.value,
                        State.AWAITING_KIV.value,
                        State.VERIFYING.value,
                        State.AWAITING_HSA.value,
                        State.DONE.value,
                    ]
                )
                | (
                    Q(attester__isnull=False)
                    & (Q(needs_second_attester=False) | Q(second_attester__isnull=False))
                ),
                name="attested_before_anything_else",
            ),
        )
        indexes = (
            models.Index(fields=("state", "next_poll_at"), name="request_polling"),
            models.Index(fields=("-arrived_at",), name="request_arrival"),
            models.Index(fields=("subject_key", "-id"), name="request_subject"),
            models.Index(fields=("unit_key", "-id"), name="request_unit"),
        )

    def __str__(self) -> str:
        return self.case_number

    @property
    def case_number(self) -> str:
        return f"{self.order.case_number}-{self.position}"

    @property
    def current_state(self) -> State:
        return State(self.state)

    @property
    def audit_pointers(self) -> dict[str, Any]:
        return {"order": self.order, "request": self}

    @property
    def entries(self) -> models.QuerySet[AuditEntry]:
        return self.audit_entries.all()

    @property
    def all_entries(self) -> models.QuerySet[AuditEntry]:
        mine = AuditEntry.objects.filter(order=self.order)
        return mine.filter(Q(request=None) | Q(request=self))

    @property
    def lasts(self) -> AccessRequest:
        return self

    @property
    def starters(self) -> list[HsaId]:
        """Whoever ordered it."""
        return [self.order.orderer.identity]

    @property
    def attested_by(self) -> list[str]:
        return [key for key in (self.attester_id, self.second_attester_id) if key]

    @property
    def step(self) -> tuple[Any, ...]:
        return self.state, self.escalation_level

    @property
    def sitting_ids(self) -> list[HsaId]:
        return self.starters if self.current_state is State.AWAITING_CHOICE else self.handler_ids

    def outcome(self, *, is_hidden: bool) -> dict[str, Any]:
        return {"verdict": {} if is_hidden else self.assessment}

    def leave_state(self) -> tuple[str, ...]:
        self.nudged_at, self.escalation_level, self.escalated_at = None, 0, None
        return (*super().leave_state(), "nudged_at", "escalation_level", "escalated_at")


class HandlerRole(models.TextChoices):
    ATTESTER = "attester", _("Attester")
    SECOND_ATTESTER = "second_attester", _("Second attester")
    KIV_ADMINISTRATOR = "kiv_administrator", _("KIV administrator")


_ONE_OF_BOTH = Q(request__isnull=False, removal=None) | Q(request=None, removal__isnull=False)


class Handler(models.Model):
    """Somebody who may act on a request or a removal now, as the directory said when it was last asked.

    It makes inboxes plain queries and tells everybody who has the case. It is never the mandate
    itself: that is read from the directory again before each decision.
    """

    request = models.ForeignKey(AccessRequest, null=True, on_delete=models.CASCADE, related_name="handlers")
    removal = models.ForeignKey(
        "provisioning.Removal", null=True, on_delete=models.CASCADE, related_name="handlers"
    )
    role = models.CharField(max_length=20, choices=HandlerRole.choices)
    person_key = models.CharField(max_length=KEY_LENGTH)
    person_hsa_id = models.CharField(max_length=KEY_LENGTH)
    person_name = models.CharField(max_length=200)
    # By which delegation the person is asked; None: by a mandate of their own.
    delegation = models.ForeignKey(Delegation, null=True, on_delete=models.PROTECT, related_name="handlers")
    acts_for_name = models.CharField(max_length=200, blank=True)
    read_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("request", "role", "person_key"), name="one_handler_row_per_person"
            ),
            models.UniqueConstraint(
                fields=("removal", "role", "person_key"), name="one_removal_handler_per_person"
            ),
            models.CheckConstraint(condition=_ONE_OF_BOTH, name="handler_of_one_thing"),
        )
        indexes = (models.Index(fields=("person_key", "role"), name="handler_inbox"),)

    def __str__(self) -> str:
        return f"{self.role} of {_thing(self)}"


def _thing(row: Handler | Evidence) -> str:
    return f"request {row.request_id}" if row.request_id else f"removal {row.removal_id}"


class Evidence(models.Model):
    """What the directory said about the wanted values, when, and where it was asked."""

    class Moment(models.TextChoices):
        ORDER = "order", _("When it was ordered")
        BEFORE = "before", _("Before the change")
        INSTEAD = "instead", _("When the task was reported as done")
        AFTER = "after", _("After the change")
        ARRIVAL = "arrival", _("When it had arrived in HSA")
        VERIFICATION = "verification", _("At verification")

    request = models.ForeignKey(AccessRequest, null=True, on_delete=models.CASCADE, related_name="evidence")
    removal = models.ForeignKey(
        "provisioning.Removal", null=True, on_delete=models.CASCADE, related_name="evidence"
    )
    moment = models.CharField(max_length=20, choices=Moment.choices)
    read_at = models.DateTimeField()
    source = models.CharField(max_length=300)  # the directory's address
    values = models.JSONField(default=list)  # [{dn, attribute, values}]
    verdict = models.JSONField(default=dict)  # answer, login, causes, warnings

    class Meta:
        ordering = ("read_at", "pk")
        verbose_name_plural = _("evidence")
        constraints = (models.CheckConstraint(condition=_ONE_OF_BOTH, name="evidence_of_one_thing"),)

    def __str__(self) -> str:
        return f"{self.moment} of {_thing(self)}"


class AuditEntry(models.Model):
    """One fact: who did what on what, when and why. Append-only; written by `audit.record` alone.

    Every column but `id` is part of what `mac` signs, and each row signs the one before it. Order and
    request are therefore held by what names them outside this database, without a constraint: a row
    can be read and checked after its case has been removed.
    """

    sequence = models.BigIntegerField(unique=True)  # 1, 2, 3 … without gaps
    at = models.DateTimeField(default=timezone.now)
    action = models.CharField(max_length=60)  # dotted and stable: request.attested
    actor = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="acts"
    )  # None: the tool itself
    principal = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="acts_by_others"
    )  # on whose behalf the actor acted; None: on nobody's but their own
    order = models.ForeignKey(
        Order,
        to_field="case_number",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="audit_entries",
    )
    request = models.ForeignKey(
        AccessRequest,
        to_field="public_id",
        null=True,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        related_name="audit_entries",
    )
    # What else it is about, by its public id: a grant, a removal, …
    about = models.UUIDField(null=True, db_index=True)
    reason = models.TextField(blank=True)
    data = models.JSONField(default=dict)  # codes, old and new; never names
    version = models.PositiveSmallIntegerField()  # of the form in which the content is signed
    key_id = models.CharField(max_length=8)  # which key signed it
    previous = models.CharField(max_length=64)  # the MAC of the row before
    mac = models.CharField(max_length=64)

    class Meta:
        ordering = ("sequence",)
        verbose_name_plural = _("audit entries")
        indexes = (models.Index(fields=("action", "at"), name="audit_action"),)

    def __str__(self) -> str:
        return f"{self.action} #{self.sequence}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise TypeError("audit entries are never changed")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise TypeError("audit entries are never deleted")


class AuditHead(models.Model):
    """Where the audit chain ends: the one row that writers lock, so that they come one after another.

    `cut_through` is the last number that retention has removed; the database lets go of no later row.
    """

    ONLY = 1
    NOTHING = "0" * 64  # what the first row of all has before it

    id = models.PositiveSmallIntegerField(primary_key=True, default=ONLY)
    sequence = models.BigIntegerField(default=0)
    mac = models.CharField(max_length=64, default=NOTHING)
    cut_through = models.BigIntegerField(default=0)

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(id=1), name="one_audit_head"),)

    def __str__(self) -> str:
        return f"audit chain through #{self.sequence}"


class OutgoingMessage(models.Model):
    """One mail to one person about one fact. The row is the truth; the broker only hurries it."""

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        WAITING = "waiting", _("Waiting for a new try")
        FAILED = "failed", _("Failed")
        NO_ADDRESS = "no_address", _("The person has no mail address in the directory")

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    cause = models.ForeignKey(AuditEntry, on_delete=models.PROTECT, related_name="messages")
    request = models.ForeignKey(AccessRequest, null=True, on_delete=models.PROTECT, related_name="messages")
    removal = models.ForeignKey(
        "provisioning.Removal", null=True, on_delete=models.PROTECT, related_name="messages"
    )
    kind = models.CharField(max_length=40)
    recipient_key = models.CharField(max_length=KEY_LENGTH)
    recipient_hsa_id = models.CharField(max_length=KEY_LENGTH)
    state = models.CharField(max_length=20, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(default=timezone.now)
    next_try_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    error_code = models.CharField(max_length=60, blank=True)

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("cause", "recipient_key", "kind"), name="one_message_per_cause_and_person"
            ),
            models.CheckConstraint(
                condition=Q(request=None) | Q(removal=None), name="message_about_one_thing"
            ),
        )
        indexes = (models.Index(fields=("state", "next_try_at"), name="message_due"),)

    def __str__(self) -> str:
        return f"{self.kind} {self.uuid}"


# The tables of a right's life are a module of their own; Django finds them through this one.
import provisioning.finding_models  # noqa: E402
import provisioning.grant_models  # noqa: E402, F401
import provisioning.review_models  # noqa: E402, F401
