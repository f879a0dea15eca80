"""The operations on findings: recorded by a sweep, settled by a person, over when all is right again.

Nothing is adopted or removed by a finding itself: each of those is somebody's act, with a case of its own.
Each operation locks the finding before anything else, and records last. None of them asks the directory:
what it said is an argument. Sources: domain §6 (don't know never decides), §7 (four eyes), §8 (the sweep).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import audit, grants, handlers, mandates, outbox, removals, statements
from provisioning.audit import Action
from provisioning.directory import Directory, Round
from provisioning.directory.troubles import suppress_two_entries
from provisioning.errors import NotAllowed, WrongState
from provisioning.finding_models import Finding, KnownPerson
from provisioning.grant_models import Grant, Removal
from provisioning.mandates import Mandates
from provisioning.models import AccessRequest, Order, User
from provisioning.notifications import Kind as MessageKind
from provisioning.operators import operator_ids
from provisioning.removals import Loose
from provisioning.rules.drift import (
    LEAVER_KINDS,
    ORDERING,
    PROFESSION_KINDS,
    Comparison,
    Drift,
    Kind,
    Owner,
    Step,
)
from provisioning.rules.hsa import Attribute, HsaId, Level, Person, Reading, Service, Unit
from provisioning.rules.removal import Held
from provisioning.rules.right_lifecycle import EndCause

_State = Finding.State
Identity = tuple[str, str, str, str, str]


@dataclass(slots=True)
class Recorded:
    """What recording one person's comparison did. `leavers`: findings whose right now goes to removal."""

    found: int = 0
    ended: int = 0
    leavers: list[Finding] = field(default_factory=list)


def lock(pk: int) -> Finding:
    """The row, locked until the transaction ends."""
    return Finding.objects.select_for_update(of=("self",)).get(pk=pk)


# -- what a sweep records --------------------------------------------------------------------------------


def changes_anything(standing: Sequence[Finding], compared: Comparison) -> bool:
    """Say whether recording this would write anything: most persons are as they were."""
    found = {identity_of(drift): drift for drift in compared.found}
    for row in standing:
        drift = found.pop(_identity(row), None)
        if drift is None:
            if _is_over(row, compared):
                return True
        elif _must_be_opened(row, drift) or starts_removal(row):
            return True
    return bool(found)


@transaction.atomic
def record(subject_key: str, compared: Comparison, reading: Reading, grants: Sequence[Grant]) -> Recorded:
    """Bring the person's findings up to what was seen. What is unknown stays as it is."""
    done = Recorded()
    rows = Finding.objects.standing().select_for_update(of=("self",)).filter(subject_key=subject_key)
    standing = {_identity(row): row for row in rows.select_related("removal", "request")}
    for drift in compared.found:
        row = standing.pop(identity_of(drift), None)
        if row is None:
            row = _create(subject_key, drift, reading, grants)
            done.found += 1
        elif _must_be_opened(row, drift):
            _reopen(row, drift)
        if starts_removal(row):
            done.leavers.append(row)
    for row in standing.values():
        if _is_over(row, compared):
            _end(row)
            done.ended += 1
    return done


def identity_of(drift: Drift) -> Identity:
    """What makes two drifts of one person the same finding."""
    value = drift.value[:300]
    return drift.kind.value, drift.service.value, drift.level.value, drift.unit_id.folded, value


def _identity(row: Finding) -> Identity:
    return row.kind, row.service, row.level, row.unit_key, row.value


def _digest(drift: Drift) -> str:
    return hashlib.sha256("\n".join(drift.situation).encode()).hexdigest()


def _create(subject_key: str, drift: Drift, reading: Reading, grants: Sequence[Grant]) -> Finding:
    grant = next((one for one in grants if drift.right is not None and is_about(one, drift)), None)
    person = reading.person
    place = _place(reading, drift)
    row = Finding.objects.create(
        kind=drift.kind.value,
        owner=drift.owner.value,
        subject_key=subject_key,
        subject_hsa_id=reading.person_id.text if grant is None else grant.subject_hsa_id,
        subject_name=person.name if person else (grant.subject_name if grant else ""),
        subject_is_protected=person.is_protected if person else bool(grant and grant.subject_is_protected),
        service=drift.service.value,
        level=drift.level.value,
        unit_key=drift.unit_id.folded,
        unit_hsa_id=drift.unit_id.text,
        unit_name=place[0] or (grant.unit_name if grant else ""),
        unit_dn=place[1] or (grant.unit_dn if grant else ""),
        grant=grant,
        value=drift.value[:300],
        dn=drift.dn,
        expected=drift.expected,
        situation=_digest(drift),
    )
    audit.record(Action.FINDING_FOUND, actor=None, about=row, kind=row.kind, owner=row.owner)
    return row


