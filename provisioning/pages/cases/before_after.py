"""What the directory held before and after a change, as tables of values.

Only values that concern these services are shown, not a person's other system roles.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from provisioning.models import Case, Evidence
from provisioning.rules.hsa import Answer, Attribute, Change
from provisioning.rules.proof_in_hsa import is_in_place

_OWN_PREFIX = "intyg;"


@dataclass(frozen=True, slots=True)
class ValueRow:
    """One value and whether it stood there: True, False, or None where nobody could read."""

    value: str
    before: bool | None
    after: bool | None
    is_wanted: bool


@dataclass(frozen=True, slots=True)
class BeforeAndAfter:
    """One attribute of one entry before and after. `after_at` is None until the value has been seen."""

    attribute: str
    dn: str  # where the entry stands now, as far as is known
    before_at: datetime | None
    after_at: datetime | None
    rows: tuple[ValueRow, ...]
    is_removal: bool = False


def before_and_after(case: Case, *, shows_dn: bool = True) -> list[BeforeAndAfter]:
    """One table for each attribute that was to be changed; empty while nothing had to be."""
    kept = list(case.evidence.all())
    before = _last(kept, Evidence.Moment.BEFORE)
    after = _last(kept, Evidence.Moment.AFTER) or _last(kept, Evidence.Moment.INSTEAD)
    if before is None:
        return []
    places = dict.fromkeys((_now(case, value["dn"]), value["attribute"]) for value in before.values)
    return [_compare(case, dn, attribute, before, after, shows_dn=shows_dn) for dn, attribute in places]


def _now(case: Case, dn: str) -> str:
    """Where the entry of that name stands now, by what the case has taken over since."""
    moved = (data["dn"] for data in case.changes if dn in data.get("was", ()))
    return next(moved, dn)


def _compare(
    case: Case,
    dn: str,
    attribute: str,
    before: Evidence,
    after: Evidence | None,
    *,
    shows_dn: bool,
) -> BeforeAndAfter:
    wanted = [
        change[case.VALUE]
        for change in case.changes
        if (change["dn"], change["attribute"]) == (dn, attribute)
    ]
    old, new = _values(case, before, dn, attribute), _values(case, after, dn, attribute)
    all_values = dict.fromkeys([*wanted, *(old or ()), *(new or ())])
    rows = tuple(
        ValueRow(
            value,
            before=_is_there(dn, attribute, value, old, before.read_at),
            after=_is_there(dn, attribute, value, new, after.read_at) if after else None,
            is_wanted=value in wanted,
        )
        for value in all_values
        if value in wanted or _is_ours(attribute, value)
    )
    return BeforeAndAfter(
        attribute,
        dn if shows_dn else "",
        before.read_at,
        after.read_at if after else None,
        rows,
        case.is_removal,
    )


def _is_there(dn: str, attribute: str, value: str, values: list[str] | None, at: datetime) -> bool | None:
    """A coupling counts however its dates are written; a system role only to the letter."""
    if values is None:
        return None
    if value in values:
        return True
    return is_in_place(Change(dn, Attribute(attribute), value), values, at=at) is Answer.YES


def _values(case: Case, evidence: Evidence | None, dn: str, attribute: str) -> list[str] | None:
    """The values found there, wherever the entry stood then; None where they could not be read."""
    found = [
        one["values"]
        for one in (evidence.values if evidence else ())
        if (_now(case, one["dn"]), one["attribute"]) == (dn, attribute)
    ]
    return found[0] if found else None


def _is_ours(attribute: str, value: str) -> bool:
    return attribute == Attribute.COMMISSION_MEMBER.value or value.strip().casefold().startswith(_OWN_PREFIX)


def _last(kept: Iterable[Evidence], moment: Evidence.Moment) -> Evidence | None:
    found = [evidence for evidence in kept if evidence.moment == moment.value]
    return found[-1] if found else None
