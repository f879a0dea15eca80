"""Who may act on a case: found in the directory, kept as rows so that everybody can see who has it.

Source: domain §7 (heads of units, the nearest unit above, the provider's mandate, KIV administrators by
walking the unit's DN and its ancestors; the person the change concerns is never among them).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import audit, delegates, mandates, outbox
from provisioning.case_models import Case
from provisioning.directory import Directory, Round
from provisioning.errors import Invalid, NotAllowed
from provisioning.models import AccessRequest, AuditEntry, Delegation, Handler, HandlerRole, User
from provisioning.notifications import Kind
from provisioning.rules import mandates as mandate_rules
from provisioning.rules.hsa import HsaId, Level, Person, Provider, Unit
from provisioning.rules.lifecycle import State


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


def attesters(
    directory: Directory, unit: Unit, *, subject_id: HsaId | None, rungs: int = 0
) -> tuple[Asked, ...]:
    """The head of the unit with the head's delegates; for the head's own access, the nearest head above, too.

    `subject_id`: whose access it is, under whichever HSA-id; None asks about nobody's in particular. `rungs`:
    how many heads further up are asked as well, when nobody answers. A head whose own access it is decides
    nothing, but the head's delegates may. Raises DirectoryError. An empty answer means that nobody may
    attest: the order must be refused.
    """
    own_ids = set() if subject_id is None else same_humans(directory, [subject_id])
    asked: dict[HsaId, Asked] = {}
    heads: list[HsaId] = []
    for candidate in (unit, *directory.units_above(unit.dn)):
        manager_id = candidate.manager_id
        if manager_id is None or manager_id in heads:
            continue
        head = directory.person(manager_id)
        if head is None or head.is_archived:
            continue
        if manager_id not in own_ids:
            asked[manager_id] = Asked(head)  # own mandate comes before one lent by somebody further down
            heads.append(manager_id)
        units = (candidate.hsa_id, unit.hsa_id)
        for stand_in in _delegates_of(directory, manager_id, units, own_ids=own_ids):
            asked.setdefault(stand_in.person.hsa_id, stand_in)
        if len(heads) > rungs:
            break
    return tuple(asked.values())


def _delegates_of(
    directory: Directory, principal_id: HsaId, unit_ids: Iterable[HsaId], *, own_ids: Collection[HsaId]
) -> list[Asked]:
    """Those who attest for this head on these units; the person it concerns is never among them."""
    kind = mandate_rules.Kind.ATTESTING
    rows = delegates.standing_in(directory, principal_id, kind, on_units=set(unit_ids))
    rows = [row for row in rows if row.delegate.identity not in own_ids]
    found = directory.persons([row.delegate.identity for row in rows]) if rows else {}
    return [
        Asked(person, row)
        for row in rows
        if (person := found.get(row.delegate.identity)) is not None and not person.is_archived
    ]


def provider_attesters(
    directory: Directory, provider: Provider, *, subject_id: HsaId, rungs: int = 0
) -> tuple[Person, ...]:
    """First attesters of a process leader: heads of the units where the subject has a commission.

    `rungs`: how many heads above each of those units are asked as well. No delegates: a delegation is for
    one unit, and this is about the whole care provider. Raises DirectoryError.
    """
    reading = directory.read(subject_id, provider_ids=[provider.hsa_id])
    own_ids = {subject_id, *(person.hsa_id for person in reading.other_identities)}
    units = {
        unit.hsa_id: unit
        for commission in reading.commissions
        if commission.unit_id is not None
        and any(coupling.person_id == subject_id for coupling in commission.couplings)
        and (unit := reading.units.get(commission.unit_id)) is not None
        and unit.provider_id == provider.hsa_id
    }
    managers = {unit.manager_id for unit in units.values()}
    if rungs:
        managers |= {
            above.manager_id
            for unit in units.values()
            for above in _headed_above(directory, unit, managers, rungs)
            if above.hsa_id != provider.hsa_id  # who holds its mandate is asked as second attester
        }
    found = directory.persons([one for one in managers if one is not None and one not in own_ids])
    return tuple(sorted(found.values(), key=lambda person: person.name))


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
    named = set(mandates.named_for(provider.hsa_id))
    if provider.manager_id is not None:
        named.add(provider.manager_id)
    shut_out = same_humans(directory, excluded)
    found = directory.persons(named - shut_out)
    return tuple(sorted(found.values(), key=lambda person: person.name))


def kiv_administrators(directory: Directory, dn: str, *, excluded: Iterable[HsaId]) -> tuple[Person, ...]:
    """KIV administrators of the entry or of anything above it, but for the excluded, by whichever HSA-id."""
    shut_out = same_humans(directory, excluded)
    return tuple(person for person in directory.administrators_of(dn) if person.hsa_id not in shut_out)


def excluded_from_carrying_out(case: Case) -> set[HsaId]:
    """Whom it concerns, and who attested it: four eyes, administrators included."""
    return {HsaId(key) for key in (case.subject_key, *case.attested_by)}


def assign(case: Case, role: HandlerRole, asked: Iterable[Asked]) -> None:
    """Say who may act on the request or removal now in this role; the rows of other roles are ended.

    Called inside the operation that moves the request. A delegation that was ended since it was looked up
    gives no row.
    """
    wanted = list(asked)
    pks = [one.delegation.pk for one in wanted if one.delegation]
    ended = set(Delegation.objects.filter(pk__in=pks).exclude(ended_at=None).values_list("pk", flat=True))
    case.handlers.all().delete()
    Handler.objects.bulk_create(
        Handler(
            **case.pointer,
            role=role,
            person_key=one.person.hsa_id.folded,
            person_hsa_id=one.person.hsa_id.text,
            person_name="" if one.person.is_protected else one.person.name,  # shown in lists
            delegation=one.delegation,
            acts_for_name=_public_name(one.delegation),
        )
        for one in wanted
        if one.delegation is None or one.delegation.pk not in ended
    )


def _public_name(delegation: Delegation | None) -> str:
    """The giver's name as lists may show it; the HSA-id of a protected person."""
    if delegation is None:
        return ""
    principal = delegation.principal
    return principal.hsa_id if principal.is_protected or not principal.name else principal.name