def is_about(grant: Grant, drift: Drift) -> bool:
    return (grant.service, grant.level, grant.unit_key) == (
        drift.service.value,
        drift.level.value,
        drift.unit_id.folded,
    )


def _place(reading: Reading, drift: Drift) -> tuple[str, str]:
    """Name and DN of the unit or provider, where there is one."""
    entry = reading.units.get(drift.unit_id) or reading.providers.get(drift.unit_id)
    return (entry.name, entry.dn) if entry is not None else ("", "")


def _must_be_opened(row: Finding, drift: Drift) -> bool:
    """An explanation does not outlive its situation; a settlement that came to nothing is none."""
    if row.state == _State.EXPLAINED:
        return row.situation != _digest(drift)
    return row.state == _State.SETTLING and not _is_being_settled(row)


def _is_being_settled(row: Finding) -> bool:
    if row.removal is not None and row.removal.is_open:
        return True
    return row.request is not None and row.request.is_open


def _is_over(row: Finding, compared: Comparison) -> bool:
    """Not seen any more, for certain, and not merely because a case about it is under way."""
    return compared.decides(row.what) and not (row.state == _State.SETTLING and _is_being_settled(row))


def starts_removal(row: Finding) -> bool:
    """Rights of who has left or moved go to removal, once: what is then taken back stays with people."""
    return (
        row.state == _State.OPEN
        and row.what in LEAVER_KINDS
        and row.grant_id is not None
        and row.removal_id is None
    )


def _reopen(row: Finding, drift: Drift) -> None:
    old = row.state
    row.state, row.state_since, row.situation = _State.OPEN, timezone.now(), _digest(drift)
    row.explanation, row.settled_by, row.told_at = "", None, None
    row.save(update_fields=["state", "state_since", "situation", "explanation", "settled_by", "told_at"])
    audit.record(Action.FINDING_REOPENED, actor=None, about=row, old=old)


def _end(row: Finding) -> None:
    row.state, row.state_since = _State.OVER, timezone.now()
    row.save(update_fields=["state", "state_since"])
    audit.record(Action.FINDING_OVER, actor=None, about=row, kind=row.kind)


def _remember_profession(row: Finding) -> None:
    """From here on, what was found is what is known."""
    KnownPerson.objects.filter(pk=row.subject_key).update(is_doctor=row.what is Kind.BECAME_DOCTOR)


def _right_now(row: Finding) -> Grant | None:
    """The right it is about as it stands: it may have ended and been given anew since it was found."""
    if row.grant is None:
        return None
    return Grant.objects.living().filter(**grants.right_of(row)).first() or row.grant


@transaction.atomic
def begin_leavers_removal(finding: Finding, *, heads: Iterable[HsaId], start: removals.Start) -> Removal:
    """The right of somebody who has left or moved goes to removal. Raises WrongState.

    `heads`: who may say that the person has not, as the directory names them now; told at once.
    """
    row = lock(finding.pk)
    grant = _right_now(row)
    if not starts_removal(row) or grant is None:
        raise WrongState
    removal = removals.begin(grant, EndCause.LEAVER, by=None, tell=heads, start=start)
    _settle(row, removal=removal)
    audit.record(Action.FINDING_REMOVAL, actor=None, about=row, removal=str(removal.public_id))
    return removal


# -- what people do --------------------------------------------------------------------------------------


def steps_of(finding: Finding, held: Mandates, by: User) -> tuple[Step, ...]:
    """What this person can do about it now: nothing about oneself. Source: domain §7.

    Only the unit's own head orders; the head above and the KIV administrator remove and explain; who runs
    the tool explains.
    """
    if HsaId(finding.subject_key) in held.ids_of(by.identity):
        return ()
    open_to = _open_to(finding, held, by)
    return tuple(step for step in finding.steps if step in open_to)


def _open_to(finding: Finding, held: Mandates, by: User) -> frozenset[Step]:
    if finding.whose is not Owner.OPERATORS:
        if _is_head(finding, held, by):
            return frozenset(Step) if _may_order(finding, held) else frozenset(Step) - ORDERING
        if _is_above(finding, held) or _is_kivs(finding, held):
            return frozenset(Step) - ORDERING
    is_operators = Owner.OPERATORS.value in (finding.owner, finding.passed_to)
    return frozenset({Step.EXPLAIN, Step.RECONSIDER}) if is_operators and by.is_operator else frozenset()


def _may_order(finding: Finding, held: Mandates) -> bool:
    """A head of unit orders; who holds a care provider's mandate attests after her. Source: domain §5, §7."""
    return finding.level != Level.PROVIDER.value or held.heads_unit_of(finding.unit_id)


