"""Near misses: what is there instead of the role or the coupling that is missing.

Each is named beside the general code (`role.missing`, `commission.missing`), never instead of it.
Source: domain page §6.
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.rules import certainty
from provisioning.rules.assessment.question import Question
from provisioning.rules.causes import Cause, Code
from provisioning.rules.certainty import Named
from provisioning.rules.dates.periods import PeriodState
from provisioning.rules.hsa import HsaId, Part, Unit
from provisioning.rules.services import commissions, roles
from provisioning.rules.services.roles import SeenRole


def role_near_misses(case: Question, wanted: str) -> Iterator[Cause]:
    """What the person's role values get wrong, given the exact value wanted."""
    for raw in case.roles:
        seen = roles.seen(raw, words=(case.entitlement.role_word,))
        if seen is not None:
            codes = _typing(seen, wanted) if seen.hsa_id == case.subject_id else _naming(case, seen)
            yield from (_instead_of(wanted, raw, code, case) for code in codes)
    for other in case.reading.other_identities:
        if any(case.entitlement.matches(raw, case.subject_id) for raw in other.system_roles):
            yield Cause(Code.ROLE_OTHER_IDENTITY, about=other.hsa_id.text, expected=wanted)


def _instead_of(wanted: str, raw: str, code: Code, case: Question) -> Cause:
    """A role that breaks the login is named alike whether another is missing or not: it must go."""
    return Cause(code, about=raw, expected="" if code in case.entitlement.breaking else wanted)


def commission_near_misses(case: Question) -> Iterator[Cause]:
    """The couplings of this human that HSA does not return as a commission on the care unit."""
    person_id, purpose = case.reading.person_id, case.entitlement.purpose
    others = [person.hsa_id for person in case.reading.other_identities]
    for commission in case.reading.commissions:
        is_on_unit = commission in case.unit_commissions
        if commissions.is_coupled(commission, [person_id], at=case.at):
            if is_on_unit and commissions.is_without_purpose(commission):
                yield Cause(Code.COMMISSION_PURPOSE_MISSING, about=commission.dn, expected=purpose)
            if commissions.has_purpose(commission, purpose):
                yield from _placing(case, commission.dn, is_on_unit=is_on_unit)
        if is_on_unit and commissions.has_purpose(commission, purpose):
            for other_id in others:
                if commissions.is_coupled(commission, [other_id], at=case.at):
                    yield Cause(Code.COMMISSION_OTHER_IDENTITY, about=other_id.text, expected=person_id.text)


def _placing(case: Question, dn: str, *, is_on_unit: bool) -> Iterator[Cause]:
    """What is wrong with a commission of the right purpose in which the person is."""
    commission = next(found for found in case.reading.commissions if found.dn == dn)
    if commission.is_under_provider:
        yield Cause(Code.COMMISSION_UNDER_PROVIDER, about=dn)
    elif not commissions.is_complete(commission) and (is_on_unit or commission.unit_id is None):
        yield Cause(Code.COMMISSION_INCOMPLETE, about=dn)


def _typing(seen: SeenRole, wanted: str) -> Iterator[Code]:
    """The right id, typed otherwise than the service reads it."""
    bare = roles.without_blanks(wanted)  # the id itself may have a blank at its end
    if seen.has_blanks or bare != wanted:
        yield Code.ROLE_BLANKS
    if seen.bare.casefold() != bare.casefold():
        yield Code.ROLE_MALFORMED
    elif seen.bare != bare:
        yield Code.ROLE_WRONG_CASE


def _naming(case: Question, seen: SeenRole) -> Iterator[Code]:
    """Another id than the one wanted. A live role for another unit is nobody's mistake."""
    if _is_sub_unit(case, seen.hsa_id):
        yield Code.ROLE_SUBUNIT
        return
    kind = certainty.named(case.reading, seen.hsa_id)
    if kind is Named.NOTHING:
        yield Code.ROLE_UNKNOWN_ID
    elif kind is (Named.PROVIDER if case.names_units else Named.UNIT):
        yield case.entitlement.wrong_kind
    elif kind is Named.UNIT and not is_live(case, seen.hsa_id):
        yield Code.ROLE_WRONG_UNIT


def _is_sub_unit(case: Question, hsa_id: HsaId) -> bool:
    """Whether the id is a sub-unit of the care unit whose id belongs there."""
    return case.names_units and isinstance(case.unit, Unit) and hsa_id in case.unit.member_ids


def is_live(case: Question, unit_id: HsaId) -> bool:
    """Whether the person may have the service's commission on that unit today (gaps count as may).

    For a doctor a sub-unit's role is live through the care unit above (domain §3.6).
    """
    if not case.reading.is_readable(Part.COMMISSIONS):
        return True
    unit_ids = {unit_id}
    if case.is_doctor is not False:
        unit_ids |= {unit.hsa_id for unit in case.reading.parents.get(unit_id, ())}
    return any(
        commission.unit_id in unit_ids
        and commissions.has_purpose(commission, case.entitlement.purpose)
        and commissions.is_complete(commission)
        and commissions.coupling_states(commission, case.reading.person_id, at=case.at)[:1]
        in ((PeriodState.ACTIVE,), (PeriodState.UNREADABLE,))
        for commission in case.reading.commissions
    )
