"""Short-lived tokens: signed, not stored, and worth nothing once their system is shut out.

Source: RFC 6749 §4.4 (client credentials), RFC 6750 (bearer tokens).
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.core import signing

from provisioning.models import System

LASTS_SECONDS = 600
_SALT = "provisioning.systems.tokens"


@dataclass(frozen=True, slots=True)
class Caller:
    """The system that calls, and what this token lets it ask for."""

    system: System
    scopes: frozenset[str]


def issue(system: System, scopes: Collection[str]) -> str:
    """A token for these scopes, which must be the system's own."""
    return signing.dumps({"system": system.client_id, "scopes": sorted(scopes)}, salt=_SALT)


def read(token: str) -> Caller | None:
    """Who calls with this token; None where it is not ours, has run out, or its system is shut out."""
    try:
        said = signing.loads(token, salt=_SALT, max_age=LASTS_SECONDS)
    except signing.BadSignature:
        return None
    system = System.objects.in_force().filter(client_id=said["system"]).first()
    if system is None:
        return None
    return Caller(system, frozenset(said["scopes"]) & frozenset(system.scopes))
