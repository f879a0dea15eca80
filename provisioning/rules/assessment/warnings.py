"""What the attester should see before deciding; none of it changes the answer.

Source: domain page §5 (purpose hard, right a warning) and §6 (effects, dead rights).
"""

from __future__ import annotations

from collections.abc import Iterator

from provisioning.rules import certainty
from provisioning.rules.assessment.near_misses import is_live
from provisioning.rules.assessment.question import Question
from provisioning.rules.causes import Cause, Code
from provisioning.rules.certainty import Named
from provisioning.rules.hsa import Commission, HsaId, Part, Person, Provider, Unit
from provisioning.rules.services import commissions


def warnings(case: Question, *, proposed: Commission | None) -> Iterator[Cause]:
    """All warnings. `proposed` is the commission the person would be coupled to, if any."""
    if not case.level_exists:
        return
    yield from _effects(case)
    yield from _order(case)
    yield from _right(case, proposed)
    yield from _identities(case)
    if case.names_units:
        yield from _dead_rights(case)


def _effects(case: Question) -> Iterator[Cause]:
    """What the role also does. Source: domain §3.6, §4.2."""
    entitled, about = case.entitlement, case.subject_id.text
    if case.order.level is not entitled.role_level:
        return
    if entitled.doctor_effect is not None and case.is_doctor:
        yield Cause(entitled.doctor_effect, about)
    if entitled.level_effect is not None:
        yield Cause(entitled.level_effect, about)


def _order(case: Question) -> Iterator[Cause]:
    """What the order has to do with roles, and what they would do to it. Source: domain §5."""
    about = case.subject_id.text
    if case.wanted_role is None:
        yield Cause(Code.ORDER_ROLE_NOT_NEEDED, about)
    if case.is_for_provider and certainty.named(case.reading, case.order.unit_id) is Named.UNIT:
        yield Cause(case.entitlement.wrong_kind, about)
    provider_id = case.provider_id
    if not case.is_for_provider and not case.names_units and provider_id is not None:
        for raw in case.roles:
            if case.entitlement.matches(raw, provider_id):
                yield Cause(Code.ORDER_ROLE_WOULD_WIDEN, about=raw)


def _right(case: Question, proposed: Commission | None) -> Iterator[Cause]:
    """The commission lacks the usual right. Source: domain §5: "a missing right is a warning"."""
    if case.is_for_provider or not case.reading.is_readable(Part.COMMISSIONS):
        return
    entitled = case.entitlement
    coupled = [
        found
        for found in case.unit_commissions
        if commissions.has_purpose(found, entitled.purpose)
        and commissions.is_complete(found)
        and commissions.is_coupled(found, [case.reading.person_id], at=case.at)
    ]
    looked_at = coupled or ([proposed] if proposed is not None else [])
    if looked_at and not any(commissions.has_right(found, entitled.usual_right) for found in looked_at):
        first = min(found.dn for found in looked_at)
        yield Cause(Code.RIGHT_MISSING, about=first, expected=entitled.usual_right)


def _identities(case: Question) -> Iterator[Cause]:
    """Entries whose HSA-id has a blank at an end: LDAP finds them all the same, the services may not."""
    reading = case.reading
    asked = (reading.person, case.unit, certainty.provider(reading, case.order.unit_id))
    for entry in asked:
        if isinstance(entry, Person | Unit | Provider) and entry.hsa_id.text != entry.hsa_id.bare:
            yield Cause(Code.IDENTITY_BLANKS, about=entry.hsa_id.text)


def _dead_rights(case: Question) -> Iterator[Cause]:
    """Roles on units where the person has no commission: live the day one is added. Source: domain §6."""
    for raw in case.roles:
        if raw.startswith(case.entitlement.role_prefix):
            text = raw.removeprefix(case.entitlement.role_prefix)
            named = certainty.unit(case.reading, HsaId(text))
            if not isinstance(named, Unit) or named.hsa_id.text.casefold() != text.casefold():
                continue
            if not is_live(case, named.hsa_id):
                yield Cause(Code.ROLE_WITHOUT_COMMISSION, about=raw)
