"""People who log in or act, and what a head of unit lets others do for a time.

Columns whose name ends in `_key` hold a folded HSA-id, so that they can be compared in the database.
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

from provisioning.models.columns import KEY_LENGTH
from provisioning.operators import auditor_ids, operator_ids, service_desk_ids
from provisioning.rules.hsa import HsaId
from provisioning.rules.mandates import Delegable


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
    language = models.CharField(max_length=10, blank=True)  # chosen last, on the page; mails are in it
    password = None  # type: ignore[assignment]  # nobody logs in with a password here

    objects: ClassVar[UserManager] = UserManager()
    # In this request somebody's mandates were to be shown and could not be read: what seems not to be there
    # may be there.
    is_shown_without_mandates = False

    USERNAME_FIELD = "hsa_key"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        indexes = (models.Index(fields=("hsa_key",), condition=Q(is_protected=True), name="user_protected"),)

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

    @property
    def is_service_desk(self) -> bool:
        return self.hsa_key in {one.folded for one in service_desk_ids()}

    # Django's admin asks these; it is read-only here, for auditors and operators.
    @property
    def is_staff(self) -> bool:
        return self.is_auditor or self.is_operator

    def has_perm(self, perm: str, obj: object = None) -> bool:
        return self.is_active and self.is_staff and ".view_" in perm

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff


class DelegationKind(models.TextChoices):
    ORDERING = Delegable.ORDERING.value, _("Ordering access")
    ATTESTING = Delegable.ATTESTING.value, _("Approving orders")


class DelegationQuerySet(models.QuerySet["Delegation"]):
    def in_force(self, on: date) -> DelegationQuerySet:
        """Not ended, and within its days. Whether the principal is still head is not known here."""
        return self.filter(ended_at=None, starts_on__lte=on, ends_on__gte=on)

    def usable(self, on: date) -> DelegationQuerySet:
        """In force, and nothing has shown that the delegate's HSA-id is another human's now."""
        return self.in_force(on).exclude(doubt_code=Delegation.End.ANOTHER_HUMAN)


class Delegation(models.Model):
    """The head of a unit lets somebody else order or attest there, from one day to another.

    Whether it counts also depends on the directory: the principal must still be head of the unit.
    """

    class End(models.TextChoices):
        REVOKED = "revoked", _("Revoked")
        LAPSED = "lapsed", _("Its last day passed")
        NOT_HEAD = "not_head", _("The one who gave it is no longer head of the unit")
        DELEGATE_LEFT = "delegate_left", _("The one who had it is no longer employed")
        ANOTHER_HUMAN = "another_human", _("The HSA-id of the one who had it now belongs to somebody else")

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
    # By which the delegate is known again: parts of the name, sealed. Nothing of a personal identity number.
    delegate_marks = models.JSONField(default=dict)
    # One look said that it has lost its ground; a later one must say the same before it ends.
    doubt_code = models.CharField(max_length=20, blank=True, choices=End.choices)
    doubted_at = models.DateTimeField(null=True)

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
