"""The tables: users, orders, requests, who handles them, evidence, audit entries, outgoing messages.

Columns whose name ends in `_key` hold a folded HSA-id, so that they can be compared in the database;
the HSA-id itself is kept beside it as the directory has it. Four eyes and one-open-request are
constraints here as well as rules in the operations. State changes only through the operations.
"""

from __future__ import annotations

import uuid
from typing import Any

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.models.case import Case
from provisioning.models.people import User
from provisioning.rules.hsa import HsaId
from provisioning.rules.states.request import ENDED, MOVES, OPEN, RequestState
from provisioning.rules.states.steps import STEP_OF


class StateChoice(models.TextChoices):
    AWAITING_ATTESTATION = RequestState.AWAITING_ATTESTATION.value, _("Waiting for approval")
    AWAITING_SECOND_ATTESTATION = (
        RequestState.AWAITING_SECOND_ATTESTATION.value,
        _("Waiting for a second approval"),
    )
    CHECKING = RequestState.CHECKING.value, _("Being checked in the directory")
    AWAITING_CHOICE = RequestState.AWAITING_CHOICE.value, _("Waiting for the orderer's choice")
    WAITING_FOR_COMMISSION = RequestState.WAITING_FOR_COMMISSION.value, _("Waiting for what is missing")
    AWAITING_KIV = RequestState.AWAITING_KIV.value, _("With the KIV administrator")
    VERIFYING = RequestState.VERIFYING.value, _("Being verified")
    AWAITING_HSA = RequestState.AWAITING_HSA.value, _("On its way to HSA")
    DONE = RequestState.DONE.value, _("Done")
    REJECTED = RequestState.REJECTED.value, _("Rejected")
    WITHDRAWN = RequestState.WITHDRAWN.value, _("Withdrawn")
    CANNOT_BE_DONE = RequestState.CANNOT_BE_DONE.value, _("Cannot be done")
    GAVE_UP = RequestState.GAVE_UP.value, _("Ended: the time ran out")


class Order(models.Model):
    """What one person asked for in one go: for one subject one or more units, for many whatever it takes."""

    case_number = models.CharField(max_length=20, unique=True, null=True)  # noqa: DJ001 - set from the key right after
    submission = models.UUIDField(
        unique=True, default=uuid.uuid4, editable=False
    )  # a form sent twice is one order
    orderer = models.ForeignKey(User, on_delete=models.PROTECT, related_name="orders")
    need = models.TextField()
    risk_statement = models.TextField()
    created_at = models.DateTimeField(default=timezone.now)
    # What it is called in the region's ordering portal or ticket system; most have none.
    external_number = models.CharField(max_length=40, null=True)  # noqa: DJ001 - tables of old stay as they are

    class Meta:
        indexes = (
            models.Index(fields=("created_at",), name="order_created"),
            models.Index(Upper("external_number"), name="order_external"),
        )

    def __str__(self) -> str:
        return self.case_number or f"order {self.pk}"


class AccessRequestQuerySet(models.QuerySet["AccessRequest"]):
    def open(self) -> AccessRequestQuerySet:
        return self.filter(state__in=[state.value for state in OPEN])


