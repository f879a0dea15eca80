"""A region of 115 000 entries as LDIF: the size of tree the speed of the directory is measured on.

Persons with 0-1, 2-9 and 10-199 commissions (the classes of HSA's own promise), care units with
sub-units, commissions of which a hundred have hundreds of members, system roles of many systems. No
chance: the same text every time. Names and ids are invented.
Source of the classes: HSA authorizationmanagement 2.4.5, the promised response times.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

ENTRIES = 115_000
TOP = "o=Storregionen"
PERSONS = f"ou=Personal,{TOP}"
ORGANISATION = f"ou=Org,{TOP}"
READER = f"cn=tool,ou=Konton,{TOP}"
PASSWORD = "tool"  # noqa: S105 - of a server that lives for one measurement, on loopback
PREFIX = "SE0000000000-"

PROVIDERS, AREAS, UNITS, SUBUNITS = 5, 40, 3_600, 2_400
CROWDED = 100  # commissions with hundreds of members
PURPOSES = (
    ("Vård och behandling", "Läsa;alla;SJF"),
    ("Statistik", "Läsa;alla;VE"),
    ("Kvalitetsregister", "Läsa;alla;VG"),
    ("Administration", "Läsa;alla;VE"),
)
FEW, SOME, MANY = "0-1", "2-9", "10-199"
CLASSES = {FEW: (0, 1), SOME: (2, 9), MANY: (10, 199)}
MANY_ARE = 800  # persons with 10-199 commissions
SOME_ARE_ONE_IN = 4


@dataclass
class Region:
    """The tree, and whom to ask about: the HSA-ids of the persons by class."""

    ldif: str
    person_ids: dict[str, list[str]] = field(default_factory=dict)


def make(entries: int = ENTRIES) -> Region:
    """The region with that many entries, the accounts among them. Takes a few seconds."""
    chance = random.Random(20260101)  # noqa: S311 - reproducible, not secret
    organisation = _organisation()
    homes = [f"ou=Enhet {number:05d},{_area(number)}" for number in range(UNITS)]
    commissions = [f"cn=Uppdrag {kind},{home}" for home in homes for kind in range(len(PURPOSES))]
    count = entries - len(organisation) - len(commissions)
    members: list[list[str]] = [[] for _ in commissions]
    persons, region = [], Region("")
    for number in range(count):
        person = f"{PREFIX}{number:05X}"
        kind = _class_of(number)
        low, high = CLASSES[kind]
        for place in _places(chance, chance.randint(low, high), len(commissions)):
            members[place].append(person + chance.choice((";;", "", ";20240101000000Z;", ";2024-01-01;")))
        region.person_ids.setdefault(kind, []).append(person)
        persons.append(_person(chance, number, person))
    coupled = (_commission(place, dn, members[place]) for place, dn in enumerate(commissions))
    region.ldif = "\n".join(_records([*organisation, *persons, *coupled]))
    return region


def _class_of(number: int) -> str:
    if number < MANY_ARE:
        return MANY
    return SOME if number % SOME_ARE_ONE_IN == 0 else FEW


def _places(chance: random.Random, count: int, places: int) -> set[int]:
    """Which commissions: every third coupling is to one of the crowded ones."""
    return {
        chance.randrange(CROWDED) if chance.random() < 1 / 3 else chance.randrange(places)
        for _ in range(count)
    }


Record = tuple[str, Sequence[tuple[str, str]]]


def _records(records: Iterable[Record]) -> Iterator[str]:
    for dn, pairs in records:
        yield f"dn: {dn}"
        for name, value in pairs:
            yield f"{name}: {value}"
        yield ""


def _area(number: int) -> str:
    return f"ou=Område {number % AREAS:02d},{ORGANISATION}"


def _unit_id(number: int) -> str:
    return f"{PREFIX}E{number:012d}"


def _provider_id(number: int) -> str:
    return f"{PREFIX}F{number % PROVIDERS:012d}"


def _organisation() -> list[Record]:
    """Everything above the commissions, and the accounts."""
    records: list[Record] = [(TOP, (("objectClass", "organization"), ("o", "Storregionen")))]
    for name in ("Personal", "Org", "Konton"):
        records.append((f"ou={name},{TOP}", (("objectClass", "organizationalUnit"), ("ou", name))))
    account = ("objectClass", "organizationalRole"), ("objectClass", "simpleSecurityObject")
    records.append((READER, (*account, ("cn", "tool"), ("userPassword", PASSWORD))))
    for number in range(PROVIDERS):
        records.append((f"ou=Vårdgivare {number},{ORGANISATION}", _provider(number)))
    for number in range(AREAS):
        pairs = (("objectClass", "organizationalUnit"), ("ou", f"Område {number:02d}"))
        records.append((_area(number), pairs))
    records += [_unit(number) for number in range(UNITS)]
    records += [_subunit(number) for number in range(SUBUNITS)]
    return records


def _provider(number: int) -> Sequence[tuple[str, str]]:
    return (
        ("objectClass", "organizationalUnit"),
        ("objectClass", "hsaHealthCareProvider"),
        ("ou", f"Vårdgivare {number}"),
        ("hsaIdentity", _provider_id(number)),
        ("orgNo", f"{number:010d}"),
    )


def _unit(number: int) -> Record:
    pairs = [
        ("objectClass", "organizationalUnit"),
        ("objectClass", "hsaHealthCareUnit"),
        ("ou", f"Enhet {number:05d}"),
        ("hsaIdentity", _unit_id(number)),
        ("hsaResponsibleHealthCareProvider", _provider_id(number)),
        ("hsaHealthCareUnitManager", f"{PREFIX}{number:05X}"),
    ]
    if number < SUBUNITS:
        pairs.append(("hsaHealthCareUnitMember", _unit_id(UNITS + number)))
    return f"ou=Enhet {number:05d},{_area(number)}", pairs


def _subunit(number: int) -> Record:
    pairs = (
        ("objectClass", "organizationalUnit"),
        ("objectClass", "hsaOrganizationalUnit"),
        ("ou", "Mottagning"),
        ("hsaIdentity", _unit_id(UNITS + number)),
    )
    return f"ou=Mottagning,ou=Enhet {number:05d},{_area(number)}", pairs


def _commission(place: int, dn: str, members: Sequence[str]) -> Record:
    purpose, right = PURPOSES[place % len(PURPOSES)]
    pairs = [
        ("objectClass", "hsaCommission"),
        ("cn", f"Uppdrag {place % len(PURPOSES)}"),
        ("hsaIdentity", f"{PREFIX}C{place:012d}"),
        ("hsaCommissionPurpose", purpose),
        ("hsaCommissionRight", right),
        ("hsaCommissionRight", "Läsa;vård;VE"),
    ]
    return dn, pairs + [("hsaCommissionMember", member) for member in members]


def _person(chance: random.Random, number: int, person: str) -> Record:
    name = f"Testperson{number:05X}"
    pairs = [
        ("objectClass", "inetOrgPerson"),
        ("objectClass", "hsaPerson"),
        ("cn", f"anv{number:06d}"),
        ("sn", name),
        ("givenName", "Exempel"),
        ("fullName", f"Exempel {name}"),
        ("mail", f"anv{number:06d}@region.example"),
        ("hsaIdentity", person),
        ("personalIdentityNumber", f"invented-{number:06d}"),
        ("telephoneNumber", f"+46 00 {number:06d}"),
        ("description", "Text that a directory holds and nobody here asks for."),
        ("hsaStartDate", "20150101000000Z"),
    ]
    if number % 5 == 0:
        pairs.append(("hsaTitle", chance.choice(("Läkare", "Sjuksköterska", "Fysioterapeut"))))
        pairs.append(("paTitleCode", str(chance.randrange(200000, 210000))))
    if number % 7 == 0:
        pairs.append(("hsaSystemRole", f"INTYG;Rehab-{_unit_id(chance.randrange(UNITS))}"))
    pairs += [("hsaSystemRole", f"SYSTEM{system};Roll-{number % 9}") for system in range(number % 4)]
    return f"cn=anv{number:06d},{PERSONS}", pairs
