"""The columns that several tables share: which right a row is about, and how a KIV administrator's task goes.

Abstract: no tables of their own. Columns whose name ends in `_key` hold a folded HSA-id, so that they can be
compared in the database; the HSA-id itself is kept beside it as the directory has it.
"""

from __future__ import annotations

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from provisioning.rules.hsa import HsaId, Level, OrderedAccess, Service
from provisioning.rules.removal import Right
from provisioning.rules.services import catalogue

KEY_LENGTH = 64


def service_choices() -> list[tuple[str, str]]:
    """Every service of the catalogue with its name: a new one asks for no new table."""
    return [(service.value, catalogue.words(service).name) for service in Service]


class LevelChoice(models.TextChoices):
    OWN = Level.OWN.value, _("Own cases")
    UNIT = Level.UNIT.value, _("Whole unit")
    PROVIDER = Level.PROVIDER.value, _("Whole care provider (process leader)")


class PersonAndPlace(models.Model):
    """Person × service × level × unit (or care provider)."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # what links carry
    subject_key = models.CharField(max_length=KEY_LENGTH)
    subject_hsa_id = models.CharField(max_length=KEY_LENGTH)
    subject_name = models.CharField(max_length=200, blank=True)
    subject_is_protected = models.BooleanField(default=False)
    service = models.CharField(max_length=20, choices=service_choices)
    level = models.CharField(max_length=10, choices=LevelChoice.choices)
    # The unit the right is set for. A sub-unit is ordered through its care unit: see `AboutOneRight`.
    unit_key = models.CharField(max_length=KEY_LENGTH)
    unit_hsa_id = models.CharField(max_length=KEY_LENGTH)
    unit_name = models.CharField(max_length=300, blank=True)
    unit_dn = models.TextField(blank=True)

    class Meta:
        abstract = True

    @property
    def subject_id(self) -> HsaId:
        return HsaId(self.subject_hsa_id)

    @property
    def unit_id(self) -> HsaId:
        return HsaId(self.unit_hsa_id)

    @property
    def ordered_access(self) -> OrderedAccess:
        return OrderedAccess(self.subject_id, Service(self.service), Level(self.level), self.unit_id)


class AboutOneRight(PersonAndPlace):
    """A right as it was ordered: also for which sub-unit, where that is not the care unit itself."""

    wanted_unit_hsa_id = models.CharField(max_length=KEY_LENGTH, blank=True)
    wanted_unit_name = models.CharField(max_length=300, blank=True)

    class Meta:
        abstract = True

    @property
    def right(self) -> Right:
        """What the rules know of it."""
        sub_unit_id = HsaId(self.wanted_unit_hsa_id) if self.wanted_unit_hsa_id else None
        return Right(self.subject_id, Service(self.service), Level(self.level), self.unit_id, sub_unit_id)


class KivTask(models.Model):
    """What a KIV administrator answered, what the directories showed and when, and who was reminded."""

    carried_out_how = models.CharField(max_length=20, blank=True)  # done, seen, already_set, already_gone
    carried_out_note = models.TextField(blank=True)
    reported_done_at = models.DateTimeField(null=True)
    verified_at = models.DateTimeField(null=True)
    # The KIV administrator who works on it: for `KIV_CLAIM_MINUTES` from then, and it keeps nobody out.
    taken_by = models.ForeignKey(
        "provisioning.User", null=True, on_delete=models.PROTECT, related_name="%(class)ss_taken"
    )
    taken_at = models.DateTimeField(null=True)
    seen_instead = models.JSONField(default=dict)  # what stood there when "done" was answered
    hsa_shows = models.JSONField(default=dict)  # what the national HSA held at the last look, while waiting
    hsa_late_told_at = models.DateTimeField(null=True)

    next_poll_at = models.DateTimeField(null=True)
    poll_count = models.PositiveIntegerField(default=0)
    trouble_code = models.CharField(max_length=60, blank=True)  # the directory does not tell
    trouble_since = models.DateTimeField(null=True)
    trouble_told_at = models.DateTimeField(null=True)
    reminded_at = models.DateTimeField(null=True)
    reminder_count = models.PositiveSmallIntegerField(default=0)

    class Meta:
        abstract = True
