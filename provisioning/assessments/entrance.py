"""Does this person get in to each service now, and if not, on which unit is it nearest?

Asks the same question as an order does, for the units the person belongs to: no rule of its own.
Sources: domain §3 and §4 (what a login gives), §5 (what an order needs).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from django.conf import settings

from provisioning.assessments.reading import assess_now
from provisioning.directory import Directory
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.causes import Code
from provisioning.rules.hsa import Answer, HsaId, Level, OrderedAccess, Reading, Service
from provisioning.rules.services import catalogue
from provisioning.rules.services.login_answer import LoginResult, UnitAccess

MOST_UNITS = 10  # a person who has more is asked about these


@dataclass(frozen=True, slots=True)
class Entrance:
    """One service for one person. `accesses`: what works now, by the service's own word for the role.

    `nearest` is the order that lacks least, where the person belongs to a unit at all.
    """

    service: Service
    answer: Answer
    accesses: tuple[UnitAccess, ...]
    login: LoginResult
    nearest: Assessment | None
    reading: Reading


def entrances(directory: Directory, person_id: HsaId, *, unit_ids: Collection[HsaId]) -> list[Entrance]:
    """Look at every service that is offered here. `unit_ids`: where the person works
    by more than a commission.

    Reads once more where the person does not get in everywhere and has commissions elsewhere. Raises
    DirectoryError.
    """
    given = tuple(dict.fromkeys(unit_ids))[:MOST_UNITS]
    reading = directory.read(person_id, unit_ids=given)
    found = [_entrance(service, reading, ()) for service in map(Service, settings.SERVICES)]
    if all(one.answer is Answer.YES for one in found):
        return found
    near = _near(reading, unit_ids)
    if not set(near) <= set(given):
        reading = directory.read(person_id, unit_ids=near)
    return [_entrance(service, reading, near) for service in map(Service, settings.SERVICES)]


def entrances_at(directory: Directory, person_id: HsaId, place_id: HsaId) -> list[Entrance]:
    """Look at every service for one unit or care provider, and at nothing the person has elsewhere.

    Raises DirectoryError.
    """
    reading = directory.read(person_id, unit_ids=[place_id], provider_ids=[place_id])
    there = _PlaceOnly(place_id, reading)
    return [_entrance(service, reading, (place_id,), there) for service in map(Service, settings.SERVICES)]


@dataclass(frozen=True, slots=True)
class _PlaceOnly:
    """Which of a login's accesses give anything at one place."""

    place_id: HsaId
    reading: Reading

    def holds(self, access: UnitAccess) -> bool:
        unit = self.reading.units.get(self.place_id)
        above = {unit.provider_id} if unit is not None else set()
        parts = {access.id, *access.sub_unit_ids, *access.coordinated_sub_unit_ids}
        return self.place_id in parts or access.id in above


def _near(reading: Reading, unit_ids: Collection[HsaId]) -> tuple[HsaId, ...]:
    """The units of the person's own commissions, whatever their purpose, and those given."""
    coupled = (
        commission.unit_id
        for commission in reading.commissions
        if commission.unit_id is not None
        and any(coupling.person_id == reading.person_id for coupling in commission.couplings)
    )
    return tuple(dict.fromkeys([*coupled, *unit_ids]))[:MOST_UNITS]


def _entrance(
    service: Service, reading: Reading, near: Collection[HsaId], there: _PlaceOnly | None = None
) -> Entrance:
    login = catalogue.entitlement(service).login(reading, at=reading.read_at)
    asked = [access for access in login.units if there is None or there.holds(access)]
    works = tuple(access for access in asked if _works(service, reading, access))
    assessed = [_first_level(service, reading, unit_id) for unit_id in near]
    nearest = min(assessed, key=_lacking, default=None)
    if works and login.answer is Answer.YES:
        return Entrance(service, Answer.YES, works, login, nearest, reading)
    return Entrance(service, _without_access(login, nearest), (), login, nearest, reading)


def _works(service: Service, reading: Reading, access: UnitAccess) -> bool:
    """Say whether what the login gives there would also stand as an order: the employment counts, too."""
    return any(found.answer is Answer.YES for found in _assessed(service, reading, access.id))


def _assessed(service: Service, reading: Reading, place_id: HsaId) -> Iterator[Assessment]:
    for level in catalogue.levels(service):
        if (level is Level.PROVIDER) == (reading.providers.get(place_id) is not None):
            yield assess_now(OrderedAccess(reading.person_id, service, level, place_id), reading)


def _first_level(service: Service, reading: Reading, unit_id: HsaId) -> Assessment:
    """The place's order at the smallest level that this person can have: least privilege, PDL 4:2."""
    of_provider = reading.providers.get(unit_id) is not None and Level.PROVIDER in catalogue.levels(service)
    levels = [level for level in catalogue.levels(service) if (level is Level.PROVIDER) == of_provider]
    found = [assess_now(OrderedAccess(reading.person_id, service, one, unit_id), reading) for one in levels]
    able = [one for one in found if Code.ORDER_LEVEL_NOT_AVAILABLE not in one.codes]
    return (able or found)[0]


def _lacking(found: Assessment) -> tuple[bool, int]:
    """What can be mended by an order comes first, then what lacks least."""
    return not found.can_be_granted_by_changes, len(found.causes)


def _without_access(login: LoginResult, nearest: Assessment | None) -> Answer:
    """A service that lets somebody in to an empty page gives nothing: that is no."""
    if nearest is not None:
        return nearest.answer
    return Answer.UNKNOWN if login.answer is Answer.UNKNOWN else Answer.NO
