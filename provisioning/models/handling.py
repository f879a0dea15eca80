"""Who may act on a case now, and what the directory showed before and after."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.models.columns import KEY_LENGTH
from provisioning.models.orders import AccessRequest
from provisioning.models.people import Delegation, User


class HandlerRole(models.TextChoices):
    ATTESTER = "attester", _("Approver")
    SECOND_ATTESTER = "second_attester", _("Second approver")
    KIV_ADMINISTRATOR = "kiv_administrator", _("KIV administrator")
    CHOOSER = "chooser", _("Chooses for the orderer")  # who is gone, or has not answered


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


def _thing(row: Handler | Evidence | TaskQuestion) -> str:
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


class TaskQuestion(models.Model):
    """What a KIV administrator asked whoever ordered or started it, and the answer."""

    request = models.ForeignKey(AccessRequest, null=True, on_delete=models.CASCADE, related_name="questions")
    removal = models.ForeignKey(
        "provisioning.Removal", null=True, on_delete=models.CASCADE, related_name="questions"
    )
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="questions_asked")
    asked_at = models.DateTimeField(default=timezone.now)
    text = models.TextField()
    answered_by = models.ForeignKey(
        User, null=True, on_delete=models.PROTECT, related_name="questions_answered"
    )
    answered_at = models.DateTimeField(null=True)
    answer = models.TextField(blank=True)

    class Meta:
        ordering = ("asked_at", "pk")
        constraints = (models.CheckConstraint(condition=_ONE_OF_BOTH, name="question_of_one_thing"),)

    def __str__(self) -> str:
        return f"question about {_thing(self)}"
