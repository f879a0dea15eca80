"""Builders for readings: a small fictitious region, and the smallest changes to it.

`reading()` is a person for whom everything is right but what a test leaves out.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from provisioning.rules.hsa import (
    Attribute,
    Change,
    Commission,
    Coupling,
    HsaId,
    Level,
    OrderedAccess,
    Part,
    Person,
    Problem,
    Provider,
    RawPeriod,
    Reading,
    Service,
    Unit,
)

TODAY = date(2026, 3, 18)
NOW = datetime(2026, 3, 18, 11, 0, tzinfo=UTC)  # noon in Stockholm, winter time

ANNA = HsaId("SE0000000000-P001")
ANNA_TOO = HsaId("SE0000000000-P901")  # another HSA-id of the same human
NORTH = HsaId("SE0000000000-U001")  # the care unit most tests order
NORTH_EAST = HsaId("SE0000000000-U011")  # its sub-unit
SOUTH = HsaId("SE0000000000-U002")  # another care unit of the same care provider
ABROAD = HsaId("SE0000000000-U003")  # a care unit of another care provider
NOWHERE = HsaId("SE0000000000-U999")  # asked for, does not exist
REGION = HsaId("SE0000000000-E001")
OTHER_REGION = HsaId("SE0000000000-E002")

CARE = "Vård och behandling"
STATISTICS = "Statistik"
RIGHTS = {CARE: ("Läsa;alla;SJF",), STATISTICS: ("Läsa;alla;VE",)}

PAST, FUTURE = "20250101", "20270101"
REHAB_NORTH = f"INTYG;Rehab-{NORTH}"
LEADER = f"INTYG;Statistik-{REGION}"


def person(hsa_id: HsaId = ANNA, *roles: str, doctor: bool = False, **fields: object) -> Person:
    dn = f"cn={hsa_id},ou=Personal,o=Test"
    titles = ("Läkare",) if doctor else ("Fysioterapeut",)
    plain = Person(hsa_id, dn, "Anna Test", titles=titles, system_roles=roles)
    return replace(plain, **fields)  # type: ignore[arg-type]


def unit(hsa_id: HsaId, *, provider: HsaId | None = REGION, **fields: object) -> Unit:
    plain = Unit(hsa_id, f"ou={hsa_id},ou=Org,o=Test", f"Enhet {hsa_id}", provider_id=provider)
    return replace(plain, **fields)  # type: ignore[arg-type]


def provider(hsa_id: HsaId, **fields: object) -> Provider:
    plain = Provider(hsa_id, f"ou={hsa_id},o=Test", f"Vårdgivare {hsa_id}")
    return replace(plain, **fields)  # type: ignore[arg-type]


def coupling(raw: str) -> Coupling:
    """From the attribute's value, such as `SE0000000000-P001;20260101;`."""
    person_id, start, end = (*raw.split(";"), "", "")[:3]
    return Coupling(HsaId(person_id), RawPeriod(start or None, end or None), raw)


def commission(
    unit_id: HsaId | None = NORTH,
    *members: str,
    purpose: str | None = CARE,
    number: int = 1,
    **fields: object,
) -> Commission:
    """A complete commission; without `members` Anna is in it, without end."""
    hsa_id = HsaId(f"SE0000000000-C{number:03}")
    plain = Commission(
        hsa_id,
        f"cn={hsa_id},ou={unit_id},ou=Org,o=Test",
        f"Uppdrag {hsa_id}",
        purpose,
        rights=RIGHTS.get(purpose or "", ()),
        parent_dn=f"ou={unit_id},ou=Org,o=Test",
        unit_id=unit_id,
        couplings=tuple(coupling(raw) for raw in members or (f"{ANNA};;",)),
    )
    return replace(plain, **fields)  # type: ignore[arg-type]


def empty(commission: Commission) -> Commission:
    """The same commission without members."""
    return replace(commission, couplings=())


UNITS = (
    unit(NORTH, member_ids=(NORTH_EAST,)),
    unit(NORTH_EAST, is_care_unit=False),
    unit(SOUTH),
    unit(ABROAD, provider=OTHER_REGION),
)
PROVIDERS = (provider(REGION), provider(OTHER_REGION))


def reading(
    who: Person | None,
    *commissions: Commission,
    units: Sequence[Unit] = UNITS,
    providers: Sequence[Provider] = PROVIDERS,
    others: Sequence[Person] = (),
    problems: Sequence[Problem] = (),
    unasked: Collection[HsaId] = (),
) -> Reading:
    """What the directory says of Anna. Units and providers given replace those of the same id."""
    by_id = {found.hsa_id: found for found in (*UNITS, *units)}
    providers_by_id = {found.hsa_id: found for found in (*PROVIDERS, *providers)}
    asked = {*by_id, *providers_by_id, NOWHERE} - set(unasked)
    parents: dict[HsaId, tuple[Unit, ...]] = {}
    for found in by_id.values():
        for sub_id in found.member_ids:
            parents[sub_id] = (*parents.get(sub_id, ()), found)
    return Reading(
        read_at=NOW,
        person_id=ANNA,
        person=who,
        other_identities=tuple(others),
        commissions=commissions,
        units={hsa_id: by_id.get(hsa_id) for hsa_id in asked},
        providers={hsa_id: providers_by_id.get(hsa_id) for hsa_id in asked},
        parents=parents,
        problems=tuple(problems),
    )


def problem(part: Part, code: str = "directory.unavailable") -> Problem:
    return Problem(code, part, about="test")


def order(service: Service, level: Level, unit_id: HsaId) -> OrderedAccess:
    return OrderedAccess(ANNA, service, level, unit_id)


REHAB_OWN = order(Service.REHABSTOD, Level.OWN, NORTH)
REHAB_UNIT = order(Service.REHABSTOD, Level.UNIT, NORTH)
REHAB_SUB_UNIT = order(Service.REHABSTOD, Level.UNIT, NORTH_EAST)
STATISTICS_UNIT = order(Service.INTYGSSTATISTIK, Level.UNIT, NORTH)
STATISTICS_PROVIDER = order(Service.INTYGSSTATISTIK, Level.PROVIDER, REGION)


def apply(changes: Collection[Change], before: Reading) -> Reading:
    """The reading after somebody made exactly these changes in KIV."""
    after = before
    for change in changes:
        if change.attribute is Attribute.SYSTEM_ROLE:
            assert after.person is not None and after.person.dn == change.dn
            roles = (*after.person.system_roles, change.value)
            after = replace(after, person=replace(after.person, system_roles=roles))
        else:
            assert change.dn in {found.dn for found in after.commissions}
            commissions = tuple(
                replace(found, couplings=(*found.couplings, coupling(change.value)))
                if found.dn == change.dn
                else found
                for found in after.commissions
            )
            after = replace(after, commissions=commissions)
    return after
