"""Looking up all that an order takes, before anything is written: `prepare` asks the directory.

Sources: domain §5 (what an order needs), §7 (who may order and attest).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from provisioning.assessments import reading as assessments_reading
from provisioning.cases import candidates
from provisioning.cases.candidates import Asked
from provisioning.directory import Directory, open_directory
from provisioning.mandates import current
from provisioning.mandates.current import Delegated
from provisioning.models import User
from provisioning.orders.draft import Draft, Prepared, PreparedItem, Refusal
from provisioning.orders.refusals import (
    of_administrators,
    of_dates,
    of_duplicates,
    of_prolongation,
    of_statements,
    of_what_cannot_be,
)
from provisioning.rights import lookups
from provisioning.rules.causes import Code
from provisioning.rules.hsa import HsaId, Level, OrderedAccess, Person, Reading
from provisioning.rules.mandates import Delegable, order_is_attestation


def prepare(draft: Draft, *, by: User) -> Prepared:
    """Look up everything the draft takes and say what stands in its way. Writes nothing.

    Raises DirectoryError when the directory does not answer: then nothing can be said, and nothing is lost.
    """
    directory = open_directory()
    refusals = [*of_statements(draft), *of_dates(draft)]
    person, person_refusals = _look_up_person(directory, draft.person_id)
    refusals += person_refusals
    if person is None:
        return Prepared(draft, None, (), tuple(refusals))
    mandates = current.read(by.identity)
    look_up = _provider_item if draft.level is Level.PROVIDER else _unit_item
    items: list[PreparedItem] = []
    for wanted_id in dict.fromkeys(draft.unit_ids):
        item = look_up(directory, draft, person, wanted_id, by, mandates)
        items.append(_without_twins(item, items))
    return Prepared(draft, person, tuple(items), tuple(refusals))


def _look_up_person(directory: Directory, person_id: HsaId) -> tuple[Person | None, list[Refusal]]:
    if not HsaId(person_id.bare).has_form(strict=settings.HSA_ID_FORM == "strict"):
        message = _(
            "This is not an HSA-id. It looks like SE0000000000-AB12: SE, ten digits, a "
            "hyphen and up to 18 letters or digits."
        )
        return None, [Refusal(message, "person", "person.form")]
    person = directory.person(person_id)
    if person is None:
        message = _("Nobody in the directory has the HSA-id %(id)s. Check it, or search by name.") % {
            "id": person_id
        }
        return None, [Refusal(message, "person", Code.PERSON_MISSING.value)]
    return person, []


def _unit_item(
    directory: Directory, draft: Draft, person: Person, wanted_id: HsaId, by: User, mandates: current.Mandates
) -> PreparedItem:
    order = OrderedAccess(person.hsa_id, draft.service, draft.level, wanted_id)
    reading = assessments_reading.read_for(order)
    found = assessments_reading.assess_now(order, reading)
    wanted = reading.units.get(wanted_id)
    unit = reading.units.get(found.effective_unit_id) or wanted
    if wanted is None or unit is None:
        message = _("No unit in the directory has the HSA-id %(id)s.") % {"id": wanted_id}
        refusal = Refusal(message, "units", Code.UNIT_UNKNOWN.value)
        return PreparedItem(wanted_id, str(wanted_id), None, reading, found, refusals=(refusal,))
    part = _part_of(mandates, unit.hsa_id, reading, by)
    refusals = [
        *of_what_cannot_be(found, wanted.name),
        *of_duplicates(person, draft, unit.hsa_id, wanted.name, by),
    ]
    live = lookups.in_force(person.hsa_id, draft.service, draft.level, unit.hsa_id)
    refusals += of_prolongation(live, draft, found, wanted.name)
    if not part.may_order:
        message = _("You are not head of %(unit)s, so you cannot order there for somebody else.") % {
            "unit": unit.name
        }
        refusals.append(Refusal(message, "units", "order.not_head"))
    is_attested = part.is_attested
    found_attesters = () if is_attested else candidates.attesters(directory, unit, subject_id=person.hsa_id)
    if not is_attested and not found_attesters:
        message = _(
            "Nobody can attest an order for %(unit)s: the directory names no head of unit there or above."
        )
        refusals.append(Refusal(message % {"unit": unit.name}, "units", "order.no_attester"))
    shut_out = {person.hsa_id} | ({by.identity} if is_attested else _the_only_one(found_attesters))
    administrators = candidates.kiv_administrators(directory, unit.dn, excluded=shut_out)
    refusals += of_administrators(found, administrators, unit.name)
    return PreparedItem(
        wanted_id,
        wanted.name,
        unit,
        reading,
        found,
        is_attested_by_order=is_attested,
        ordered_for=part.ordered_for,
        attested_for=part.attested_for,
        attesters=found_attesters,
        administrators=administrators,
        live_grant=live,
        refusals=tuple(refusals),
    )


@dataclass(frozen=True, slots=True)
class _Part:
    """What the orderer is to the unit: may order there, attests by ordering, and by which delegations."""

    may_order: bool
    is_attested: bool = False
    ordered_for: Delegated | None = None
    attested_for: Delegated | None = None


def _part_of(mandates: current.Mandates, unit_id: HsaId, reading: Reading, by: User) -> _Part:
    """Own access: anybody may ask. For others: the head of unit, or who the head has delegated ordering to.

    The head's order is its own attestation. A delegate's is only where attesting is delegated to the same
    person, too: then a second step would be the same decision by the same person. Never for the access of
    the head who delegated: that is attested in a step of its own, which the head above can take as well.
    Whichever HSA-id of the same human it is about. Source: domain §7; the last but one is our own caution.
    """
    subject_ids = {reading.person_id, *(person.hsa_id for person in reading.other_identities)}
    own_ids, is_head = mandates.ids_of(by.identity), unit_id in mandates.unit_ids
    if order_is_attestation(orderer_is_head=is_head, own_ids=own_ids, subject_id=reading.person_id):
        return _Part(may_order=True, is_attested=True)
    if reading.person_id in own_ids:
        return _Part(may_order=True)
    ordering = mandates.delegated_for(Delegable.ORDERING, unit_id)
    attesting = mandates.delegated_for(Delegable.ATTESTING, unit_id)
    if ordering is None:
        return _Part(may_order=False)
    if attesting is None or subject_ids & {ordering.principal_id, attesting.principal_id}:
        return _Part(may_order=True, ordered_for=ordering)
    return _Part(may_order=True, is_attested=True, ordered_for=ordering, attested_for=attesting)


def _the_only_one(asked: tuple[Asked, ...]) -> set[HsaId]:
    """Who is sure to attest, and can therefore not carry out; of several, nobody is sure."""
    return {asked[0].person.hsa_id} if len(asked) == 1 else set()


def _provider_item(
    directory: Directory, draft: Draft, person: Person, wanted_id: HsaId, by: User, mandates: current.Mandates
) -> PreparedItem:
    order = OrderedAccess(person.hsa_id, draft.service, draft.level, wanted_id)
    reading = assessments_reading.read_for(order)
    found = assessments_reading.assess_now(order, reading)
    provider = reading.providers.get(wanted_id)
    if provider is None:
        message = _("No care provider in the directory has the HSA-id %(id)s.") % {"id": wanted_id}
        refusal = Refusal(message, "units", Code.PROVIDER_UNKNOWN.value)
        return PreparedItem(wanted_id, str(wanted_id), None, reading, found, refusals=(refusal,))
    own_ids = mandates.ids_of(by.identity)
    is_own = person.hsa_id in own_ids
    is_head = mandates.heads_unit_of(provider.hsa_id)
    refusals = [
        *of_what_cannot_be(found, provider.name),
        *of_duplicates(person, draft, provider.hsa_id, provider.name, by),
    ]
    live = lookups.in_force(person.hsa_id, draft.service, draft.level, provider.hsa_id)
    refusals += of_prolongation(live, draft, found, provider.name)
    if not is_head and not is_own:
        message = _(
            "You are not head of any unit of %(provider)s, so you cannot order there for somebody else."
        )
        refusals.append(Refusal(message % {"provider": provider.name}, "units", "order.not_head"))
    is_attested = order_is_attestation(orderer_is_head=is_head, own_ids=own_ids, subject_id=person.hsa_id)
    first = (
        ()
        if is_attested
        else candidates.by_own_mandate(
            candidates.provider_attesters(directory, provider, subject_id=person.hsa_id)
        )
    )
    if not is_attested and not first:
        message = _(
            "Nobody can attest an order for %(unit)s: the directory names no head of unit there or above."
        )
        refusals.append(Refusal(message % {"unit": provider.name}, "units", "order.no_attester"))
    shut_out = {person.hsa_id} | ({by.identity} if is_attested else _the_only_one(first))
    second = candidates.mandate_holders(directory, provider, excluded=shut_out)
    if not second:
        message = _(
            "Nobody else holds the mandate of %(provider)s, and a process leader needs a second attester."
        )
        refusals.append(Refusal(message % {"provider": provider.name}, "units", "order.no_second_attester"))
    if len(second) == 1:
        shut_out |= {second[0].hsa_id}
    administrators = candidates.kiv_administrators(directory, provider.dn, excluded=shut_out)
    refusals += of_administrators(found, administrators, provider.name)
    return PreparedItem(
        wanted_id,
        provider.name,
        provider,
        reading,
        found,
        is_attested_by_order=is_attested,
        attesters=first,
        second_attesters=second,
        administrators=administrators,
        live_grant=live,
        refusals=tuple(refusals),
    )


def _without_twins(item: PreparedItem, earlier: list[PreparedItem]) -> PreparedItem:
    """Two sub-units of one care unit are one right: the second is refused, not ordered twice."""
    twin = next(
        (other for other in earlier if item.unit and other.unit and other.unit.hsa_id == item.unit.hsa_id),
        None,
    )
    if twin is None:
        return item
    message = _("%(unit)s and %(other)s get access through the same care unit. Choose one of them.")
    refusal = Refusal(
        message % {"unit": item.wanted_name, "other": twin.wanted_name}, "units", "order.same_care_unit"
    )
    return PreparedItem(
        item.wanted_id,
        item.wanted_name,
        item.unit,
        item.reading,
        item.assessment,
        refusals=(*item.refusals, refusal),
    )
