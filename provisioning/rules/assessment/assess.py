"""Does an ordered access work as things stand, why not, and what must change in the directory.

Source: domain page §5 and §6; the services' own login rules in §3 and §4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from provisioning.rules import certainty
from provisioning.rules.assessment import requirements
from provisioning.rules.assessment import warnings as assessment_warnings
from provisioning.rules.assessment.question import Question
from provisioning.rules.causes import DIRECTORY_CODES, Cause, Code, in_order
from provisioning.rules.dates import periods
from provisioning.rules.dates.periods import PeriodState
from provisioning.rules.hsa import Answer, Attribute, Change, Commission, HsaId, OrderedAccess, Reading, Unit
from provisioning.rules.services import catalogue, commissions
from provisioning.rules.services.login_answer import LoginResult

# What a coupling mends: HSA returns the new one whatever else is amiss with the old.
_MENDED_BY_COUPLING = frozenset(
    {
        Code.COMMISSION_MISSING,
        Code.COMMISSION_ENDED,
        Code.COMMISSION_ENDS_EARLY,
        Code.COMMISSION_PURPOSE_MISSING,
        Code.COMMISSION_INCOMPLETE,
        Code.COMMISSION_UNDER_PROVIDER,
        Code.COMMISSION_OTHER_IDENTITY,
    }
)
# What the wanted role mends: near misses are harmless beside the right value.
_MENDED_BY_ROLE = frozenset(
    {
        Code.ROLE_MISSING,
        Code.ROLE_OTHER_IDENTITY,
        Code.ROLE_WRONG_CASE,
        Code.ROLE_BLANKS,
        Code.ROLE_MALFORMED,
        Code.ROLE_WRONG_UNIT,
        Code.ROLE_SUBUNIT,
        Code.ROLE_PROVIDER_IN_REHAB,
        Code.ROLE_WRONG_KIND,
        Code.ROLE_UNKNOWN_ID,
    }
)
# While one of these stands, no change in KIV by our KIV administrator gives the access.
_NOT_OURS = DIRECTORY_CODES | frozenset(
    code
    for code in Code
    if code.value.startswith(("person.", "unit.", "provider.")) or code is Code.ORDER_LEVEL_NOT_AVAILABLE
)
# What was asked and not told. It leaves the answer open where nothing else decides it.
_UNTOLD = DIRECTORY_CODES | {Code.COMMISSION_DATE_UNREADABLE}


@dataclass(frozen=True, slots=True)
class Assessment:
    """The verdict on one order. `causes` is empty when the answer is yes.

    `changes` are all that KIV lacks, as far as somebody can set it now: applying exactly these
    gives the access only if `can_be_granted_by_changes`. `effective_unit_id` is the care unit (or
    care provider) whose id the role must name, as its entry writes it: another than the ordered
    one when a sub-unit was ordered.
    """

    order: OrderedAccess
    on: date
    answer: Answer
    login: LoginResult
    causes: tuple[Cause, ...]
    warnings: tuple[Cause, ...]
    changes: tuple[Change, ...]
    effective_unit_id: HsaId

    @property
    def codes(self) -> frozenset[Code]:
        return frozenset(cause.code for cause in self.causes)

    @property
    def needs_coupling(self) -> bool:
        """Whether somebody must couple the person to a commission."""
        return any(change.attribute is Attribute.COMMISSION_MEMBER for change in self.changes)

    @property
    def lengthens_coupling(self) -> bool:
        """Whether a coupling that works ends before the prolonged right does."""
        return Code.COMMISSION_ENDS_EARLY in self.codes

    @property
    def needs_role(self) -> bool:
        """Whether somebody must set a system role."""
        return any(change.attribute is Attribute.SYSTEM_ROLE for change in self.changes)

    @property
    def can_be_granted_by_changes(self) -> bool:
        """Whether the answer is no, and yes once exactly `changes` are made."""
        if self.answer is not Answer.NO:
            return False
        mended = _MENDED_BY_ROLE if self.needs_role else frozenset()
        if self.needs_coupling:
            mended |= _MENDED_BY_COUPLING
        # A role that breaks the login goes on doing so after the right one has been set.
        return self.codes <= mended - catalogue.entitlement(self.order.service).breaking


def assess(order: OrderedAccess, reading: Reading, *, on: date, at: datetime | None = None) -> Assessment:
    """Say whether the ordered access works on that day, why not, and what must change.

    `on` is a calendar day in Europe/Stockholm; `at` (aware) is the moment that day, by default
    noon: pass `reading.read_at` when `on` is today. Never raises for missing data: a reading with
    holes gives the answer UNKNOWN with its causes wherever a hole could matter, also a reading of
    somebody else than the person ordered for.
    Source: domain page §5 (what an order needs) and §6 (answers and causes).
    """
    if reading.person_id != order.person_id:
        code = Code.DIRECTORY_UNAVAILABLE.value
        reading = Reading.failed(order.person_id, code, read_at=reading.read_at)
    moment = at or periods.noon(on)
    login = catalogue.entitlement(order.service).login(reading, at=moment)
    assessed = [_assess(case, login) for case in _cases(order, reading, on=on, at=moment)]
    # Ordered by preference: a sub-unit may be reached through any care unit that lists it.
    by_answer = {assessment.answer: assessment for assessment in reversed(assessed)}
    return by_answer.get(Answer.YES) or by_answer.get(Answer.UNKNOWN) or by_answer[Answer.NO]


def _cases(order: OrderedAccess, reading: Reading, *, on: date, at: datetime) -> Sequence[Question]:
    """The order seen from each care unit it could be served by, the most fitting first.

    That is the ordered unit itself, and every care unit that lists it as a sub-unit. The nearer
    the person's coupling, the better; without any commission with the purpose a listed unit is
    taken for a mere sub-unit (GUESS: no source says how a unit that is both is treated).
    """
    case = Question(order, reading, on, at)
    if case.is_for_provider:
        return [case]
    ordered = certainty.unit(reading, order.unit_id)
    if not isinstance(ordered, Unit):
        return [replace(case, ordered=ordered, unit=ordered)]
    above = sorted(reading.parents.get(order.unit_id, ()), key=lambda unit: unit.hsa_id.folded)
    seen_from = [replace(case, ordered=ordered, unit=unit) for unit in (ordered, *above)]
    return sorted(seen_from, key=_distance)


def _distance(case: Question) -> tuple[int, bool]:
    """How far the care unit is from serving the order: 0 coupled now, 1 coupled, 2 could be, 3 not.

    At the same distance the ordered unit comes before those above it, but last of all where none
    has a commission.
    """
    fitting = _fitting(case)
    person_id = case.reading.person_id
    states = {
        state for found in fitting for state in commissions.coupling_states(found, person_id, at=case.at)
    }
    if PeriodState.ACTIVE in states:
        return 0, case.is_sub_unit_ordered
    if states:
        return 1, case.is_sub_unit_ordered
    return (2, case.is_sub_unit_ordered) if fitting else (3, not case.is_sub_unit_ordered)


def _fitting(case: Question) -> list[Commission]:
    """The care unit's commissions that a coupling would make work, the usual right first, then by DN."""
    entitled = case.entitlement
    fitting = [
        found
        for found in case.unit_commissions
        if commissions.has_purpose(found, entitled.purpose) and commissions.is_complete(found)
    ]
    right = entitled.usual_right
    return sorted(fitting, key=lambda found: (not commissions.has_right(found, right), found.dn))