class AccessRequest(Case):
    """One item of an order: person × service × level × unit (or care provider), with its own state."""

    KEY, STATES, MOVES, READ_WITH, VALUE = "request", RequestState, MOVES, ("order__orderer",), "add"

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
    # What the orderer chose in the order itself, where something is missing: `orders.draft.Choice`.
    if_missing = models.CharField(max_length=10, blank=True)
    wait_until = models.DateField(null=True)
    # When the person's assignment for quality work was signed, where the region asks for it.
    signed_assignment_on = models.DateField(null=True)
    # The last verdict: answer, login, causes, warnings, changes. The entry itself is never stored.
    assessment = models.JSONField(default=dict)

    not_seen_since = models.DateTimeField(
        null=True
    )  # what it names is not seen: a later look must say the same

    carried_out_by = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="carried_out")
    # The three levels, each with its time: set in KIV, arrived in HSA, login would succeed.
    values_seen_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField(null=True)  # only where the national HSA is read, too
    # The right it gave or prolonged, once it is done.
    grant = models.ForeignKey(
        "provisioning.Grant", null=True, on_delete=models.PROTECT, related_name="requests"
    )

    nudged_at = models.DateTimeField(null=True)  # somebody who waits pressed "remind"
    # Steps that lasted longer than 95 of 100 orders here, by name: told once in each.
    unusual_steps = models.JSONField(default=list)
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
                        RequestState.CHECKING.value,
                        RequestState.AWAITING_CHOICE.value,
                        RequestState.WAITING_FOR_COMMISSION.value,
                        RequestState.AWAITING_KIV.value,
                        RequestState.VERIFYING.value,
                        RequestState.AWAITING_HSA.value,
                        RequestState.DONE.value,
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
            models.Index(
                fields=("-id",),
                condition=Q(state__in=sorted(state.value for state in OPEN)),
                name="request_open",
            ),
            models.Index(fields=("-arrived_at",), name="request_arrival"),
            models.Index(fields=("subject_key", "-id"), name="request_subject"),
            models.Index(
                fields=("subject_key",), condition=Q(subject_is_protected=True), name="request_protected"
            ),
            models.Index(fields=("unit_key", "-id"), name="request_unit"),
            models.Index(fields=("service", "state", "-state_since"), name="request_latest"),
            models.Index(fields=("service", "-id"), name="request_service"),
            models.Index(fields=("state", "-id"), name="request_state"),
            models.Index(fields=("state_since", "id"), name="request_since"),
            models.Index(fields=("-id", "state_since"), name="request_age"),
        )

    def __str__(self) -> str:
        return self.case_number

    @property
    def case_number(self) -> str:
        return f"{self.order.case_number}-{self.position}"

    @property
    def current_state(self) -> RequestState:
        return RequestState(self.state)

    @property
    def lasts_unusually(self) -> bool:
        """Say whether it has been found to be longer in its step than 95 of 100 orders here."""
        step = STEP_OF.get(self.current_state)
        return step is not None and step.name in self.unusual_steps

    @property
    def need(self) -> str:
        """Why it is needed: as its line of an order for many says, else as the order does."""
        return self._own_reasons()[0] or self.order.need

    @property
    def risk_statement(self) -> str:
        return self._own_reasons()[1] or self.order.risk_statement

    def _own_reasons(self) -> tuple[str, str]:
        line = getattr(self, "line", None)
        return (line.need, line.risk_statement) if line is not None else ("", "")

    @property
    def audit_pointers(self) -> dict[str, Any]:
        return {"order": self.order, "request": self}

    @property
    def entries(self) -> models.QuerySet[Any]:
        return self.audit_entries.all()

    @property
    def all_entries(self) -> models.QuerySet[Any]:
        return self.order.audit_entries.filter(Q(request=None) | Q(request=self))

    @property
    def lasts(self) -> AccessRequest:
        return self

    @property
    def orderer_id(self) -> HsaId:
        return HsaId(self.order.orderer_id)

    @property
    def starters(self) -> list[HsaId]:
        """The person who ordered it."""
        return [self.order.orderer.identity]

    @property
    def attested_by(self) -> list[str]:
        return [key for key in (self.attester_id, self.second_attester_id) if key]

    @property
    def step(self) -> tuple[Any, ...]:
        return self.state, self.escalation_level

    @property
    def is_looked_at(self) -> bool:
        """Also one that came to nothing after a KIV administrator had it: a value may stand of it."""
        state = self.current_state
        came_to_nothing = state in ENDED and state is not RequestState.DONE
        return self.is_with_kiv or (came_to_nothing and self.was_with_kiv)

    @property
    def was_with_kiv(self) -> bool:
        """Say whether it ever was a KIV administrator's task."""
        return bool(self.evidence.filter(moment="before").exists())

    @property
    def sitting_ids(self) -> list[HsaId]:
        """The orderer chooses, unless others were asked because the orderer is gone or does not answer."""
        if self.open_question is not None:
            return self.starters
        is_orderers = self.current_state is RequestState.AWAITING_CHOICE
        return self.handler_ids or (self.starters if is_orderers else [])

    def outcome(self, *, is_hidden: bool) -> dict[str, Any]:
        return {"verdict": {} if is_hidden else self.assessment}

    def leave_state(self) -> tuple[str, ...]:
        self.nudged_at, self.escalation_level, self.escalated_at = None, 0, None
        return (*super().leave_state(), "nudged_at", "escalation_level", "escalated_at")
