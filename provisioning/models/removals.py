"""The removal of a right, or of a value that belongs to none: a case of its own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.models.audit import AuditEntry
from provisioning.models.case import Case
from provisioning.models.people import User
from provisioning.models.rights import EndCauseChoice, Grant
from provisioning.rules.hsa import HsaId
from provisioning.rules.states.right import REMOVAL_MOVES, REMOVAL_OPEN, RemovalState


class RemovalStateChoice(models.TextChoices):
    LOOKING = RemovalState.LOOKING.value, _("Being looked up in the directory")
    AWAITING_KIV = RemovalState.AWAITING_KIV.value, _("With the KIV administrator")
    VERIFYING = RemovalState.VERIFYING.value, _("Being verified")
    AWAITING_HSA = RemovalState.AWAITING_HSA.value, _("On its way out of HSA")
    DONE = RemovalState.DONE.value, _("Gone from the directory")
    NOT_NEEDED = RemovalState.NOT_NEEDED.value, _("Nothing to remove")
    WITHDRAWN = RemovalState.WITHDRAWN.value, _("Withdrawn")
    CANNOT_BE_DONE = RemovalState.CANNOT_BE_DONE.value, _("Cannot be done")


class RemovalQuerySet(models.QuerySet["Removal"]):
    def open(self) -> RemovalQuerySet:
        return self.filter(state__in=[state.value for state in REMOVAL_OPEN])


class Removal(Case):
    """Taking a right away: from its cause until the directory shows that the values are gone.

    `grant` is None where the value belongs to no grant: a right found outside the tool. Then `asked` says
    which values are meant. Its changes say what to remove: dn, attribute, remove, purpose, unit.
    """

    KEY, STATES, MOVES, VALUE = "removal", RemovalState, REMOVAL_MOVES, "remove"
    READ_WITH = ("grant", "started_by")
    MESSAGE_PREFIX, is_removal = "removal_", True

    person_dn = models.TextField(blank=True)
    case_number = models.CharField(max_length=20, unique=True, null=True)  # noqa: DJ001 - set from the key right after
    grant = models.ForeignKey(Grant, null=True, on_delete=models.PROTECT, related_name="removals")
    cause = models.CharField(max_length=20, choices=EndCauseChoice.choices)
    started_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="removals_started"
    )  # None: the tool itself
    started_at = models.DateTimeField(default=timezone.now)
    reason = models.TextField(blank=True)
    asked = models.JSONField(default=list)  # [{dn, attribute, remove}]

    state = models.CharField(
        max_length=20, choices=RemovalStateChoice.choices, default=RemovalState.LOOKING.value
    )
    kept = models.JSONField(default=list)  # what stays because another right needs it, in the same form
    carried_out_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="removals_carried_out"
    )
    # The two levels, each with its time: gone from KIV and, only where the national HSA is read, from there.
    values_gone_at = models.DateTimeField(null=True)
    gone_from_hsa_at = models.DateTimeField(null=True)
    # So many were gone at one look that a later one must say the same.
    gone_doubted_at = models.DateTimeField(null=True)

    objects: ClassVar[RemovalQuerySet] = RemovalQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=("grant",),
                condition=Q(state__in=sorted(state.value for state in REMOVAL_OPEN)),
                name="one_open_removal_per_grant",
            ),
            models.CheckConstraint(
                condition=Q(carried_out_by=None) | ~Q(carried_out_by=F("subject_key")),
                name="removed_by_somebody_else",
            ),
            # Done means seen gone: never on somebody's word.
            models.CheckConstraint(
                condition=~Q(state=RemovalState.DONE.value) | Q(verified_at__isnull=False),
                name="removal_done_is_verified",
            ),
            # On its way out of HSA means gone from KIV: first the one, then the other.
            models.CheckConstraint(
                condition=~Q(state=RemovalState.AWAITING_HSA.value) | Q(values_gone_at__isnull=False),
                name="removal_leaves_kiv_first",
            ),
        )
        indexes = (
            models.Index(fields=("state", "next_poll_at"), name="removal_polling"),
            models.Index(fields=("-gone_from_hsa_at",), name="removal_departure"),
            models.Index(fields=("subject_key", "-id"), name="removal_subject"),
            models.Index(
                fields=("subject_key",), condition=Q(subject_is_protected=True), name="removal_protected"
            ),
            models.Index(fields=("unit_key", "-id"), name="removal_unit"),
            models.Index(fields=("service", "-id"), name="removal_service"),
            models.Index(fields=("state", "-id"), name="removal_state"),
            models.Index(fields=("cause", "-id"), name="removal_cause"),
            models.Index(fields=("state_since", "id"), name="removal_since"),
            models.Index(fields=("started_at",), name="removal_started"),
        )

    def __str__(self) -> str:
        return self.case_number or f"removal {self.pk}"

    @property
    def current_state(self) -> RemovalState:
        return RemovalState(self.state)

    @property
    def entries(self) -> models.QuerySet[AuditEntry]:
        return AuditEntry.objects.filter(about=self.public_id)

    @property
    def lasts(self) -> Grant | None:
        return self.grant

    @property
    def starters(self) -> list[HsaId]:
        """The person who started it; where the tool did, the person who ordered the right."""
        if self.started_by is not None:
            return [self.started_by.identity]
        return [self.grant.origin.order.orderer.identity] if self.grant else []

    def outcome(self, *, is_hidden: bool) -> dict[str, Any]:
        return {
            "cause": self.cause,
            "removed": [] if is_hidden else self.changes,
            "kept": [] if is_hidden else self.kept,
        }
