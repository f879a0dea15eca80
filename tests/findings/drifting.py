"""What happens to a directory behind the tool's back, and the sweep that comes afterwards."""

from __future__ import annotations

from collections.abc import Sequence

from django.utils import timezone

from provisioning.directory import open_directory
from provisioning.mandates import current
from provisioning.models import AbsenceDoubt, Finding, Sweep
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.hsa import HsaId
from tests import acts, cast
from workflows.sweeps import directory

CLASS = "objectClass"
MEMBER = "hsaCommissionMember"
ROLE = "hsaSystemRole"


def swept(**how) -> Sweep:
    """One full comparison, and the later one where something would end because it is not seen."""
    result = directory.sweep(is_full=True, **how)
    assert result is not None
    if AbsenceDoubt.objects.update(since=timezone.now() - directory.SECOND_LOOK):
        later = directory.sweep(is_full=True, **how)
        assert later is not None
        result.sweep.found += later.sweep.found
        result.sweep.ended += later.sweep.ended
    return result.sweep


def found_of(person_id: HsaId) -> list[DriftKind]:
    rows = Finding.objects.not_over().filter(subject_key=person_id.folded).order_by("pk")
    return [row.what for row in rows]


def finding(person_id: HsaId, kind: DriftKind) -> Finding:
    return Finding.objects.not_over().get(subject_key=person_id.folded, kind=kind.value)


def person_dn(person_id: HsaId) -> str:
    person = open_directory().person(person_id)
    assert person is not None
    return person.dn


def unit_dn(unit_id: HsaId) -> str:
    unit = open_directory().unit(unit_id)
    assert unit is not None
    return unit.dn


def replace(kiv, dn: str, attribute: str, values: Sequence[str]) -> None:
    kiv._connections.modify(dn, {attribute: [("MODIFY_REPLACE", list(values))]})


def commission_of(person_id: HsaId, unit_id: HsaId, purpose: str = "Vård och behandling"):
    reading = open_directory().read(person_id, unit_ids=[unit_id])
    return next(one for one in reading.commissions if one.unit_id == unit_id and one.purpose == purpose)


def couple(kiv, person_id: HsaId, unit_id: HsaId, dates: str = ";;", purpose: str = "Vård och behandling"):
    dn = commission_of(person_id, unit_id, purpose).dn
    uncouple(kiv, person_id, unit_id, purpose)
    kiv.add_value(dn, MEMBER, person_id.text + dates)


def uncouple(kiv, person_id: HsaId, unit_id: HsaId, purpose: str = "Vård och behandling") -> None:
    for coupling in (commission := commission_of(person_id, unit_id, purpose)).couplings:
        if coupling.person_id == person_id:
            kiv.remove_value(commission.dn, MEMBER, coupling.raw)


def held(hsa_id: HsaId):
    return current.read(hsa_id)


def head():
    return acts.user(cast.HEAD)