def release(case: Case) -> None:
    """Nobody has it any longer."""
    case.handlers.all().delete()


def require_asked(case: Case, by: User, role: HandlerRole) -> Handler:
    """The row that says that this person was asked in this role. Raises NotAllowed."""
    row: Handler | None = case.handlers.filter(person_key=by.pk, role=role).first()
    if row is None:
        raise NotAllowed
    return row


def leave_to_others(case: Case, by: User) -> list[HsaId]:
    """One KIV administrator says the unit is not theirs: the others, who keep the task. Raises Invalid."""
    others = [HsaId(row.person_hsa_id) for row in case.handlers.exclude(person_key=by.pk)]
    if not others:
        raise Invalid(
            _("You are the only KIV administrator the directory names for this unit. Choose another reason."),
            field="why",
        )
    case.handlers.filter(person_key=by.pk).delete()
    return others


def look_up(
    directory: Directory, case: Case, *, rungs: int | None = None
) -> tuple[HandlerRole, tuple[Asked, ...]] | None:
    """Who the directory says may act on the case in its state now; None where no person has it.

    `rungs`: how far up the ladder; as far as the request has come, if not given. Raises DirectoryError.
    """
    if case.is_with_kiv:
        persons = administrators_left(directory, case, dn=case.unit_dn)
        return HandlerRole.KIV_ADMINISTRATOR, by_own_mandate(persons)
    return _look_up_attesters(directory, case, rungs) if isinstance(case, AccessRequest) else None


