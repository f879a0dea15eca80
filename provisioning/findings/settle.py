"""What an owner does about a finding: explain, order, remove. Each is one transaction. Source: domain §7."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import statements
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.errors import NotAllowed, WrongState
from provisioning.findings import record
from provisioning.findings.record import FindingState, remember_profession, right_now
from provisioning.mandates.current import Mandates
from provisioning.models import AccessRequest, Finding, Order, Removal, User
from provisioning.removals import begin
from provisioning.removals.begin import Loose, Start
from provisioning.rules.drift.differences import ORDERING, PROFESSION_KINDS, DriftKind, NextStep, Owner
from provisioning.rules.hsa import Attribute, HsaId, Level, Person, Service, Unit
from provisioning.rules.removal import StoredValue
from provisioning.rules.states.right import EndCause


@transaction.atomic
def begin_leavers_removal(
    finding: Finding, *, heads: Iterable[HsaId], unseen_since: datetime | None = None, start: Start
) -> Removal:
    """The right of somebody who has left or moved goes to removal. Raises WrongState.

    `heads`: who may say that the person has not, as the directory names them now; told at once.
    `unseen_since`: where the person's entry is not there, since when: the removal's look is not the first.
    """
    row = record.lock(finding.pk)
    grant = right_now(row)
    if not record.starts_removal(row) or grant is None:
        raise WrongState
    removal = begin.begin(grant, EndCause.LEAVER, by=None, tell=heads, start=start)
    if unseen_since is not None:
        removal.gone_doubted_at = unseen_since
        removal.save(update_fields=["gone_doubted_at"])
    _settle(row, removal=removal)
    events.record(Action.FINDING_REMOVAL, actor=None, about=row, removal=str(removal.public_id))
    return removal


def steps_of(finding: Finding, mandates: Mandates, by: User) -> tuple[NextStep, ...]:
    """What this person can do about it now: nothing about oneself or one's principal. Source: domain §7.

    Only the unit's own head orders; the head above and the KIV administrator remove and explain; who runs
    the tool explains.
    """
    if HsaId(finding.subject_key) in mandates.ids_of(by.identity) | mandates.givers:
        return ()
    open_to = _open_to(finding, mandates, by)
    return tuple(step for step in finding.steps if step in open_to)


def _open_to(finding: Finding, mandates: Mandates, by: User) -> frozenset[NextStep]:
    if finding.whose is not Owner.OPERATORS:
        if _is_head(finding, mandates, by):
            return frozenset(NextStep) if _may_order(finding, mandates) else frozenset(NextStep) - ORDERING
        if _is_above(finding, mandates) or _is_kivs(finding, mandates):
            return frozenset(NextStep) - ORDERING
    is_operators = Owner.OPERATORS.value in (finding.owner, finding.passed_to)
    return (
        frozenset({NextStep.EXPLAIN, NextStep.RECONSIDER}) if is_operators and by.is_operator else frozenset()
    )


def _may_order(finding: Finding, mandates: Mandates) -> bool:
    """A head of unit orders; who holds a care provider's mandate attests after her. Source: domain §5, §7."""
    return finding.level != Level.PROVIDER.value or mandates.heads_unit_of(finding.unit_id)


def _is_above(finding: Finding, mandates: Mandates) -> bool:
    is_passed_up = finding.passed_to == Finding.PassedTo.ABOVE and bool(finding.unit_dn)
    return is_passed_up and mandates.heads_at_or_above(finding.unit_id, finding.unit_dn)


def _is_kivs(finding: Finding, mandates: Mandates) -> bool:
    is_kivs = finding.whose is Owner.KIV_ADMINISTRATOR and bool(finding.unit_dn)
    return is_kivs and mandates.administers(finding.unit_dn)


def _is_head(finding: Finding, mandates: Mandates, by: User) -> bool:
    if finding.level == Level.PROVIDER.value:
        return mandates.is_of_provider(HsaId(finding.unit_hsa_id), by)
    return finding.unit_id in mandates.unit_ids


