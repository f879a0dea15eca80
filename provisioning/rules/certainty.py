"""What a reading tells for certain: an entry, its absence, or a gap.

A gap is never absence. An id that was not asked for is a gap, and so is an absent entry where its
part of the reading has problems. Source: domain page §6 "Don't know".
"""

from __future__ import annotations

import enum
from datetime import datetime

from provisioning.rules.causes import DIRECTORY_CODES, Cause, Code
from provisioning.rules.dates import periods
from provisioning.rules.dates.periods import PeriodState
from provisioning.rules.hsa import HsaId, Part, Provider, RawPeriod, Reading, Unit


class Gap(enum.Enum):
    """The directory was not asked, or did not answer."""

    UNREAD = "unread"


UNREAD = Gap.UNREAD


class Named(enum.Enum):
    """What an HSA-id in a system role names."""

    UNIT = "unit"
    PROVIDER = "provider"
    NOTHING = "nothing"
    UNREAD = "unread"


def unit(reading: Reading, hsa_id: HsaId) -> Unit | None | Gap:
    """The unit's entry, None where there certainly is none, or UNREAD."""
    found: Unit | None | Gap = reading.units.get(hsa_id, UNREAD)
    if isinstance(found, Unit):
        return found
    for care_units in reading.parents.values():
        for care_unit in care_units:
            if care_unit.hsa_id == hsa_id:
                return care_unit
    return found if reading.is_readable(Part.UNITS) else UNREAD


def provider(reading: Reading, hsa_id: HsaId) -> Provider | None | Gap:
    """The care provider's entry, None where there certainly is none, or UNREAD."""
    found: Provider | None | Gap = reading.providers.get(hsa_id, UNREAD)
    if isinstance(found, Provider) or reading.is_readable(Part.PROVIDERS):
        return found
    return UNREAD


def named(reading: Reading, hsa_id: HsaId) -> Named:
    """Say what the id names. An entry that is both unit and care provider counts as a provider.

    NOTHING needs that the id was asked for in one place at least, and no gap in the other.
    """
    as_provider, as_unit = provider(reading, hsa_id), unit(reading, hsa_id)
    if isinstance(as_provider, Provider):
        return Named.PROVIDER
    if isinstance(as_unit, Unit):
        return Named.UNIT
    is_read = reading.is_readable(Part.UNITS, Part.PROVIDERS)
    if is_read and (as_provider is None or as_unit is None):
        return Named.NOTHING
    return Named.UNREAD


def validity(reading: Reading, part: Part, period: RawPeriod, *, at: datetime) -> PeriodState:
    """Where `at` lies in an entry's period; UNREADABLE while the entry's part has problems.

    A date that could not be read looks like no date at all, so "active" would be a guess there.
    """
    return periods.state(period, at=at) if reading.is_readable(part) else PeriodState.UNREADABLE


def gaps(reading: Reading, part: Part) -> tuple[Cause, ...]:
    """The causes for not knowing something in this part: its problems' codes, each once.

    Without a problem on record the id was simply never asked for: then what came is not all
    there is.
    """
    codes = {problem.code for problem in reading.problems if problem.part is part}
    known = [Code(code) if code in DIRECTORY_CODES else Code.DIRECTORY_UNAVAILABLE for code in codes]
    return tuple(Cause(code) for code in known or [Code.DIRECTORY_TRUNCATED])
