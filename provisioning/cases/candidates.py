"""Who may act on a case, as the directory names them: attesters, holders of a mandate, KIV administrators.

Nothing is written here. Source: domain §7.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from provisioning import dates
from provisioning.audit import events
from provisioning.cases import moved_entries
from provisioning.directory import Directory, Round
from provisioning.mandates import current, delegates
from provisioning.models import AccessRequest, Case, Delegation, HandlerRole
from provisioning.rules import mandates
from provisioning.rules.alphabet import place_of
from provisioning.rules.hsa import HsaId, Level, Person, Provider, Unit
from provisioning.rules.states.request import RequestState


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody who may act on a request: by a mandate of their own, or by a delegation."""

    person: Person
    delegation: Delegation | None = None

    @property
    def key(self) -> tuple[str, int | None]:
        return self.person.hsa_id.folded, self.delegation.pk if self.delegation else None


def by_own_mandate(persons: Iterable[Person]) -> tuple[Asked, ...]:
    return tuple(Asked(person) for person in persons)


def same_humans(directory: Directory, ids: Iterable[HsaId]) -> set[HsaId]:
    """These HSA-ids with all others of the same humans, as far as the directory shows them. Domain §2."""
    return {one for own_ids in directory.identities(ids).values() for one in own_ids}


def barred_from_deciding(
    directory: Directory, subject_id: HsaId, orderer_id: HsaId | None = None
) -> frozenset[HsaId]:
    """Who attests nothing about this person: the person, their delegates by any chain, and the orderer.

    All by whichever HSA-id. Raises DirectoryError.
    """
    own_ids = same_humans(directory, [subject_id])
    orderers = set() if orderer_id is None else same_humans(directory, [orderer_id])
    return frozenset(own_ids | orderers | delegates.takers(directory, own_ids))


def attesters(
    directory: Directory,
    unit: Unit,
    *,
    subject_id: HsaId | None,
    orderer_id: HsaId | None = None,
    rungs: int = 0,
) -> tuple[Asked, ...]:
    """The head of the unit with the head's delegates; where that head is barred, the nearest one above.

    `subject_id`: whose access it is, under whichever HSA-id; None asks about nobody's in particular.
    `orderer_id`: who ordered it, where that is no attestation. `rungs`: how many heads further up are asked
    as well, when nobody answers. A head whose own access it is decides nothing, and neither do her delegates.
    Raises DirectoryError. An empty answer means that nobody may attest: the order must be refused.
    """
    barred = frozenset() if subject_id is None else barred_from_deciding(directory, subject_id, orderer_id)
    return _heads_up(directory, unit, kind=mandates.Delegable.ATTESTING, barred=barred, rungs=rungs)


def _heads_up(
    directory: Directory, unit: Unit, *, kind: mandates.Delegable, barred: Collection[HsaId], rungs: int
) -> tuple[Asked, ...]:
    """The nearest heads that are there and not barred, each with their delegates for such acts."""
    asked: dict[HsaId, Asked] = {}
    today = dates.today()
    heads: list[HsaId] = []
    for candidate in (unit, *directory.units_above(unit.dn)):
        manager_id = candidate.manager_id
        if manager_id is None or manager_id in heads:
            continue
        head = directory.person(manager_id)
        if head is None or mandates.has_left(head, on=today):
            continue
        if manager_id in barred:
            continue
        asked[manager_id] = Asked(head)  # own mandate comes before one lent by somebody further down
        heads.append(manager_id)
        units = (candidate.hsa_id, unit.hsa_id)
        for stand_in in _delegates_of(directory, manager_id, units, kind=kind, barred=barred):
            asked.setdefault(stand_in.person.hsa_id, stand_in)
        if len(heads) > rungs:
            break
    return tuple(asked.values())


def _delegates_of(
    directory: Directory,
    principal_id: HsaId,
    unit_ids: Iterable[HsaId],
    *,
    kind: mandates.Delegable,
    barred: Collection[HsaId],
) -> list[Asked]:
    """Those who do such acts for this head on these units; nobody barred is among them."""
    rows = delegates.delegations_of(directory, principal_id, kind, on_units=set(unit_ids))
    rows = [row for row in rows if row.delegate.identity not in barred]
    found = directory.persons([row.delegate.identity for row in rows]) if rows else {}
    return [
        Asked(person, row)
        for row in rows
        if (person := found.get(row.delegate.identity)) is not None
        and not mandates.has_left(person, on=dates.today())
    ]


