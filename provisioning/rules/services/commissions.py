"""Commissions and couplings: which of them HSA hands to a service at login.

Source: domain page §2 (TKB: only active couplings and complete commissions are returned) and
§3.2, §4.1 (both services compare the purpose only, without regard to case).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from datetime import datetime

from provisioning.rules import certainty
from provisioning.rules.dates import periods
from provisioning.rules.dates.periods import PeriodState
from provisioning.rules.hsa import Answer, Commission, HsaId, Reading, Unit, typed

# The best news first: one active coupling is enough, whatever the others say.
_BEST_FIRST = (PeriodState.ACTIVE, PeriodState.UNREADABLE, PeriodState.NOT_STARTED, PeriodState.ENDED)


def has_purpose(commission: Commission, purpose: str) -> bool:
    """Compare trimmed and case-insensitively (domain §2: the value set is open)."""
    return (commission.purpose or "").strip().casefold() == purpose.casefold()


def only_looks_like(commission: Commission, purpose: str) -> bool:
    """Say whether its purpose looks like this one and is another: inner blanks, other composed letters."""
    seen = _as_seen(commission.purpose or "")
    return seen == _as_seen(purpose) and not has_purpose(commission, purpose)


def _as_seen(text: str) -> str:
    return "".join(typed(unicodedata.normalize("NFKC", text)).split()).casefold()


def is_without_purpose(commission: Commission) -> bool:
    return not (commission.purpose or "").strip()


def is_complete(commission: Commission) -> bool:
    """Say whether the commission's own part of what HSA demands is there: id, name and a unit.

    The purpose, the unit's and the provider's entries are looked at elsewhere, each with a cause
    of its own. The provider's organisation number is NOT demanded although TKB lists it: HSA may
    inherit it from the organisation above, which a reading does not hold (GUESS).
    Source: TKB; HSA schema 5.3 (hsaIdentity and cn are mandatory).
    """
    if commission.hsa_id is None or not commission.hsa_id.text.strip():
        return False
    return bool(commission.name.strip()) and commission.unit_id is not None


def coupling_states(commission: Commission, person_id: HsaId, *, at: datetime) -> tuple[PeriodState, ...]:
    """The states of this person's couplings to the commission, the best first."""
    states = {
        periods.state(coupling.period, at=at)
        for coupling in commission.couplings
        if coupling.person_id == person_id
    }
    return tuple(state for state in _BEST_FIRST if state in states)


def returned_unit(
    commission: Commission, reading: Reading, *, purpose: str, at: datetime
) -> tuple[Unit, PeriodState] | Answer:
    """The unit of a commission that HSA returns for the purpose, and the state of the person's coupling.

    NO where HSA returns no such commission, UNKNOWN where the unit's entry could not be read. The care
    provider's entry is left to the service.
    """
    states = coupling_states(commission, reading.person_id, at=at)
    if not states or states[0] not in (PeriodState.ACTIVE, PeriodState.UNREADABLE):
        return Answer.NO
    if not has_purpose(commission, purpose) or not is_complete(commission):
        return Answer.NO
    if commission.is_under_provider or commission.unit_id is None:
        return Answer.NO
    unit = certainty.unit(reading, commission.unit_id)
    if not isinstance(unit, Unit):
        return Answer.NO if unit is None else Answer.UNKNOWN
    return unit, states[0]


def is_coupled(commission: Commission, person_ids: Iterable[HsaId], *, at: datetime) -> bool:
    """Say whether one of the ids has a coupling that is not over."""
    return any(
        state is not PeriodState.ENDED
        for person_id in person_ids
        for state in coupling_states(commission, person_id, at=at)
    )


def has_right(commission: Commission, scope: str) -> bool:
    """Say whether a right of three parts ends in the scope, such as `SJF`; case does not count.

    A right not of three parts is never returned by HSA. Source: HSA schema 5.3; domain §2.
    """
    for right in commission.rights:
        parts = [part.strip().casefold() for part in right.split(";")]
        if len(parts) == 3 and parts[2] == scope.casefold():
            return True
    return False
