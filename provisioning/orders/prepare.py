"""Looking up all that an order takes, before anything is written: `prepare` asks the directory.

Sources: domain §5 (what an order needs), §7 (who may order and attest).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from provisioning.assessments import reading
from provisioning.cases import candidates
from provisioning.cases.candidates import Asked
from provisioning.directory import Directory, open_directory
from provisioning.mandates import current
from provisioning.mandates.current import Delegated
from provisioning.models import User
from provisioning.orders import ask, refusals
from provisioning.orders.draft import Draft, Prepared, PreparedItem, Refusal
from provisioning.rights import find
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.causes import Code
from provisioning.rules.hsa import HsaId, Level, OrderedAccess, Person, Provider, Reading, Unit
from provisioning.rules.mandates import Delegable, order_is_attestation


def prepare(draft: Draft, *, by: User) -> Prepared:
    """Look up everything the draft takes and say what stands in its way. Writes nothing.

    Whoever may not ask gets one and the same refusal, and nothing is read about the person. Raises
    DirectoryError when the directory does not answer: then nothing can be said, and nothing is lost.
    """
    directory = open_directory()
    refused = [*refusals.of_statements(draft), *refusals.of_dates(draft)]
    mandates = current.read(by.identity)
    if not ask.may_ask(directory, draft, by=by, mandates=mandates):
        return Prepared(draft, None, (), (*refused, ask.refusal()), may_not_be_asked=True)
    person, person_refusals = _look_up_person(directory, draft.person_id)
    refused += person_refusals
    if person is None:
        return Prepared(draft, None, (), tuple(refused))
    sought = _Sought(directory, draft, person, by, mandates)
    items: list[PreparedItem] = []
    for wanted_id in dict.fromkeys(draft.unit_ids):
        items.append(_without_twins(_item(sought, wanted_id), items))
    is_another = person.hsa_id not in mandates.ids_of(by.identity)
    return Prepared(draft, person, tuple(items), tuple(refused), is_about_somebody_else=is_another)


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


@dataclass(frozen=True, slots=True)
class _Sought:
    """What is looked up, for which person, and who asks."""

    directory: Directory
    draft: Draft
    person: Person
    by: User
    mandates: current.Mandates


@dataclass(frozen=True, slots=True)
class _OrderersPart:
    """What the orderer is to the place: may order there, attests by ordering, and by which delegations."""

    may_order: bool
    is_attested: bool = False
    ordered_for: Delegated | None = None
    attested_for: Delegated | None = None


@dataclass(frozen=True, slots=True)
class _Chosen:
    """The unit or care provider that gives the right. `name`: of what was chosen, which may be a sub-unit."""

    entry: Unit | Provider
    name: str
    part: _OrderersPart
    not_head: str  # what somebody reads who may not order there


def _item(sought: _Sought, wanted_id: HsaId) -> PreparedItem:
    draft, person = sought.draft, sought.person
    order = OrderedAccess(person.hsa_id, draft.service, draft.level, wanted_id)
    read = reading.read_for(order)
    found = reading.assess_now(order, read)
    place = _place(sought, wanted_id, read, found)
    if isinstance(place, Refusal):
        return PreparedItem(wanted_id, str(wanted_id), None, read, found, refusals=(place,))
    entry, part = place.entry, place.part
    live = find.in_force(person.hsa_id, draft.service, draft.level, entry.hsa_id)
    refused = [
        *refusals.of_what_cannot_be(found, place.name),
        *refusals.of_duplicates(person, draft, entry.hsa_id, place.name, sought.by, may_order=part.may_order),
        *refusals.of_prolongation(live, draft, found, place.name),
    ]
    if not part.may_order:
        refused.append(Refusal(place.not_head, "units", "order.not_head"))
    attesters = () if part.is_attested else _attesters(sought, entry)
    if not part.is_attested and not attesters:
        message = _(
            "Nobody can approve an order for %(unit)s: the directory names no head of unit there or above."
        )
        if isinstance(
            entry, Provider
        ):  # who may begin one are its heads of unit, and they attest by ordering
            message = _(
                "You cannot order this for yourself. Ask a head of unit at %(unit)s to order it for you."
            )
        refused.append(Refusal(message % {"unit": entry.name}, "units", "order.no_attester"))
    shut_out = {person.hsa_id} | ({sought.by.identity} if part.is_attested else _the_only_one(attesters))
    second: tuple[Person, ...] = ()
    if isinstance(entry, Provider):
        second, second_refusals = _second_attesters(sought, entry, shut_out)
        refused += second_refusals
        shut_out |= {second[0].hsa_id} if len(second) == 1 else set()
    administrators = candidates.kiv_administrators(sought.directory, entry.dn, excluded=shut_out)
    refused += refusals.of_administrators(found, administrators, entry.name)
    return PreparedItem(
        wanted_id,
        place.name,
        entry,
        read,
        found,
        is_attested_by_order=part.is_attested,
        ordered_for=part.ordered_for,
        attested_for=part.attested_for,
        attesters=attesters,
        second_attesters=second,
        administrators=administrators,
        live_grant=live,
        refusals=tuple(refused),
    )


def _place(sought: _Sought, wanted_id: HsaId, read: Reading, found: Assessment) -> _Chosen | Refusal:
    if sought.draft.level is Level.PROVIDER:
        return _provider(sought, wanted_id, read)
    wanted = read.units.get(wanted_id)
    unit = read.units.get(found.effective_unit_id) or wanted
    if wanted is None or unit is None:
        message = _("No unit in the directory has the HSA-id %(id)s.") % {"id": wanted_id}
        return Refusal(message, "units", Code.UNIT_UNKNOWN.value)
    not_head = _("You are not head of %(unit)s, so you cannot order there for somebody else.")
    part = _part_in_unit(sought.mandates, unit.hsa_id, read, sought.by)
    return _Chosen(unit, wanted.name, part, not_head % {"unit": unit.name})


def _part_in_unit(mandates: current.Mandates, unit_id: HsaId, read: Reading, by: User) -> _OrderersPart:
    """Own access: anybody may ask. For others: the head of unit, or who the head has delegated ordering to.

    The head's order is its own attestation. A delegate's is only where attesting is delegated to the same
    person, too: then a second step would be the same decision by the same person. Never for the access of
    somebody who has delegated to the orderer, by whichever chain and HSA-id: that is attested in a step of
    its own, by the head above. Source: domain §7.
    """
    own_ids, is_head = mandates.ids_of(by.identity), unit_id in mandates.unit_ids
    if _attests_by_ordering(mandates, by, read.person_id, is_head=is_head):
        return _OrderersPart(may_order=True, is_attested=True)
    if is_head or read.person_id in own_ids:
        return _OrderersPart(may_order=True)
    ordering = mandates.delegated_for(Delegable.ORDERING, unit_id)
    attesting = mandates.delegated_for(Delegable.ATTESTING, unit_id)
    if ordering is None:
        return _OrderersPart(may_order=False)
    if attesting is None or not _attests_by_ordering(mandates, by, read.person_id, is_head=True):
        return _OrderersPart(may_order=True, ordered_for=ordering)
    return _OrderersPart(may_order=True, is_attested=True, ordered_for=ordering, attested_for=attesting)


def _attests_by_ordering(mandates: current.Mandates, by: User, subject_id: HsaId, *, is_head: bool) -> bool:
    own_ids = mandates.ids_of(by.identity)
    return order_is_attestation(
        orderer_is_head=is_head, own_ids=own_ids, subject_id=subject_id, givers=mandates.givers
    )


def _the_only_one(asked: tuple[Asked, ...]) -> set[HsaId]:
    """The only attester, who can therefore not carry it out. Of several, any of them may attest."""
    return {asked[0].person.hsa_id} if len(asked) == 1 else set()


def _provider(sought: _Sought, wanted_id: HsaId, read: Reading) -> _Chosen | Refusal:
    provider = read.providers.get(wanted_id)
    if provider is None:
        message = _("No care provider in the directory has the HSA-id %(id)s.") % {"id": wanted_id}
        return Refusal(message, "units", Code.PROVIDER_UNKNOWN.value)
    subject_id, own_ids = sought.person.hsa_id, sought.mandates.ids_of(sought.by.identity)
    is_head = sought.mandates.heads_unit_of(provider.hsa_id)
    part = _OrderersPart(
        may_order=is_head or subject_id in own_ids,
        is_attested=_attests_by_ordering(sought.mandates, sought.by, subject_id, is_head=is_head),
    )
    not_head = _("You are not head of any unit of %(provider)s, so you cannot order there for somebody else.")
    return _Chosen(provider, provider.name, part, not_head % {"provider": provider.name})


def _attesters(sought: _Sought, entry: Unit | Provider) -> tuple[Asked, ...]:
    directory, subject_id, orderer_id = sought.directory, sought.person.hsa_id, sought.by.identity
    if isinstance(entry, Unit):
        return candidates.attesters(directory, entry, subject_id=subject_id, orderer_id=orderer_id)
    return candidates.by_own_mandate(
        candidates.provider_attesters(directory, entry, subject_id=subject_id, orderer_id=orderer_id)
    )


def _second_attesters(
    sought: _Sought, provider: Provider, shut_out: set[HsaId]
) -> tuple[tuple[Person, ...], list[Refusal]]:
    barred = candidates.barred_from_deciding(sought.directory, sought.person.hsa_id, sought.by.identity)
    found = candidates.mandate_holders(sought.directory, provider, excluded=shut_out | barred)
    if found:
        return found, []
    message = _(
        "Nobody else is responsible for %(provider)s in KIV, and a process leader needs a second approver."
    )
    return (), [Refusal(message % {"provider": provider.name}, "units", "order.no_second_attester")]


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
