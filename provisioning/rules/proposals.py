"""What could be ordered next on a unit: gaps that somebody would otherwise look for by hand.

A proposal gives nothing: it fills in an order. What a person has already, what the person cannot have, and
what is not known is never proposed.

Source: domain §5 (what each access takes), §6 (what is not known decides nothing).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime

from provisioning.rules.assessment.assess import Assessment, assess
from provisioning.rules.causes import Code
from provisioning.rules.hsa import Answer, HsaId, Level, OrderedAccess, Reading, Service

Access = tuple[Service, Level]


def lacks_the_role_alone(found: Assessment) -> bool:
    """Say whether the commission is there, and the system role is what is missing."""
    return Code.ROLE_MISSING in found.codes and not _is_of(found, "commission.")


def lacking(
    reading: Reading,
    wanted: Iterable[tuple[Access, HsaId]],
    *,
    on: date,
    at: datetime,
    under_way: Collection[OrderedAccess] = (),
) -> list[OrderedAccess]:
    """Of these accesses, each with its unit, those that the person certainly lacks and could have.

    Units that come down to one care unit give one proposal, the care unit's where it is among them, and of a
    service the whole unit goes before own cases alone: it takes them in.
    """
    found: dict[tuple[Service, Level, HsaId], OrderedAccess] = {}
    for (service, level), unit_id in wanted:
        order = OrderedAccess(reading.person_id, service, level, unit_id)
        answer = assess(order, reading, on=on, at=at)
        care_unit_id = answer.effective_unit_id
        if order in under_way or not _is_gap(answer):
            continue
        if unit_id == care_unit_id or (service, level, care_unit_id) not in found:
            found[service, level, care_unit_id] = order
    return [
        order
        for (service, level, unit_id), order in found.items()
        if level is not Level.OWN or (service, Level.UNIT, unit_id) not in found
    ]


def held(
    reading: Reading,
    accesses: Collection[Access],
    unit_ids: Iterable[HsaId],
    *,
    on: date,
    at: datetime,
) -> list[tuple[Access, HsaId]]:
    """Where the person certainly gets in on these units, and with what."""
    return [
        (access, unit_id)
        for unit_id in unit_ids
        for access in accesses
        if assess(OrderedAccess(reading.person_id, *access, unit_id), reading, on=on, at=at).answer
        is Answer.YES
    ]


def _is_gap(found: Assessment) -> bool:
    if found.answer is not Answer.NO or Code.ORDER_LEVEL_NOT_AVAILABLE in found.codes:
        return False
    return not (_is_of(found, "person.") or _is_of(found, "unit.") or _is_of(found, "provider."))


def _is_of(found: Assessment, kind: str) -> bool:
    return any(code.value.startswith(kind) for code in found.codes)