def provider_attesters(
    directory: Directory,
    provider: Provider,
    *,
    subject_id: HsaId,
    orderer_id: HsaId | None = None,
    rungs: int = 0,
) -> tuple[Person, ...]:
    """First attesters of a process leader: heads of the units where the subject has a commission.

    `rungs`: how many heads above each of those units are asked as well; one more where nobody else may decide
    about the subject. No delegates: a delegation is for one unit, and this is about the whole care provider.
    Raises DirectoryError.
    """
    reading = directory.read(subject_id, provider_ids=[provider.hsa_id])
    barred = barred_from_deciding(directory, subject_id, orderer_id)
    units = {
        unit.hsa_id: unit
        for commission in reading.commissions
        if commission.unit_id is not None
        and any(coupling.person_id == subject_id for coupling in commission.couplings)
        and (unit := reading.units.get(commission.unit_id)) is not None
        and unit.provider_id == provider.hsa_id
    }
    nearest = {unit.manager_id for unit in units.values()}
    if nearest <= {None, *barred}:
        rungs += 1
    managers = nearest | {
        above.manager_id
        for unit in units.values()
        for above in _headed_above(directory, unit, {*nearest, *barred}, rungs)
        if above.hsa_id != provider.hsa_id  # who holds its mandate is asked as second attester
    }
    found = directory.persons([one for one in managers if one is not None and one not in barred])
    return _present(found.values())


def _headed_above(directory: Directory, unit: Unit, known: Iterable[HsaId | None], rungs: int) -> list[Unit]:
    """The nearest units above that have another head, as many as there are rungs."""
    others = [
        above
        for above in directory.units_above(unit.dn)
        if above.manager_id is not None and above.manager_id not in known
    ]
    return others[:rungs]


def mandate_holders(
    directory: Directory, provider: Provider, *, excluded: Iterable[HsaId] = ()
) -> tuple[Person, ...]:
    """Those who hold the provider's mandate: from settings, and the head that the provider's entry names.

    Nobody of the excluded, under whichever HSA-id.
    """
    named = set(current.named_for(provider.hsa_id))
    if provider.manager_id is not None:
        named.add(provider.manager_id)
    shut_out = same_humans(directory, excluded)
    found = directory.persons(named - shut_out)
    return _present(found.values())


def kiv_administrators(directory: Directory, dn: str, *, excluded: Iterable[HsaId]) -> tuple[Person, ...]:
    """KIV administrators of the entry or of anything above it, but for the excluded, by whichever HSA-id."""
    able = _but_for(directory, directory.administrators_of(dn), excluded)
    return tuple(person for person in able if not mandates.has_left(person, on=dates.today()))


def _but_for(directory: Directory, persons: Iterable[Person], excluded: Iterable[HsaId]) -> list[Person]:
    """Those who are none of the excluded, by whichever HSA-id.

    The few persons' own HSA-ids are asked for: a round over hundreds of excluded asks about them once.
    """
    shut_out = frozenset(excluded)
    others = [person for person in persons if person.hsa_id not in shut_out]
    if not others or not shut_out:
        return others
    humans = directory.identities([person.hsa_id for person in others])
    return [person for person in others if humans[person.hsa_id].isdisjoint(shut_out)]


def _present(persons: Iterable[Person]) -> tuple[Person, ...]:
    """Those who have not left, by name."""
    today = dates.today()
    present = [person for person in persons if not mandates.has_left(person, on=today)]
    return tuple(sorted(present, key=lambda person: place_of(person.name)))


def excluded_from_carrying_out(case: Case) -> set[HsaId]:
    """Whom it concerns, and who attested it: four eyes, administrators included."""
    return {HsaId(key) for key in (case.subject_key, *case.attested_by)}


def look_up(
    directory: Directory, case: Case, *, rungs: int | None = None
) -> tuple[HandlerRole, tuple[Asked, ...]] | None:
    """Who the directory says may act on the case in its state now; None where no person has it.

    `rungs`: how far up the ladder; as far as the request has come, if not given. Raises DirectoryError.
    """
    if case.is_with_kiv:
        persons = administrators_left(directory, case, dn=moved_entries.look_up_place_dn(directory, case))
        return HandlerRole.KIV_ADMINISTRATOR, by_own_mandate(persons)
    if isinstance(case, AccessRequest) and case.current_state is RequestState.AWAITING_CHOICE:
        return _look_up_choosers(directory, case, case.escalation_level if rungs is None else rungs)
    return _look_up_attesters(directory, case, rungs) if isinstance(case, AccessRequest) else None


