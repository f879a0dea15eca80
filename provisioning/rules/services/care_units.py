"""The care units that a person's commissions open to a service that asks for active units and providers."""

from __future__ import annotations

from datetime import datetime

from provisioning.rules import certainty
from provisioning.rules.dates.periods import PeriodState
from provisioning.rules.hsa import Answer, Commission, HsaId, Part, Provider, Reading, Unit
from provisioning.rules.services import commissions


def open_to(reading: Reading, *, purpose: str, at: datetime) -> tuple[list[Unit], bool]:
    """The care units of the person's commissions, each once, and whether there may be more.

    Source: domain §3.2: purpose, active coupling, care unit and care provider active now.
    """
    units: dict[HsaId, Unit] = {}
    may_be_more = not reading.is_readable(Part.COMMISSIONS)
    for commission in reading.commissions:
        counts, unit = _counts(reading, commission, purpose=purpose, at=at)
        if unit is not None and counts is Answer.YES:
            units[unit.hsa_id] = unit
        may_be_more = may_be_more or counts is Answer.UNKNOWN
    return list(units.values()), may_be_more


def _counts(
    reading: Reading, commission: Commission, *, purpose: str, at: datetime
) -> tuple[Answer, Unit | None]:
    """Say whether the commission opens its care unit; HSA must return it for that."""
    returned = commissions.returned_unit(commission, reading, purpose=purpose, at=at)
    if isinstance(returned, Answer):
        return returned, None
    unit, coupling = returned
    validity = certainty.validity(reading, Part.UNITS, unit.period, at=at)
    return _worst(coupling, validity, _provider_state(reading, unit, at=at)), unit


def _provider_state(reading: Reading, unit: Unit, *, at: datetime) -> PeriodState:
    """The care provider's state; without an entry for it HSA returns no commission: ENDED."""
    if unit.provider_id is None:
        return PeriodState.ENDED if reading.is_readable(Part.UNITS) else PeriodState.UNREADABLE
    provider = certainty.provider(reading, unit.provider_id)
    if isinstance(provider, Provider):
        return certainty.validity(reading, Part.PROVIDERS, provider.period, at=at)
    return PeriodState.ENDED if provider is None else PeriodState.UNREADABLE


def _worst(*states: PeriodState) -> Answer:
    if any(state in (PeriodState.ENDED, PeriodState.NOT_STARTED) for state in states):
        return Answer.NO
    return Answer.UNKNOWN if PeriodState.UNREADABLE in states else Answer.YES
