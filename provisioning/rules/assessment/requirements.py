"""What an order needs, each need a check of its own that yields the causes it finds.

A check that finds nothing amiss yields nothing. One that cannot tell yields the reason for not
knowing and never the cause it merely suspects. Source: domain page §5 and §6.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.rules import certainty
from provisioning.rules.assessment.near_misses import commission_near_misses, role_near_misses
from provisioning.rules.assessment.question import Question
from provisioning.rules.causes import Cause, Code
from provisioning.rules.dates import periods
from provisioning.rules.dates.periods import PeriodState
from provisioning.rules.hsa import Level, Part, Provider, RawPeriod, Unit
from provisioning.rules.services import commissions


def unmet(case: Question) -> Iterator[Cause]:
    """Every cause, all at once. A check whose object does not exist has nothing to say."""
    yield from person(case)
    yield from level(case)
    if not case.level_exists:
        return
    if not case.is_for_provider:
        yield from units(case)
    yield from provider(case)
    has_no_entry = case.reading.person is None and case.reading.is_readable(Part.PERSON)
    if has_no_entry:
        return
    if not case.is_for_provider:
        yield from commission(case)
    yield from role(case)
    yield from case.entitlement.breaks(case.reading)


def person(case: Question) -> Iterator[Cause]:
    """The person has an entry that is in use, and is employed that day. Source: domain §2, §6."""
    found, about = case.reading.person, case.order.person_id.text
    if not case.reading.is_readable(Part.PERSON):
        yield from certainty.gaps(case.reading, Part.PERSON)
        return
    if found is None:
        yield Cause(Code.PERSON_MISSING, about)
        return
    if found.is_archived:
        yield Cause(Code.PERSON_ARCHIVED, about)
    employment = periods.employment(found.period, on=case.on)
    if employment is PeriodState.ENDED:
        yield Cause(Code.PERSON_ENDED, about)
    elif employment is PeriodState.UNREADABLE:
        yield Cause(Code.DIRECTORY_UNREADABLE_ATTRIBUTE, about)


def level(case: Question) -> Iterator[Cause]:
    """The service has the level; own cases are for doctors only. Source: domain §5, §6."""
    if not case.level_exists:
        yield Cause(Code.ORDER_LEVEL_NOT_AVAILABLE, case.order.level.value)
        return
    is_asked = case.order.level is Level.OWN and case.entitlement.own_is_for_doctors
    if not is_asked or case.is_doctor:
        return
    if case.is_doctor is False:
        yield Cause(Code.ORDER_LEVEL_NOT_AVAILABLE, case.order.level.value)
    elif case.reading.person is not None:
        yield from certainty.gaps(case.reading, Part.PROFESSION)


def units(case: Question) -> Iterator[Cause]:
    """The ordered unit, and the care unit above it if that one counts, exist and are in use.

    Intygsstatistik itself looks at no dates of units, but HSA hands out active objects only, and
    an order for a closed unit is an order for nothing (GUESS for what HSA does).
    """
    ordered = case.ordered
    if not isinstance(ordered, Unit):
        about = case.order.unit_id.text
        if ordered is None:
            yield Cause(Code.UNIT_UNKNOWN, about)
        else:
            yield from certainty.gaps(case.reading, Part.UNITS)
        return
    if not case.reading.is_readable(Part.UNITS):
        yield from certainty.gaps(case.reading, Part.UNITS)
        return
    yield from _unit(case, ordered)
    if case.is_sub_unit_ordered and isinstance(case.unit, Unit):
        yield from _unit(case, case.unit)


def _unit(case: Question, found: Unit) -> Iterator[Cause]:
    if found.is_archived:
        yield Cause(Code.UNIT_ARCHIVED, found.hsa_id.text)
    closed, later = Code.UNIT_CLOSED, Code.UNIT_NOT_STARTED
    yield from _validity(case, found.period, found.hsa_id.text, closed=closed, later=later)


def provider(case: Question) -> Iterator[Cause]:
    """The care provider exists and is in use; an archived one counts as closed (no code of its own)."""
    if case.provider_id is None:
        if isinstance(case.unit, Unit) and case.reading.is_readable(Part.UNITS):
            yield Cause(Code.PROVIDER_UNKNOWN, case.unit.hsa_id.text)
        return
    found, about = case.provider, case.provider_id.text
    if found is None:
        yield Cause(Code.PROVIDER_UNKNOWN, about)
    elif not isinstance(found, Provider) or not case.reading.is_readable(Part.PROVIDERS):
        yield from certainty.gaps(case.reading, Part.PROVIDERS)
    else:
        if found.is_archived:
            yield Cause(Code.PROVIDER_CLOSED, about)
        closed, later = Code.PROVIDER_CLOSED, Code.PROVIDER_NOT_STARTED
        yield from _validity(case, found.period, about, closed=closed, later=later)


def _validity(case: Question, period: RawPeriod, about: str, *, closed: Code, later: Code) -> Iterator[Cause]:
    codes = {
        PeriodState.ENDED: closed,
        PeriodState.NOT_STARTED: later,
        PeriodState.UNREADABLE: Code.DIRECTORY_UNREADABLE_ATTRIBUTE,
    }
    code = codes.get(periods.state(period, at=case.at))
    if code is not None:
        yield Cause(code, about)


def commission(case: Question) -> Iterator[Cause]:
    """The person is in a commission with the purpose on the care unit, now. Source: domain §3.2, §4.1.

    One active coupling decides, whatever else is there. A coupling that has not started, is over
    or cannot be read is named alone: the person IS in a commission.
    """
    if not isinstance(case.unit, Unit) or not case.reading.is_readable(Part.UNITS):
        return
    about = case.unit.hsa_id.text
    states = {
        state
        for found in case.unit_commissions
        if commissions.has_purpose(found, case.entitlement.purpose) and commissions.is_complete(found)
        for state in commissions.coupling_states(found, case.reading.person_id, at=case.at)
    }
    if PeriodState.ACTIVE in states:
        yield from _ends_early(case, about)
        return
    if PeriodState.UNREADABLE in states:
        yield Cause(Code.COMMISSION_DATE_UNREADABLE, about)
    elif not case.reading.is_readable(Part.COMMISSIONS):
        yield from certainty.gaps(case.reading, Part.COMMISSIONS)
    elif states:
        if PeriodState.NOT_STARTED in states:
            yield Cause(Code.COMMISSION_NOT_STARTED, about)
        if PeriodState.ENDED in states:
            yield Cause(Code.COMMISSION_ENDED, about)
    else:
        yield Cause(Code.COMMISSION_MISSING, about, expected=case.entitlement.purpose)
        yield from _none_on_unit(case, about)
        yield from commission_near_misses(case)


def _ends_early(case: Question, about: str) -> Iterator[Cause]:
    """Where a right is prolonged: no coupling that works now lasts through its new last day."""
    until = case.order.until
    if until is not None and not any(
        periods.lasts_through(coupling.period, until) for _found, coupling in case.active_couplings
    ):
        yield Cause(Code.COMMISSION_ENDS_EARLY, about, expected=until.isoformat())


def _none_on_unit(case: Question, about: str) -> Iterator[Cause]:
    """Whether there is a commission to be coupled to, as far as that was read.

    If it was not, the gap stands beside the certain "missing": no answer hangs on it, but what to
    do next does.
    """
    purpose = case.entitlement.purpose
    with_purpose = [found for found in case.unit_commissions if commissions.has_purpose(found, purpose)]
    if any(commissions.is_complete(found) for found in with_purpose):
        return
    if not case.reading.is_readable(Part.UNIT_COMMISSIONS):
        yield from certainty.gaps(case.reading, Part.UNIT_COMMISSIONS)
        return
    mistyped = [found for found in case.unit_commissions if commissions.only_looks_like(found, purpose)]
    if not with_purpose and not mistyped:
        yield Cause(Code.COMMISSION_NONE_ON_UNIT, about, expected=purpose)
    for found in mistyped:
        yield Cause(Code.COMMISSION_PURPOSE_MISTYPED, found.dn, expected=purpose)
    for found in with_purpose:
        yield Cause(Code.COMMISSION_INCOMPLETE, found.dn)


def role(case: Question) -> Iterator[Cause]:
    """The person has the system role the level needs. Source: domain §3.4-3.6, §4.2, §5.

    A doctor with a role for the chosen sub-unit acts as coordinator there (§3.6); for everybody
    else a role naming only a sub-unit gives nothing (§3.5).
    """
    wanted = case.wanted_role
    if wanted is None or case.reading.person is None:
        return
    if not isinstance(case.provider if case.is_for_provider else case.unit, Unit | Provider):
        return
    matches = case.entitlement.matches
    if any(matches(raw, case.subject_id) for raw in case.roles):
        return
    has_sub_unit_role = (
        case.is_sub_unit_ordered
        and isinstance(case.ordered, Unit)
        and any(matches(raw, case.ordered.hsa_id) for raw in case.roles)
    )
    if has_sub_unit_role and case.is_doctor is not False:
        if case.is_doctor is None:
            yield from certainty.gaps(case.reading, Part.PROFESSION)
        return
    if not case.reading.is_readable(Part.SYSTEM_ROLES):
        yield from certainty.gaps(case.reading, Part.SYSTEM_ROLES)
        return
    yield Cause(Code.ROLE_MISSING, expected=wanted)
    yield from role_near_misses(case, wanted)