def _look_up_attesters(
    directory: Directory, request: AccessRequest, rungs: int | None
) -> tuple[HandlerRole, tuple[Asked, ...]] | None:
    if request.current_state is State.AWAITING_SECOND_ATTESTATION:
        attester_id = HsaId(request.attester_id or "")
        holders = second_attesters(directory, request, attester_id=attester_id)
        return HandlerRole.SECOND_ATTESTER, by_own_mandate(holders)
    if request.current_state is State.AWAITING_ATTESTATION:
        rungs = request.escalation_level if rungs is None else rungs
        return HandlerRole.ATTESTER, _first_attesters(directory, request, rungs)
    return None


def second_attesters(
    directory: Directory, request: AccessRequest, *, attester_id: HsaId
) -> tuple[Person, ...]:
    """Holders of the care provider's mandate, but for person and first attester. Raises DirectoryError."""
    provider = directory.provider(request.unit_id)
    excluded = (request.subject_id, attester_id)
    return mandate_holders(directory, provider, excluded=excluded) if provider else ()


def administrators_left(directory: Directory, case: Case, *, dn: str) -> tuple[Person, ...]:
    """The KIV administrators of `dn` who may carry the case out and have not passed it on."""
    passed_on = case.entries.filter(action=audit.Action.PASSED_ON.of(case).value)
    keys = passed_on.values_list("actor_id", flat=True)
    excluded = excluded_from_carrying_out(case) | {HsaId(key) for key in keys if key}
    return kiv_administrators(directory, dn, excluded=excluded)


def look_up_humans(directory: Round, cases: Iterable[Case]) -> None:
    """Ask together, before a round over all of these, for the HSA-ids of everybody who may be shut out."""
    directory.identities({one for case in cases for one in excluded_from_carrying_out(case)})


def refresh(directory: Directory, case: Case) -> bool:
    """Bring the rows up to date with the directory; returns whether anybody was added or removed.

    Reads the directory before it writes; must not be called inside a transaction. Raises DirectoryError.
    """
    found = look_up(directory, case)
    if found is None:
        return False
    role, asked = found
    before = set(case.handlers.filter(role=role).values_list("person_key", "delegation_id"))
    now = {one.key for one in asked}
    if before == now or not now:  # an empty answer takes nobody's task away: a human still has it
        case.handlers.filter(role=role).update(read_at=timezone.now())
        return False
    with transaction.atomic():
        row = type(case)._default_manager.select_for_update().get(pk=case.pk)
        if row.step != case.step:
            return False
        assign(row, role, asked)
        entry = audit.record(audit.Action.HANDLERS_CHANGED.of(row), actor=None, case=row, state=row.state)
        tell_newcomers(entry, row, role, asked, before={key for key, _delegation in before})
    return True


def tell_newcomers(
    entry: AuditEntry, case: Case, role: HandlerRole, asked: Iterable[Asked], *, before: Collection[str]
) -> int:
    """Tell those who were not asked before; returns how many. Called inside the operation."""
    newcomers = [one.person.hsa_id for one in asked if one.person.hsa_id.folded not in before]
    kind = Kind.KIV.of(case) if role is HandlerRole.KIV_ADMINISTRATOR else Kind.ATTEST
    outbox.enqueue(entry, kind, newcomers, case=case)
    return len(newcomers)


def concerned_by(delegation: Delegation) -> QuerySet[AccessRequest]:
    """Requests that may wait for the giver of this delegation, and those about the giver's own access."""
    waits = Q(handlers__person_key=delegation.principal_id) | Q(subject_key=delegation.principal_id)
    rows = AccessRequest.objects.filter(waits, state=State.AWAITING_ATTESTATION.value)
    return rows.exclude(level=Level.PROVIDER.value).distinct()


def _first_attesters(directory: Directory, request: AccessRequest, rungs: int) -> tuple[Asked, ...]:
    subject_id = request.subject_id
    if request.level == Level.PROVIDER.value:
        provider = directory.provider(request.unit_id)
        if provider is None:
            return ()
        return by_own_mandate(provider_attesters(directory, provider, subject_id=subject_id, rungs=rungs))
    unit = directory.unit(request.unit_id)
    return attesters(directory, unit, subject_id=subject_id, rungs=rungs) if unit else ()
