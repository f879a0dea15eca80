"""Whether what an order wants set is still right: the id in a value exists, and means what it meant.

An order is open for days, and directories are reorganised meanwhile. Whatever the directory does not tell
changes nothing. Source: domain page §6 ("id that no longer exists after a reorganisation"; don't know never
decides).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from provisioning.rules import certainty, names
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.causes import DIRECTORY_CODES, Cause, Code, in_order
from provisioning.rules.hsa import Answer, Attribute, Change, Commission, HsaId, Level, Part, Reading, Unit
from provisioning.rules.services import catalogue, commissions

# No change in the directory by a KIV administrator, and no waiting, makes these right: the order is over.
OVER = frozenset(
    {
        Code.PERSON_MISSING,
        Code.PERSON_ENDED,
        Code.PERSON_ARCHIVED,
        Code.UNIT_UNKNOWN,
        Code.UNIT_CLOSED,
        Code.UNIT_ARCHIVED,
        Code.PROVIDER_UNKNOWN,
        Code.PROVIDER_CLOSED,
        Code.ORDER_LEVEL_NOT_AVAILABLE,
        Code.ORDER_UNIT_CHANGED,
    }
)

# Of these, what an entry itself shows. The others say that something is not there: so does a hidden tree.
_SHOWN = frozenset(
    {
        Code.PERSON_ENDED,
        Code.PERSON_ARCHIVED,
        Code.UNIT_CLOSED,
        Code.UNIT_ARCHIVED,
        Code.PROVIDER_CLOSED,
    }
)


def over(found: Assessment, reading: Reading, *, sub_unit_id: HsaId | None) -> Assessment | None:
    """The assessment with why nothing may be set any more; None while the order can still be carried out.

    `sub_unit_id`: the sub-unit it was ordered for, which its care unit's value must still open.
    """
    causes = list(found.causes)
    if _has_left(found, reading, sub_unit_id):
        causes.append(
            Cause(Code.ORDER_UNIT_CHANGED, about=str(sub_unit_id), expected=str(found.order.unit_id))
        )
    if not {cause.code for cause in causes} & OVER or _is_untold(found):
        return None
    return replace(found, answer=Answer.NO, causes=in_order(causes), changes=())


def must_be_worked_out_anew(changes: Iterable[Change], found: Assessment, reading: Reading) -> bool:
    """Say whether what is to be set has another spelling or another place now than when it was worked out.

    The unit is the same: its id is written otherwise, or the commission to couple to is not what it was.
    """
    if _is_untold(found):
        return False
    return any(_has_changed(change, found, reading) for change in changes)


def is_shown(over: Assessment, reading: Reading) -> bool:
    """Say whether entries show why nothing may be set any more; else something is only not seen.

    A care unit that lists others as its sub-units shows that one has left; one that lists none may be hidden.
    """
    if over.codes & _SHOWN:
        return True
    care_unit = certainty.unit(reading, over.order.unit_id)
    return (
        Code.ORDER_UNIT_CHANGED in over.codes and isinstance(care_unit, Unit) and bool(care_unit.member_ids)
    )


def is_shown_otherwise(changes: Iterable[Change], found: Assessment, reading: Reading) -> bool:
    """Say whether entries show what changes what is to be set; else a commission is only not seen."""
    changed = [change for change in changes if _has_changed(change, found, reading)]
    shown = [one for one in reading.commissions if (one.purpose or "").strip()]
    return any(
        change.attribute is Attribute.SYSTEM_ROLE or any(_is_in(change, one) for one in shown)
        for change in changed
    )


def _is_untold(found: Assessment) -> bool:
    return any(cause.code in DIRECTORY_CODES for cause in found.causes)


def _has_left(found: Assessment, reading: Reading, sub_unit_id: HsaId | None) -> bool:
    """The sub-unit is not in the care unit any more: its value would open something else."""
    if sub_unit_id is None or not reading.is_readable(Part.UNITS):
        return False
    care_unit = certainty.unit(reading, found.order.unit_id)
    return isinstance(care_unit, Unit) and sub_unit_id not in care_unit.member_ids


def _has_changed(change: Change, found: Assessment, reading: Reading) -> bool:
    order = found.order
    if change.attribute is Attribute.SYSTEM_ROLE:
        written = _as_written(found, reading)
        wanted = None if written is None else catalogue.wanted_role(order.service, order.level, written)
        return wanted not in (None, change.value) and change.value.casefold() == str(wanted).casefold()
    if not reading.is_readable(Part.COMMISSIONS, Part.UNIT_COMMISSIONS, Part.UNITS):
        return False
    purpose = catalogue.entitlement(order.service).purpose
    fitting = (one for one in reading.commissions if commissions.has_purpose(one, purpose))
    return not any(_is_in(change, one) for one in fitting)


def _is_in(change: Change, commission: Commission) -> bool:
    """Say whether the change is in this commission: by its HSA-id, wherever it stands, else by its name."""
    if change.entry_id is not None and commission.hsa_id is not None:
        return change.entry_id == commission.hsa_id
    return names.is_same(commission.dn, change.dn)


def _as_written(found: Assessment, reading: Reading) -> HsaId | None:
    """The ordered unit's or care provider's id as its entry has it; None where it was not read."""
    look_up = certainty.provider if found.order.level is Level.PROVIDER else certainty.unit
    entry = look_up(reading, found.order.unit_id)
    return getattr(entry, "hsa_id", None)
