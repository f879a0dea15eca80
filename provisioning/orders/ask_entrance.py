"""“Does this person get in?” asked about somebody else: by the service desk, and about people on own units.

It tells what the directory holds about a person, so whoever may ask what an order would do may ask it, and
each look is recorded. Source: domain §7.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from provisioning.assessments.entrance import Entrance, entrances, entrances_at
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.directory import Directory
from provisioning.mandates import current
from provisioning.models import User
from provisioning.orders import ask
from provisioning.rules.hsa import HsaId, Person


@dataclass(frozen=True, slots=True)
class SeenEntrances:
    """What the directory says of the person, service by service."""

    person: Person
    entrances: list[Entrance]


def look(directory: Directory, person_id: HsaId, place_id: HsaId | None, *, by: User) -> SeenEntrances | None:
    """Look for somebody who may ask. `place_id`: where; only the service desk may leave it out.

    None is the one answer to whoever may not ask, where nothing is read about the person, and about a person
    with protected identity or whom the directory does not show. Raises DirectoryError.
    """
    mandates = current.read(by.identity)
    places = [] if place_id is None else [place_id]
    if not ask.may_ask_about(directory, person_id, places, by=by, mandates=mandates):
        _record_refusal(by, places)
        return None
    is_own = person_id in mandates.ids_of(by.identity)
    person = directory.person(person_id)
    if not is_own:
        _record_look(by, person_id, places)
    if person is None or (person.is_protected and not is_own):
        return None
    if place_id is None:
        return SeenEntrances(person, entrances(directory, person_id, unit_ids=()))
    return SeenEntrances(person, entrances_at(directory, person_id, place_id))


@transaction.atomic
def _record_refusal(by: User, places: list[HsaId]) -> None:
    """Without the person: nothing was read about them."""
    events.record(
        Action.REFUSED, actor=by, code="entrance.may_not_ask", places=[one.folded for one in places]
    )


@transaction.atomic
def _record_look(by: User, person_id: HsaId, places: list[HsaId]) -> None:
    events.record_look(by=by, subject_key=person_id.folded, places=[one.folded for one in places])
