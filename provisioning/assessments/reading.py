"""Looking at the directory for a request: a reading that never raises, and its verdict as stored data."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from django.utils import timezone

from provisioning import dates
from provisioning.directory import Which, address, open_directory
from provisioning.errors import DirectoryError
from provisioning.rules.assessment import assess
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.causes import DIRECTORY_CODES, Cause
from provisioning.rules.hsa import Answer, Attribute, Change, HsaId, Level, OrderedAccess, Reading


def read_for(order: OrderedAccess, *, which: Which = Which.OWN, afresh: bool = False) -> Reading:
    """Read what an assessment of the order needs; a silent directory gives an empty, incomplete reading.

    `afresh`: where something decides by not being there. What we may read is then asked for anew.
    """
    is_provider = order.level is Level.PROVIDER
    try:
        return open_directory(which).read(
            order.person_id,
            unit_ids=() if is_provider else (order.unit_id,),
            provider_ids=(order.unit_id,) if is_provider else (),
            afresh=afresh,
        )
    except DirectoryError as exc:
        return Reading.failed(order.person_id, exc.code, read_at=timezone.now())


def read_together(wanted: Mapping[HsaId, Collection[HsaId]]) -> dict[HsaId, Reading]:
    """Read many persons with these units and providers at once; a silent directory gives empty readings."""
    try:
        found = {one.person_id: one for one in open_directory().read_many(wanted.items())}
    except DirectoryError as exc:
        now = timezone.now()
        found = {person_id: Reading.failed(person_id, exc.code, read_at=now) for person_id in wanted}
    return found


def assess_now(order: OrderedAccess, reading: Reading) -> Assessment:
    """Assess for the moment of the reading."""
    return assess.assess(order, reading, on=dates.today(reading.read_at), at=reading.read_at)


def as_far_as_asked(found: Assessment) -> Assessment:
    """Of a reading of many, which asks for less: where the answer is no all the same, what was not asked for
    is no cause beside those that are certain.
    """
    certain = tuple(cause for cause in found.causes if cause.code not in DIRECTORY_CODES)
    if found.answer is not Answer.NO or not certain:
        return found
    return replace(found, causes=certain)


def source(which: Which = Which.OWN) -> str:
    """The address of the directory that a reading comes from, for evidence."""
    return address(which)


def verdict(found: Assessment) -> dict[str, Any]:
    """The assessment as plain data, in the shape that `manage.py assess --json` documents."""
    return {
        "answer": found.answer.value,
        "login": {
            "answer": found.login.answer.value,
            "refusal": found.login.refusal,
            "units": [{"id": unit.id.text, "role": unit.role} for unit in found.login.units],
        },
        "causes": list(dict.fromkeys(cause.code.value for cause in found.causes)),
        "warnings": list(dict.fromkeys(cause.code.value for cause in found.warnings)),
        "changes": [change_data(change) for change in found.changes],
    }


def detailed_verdict(found: Assessment) -> dict[str, Any]:
    """The verdict with what each cause is about, as stored with a request."""
    return verdict(found) | {
        "on": found.on.isoformat(),
        "cause_details": [_cause_data(cause) for cause in found.causes],
        "warning_details": [_cause_data(cause) for cause in found.warnings],
    }


def silence(found: Assessment) -> str:
    """The code of what the directory itself did not tell, if anything; else empty.

    Also where the answer is no all the same: what has to be changed is not known before all is read.
    """
    codes = [cause.code.value for cause in found.causes if cause.code.value.startswith("directory.")]
    return codes[0] if codes else ""


def change_data(change: Change) -> dict[str, str]:
    """As stored. Whose commission it is stands beside it; a person's entry is that of the case's person."""
    data = {"dn": change.dn, "attribute": change.attribute.value, "add": change.value}
    if change.entry_id is not None and change.attribute is Attribute.COMMISSION_MEMBER:
        data["entry"] = change.entry_id.text
    return data


def change_from(data: Mapping[str, Any]) -> Change:
    return Change(data["dn"], Attribute(data["attribute"]), data["add"], entry_from(data))


def entry_from(data: Mapping[str, Any]) -> HsaId | None:
    """Whose commission a stored change is in; None where it has no HSA-id, and for a person's own entry."""
    return HsaId(data["entry"]) if data.get("entry") else None


def _cause_data(cause: Cause) -> dict[str, str]:
    return {
        "code": cause.code.value,
        "about": cause.about,
        "expected": cause.expected,
        "mender": cause.mender.value,
    }
