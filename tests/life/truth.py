"""What the directory truly holds, read from the server's own entries: neither fault nor rule comes between.

The rules that are needed to judge the tool are written here once more, in the simplest way.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from provisioning.models import AboutOneRight, Grant
from provisioning.rules.hsa import Level, Service

PURPOSE = {Service.REHABSTOD.value: "vård och behandling", Service.INTYGSSTATISTIK.value: "statistik"}
_MANAGER = "hsaHealthCareUnitManager"


@dataclass(frozen=True)
class Entry:
    dn: str
    attributes: dict[str, tuple[str, ...]]  # folded name → values

    @property
    def hsa_id(self) -> str:
        return self.first("hsaIdentity")

    @property
    def classes(self) -> set[str]:
        return {name.casefold() for name in self.values("objectClass")}

    @property
    def parent_dn(self) -> str:
        return self.dn.split(",", 1)[1]

    def values(self, name: str) -> tuple[str, ...]:
        return self.attributes.get(name.casefold(), ())

    def first(self, name: str) -> str:
        return next(iter(self.values(name)), "")


@dataclass(frozen=True)
class Value:
    """One value of one entry."""

    dn: str
    attribute: str
    value: str


class Truth:
    """All entries at one moment."""

    def __init__(self, records: Iterable[tuple[str, list[tuple[str, bytes]]]]):
        self._by_dn: dict[str, Entry] = {}
        self.persons: dict[str, Entry] = {}  # by folded HSA-id
        self.places: dict[str, Entry] = {}  # units and providers, by folded HSA-id
        self.commissions: list[Entry] = []
        for dn, pairs in records:
            held: dict[str, list[str]] = {}
            for name, value in pairs:
                held.setdefault(name.casefold(), []).append(value.decode())
            self._file(Entry(dn, {name: tuple(values) for name, values in held.items()}))

    def _file(self, entry: Entry) -> None:
        self._by_dn[entry.dn.casefold()] = entry
        if "hsaperson" in entry.classes:
            self.persons[entry.hsa_id.casefold()] = entry
        elif "hsacommission" in entry.classes:
            self.commissions.append(entry)
        elif entry.hsa_id:
            self.places[entry.hsa_id.casefold()] = entry

    def entry(self, dn: str) -> Entry | None:
        return self._by_dn.get(dn.casefold())

    def purpose_of(self, commission_dn: str) -> str:
        entry = self.entry(commission_dn)
        return entry.first("hsaCommissionPurpose").strip().casefold() if entry else ""

    def unit_of(self, commission_dn: str) -> str:
        """The folded id of the unit that the commission stands under."""
        above = self.entry(commission_dn.split(",", 1)[1])
        return above.hsa_id.casefold() if above else ""

    def roles(self, person_key: str) -> tuple[Value, ...]:
        person = self.persons.get(person_key)
        if person is None:
            return ()
        return tuple(Value(person.dn, "hsaSystemRole", one) for one in person.values("hsaSystemRole"))

    def couplings(self, person_key: str) -> Iterator[Value]:
        for commission in self.commissions:
            for raw in commission.values("hsaCommissionMember"):
                if raw.split(";")[0].strip().casefold() == person_key:
                    yield Value(commission.dn, "hsaCommissionMember", raw)

    def holds(self, one: Value, *, on: date) -> bool:
        """Whether it stands there; a coupling that is over is history."""
        entry = self.entry(one.dn)
        if entry is None or one.value not in entry.values(one.attribute):
            return False
        return one.attribute == "hsaSystemRole" or not is_over(one.value, on=on)

    def is_needed(self, right: AboutOneRight, one: Value) -> bool:
        """Whether the right would lack something without this value of its person."""
        if one.attribute == "hsaSystemRole":
            return is_own_role(right, one.value)
        is_its_purpose = self.purpose_of(one.dn) == PURPOSE[right.service]
        return (
            right.level != Level.PROVIDER.value and is_its_purpose and self.unit_of(one.dn) == right.unit_key
        )

    def left_of(self, right: AboutOneRight, *, on: date) -> list[Value]:
        """What of the right's own values stands there, that nothing but the right is for."""
        if right.level == Level.OWN.value:
            return []
        roles = [one for one in self.roles(right.subject_key) if is_own_role(right, one.value)]
        if right.service == Service.REHABSTOD.value or right.level == Level.PROVIDER.value:
            return roles
        couplings = self.couplings(right.subject_key)
        return [one for one in couplings if self.is_needed(right, one) and not is_over(one.value, on=on)]

    def heads_above(self, dn: str) -> set[str]:
        """Folded ids of the heads of this entry, of what stands above it, and of what lists it as its own."""
        found: set[str] = set()
        entry = self.entry(dn)
        own = entry.hsa_id if entry else ""
        for place in self.places.values():
            is_above = dn.casefold() == place.dn.casefold() or dn.casefold().endswith(
                "," + place.dn.casefold()
            )
            if is_above or (own and own in place.values("hsaHealthCareUnitMember")):
                found |= {one.casefold() for one in place.values(_MANAGER)}
        return found

    def is_employed(self, person_key: str, *, on: date) -> bool:
        person = self.persons.get(person_key)
        if person is None or "hsaarchivedobject" in person.classes:
            return False
        return not is_over_after(person.first("hsaEndDate"), on=on)


def is_own_role(right: AboutOneRight, value: str) -> bool:
    """The role of exactly this right; Intygsstatistik reads it whatever its case and blanks."""
    if right.service == Service.REHABSTOD.value:
        ids = [one for one in (right.unit_hsa_id, right.wanted_unit_hsa_id) if one]
        return right.level == Level.UNIT.value and value in [f"INTYG;Rehab-{one}" for one in ids]
    wanted = f"INTYG;Statistik-{right.unit_hsa_id}"
    return right.level == Level.PROVIDER.value and value.strip().casefold() == wanted.casefold()


def is_over(coupling: str, *, on: date) -> bool:
    """Whether its last day has begun; one that nobody can read has not."""
    return is_over_after((*coupling.split(";"), "", "")[2], on=on, is_exclusive=True)


def is_over_after(text: str, *, on: date, is_exclusive: bool = False) -> bool:
    digits = text.replace("-", "")[:8]
    if not (digits.isdecimal() and len(digits) == 8):
        return False
    return digits < f"{on:%Y%m%d}" or (is_exclusive and digits == f"{on:%Y%m%d}")


def needed_by(grants: Iterable[Grant], truth: Truth, one: Value, person_key: str) -> list[Grant]:
    """The rights in force of this person that need the value."""
    return [grant for grant in grants if grant.subject_key == person_key and truth.is_needed(grant, one)]