def _is_above(finding: Finding, held: Mandates) -> bool:
    is_passed_up = finding.passed_to == Finding.PassedTo.ABOVE and bool(finding.unit_dn)
    return is_passed_up and held.heads_at_or_above(finding.unit_id, finding.unit_dn)


def _is_kivs(finding: Finding, held: Mandates) -> bool:
    is_kivs = finding.whose is Owner.KIV_ADMINISTRATOR and bool(finding.unit_dn)
    return is_kivs and held.administers(finding.unit_dn)


def _is_head(finding: Finding, held: Mandates, by: User) -> bool:
    if finding.level == Level.PROVIDER.value:
        return held.is_of_provider(HsaId(finding.unit_hsa_id), by)
    return finding.unit_id in held.unit_ids


@transaction.atomic
def explain(finding: Finding, *, by: User, held: Mandates, reason: str) -> Finding:
    """Say why it is as it should be. It counts for as long as the situation is the same.

    Raises NotAllowed, WrongState, Invalid (no reason).
    """
    row = _require(finding, Step.EXPLAIN, by, held)
    row.state, row.state_since, row.settled_by = _State.EXPLAINED, timezone.now(), by
    row.explanation = _stated(reason)
    row.save(update_fields=["state", "state_since", "settled_by", "explanation"])
    if row.what in PROFESSION_KINDS:
        _remember_profession(row)
    audit.record(Action.FINDING_EXPLAINED, actor=by, about=row, reason=row.explanation, kind=row.kind)
    return row


@transaction.atomic
def reconsider(finding: Finding, *, by: User, held: Mandates, reason: str) -> Finding:
    """Take back an explanation, whoever gave it: the finding is to be settled again.

    Raises NotAllowed, WrongState, Invalid (no reason).
    """
    row = _require(finding, Step.RECONSIDER, by, held)
    why = _stated(reason)
    row.state, row.state_since, row.explanation, row.settled_by = _State.OPEN, timezone.now(), "", None
    row.save(update_fields=["state", "state_since", "explanation", "settled_by"])
    audit.record(Action.FINDING_RECONSIDERED, actor=by, about=row, reason=why, kind=row.kind)
    return row


@transaction.atomic
def order(finding: Finding, *, by: User, held: Mandates, place: Callable[[], Order]) -> AccessRequest:
    """Adopt or order again: `place` places the order for exactly this right, in this transaction.

    The right that comes of it names the finding as its origin. Raises NotAllowed, WrongState, Invalid.
    """
    step = Step.ADOPT if finding.what is Kind.ROLE_OUTSIDE else Step.ORDER_AGAIN
    row = _require(finding, step, by, held)
    request = place().requests.get(position=1)
    is_same = (request.subject_key, request.service, request.level, request.unit_key) == (
        row.subject_key,
        row.service,
        row.level,
        row.unit_key,
    )
    if not is_same:
        raise WrongState
    _settle(row, by=by, request=request)
    audit.record(Action.FINDING_ORDERED, actor=by, about=row, request=request, step=step.value)
    return request


@transaction.atomic
def begin_removal(
    finding: Finding,
    *,
    by: User,
    held: Mandates,
    reason: str,
    person: Person | None,
    unit: Unit | None,
    start: removals.Start,
) -> Removal:
    """Take away the right, or the value that no right explains: a case of its own, proven like any other.

    `person` and `unit` were read just now. Raises NotAllowed, WrongState, Invalid (no reason).
    """
    row = _require(finding, Step.REMOVE, by, held)
    why = _stated(reason)
    grant = _right_now(row)
    if grant is not None:
        removal = removals.begin(grant, EndCause.FINDING, by=by, reason=why, start=start)
    elif person is None or not row.value:
        raise WrongState
    else:
        loose = Loose(
            person,
            Service(row.service),
            Level(row.level),
            unit,
            row.unit_id,
            (Held(person.dn, Attribute.SYSTEM_ROLE, row.value),),
        )
        removal = removals.begin_for_values(
            loose,
            EndCause.FINDING,
            by=by,
            reason=why,
            administered_dn=row.unit_dn or person.dn,
            start=start,
        )
    _settle(row, by=by, removal=removal)
    audit.record(Action.FINDING_REMOVAL, actor=by, about=row, reason=why, removal=str(removal.public_id))
    return removal


def _require(finding: Finding, step: Step, by: User, held: Mandates) -> Finding:
    row = lock(finding.pk)
    if row.state != (_State.EXPLAINED if step is Step.RECONSIDER else _State.OPEN):
        raise WrongState
    if step not in steps_of(row, held, by):
        raise NotAllowed(_("This is for somebody else to settle."))
    return row


def _settle(
    row: Finding,
    *,
    by: User | None = None,
    request: AccessRequest | None = None,
    removal: Removal | None = None,
) -> None:
    row.state, row.state_since, row.settled_by = _State.SETTLING, timezone.now(), by
    row.request, row.removal = request or row.request, removal or row.removal
    row.save(update_fields=["state", "state_since", "settled_by", "request", "removal"])