def _look_up_choosers(
    directory: Directory, request: AccessRequest, rungs: int
) -> tuple[HandlerRole, tuple[Asked, ...]] | None:
    """The orderer; with each rung one head more; and from the beginning who stands in for one who is gone.

    None where it is the orderer's alone, as it was from the beginning.
    """
    orderer = directory.person(request.orderer_id)
    if mandates.has_left(orderer, on=dates.today()) or orderer is None:
        return HandlerRole.CHOOSER, choosers(directory, request, rungs=rungs)
    if not rungs and not request.handlers.exists():
        return None
    others = choosers(directory, request, rungs=rungs - 1) if rungs else ()
    return HandlerRole.CHOOSER, (
        Asked(orderer),
        *(one for one in others if one.person.hsa_id != orderer.hsa_id),
    )


def choosers(directory: Directory, request: AccessRequest, *, rungs: int) -> tuple[Asked, ...]:
    """Who may choose and withdraw in the orderer's place: everybody who could order there now. Domain §7.

    The nearest head there is, never the orderer, and that head's delegates for ordering; `rungs`: how
    many heads further up. For a whole care provider those with its mandate.
    """
    if request.level == Level.PROVIDER.value:
        provider = directory.provider(request.unit_id)
        holders = mandate_holders(directory, provider, excluded=[request.orderer_id]) if provider else ()
        return by_own_mandate(holders)
    unit = directory.unit(request.unit_id)
    if unit is None:
        return ()
    ordering, barred = mandates.Delegable.ORDERING, frozenset({request.orderer_id})
    return _heads_up(directory, unit, kind=ordering, barred=barred, rungs=rungs)


def _look_up_attesters(
    directory: Directory, request: AccessRequest, rungs: int | None
) -> tuple[HandlerRole, tuple[Asked, ...]] | None:
    if request.current_state is RequestState.AWAITING_SECOND_ATTESTATION:
        attester_id = HsaId(request.attester_id or "")
        holders = second_attesters(directory, request, attester_id=attester_id)
        return HandlerRole.SECOND_ATTESTER, by_own_mandate(holders)
    if request.current_state is RequestState.AWAITING_ATTESTATION:
        rungs = request.escalation_level if rungs is None else rungs
        return HandlerRole.ATTESTER, first_attesters(directory, request, rungs)
    return None


def second_attesters(
    directory: Directory, request: AccessRequest, *, attester_id: HsaId
) -> tuple[Person, ...]:
    """Holders of the care provider's mandate, but for the first attester and those barred. As there."""
    provider = directory.provider(request.unit_id)
    excluded = (*barred_from_deciding(directory, request.subject_id, request.orderer_id), attester_id)
    return mandate_holders(directory, provider, excluded=excluded) if provider else ()


def administrators_left(directory: Directory, case: Case, *, dn: str) -> tuple[Person, ...]:
    """The KIV administrators of `dn` who may carry the case out and have not passed it on."""
    passed_on = case.entries.filter(action=events.Action.PASSED_ON.of(case).value)
    keys = passed_on.values_list("actor_id", flat=True)
    excluded = excluded_from_carrying_out(case) | {HsaId(key) for key in keys if key}
    return kiv_administrators(directory, dn, excluded=excluded)


def look_up_humans(directory: Round, cases: Iterable[Case]) -> None:
    """Ask together, before a round over all of these, for the HSA-ids of everybody who may be shut out."""
    directory.identities({one for case in cases for one in excluded_from_carrying_out(case)})


def first_attesters(directory: Directory, request: AccessRequest, rungs: int) -> tuple[Asked, ...]:
    subject_id = request.subject_id
    if request.level == Level.PROVIDER.value:
        provider = directory.provider(request.unit_id)
        if provider is None:
            return ()
        return by_own_mandate(
            provider_attesters(
                directory, provider, subject_id=subject_id, orderer_id=request.orderer_id, rungs=rungs
            )
        )
    unit = directory.unit(request.unit_id)
    if unit is None:
        return ()
    return attesters(directory, unit, subject_id=subject_id, orderer_id=request.orderer_id, rungs=rungs)
