"""Who may act on a case: found in the directory, kept as rows so that everybody can see who has it.

Source: domain §7 (heads of units, the nearest unit above, the provider's mandate, KIV administrators by
walking the unit's DN and its ancestors; the person the change concerns is never among them).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.audit import events
from provisioning.cases import candidates, moved_entries
from provisioning.cases.candidates import Asked
from provisioning.directory import Directory
from provisioning.errors import Invalid, NotAllowed
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest, AuditEntry, Case, Delegation, Handler, HandlerRole, User
from provisioning.operators import operator_ids
from provisioning.rules.hsa import HsaId, Level
from provisioning.rules.mandates import has_left
from provisioning.rules.states.request import RequestState

# What is said to the KIV administrators, also while a question of theirs waits for its answer.
_OF_THE_TASK = (MessageKind.KIV, MessageKind.KIV_RETURNED)


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


def ask(cause: AuditEntry, case: Case, kind: MessageKind, *, but: Collection[str] = ()) -> int:
    """Mail those who have the case now, but for those with these keys; returns how many.

    Whatever asks somebody to act is sent here: to the persons whose work lists show it, and to nobody else.
    Called inside the operation, after its handlers are assigned.
    """
    people = case.handler_ids if kind in _OF_THE_TASK else case.sitting_ids
    asked = [one for one in people if one.folded not in but]
    outbox.enqueue(cause, kind.of(case), asked, case=case)
    return len(asked)


def release(case: Case) -> None:
    """Nobody has it any longer."""
    case.handlers.all().delete()


def require_asked(case: Case, by: User, role: HandlerRole) -> Handler:
    """The row that says that this person was asked in this role. Raises NotAllowed."""
    row: Handler | None = case.handlers.filter(person_key=by.pk, role=role).first()
    if row is None:
        raise NotAllowed
    return row


def leave_to_others(case: Case, by: User) -> None:
    """One KIV administrator says the unit is not theirs: the others keep the task. Raises Invalid."""
    if not case.handlers.exclude(person_key=by.pk).exists():
        raise Invalid(
            _("You are the only KIV administrator the directory names for this unit. Choose another reason."),
            field="why",
        )
    case.handlers.filter(person_key=by.pk).delete()


def refresh(directory: Directory, case: Case) -> bool:
    """Bring the rows up to date with the directory; returns whether anybody was added or removed.

    Reads the directory before it writes; must not be called inside a transaction. Raises DirectoryError.
    """
    found = candidates.look_up(directory, case)
    if found is None:
        return False
    _follow_place(directory, case)
    role, asked = found
    before = set(case.handlers.filter(role=role).values_list("person_key", "delegation_id"))
    now = {one.key for one in asked}
    if not now and (_take_from_barred(directory, case, role) or _take_from_leavers(directory, case, role)):
        return True
    if before == now or not now:  # an empty answer removes no handler: a human keeps the task
        case.handlers.filter(role=role).update(read_at=timezone.now())
        return False
    with transaction.atomic():
        row = type(case)._default_manager.select_for_update().get(pk=case.pk)
        if row.step != case.step:
            return False
        assign(row, role, asked)
        entry = events.record(events.Action.HANDLERS_CHANGED.of(row), actor=None, case=row, state=row.state)
        ask_newcomers(entry, row, role, before={key for key, _delegation in before})
    return True


def _follow_place(directory: Directory, case: Case) -> None:
    """Whoever acts must have the mandate where the unit stands now."""
    dn = moved_entries.look_up_place_dn(directory, case)
    if dn == case.unit_dn:
        return
    with transaction.atomic():
        row = type(case)._default_manager.select_for_update(of=("self",)).get(pk=case.pk)
        moved_entries.take_over_place(row, dn)
    case.unit_dn = dn


def _take_from_leavers(directory: Directory, case: Case, role: HandlerRole) -> bool:
    """Whoever the directory shows to have left is not asked any more, though nobody is in their place.

    The operators are told. Who is merely not seen keeps the case: one look takes nothing from anybody.
    """
    ids = [HsaId(row.person_hsa_id) for row in case.handlers.filter(role=role)]
    present = directory.persons(ids) if ids else {}
    keys = [one.folded for one, person in present.items() if has_left(person, on=dates.today())]
    if not keys:
        return False
    with transaction.atomic():
        row = type(case)._default_manager.select_for_update(of=("self",)).get(pk=case.pk)
        if row.step != case.step or not row.handlers.filter(role=role, person_key__in=keys).delete()[0]:
            return False
        entry = events.record(events.Action.HANDLERS_CHANGED.of(row), actor=None, case=row, state=row.state)
        if not row.handlers.exists():
            outbox.enqueue(entry, MessageKind.STUCK.of(row), operator_ids(), case=row)
    return True


def _take_from_barred(directory: Directory, case: Case, role: HandlerRole) -> bool:
    """Whoever may not decide about this person has nothing to keep; the ladder then asks further up."""
    if role in (HandlerRole.KIV_ADMINISTRATOR, HandlerRole.CHOOSER) or not isinstance(case, AccessRequest):
        return False
    barred = candidates.barred_from_deciding(directory, case.subject_id, case.orderer_id)
    keys = [one.folded for one in barred]
    with transaction.atomic():
        row = AccessRequest.objects.select_for_update(of=("self",)).get(pk=case.pk)
        if row.step != case.step or not row.handlers.filter(role=role, person_key__in=keys).delete()[0]:
            return False
        events.record(events.Action.HANDLERS_CHANGED.of(row), actor=None, case=row, state=row.state)
    return True


def ask_newcomers(entry: AuditEntry, case: Case, role: HandlerRole, *, before: Collection[str]) -> int:
    """Mail those who were not asked before; returns how many. Called inside the operation."""
    kind = {
        HandlerRole.KIV_ADMINISTRATOR: MessageKind.KIV,
        HandlerRole.CHOOSER: MessageKind.CHOOSE,
    }.get(role, MessageKind.ATTEST)
    return ask(entry, case, kind, but=before)


def concerned_by(delegation: Delegation) -> QuerySet[AccessRequest]:
    """Requests that may wait for the giver of this delegation, and those about the giver's own access."""
    waits = Q(handlers__person_key=delegation.principal_id) | Q(subject_key=delegation.principal_id)
    rows = AccessRequest.objects.filter(waits, state=RequestState.AWAITING_ATTESTATION.value)
    return rows.exclude(level=Level.PROVIDER.value).distinct()