def _stated(reason: str) -> str:
    return statements.stated(reason, missing=_("Write why. Those who review the access read it."))


# -- telling ---------------------------------------------------------------------------------------------


def tell(directory: Round) -> int:
    """One message to each person with new findings to settle. Returns how many messages.

    Many findings have the same few owners: units and humans are looked up together. Raises DirectoryError:
    then nobody has been told, and it is tried again.
    """
    untold = list(Finding.objects.to_settle().filter(told_at=None).order_by("pk"))
    if not untold:
        return 0
    heads = [row for row in untold if row.whose is Owner.HEAD_OF_UNIT and row.level != Level.PROVIDER.value]
    with suppress_two_entries():  # then they are asked about one by one
        directory.units(row.unit_id for row in heads)
    owners = {row.pk: _owners_of(directory, row) for row in untold}
    everybody = {*operator_ids(), *(one for found in owners.values() for one in found)}
    humans, present = directory.identities(everybody), directory.persons(everybody)
    recipients: dict[int, Collection[HsaId]] = {}
    passed_to: dict[int, str] = {}
    for row in untold:
        operators = [one for one in operator_ids() if row.subject_id not in humans[one]] or operator_ids()
        able = [one for one in owners[row.pk] if _is_able(row, present.get(one), humans[one])]
        if able or row.whose is Owner.OPERATORS:
            recipients[row.pk], passed_to[row.pk] = able or operators, ""
        elif nearest := _heads(directory, row):
            recipients[row.pk], passed_to[row.pk] = nearest
        else:
            recipients[row.pk], passed_to[row.pk] = operators, Finding.PassedTo.OPERATORS.value
    return _write_digests(recipients, passed_to)


def _is_able(row: Finding, owner: Person | None, ids: Collection[HsaId]) -> bool:
    """Say whether this owner is there, and somebody else than the person concerned, by whichever HSA-id."""
    return owner is not None and not owner.is_archived and row.subject_id not in ids


def _owners_of(directory: Directory, row: Finding) -> tuple[HsaId, ...]:
    """Where two entries claim the unit's id, nobody can say whose it is."""
    if row.whose is Owner.OPERATORS:
        return ()
    with suppress_two_entries():
        if row.whose is Owner.KIV_ADMINISTRATOR and row.unit_dn:
            return tuple(person.hsa_id for person in directory.administrators_of(row.unit_dn))
        if row.level == Level.PROVIDER.value:
            named = mandates.named_for(row.unit_id)
            provider = directory.provider(row.unit_id)
            return named or ((provider.manager_id,) if provider and provider.manager_id else ())
        unit = directory.unit(row.unit_id)
        return (unit.manager_id,) if unit and unit.manager_id else ()
    return ()


def _heads(directory: Directory, row: Finding) -> tuple[list[HsaId], str] | None:
    """The nearest head who is there and is not the person concerned, and whether it is passed on to them.

    Nobody stands above a care provider.
    """
    if row.level == Level.PROVIDER.value:
        return None
    with suppress_two_entries():
        unit = directory.unit(row.unit_id)
        asked = handlers.attesters(directory, unit, subject_id=row.subject_id) if unit else ()
        heads = [one.person.hsa_id for one in asked if one.delegation is None]
        if unit is not None and heads:
            return heads, "" if unit.manager_id in heads else Finding.PassedTo.ABOVE.value
    return None


@transaction.atomic
def _write_digests(recipients: Mapping[int, Collection[HsaId]], passed_to: Mapping[int, str]) -> int:
    """Both by finding. What another worker has told of meanwhile is nobody's news any more."""
    rows = Finding.objects.select_for_update().to_settle().filter(pk__in=recipients, told_at=None)
    found = list(rows.order_by("pk"))
    if not found:
        return 0
    for row in found:
        row.told_at, row.passed_to = timezone.now(), passed_to[row.pk]
    Finding.objects.bulk_update(found, ["told_at", "passed_to"], batch_size=500)
    entry = audit.record(Action.FINDINGS_TOLD, actor=None, findings=len(found))
    news = dict.fromkeys(person for row in found for person in recipients[row.pk])
    return len(outbox.enqueue(entry, MessageKind.FINDINGS, list(news)))


# -- what was known --------------------------------------------------------------------------------------


def remember(known: Mapping[str, bool]) -> None:
    """Keep who was a doctor when first compared; what is known already stays."""
    rows = [KnownPerson(subject_key=key, is_doctor=is_doctor) for key, is_doctor in known.items()]
    KnownPerson.objects.bulk_create(rows, ignore_conflicts=True)