@transaction.atomic
def explain(finding: Finding, *, by: User, mandates: Mandates, reason: str) -> Finding:
    """Say why it is as it should be. It counts for as long as the situation is the same.

    Raises NotAllowed, WrongState, Invalid (no reason).
    """
    row = _require(finding, NextStep.EXPLAIN, by, mandates)
    row.state, row.state_since, row.settled_by = FindingState.EXPLAINED, timezone.now(), by
    row.explanation = _stated(reason)
    row.save(update_fields=["state", "state_since", "settled_by", "explanation"])
    if row.what in PROFESSION_KINDS:
        remember_profession(row)
    events.record(Action.FINDING_EXPLAINED, actor=by, about=row, reason=row.explanation, kind=row.kind)
    return row


@transaction.atomic
def reconsider(finding: Finding, *, by: User, mandates: Mandates, reason: str) -> Finding:
    """Take back an explanation, one's own or another's: the finding is to be settled again.

    Raises NotAllowed, WrongState, Invalid (no reason).
    """
    row = _require(finding, NextStep.RECONSIDER, by, mandates)
    why = _stated(reason)
    row.state, row.state_since, row.explanation, row.settled_by = FindingState.OPEN, timezone.now(), "", None
    row.save(update_fields=["state", "state_since", "explanation", "settled_by"])
    events.record(Action.FINDING_RECONSIDERED, actor=by, about=row, reason=why, kind=row.kind)
    return row


@transaction.atomic
def order(finding: Finding, *, by: User, mandates: Mandates, place: Callable[[], Order]) -> AccessRequest:
    """Adopt or order again: `place` places the order for exactly this right, in this transaction.

    The right that comes of it names the finding as its origin. Raises NotAllowed, WrongState, Invalid.
    """
    step = NextStep.ADOPT if finding.what is DriftKind.ROLE_OUTSIDE else NextStep.ORDER_AGAIN
    row = _require(finding, step, by, mandates)
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
    events.record(Action.FINDING_ORDERED, actor=by, about=row, request=request, step=step.value)
    return request


@transaction.atomic
def begin_removal(
    finding: Finding,
    *,
    by: User,
    mandates: Mandates,
    reason: str,
    person: Person | None,
    unit: Unit | None,
    start: Start,
) -> Removal:
    """Take away the right, or the value that no right explains: a case of its own, proven like any other.

    `person` and `unit` were read just now. Raises NotAllowed, WrongState, Invalid (no reason).
    """
    row = _require(finding, NextStep.REMOVE, by, mandates)
    why = _stated(reason)
    grant = right_now(row)
    if grant is not None:
        removal = begin.begin(grant, EndCause.FINDING, by=by, reason=why, start=start)
    elif person is None or not row.value:
        raise WrongState
    else:
        loose = Loose(
            person,
            Service(row.service),
            Level(row.level),
            unit,
            row.unit_id,
            (StoredValue(person.dn, Attribute.SYSTEM_ROLE, row.value),),
        )
        removal = begin.begin_for_values(
            loose,
            EndCause.FINDING,
            by=by,
            reason=why,
            administered_dn=row.unit_dn or person.dn,
            start=start,
        )
    _settle(row, by=by, removal=removal)
    events.record(Action.FINDING_REMOVAL, actor=by, about=row, reason=why, removal=str(removal.public_id))
    return removal


def _require(finding: Finding, step: NextStep, by: User, mandates: Mandates) -> Finding:
    row = record.lock(finding.pk)
    if row.state != (FindingState.EXPLAINED if step is NextStep.RECONSIDER else FindingState.OPEN):
        raise WrongState
    if step not in steps_of(row, mandates, by):
        raise NotAllowed(_("Somebody else resolves this. You need not do anything."))
    return row


def _settle(
    row: Finding,
    *,
    by: User | None = None,
    request: AccessRequest | None = None,
    removal: Removal | None = None,
) -> None:
    row.state, row.state_since, row.settled_by = FindingState.SETTLING, timezone.now(), by
    row.request, row.removal = request or row.request, removal or row.removal
    row.save(update_fields=["state", "state_since", "settled_by", "request", "removal"])


def _stated(reason: str) -> str:
    return statements.stated(reason, missing=_("Write why. Those who review the access read it."))
