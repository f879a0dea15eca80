"""Logging in and out: who the person is comes from the directory, and every log-in is a recorded fact.

How somebody proves who they are is settled by the page that calls this. Source: domain §9.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.directory import open_directory
from provisioning.errors import NotAllowed
from provisioning.models import User
from provisioning.rules.hsa import HsaId
from provisioning.rules.mandates import has_left


def accept(hsa_id: HsaId, *, how: str) -> User:
    """The user with this proved HSA-id, brought up to date from the directory.

    Raises NotAllowed when the directory has no such living person, or the user is shut out here, and
    DirectoryError when it does not answer.
    """
    person = open_directory().person(hsa_id)
    if person is None:
        _refuse(None, "person.missing", how)
        raise NotAllowed(_("The directory has no person with this HSA-id."), code="person.missing")
    if person.is_archived:
        _refuse(None, "person.archived", how)
        raise NotAllowed(_("The person's entry is archived in the directory."), code="person.archived")
    if has_left(person, on=dates.today()):
        _refuse(None, "person.ended", how)
        raise NotAllowed(_("The person's employment is over, says the directory."), code="person.ended")
    with transaction.atomic():
        user = User.objects.seen(person.hsa_id, name=person.name, is_protected=person.is_protected)
        if user.is_active:
            events.record(Action.LOGGED_IN, actor=user, how=how)
    if not user.is_active:
        _refuse(user, "user.inactive", how)
        raise NotAllowed(_("You are shut out of this tool. Ask those who run it."), code="user.inactive")
    return user


def accept_again(user: User, hsa_ids: Collection[HsaId]) -> None:
    """The card that was shown again must be of who is logged in. Raises NotAllowed where it is not."""
    if user.identity not in hsa_ids:
        raise NotAllowed(_("This is another person's card."), code="login.another_person")
    with transaction.atomic():
        events.record(Action.PROVED_AGAIN, actor=user)


@transaction.atomic
def end(user: User) -> None:
    """Record that the user logged out."""
    events.record(Action.LOGGED_OUT, actor=user)


@transaction.atomic
def _refuse(user: User | None, code: str, how: str) -> None:
    events.record(Action.LOGIN_REFUSED, actor=user, code=code, how=how)
