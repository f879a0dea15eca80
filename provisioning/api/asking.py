"""Who asks, for whom, and whether they may: asked first by everything the API does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _
from ninja.security import HttpBearer

from provisioning import dates
from provisioning.api.problems import CallProblem
from provisioning.audit import events
from provisioning.directory import open_directory
from provisioning.models import System, User
from provisioning.pages.middleware import limits
from provisioning.rules import identity_numbers
from provisioning.rules.hsa import typed_id
from provisioning.rules.mandates import has_left
from provisioning.systems import tokens
from provisioning.systems.keep import Scope


class Bearer(HttpBearer):
    """The token of the `Authorization` header."""

    def authenticate(self, request: HttpRequest, token: str) -> tokens.Caller | None:
        return tokens.read(token)


@dataclass(frozen=True, slots=True)
class Asker:
    """The system, and the person it speaks for, where it named one."""

    system: System
    person: User | None

    @property
    def named(self) -> User:
        """The person. Raises CallProblem where nobody was named."""
        if self.person is None:
            raise CallProblem(422, "acting_for", _("Say for whom, by the header Acting-For."))
        return self.person


@contextmanager
def asked(request: HttpRequest, scope: Scope, acting_for: str | None, sent: Any = None) -> Iterator[Asker]:
    """Let the call in: its scope, how often it comes, and whom it is for. Raises CallProblem, DirectoryError.

    What is recorded meanwhile bears the system's name. `sent`: what came with the call, which may hold no
    personal identity number.
    """
    caller: tokens.Caller = request.auth  # type: ignore[attr-defined]
    if scope not in caller.scopes:
        raise CallProblem(
            403, "scope", _("The token does not hold the scope %(scope)s.") % {"scope": scope.value}
        )
    count(request, limits.CALL, f"system {caller.system.client_id}")
    _refuse_what_nobody_may_send([sent, acting_for])
    person = None if acting_for is None else _person(acting_for)
    request.acts_for = person  # type: ignore[attr-defined]
    with events.through(caller.system.client_id):
        yield Asker(caller.system, person)


def count(request: HttpRequest, limit: limits.Limit, who: str) -> None:
    """Count it towards the limit. Raises CallProblem where it is one too many."""
    request.caller = who  # type: ignore[attr-defined]
    if limits.is_over(limit, request):
        raise CallProblem(429, limit.code, headers={"Retry-After": str(limits.seconds_left(limit))})


def _person(text: str) -> User:
    """The person the system speaks for. It may not speak for who reads everything or runs the tool."""
    hsa_id = typed_id(text)
    refused = CallProblem(403, "acting_for", _("The system may not speak for this person."))
    person = open_directory().person(hsa_id) if text.strip() else None
    if person is None or person.is_archived or has_left(person, on=dates.today()):
        raise refused
    user = User.objects.seen(person.hsa_id, name=person.name, is_protected=person.is_protected)
    if not user.is_active or user.is_auditor or user.is_operator or user.is_service_desk:
        raise refused
    return user


def _refuse_what_nobody_may_send(sent: Any) -> None:
    texts = list(_texts(sent))
    if any("\x00" in text for text in texts):
        raise CallProblem(400, "unreadable")
    if any(identity_numbers.is_held_by(text) for text in texts):
        message = _("Something that was sent looks like a personal identity number. Nothing was kept of it.")
        raise CallProblem(422, "identity_number", message)


def _texts(sent: Any) -> Iterator[str]:
    if isinstance(sent, str):
        yield sent
    elif isinstance(sent, dict):
        yield from _texts(list(sent.values()))
    elif isinstance(sent, list):
        for one in sent:
            yield from _texts(one)
