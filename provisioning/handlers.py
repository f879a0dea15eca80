"""Who may act on a request: found in the directory, kept as rows so that everybody can see who has it.

Source: domain §7 (heads of units, the nearest unit above, the provider's mandate, KIV administrators by
walking the unit's DN and its ancestors; the person the change concerns is never among them).
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from provisioning import audit, outbox
from provisioning.directory import Directory
from provisioning.models import AccessRequest, Handler, HandlerRole
from provisioning.notifications import Kind
from provisioning.rules.hsa import HsaId, Level, Person, Provider, Unit
from provisioning.rules.lifecycle import State


def attesters(directory: Directory, unit: Unit, *, subject_id: HsaId) -> tuple[Person, ...]:
    """The head of the unit; for the head's own access, the head of the nearest unit above.

    Raises DirectoryError. An empty answer means that nobody may attest: the order must be refused.
    """
    for candidate in (unit, *directory.units_above(unit.dn)):
        if candidate.manager_id and candidate.manager_id != subject_id:
            found = directory.person(candidate.manager_id)
            if found is not None and not found.is_archived:
                return (found,)
    return ()


def provider_attesters(directory: Directory, provider: Provider, *, subject_id: HsaId) -> tuple[Person, ...]:
    """First attesters of a process leader: heads of the units where the subject has a commission.

    Raises DirectoryError.
    """
    reading = directory.read(subject_id, provider_ids=[provider.hsa_id])
    managers = {
        unit.manager_id
        for commission in reading.commissions
        if commission.unit_id is not None
        and any(coupling.person_id == subject_id for coupling in commission.couplings)
        and (unit := reading.units.get(commission.unit_id)) is not None
        and unit.provider_id == provider.hsa_id
        and unit.manager_id not in (None, subject_id)
    }
    found = directory.persons([manager for manager in managers if manager is not None])
    return tuple(sorted(found.values(), key=lambda person: person.name))


def mandate_holders(
    directory: Directory, provider: Provider, *, excluded: Iterable[HsaId] = ()
) -> tuple[Person, ...]:
    """Those who hold the provider's mandate: from settings, and the head that the provider's entry names."""
    named = {HsaId(text) for text in settings.PROVIDER_MANDATES.get(provider.hsa_id.text, ())}
    if provider.manager_id is not None:
        named.add(provider.manager_id)
    found = directory.persons(named - set(excluded))
    return tuple(sorted(found.values(), key=lambda person: person.name))


def kiv_administrators(directory: Directory, dn: str, *, excluded: Iterable[HsaId]) -> tuple[Person, ...]:
    """KIV administrators of the entry or of anything above it, but for the excluded ones."""
    shut_out = set(excluded)
    return tuple(person for person in directory.administrators_of(dn) if person.hsa_id not in shut_out)


def excluded_from_carrying_out(request: AccessRequest) -> set[HsaId]:
    """Subject and attesters: four eyes, administrators included."""
    keys = (request.subject_key, request.attester_id, request.second_attester_id)
    return {HsaId(key) for key in keys if key}


def assign(request: AccessRequest, role: HandlerRole, persons: Iterable[Person]) -> None:
    """Say who may act on the request now in this role; the rows of other roles are ended.

    Called inside the operation that moves the request.
    """
    request.handlers.all().delete()
    Handler.objects.bulk_create(
        Handler(
            request=request,
            role=role,
            person_key=person.hsa_id.folded,
            person_hsa_id=person.hsa_id.text,
            person_name=person.name,
        )
        for person in persons
    )


def release(request: AccessRequest) -> None:
    """Nobody has the request any longer."""
    request.handlers.all().delete()


def look_up(directory: Directory, request: AccessRequest) -> tuple[HandlerRole, tuple[Person, ...]] | None:
    """Who the directory says may act on the request in its state now; None where no person has it.

    Raises DirectoryError.
    """
    if request.current_state is State.AWAITING_KIV:
        excluded = excluded_from_carrying_out(request) | passed_on_by(request)
        return HandlerRole.KIV_ADMINISTRATOR, kiv_administrators(
            directory, request.unit_dn, excluded=excluded
        )
    if request.current_state is State.AWAITING_SECOND_ATTESTATION:
        provider = directory.provider(request.unit_id)
        excluded = {request.subject_id, HsaId(request.attester_id or "")}
        holders = mandate_holders(directory, provider, excluded=excluded) if provider else ()
        return HandlerRole.SECOND_ATTESTER, holders
    if request.current_state is State.AWAITING_ATTESTATION:
        return HandlerRole.ATTESTER, _first_attesters(directory, request)
    return None


def passed_on_by(request: AccessRequest) -> set[HsaId]:
    """KIV administrators who answered that the unit is not theirs."""
    rows = request.audit_entries.filter(action=audit.Action.PASSED_ON.value).values_list(
        "actor_id", flat=True
    )
    return {HsaId(key) for key in rows if key}


def refresh(directory: Directory, request: AccessRequest) -> bool:
    """Bring the rows up to date with the directory; returns whether anybody was added or removed.

    Reads the directory before it writes; must not be called inside a transaction. Raises DirectoryError.
    """
    found = look_up(directory, request)
    if found is None:
        return False
    role, persons = found
    before = set(request.handlers.filter(role=role).values_list("person_key", flat=True))
    now = {person.hsa_id.folded for person in persons}
    if before == now or not now:  # an empty answer takes nobody's task away: a human still has it
        request.handlers.filter(role=role).update(read_at=timezone.now())
        return False
    with transaction.atomic():
        row = AccessRequest.objects.select_for_update().get(pk=request.pk)
        if row.state != request.state:
            return False
        assign(row, role, persons)
        entry = audit.record(audit.Action.HANDLERS_CHANGED, actor=None, request=row, state=row.state)
        newcomers = [person.hsa_id for person in persons if person.hsa_id.folded not in before]
        outbox.enqueue(entry, Kind.KIV if role is HandlerRole.KIV_ADMINISTRATOR else Kind.ATTEST, newcomers)
    return True


def _first_attesters(directory: Directory, request: AccessRequest) -> tuple[Person, ...]:
    if request.level == Level.PROVIDER.value:
        provider = directory.provider(request.unit_id)
        return provider_attesters(directory, provider, subject_id=request.subject_id) if provider else ()
    unit = directory.unit(request.unit_id)
    return attesters(directory, unit, subject_id=request.subject_id) if unit else ()
