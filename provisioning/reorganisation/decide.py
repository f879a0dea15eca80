"""Proposing a reorganisation, and the one decision on it. Each is one transaction, and asks nobody.

Who may propose: operators, a head of the old or the new unit or of one above, the old unit's KIV
administrators. The head of the new unit attests all at once; of one that closes its head, or the one above.
What concerns that head's own access is attested by somebody else, as always. Source: domain §7.
"""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import statements
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.mandates.current import Mandates
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import Reorganisation, ReorganisationState, ReorganisedRight, User
from provisioning.reorganisation.preview import Preview
from provisioning.rules.hsa import HsaId


def may_propose(preview: Preview, *, by: User, mandates: Mandates) -> bool:
    """Say whether this person may propose it, and so see what it touches."""
    old, new = preview.old, preview.new
    is_old = mandates.heads_at_or_above(old.hsa_id, old.dn) or mandates.administers(old.dn)
    is_new = new is not None and mandates.heads_at_or_above(new.hsa_id, new.dn)
    return by.is_operator or is_old or is_new


def may_attest(row: Reorganisation, *, mandates: Mandates) -> bool:
    """The head of the new unit; where it closes, the head of the old one or of one above."""
    decides_on = row.new_id or row.old_id
    if row.is_provider:
        return mandates.heads_unit_of(decides_on)
    if row.new_id is not None:
        return row.new_id in mandates.unit_ids
    return mandates.heads_at_or_above(row.old_id, row.old_dn)


@transaction.atomic
def propose(preview: Preview, *, by: User | None, mandates: Mandates | None, reason: str) -> Reorganisation:
    """Write it down for the head to attest. `by` None: an operator at the command line.

    Raises NotAllowed, Invalid (no reason; one is open already; nothing to move).
    """
    if by is not None and (mandates is None or not may_propose(preview, by=by, mandates=mandates)):
        raise NotAllowed
    why = statements.stated(reason, missing=_("Write why the unit is reorganised. Those concerned read it."))
    if not preview.moves_anything:
        raise Invalid(_("No right and no open order is touched, so there is nothing to move."), field="old")
    old, new = preview.old, preview.new
    row = Reorganisation(
        old_key=old.hsa_id.folded,
        old_hsa_id=old.hsa_id.text,
        old_name=old.name,
        old_dn=old.dn,
        new_key=new.hsa_id.folded if new else "",
        new_hsa_id=new.hsa_id.text if new else "",
        new_name=new.name if new else "",
        is_provider=old.is_provider,
        reason=why,
        proposed_by=by,
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as exc:
        message = _("A reorganisation of this unit is already under way. Follow that one instead.")
        raise Invalid(message, code="reorganisation.open", field="old") from exc
    entry = events.record(
        Action.REORGANISATION_PROPOSED,
        actor=by,
        about=row,
        reason=why,
        old=row.old_hsa_id,
        new=row.new_hsa_id,
        rights=len(preview.rights),
        orders=len(preview.orders),
    )
    manager = getattr(new, "manager_id", None)
    outbox.enqueue(entry, MessageKind.REORGANISATION, [manager] if manager is not None else [])
    return row


@transaction.atomic
def attest(pk: int, preview: Preview, *, by: User, mandates: Mandates) -> Reorganisation:
    """The one decision: what `preview` shows is ordered for the new unit, each right as it was.

    `mandates` and `preview`: read just now. Raises NotAllowed, WrongState.
    """
    row = _lock(pk)
    if not may_attest(row, mandates=mandates):
        raise NotAllowed
    _decide(row, ReorganisationState.RUNNING, by)
    orders = {_right(one): one for one in preview.orders}
    items = [ReorganisedRight(reorganisation=row, grant=one, request=orders.pop(_right(one), None))
             for one in preview.rights]  # fmt: skip
    items += [ReorganisedRight(reorganisation=row, request=one) for one in orders.values()]
    ReorganisedRight.objects.bulk_create(items)
    events.record(
        Action.REORGANISATION_ATTESTED,
        actor=by,
        about=row,
        old=row.old_hsa_id,
        new=row.new_hsa_id,
        rights=[str(one.public_id) for one in preview.rights],
        orders=[one.case_number for one in preview.orders],
    )
    return row


@transaction.atomic
def decline(pk: int, *, by: User, mandates: Mandates, reason: str) -> Reorganisation:
    """Not carried out: says who may attest it, or proposed it. Raises NotAllowed, WrongState, Invalid."""
    row = _lock(pk)
    if by.pk != row.proposed_by_id and not by.is_operator and not may_attest(row, mandates=mandates):
        raise NotAllowed
    why = statements.stated(reason, missing=_("Write why it is not carried out."))
    _decide(row, ReorganisationState.DECLINED, by)
    row.ended_at = row.decided_at
    row.save(update_fields=["ended_at"])
    entry = events.record(Action.REORGANISATION_DECLINED, actor=by, about=row, reason=why)
    told = [row.proposed_by.identity] if row.proposed_by and row.proposed_by_id != by.pk else []
    outbox.enqueue(entry, MessageKind.REORGANISATION_OVER, told)
    return row


def _lock(pk: int) -> Reorganisation:
    rows = Reorganisation.objects.select_for_update(of=("self",)).select_related("proposed_by", "decided_by")
    return rows.get(pk=pk)


def _decide(row: Reorganisation, state: ReorganisationState, by: User) -> None:
    if row.state != ReorganisationState.PROPOSED:
        raise WrongState
    row.state, row.decided_by, row.decided_at = state, by, timezone.now()
    row.save(update_fields=["state", "decided_by", "decided_at"])


def _right(about: object) -> tuple[str, ...]:
    names = ("subject_key", "service", "level", "unit_key")
    return tuple(str(getattr(about, name)) for name in names)


def told_of(row: Reorganisation) -> list[HsaId]:
    """Who hears how it went: who proposed and who attested it."""
    return [user.identity for user in (row.proposed_by, row.decided_by) if user is not None]
