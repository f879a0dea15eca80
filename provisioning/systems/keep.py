"""Letting another system in, shutting it out, and knowing it again by its secret."""

from __future__ import annotations

import enum
import hashlib
import secrets
from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext_lazy as _

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.errors import Invalid, WrongState
from provisioning.models import System


class Scope(enum.StrEnum):
    """What a system may ask for. Stored and sent: never rename."""

    WRITE_ORDERS = "orders.write"
    READ_ORDERS = "orders.read"
    READ_CASES = "cases.read"
    READ_RIGHTS = "rights.read"
    READ_FINDINGS = "findings.read"
    READ_REVIEWS = "reviews.read"
    ASSESS = "assess"
    WRITE_TICKETS = "tickets.write"
    READ_CATALOGUE = "catalogue.read"


@transaction.atomic
def add(client_id: str, *, name: str, scopes: Collection[Scope]) -> tuple[System, str]:
    """Let a system in; returns it and its secret, which is kept nowhere. Raises Invalid."""
    if not scopes:
        raise Invalid(_("Name what the system may do."), code="system.no_scope", field="scopes")
    if System.objects.filter(client_id=client_id).exists():
        raise Invalid(_("There has been a system with this id."), code="system.taken", field="client_id")
    secret = secrets.token_urlsafe(32)
    system = System.objects.create(
        client_id=client_id,
        name=name,
        secret_digest=_digest(secret),
        scopes=sorted(scope.value for scope in scopes),
    )
    events.record(Action.SYSTEM_ADDED, actor=None, client=client_id, scopes=system.scopes)
    return system, secret


@transaction.atomic
def revoke(client_id: str) -> System:
    """Shut a system out: its next call is refused, whatever token it holds. Raises WrongState."""
    system = System.objects.in_force().select_for_update().filter(client_id=client_id).first()
    if system is None:
        raise WrongState(_("No system with this id is let in."))
    system.revoked_at = timezone.now()
    system.save(update_fields=["revoked_at"])
    events.record(Action.SYSTEM_REVOKED, actor=None, client=client_id)
    return system


def known(client_id: str, secret: str) -> System | None:
    """The system with this id and secret, if it is let in."""
    system = System.objects.in_force().filter(client_id=client_id).first()
    digest = _digest(secret)  # also where there is no such system: that is told by no time
    if system is None or not constant_time_compare(digest, system.secret_digest):
        return None
    System.objects.filter(pk=system.pk).update(called_at=timezone.now())
    return system


def is_trusted(system: System) -> bool:
    """Say whether what it orders for somebody counts as signed by that person."""
    return system.client_id in settings.API_TRUSTED_SYSTEMS


def _digest(secret: str) -> str:
    """Of 256 random bits, which nobody guesses: a slow hash would only slow the caller down."""
    return hashlib.sha256(secret.encode()).hexdigest()
