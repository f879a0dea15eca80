"""Looking up all that an order takes, before anything is written: `prepare` asks the directory.

Sources: domain §5 (what an order needs), §7 (who may order and attest).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from provisioning.assessments import reading
from provisioning.cases import candidates
from provisioning.cases.candidates import Asked
from provisioning.directory import Directory, Round, open_directory, open_round
from provisioning.errors import DirectoryError, DirectoryRefused, DirectoryUnavailable
from provisioning.mandates import current
from provisioning.mandates.current import Delegated
from provisioning.models import AccessRequest, Grant, User
from provisioning.orders import ask, refusals
from provisioning.orders.draft import Draft, Prepared, PreparedItem, Refusal
from provisioning.rights import find
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.causes import Code
from provisioning.rules.hsa import HsaId, Level, OrderedAccess, Part, Person, Provider, Reading, Unit
from provisioning.rules.mandates import Delegable, order_is_attestation


def prepare(draft: Draft, *, by: User) -> Prepared:
    """Look up everything the draft takes and say what stands in its way. Writes nothing.

    Whoever may not ask gets one and the same refusal, and nothing is read about the person. Raises
    DirectoryError when the directory does not answer: then nothing can be said, and nothing is lost.
    """
    directory = open_directory()
    refused = refusals.of_what_is_written(draft)
    mandates = current.read(by.identity)
    if not ask.may_ask(directory, draft, by=by, mandates=mandates):
        return Prepared(draft, None, (), (*refused, ask.refusal()), may_not_be_asked=True)
    person, person_refusals = _look_up_person(directory, draft.person_id)
    refused += person_refusals
    if person is None:
        return Prepared(draft, None, (), tuple(refused))
    return _prepared(_Sought(directory, draft, person, by, mandates), refused)


def _prepared(sought: _Sought, refused: Iterable[Refusal]) -> Prepared:
    items: list[PreparedItem] = []
    for wanted_id in dict.fromkeys(sought.draft.unit_ids):
        items.append(_without_twins(_item(sought, wanted_id), items))
    is_another = sought.person.hsa_id not in sought.mandates.ids_of(sought.by.identity)
    return Prepared(
        sought.draft, sought.person, tuple(items), tuple(refused), is_about_somebody_else=is_another
    )


def prepare_together(drafts: Sequence[Draft], *, by: User) -> list[Prepared]:
    """The same for many drafts, in few searches: persons are read a hundred at a time, places once.

    As `prepare`, but where the directory falls silent, that is a refusal of the drafts that it has not told
    of. Raises DirectoryError when it tells nothing at all.
    """
    directory = open_round()
    mandates = current.read(by.identity)
    if mandates.is_kiv_administrator:  # where the places lie says whether they may be asked about
        directory.units({unit_id for draft in drafts for unit_id in draft.unit_ids})
    allowed = [ask.may_ask(directory, draft, by=by, mandates=mandates) for draft in drafts]
    asked = [draft for draft, is_allowed in zip(drafts, allowed, strict=True) if is_allowed]
    group = _Group(directory, by, mandates)
    group.read(asked)
    return [
        group.prepared(draft)
        if is_allowed
        else Prepared(draft, None, (), (ask.refusal(),), may_not_be_asked=True)
        for draft, is_allowed in zip(drafts, allowed, strict=True)
    ]


class _Group:
    """What is read of many drafts together. `silence`: why some of it was not told."""

    def __init__(self, directory: Round, by: User, mandates: current.Mandates):
        self._directory, self._by, self._mandates = directory, by, mandates
        self._readings: dict[HsaId, Reading] = {}
        self._places: dict[HsaId, Unit | Provider] = {}  # where a person was written
        self._silence: DirectoryError | None = None
        self._known_here: frozenset[str] = frozenset()

    def read(self, drafts: Sequence[Draft]) -> None:
        """Read all persons, as far as the directory tells."""
        wanted: dict[HsaId, set[HsaId]] = {}
        for draft in drafts:
            wanted.setdefault(draft.person_id, set()).update(draft.unit_ids)
        try:
            for reading_of_one in self._directory.read_many(wanted.items()):
                self._readings[reading_of_one.person_id] = reading_of_one
            seen = [one for one, found in self._readings.items() if found.person is not None]
            self._known_here = _known_here(seen)
            if any(self._takes_others(draft) for draft in drafts):
                self._directory.identities([self._by.identity, *seen])
            missing = set(wanted).difference(seen)
            if missing:
                self._places |= self._directory.providers(missing)
                self._places |= self._directory.units(missing)
        except DirectoryError as exc:
            self._silence = exc

    def _takes_others(self, draft: Draft) -> bool:
        """Whether somebody else attests it: then nobody does who is the same human as the person."""
        return draft.level is Level.PROVIDER or not self._mandates.unit_ids.issuperset(draft.unit_ids)

    def prepared(self, draft: Draft) -> Prepared:
        """One draft. A directory that has fallen silent is not waited for once more for each of them."""
        read = self._readings.get(draft.person_id)
        if read is not None and (read.person is not None or self._silence is None):
            try:
                return self._from_reading(draft, read)
            except DirectoryError as exc:
                self._silence = exc
                self._readings.clear()
        silence = self._silence or DirectoryUnavailable()
        return Prepared(draft, None, (), (Refusal(str(silence.user_message), "", silence.code),))

    def _from_reading(self, draft: Draft, read: Reading) -> Prepared:
        refused = refusals.of_what_is_written(draft)
        if read.person is not None:
            is_known = read.person.hsa_id.folded in self._known_here
            sought = _Sought(self._directory, draft, read.person, self._by, self._mandates, read, is_known)
            return _prepared(sought, refused)
        return Prepared(draft, None, (), (*refused, self._nobody(draft.person_id, read)))

    def _nobody(self, person_id: HsaId, read: Reading) -> Refusal:
        if not read.is_readable(Part.PERSON):
            silent = DirectoryRefused()
            return Refusal(str(silent.user_message), "person", silent.code)
        if person_id in self._places:
            message = _("This is the HSA-id of %(place)s, not of a person.")
            return Refusal(message % {"place": self._places[person_id].name}, "person", "person.is_place")
        return Refusal(_missing(person_id), "person", Code.PERSON_MISSING.value)


def _missing(person_id: HsaId) -> str:
    message = _("Nobody in the directory has the HSA-id %(id)s. Check it, or search by name.")
    return message % {"id": person_id}


def _look_up_person(directory: Directory, person_id: HsaId) -> tuple[Person | None, list[Refusal]]:
    if not HsaId(person_id.bare).has_form(strict=settings.HSA_ID_FORM == "strict"):
        message = _(
            "This is not an HSA-id. It looks like SE0000000000-AB12: SE, ten digits, a "
            "hyphen and up to 18 letters or digits."
        )
        return None, [Refusal(message, "person", "person.form")]
    person = directory.person(person_id)
    if person is None:
        return None, [Refusal(_missing(person_id), "person", Code.PERSON_MISSING.value)]
    return person, []


@dataclass(frozen=True, slots=True)
class _Sought:
    """What is looked up, for which person, and who asks."""

    directory: Directory
    draft: Draft
    person: Person
    by: User
    mandates: current.Mandates
    together: Reading | None = None  # read with others: less was asked for than for one
    is_known_here: bool = True  # may have a right or an open request

    def look(self, order: OrderedAccess) -> tuple[Reading, Assessment]:
        """What the directory says, now or in the reading of many."""
        if self.together is None:
            read = reading.read_for(order)
            return read, reading.assess_now(order, read)
        return self.together, reading.as_far_as_asked(reading.assess_now(order, self.together))


def _known_here(persons: Iterable[HsaId]) -> frozenset[str]:
    """Those who have a right or an open request, asked once for all: most of many have neither."""
    keys = {one.folded for one in persons}
    rights = Grant.objects.active().filter(subject_key__in=keys).order_by()
    requests = AccessRequest.objects.open().filter(subject_key__in=keys).order_by()
    found = [*rights.values_list("subject_key", flat=True), *requests.values_list("subject_key", flat=True)]
    return frozenset(found)


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
    read, found = sought.look(order)
    place = _place(sought, wanted_id, read, found)
    if isinstance(place, Refusal):
        return PreparedItem(wanted_id, str(wanted_id), None, read, found, refusals=(place,))
    entry, part = place.entry, place.part
    live: Grant | None = None
    twins: list[Refusal] = []
    if sought.is_known_here:
        live = find.in_force(person.hsa_id, draft.service, draft.level, entry.hsa_id)
        twins = refusals.of_duplicates(
            person, draft, entry.hsa_id, place.name, sought.by, may_order=part.may_order
        )
    refused = [
        *refusals.of_what_cannot_be(found, place.name),
        *twins,
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
        is_read_with_others=sought.together is not None,
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