def _assess(case: Question, login: LoginResult) -> Assessment:
    causes = in_order(requirements.unmet(case))
    answer = _answer(case, causes)
    proposed = _proposed_commission(case, causes)
    return Assessment(
        order=case.order,
        on=case.on,
        answer=answer,
        login=login,
        causes=causes,
        warnings=in_order(assessment_warnings.warnings(case, proposed=proposed)),
        changes=_changes(case, causes, proposed),
        effective_unit_id=case.subject_id,
    )


def _answer(case: Question, causes: Sequence[Cause]) -> Answer:
    """No if something certain stands against it, unknown if something open does, otherwise yes.

    A role that MAY break the whole login leaves the answer open, too (domain §4.5).
    """
    codes = {cause.code for cause in causes}
    if codes - _UNTOLD - case.entitlement.breaking:
        return Answer.NO
    return Answer.UNKNOWN if codes else Answer.YES


def _proposed_commission(case: Question, causes: Sequence[Cause]) -> Commission | None:
    """The commission to couple the person to: none while one starts later or may be active already."""
    codes = {cause.code for cause in causes}
    if not codes & {Code.COMMISSION_MISSING, Code.COMMISSION_ENDED} or codes & _NOT_OURS:
        return None
    fitting = _fitting(case)
    return fitting[0] if fitting and Code.COMMISSION_NOT_STARTED not in codes else None


def _changes(case: Question, causes: Sequence[Cause], proposed: Commission | None) -> tuple[Change, ...]:
    """The values to add, byte for byte. Source: domain §2 (member value), §5 (role)."""
    codes = {cause.code for cause in causes}
    person, wanted, until = case.reading.person, case.wanted_role, case.order.until
    if person is None or codes & _NOT_OURS:
        return ()
    changes = []
    if Code.COMMISSION_ENDS_EARLY in codes and until is not None:
        found, coupling = case.active_couplings[0]
        value = f"{person.hsa_id.text};{periods.prolonged(coupling.period, until)}"
        changes.append(Change(found.dn, Attribute.COMMISSION_MEMBER, value, found.hsa_id))
    if proposed is not None:
        value = f"{person.hsa_id.text};;"
        changes.append(Change(proposed.dn, Attribute.COMMISSION_MEMBER, value, proposed.hsa_id))
    if Code.ROLE_MISSING in codes and wanted is not None:
        changes.append(Change(person.dn, Attribute.SYSTEM_ROLE, wanted, person.hsa_id))
    return tuple(changes)
