"""Taking a removal back, and trying one again that could not be done."""

from __future__ import annotations

from datetime import date

from django.conf import settings
from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import handlers
from provisioning.cases import moves as cases_moves
from provisioning.cases.evidence import SeenUnwanted
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.mandates import current, four_eyes
from provisioning.mandates.current import Mandates
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import Grant, Removal, User
from provisioning.removals import moves as removals_moves
from provisioning.rights import end, may
from provisioning.rules.dates import deadlines
from provisioning.rules.mandates import Act
from provisioning.rules.states.right import RemovalState


@transaction.atomic
def withdraw(
    row: Removal, *, by: User, mandates: Mandates, seen: SeenUnwanted | None, reason: str = ""
) -> None:
    """Take the removal back, while nothing has been removed: its starter may, with or without a reason.

    Whoever ended somebody else's right must still hold a mandate there. Where the comparison with the
    directory started it, because the person seemed to have left or moved, the head of unit with a reason:
    what differs then stays as a finding, and with people. A right whose last day has passed is not kept in
    this way but ordered anew. `mandates`: read just now; `seen`: what the directory shows now, where the
    task is with the KIV administrator. Raises NotAllowed, WrongState, Invalid (no reason).
    """
    grant = removals_moves.lock_grant(row)
    if by.pk != row.subject_key:
        four_eyes.require(Act.KEEP, by=by, mandates=mandates, subject_id=row.subject_id)
    if not may.may_take_back(row, mandates, by):
        raise NotAllowed(_why_not_taken_back(row, by))
    if may.is_a_leavers(row) and not reason.strip():
        raise Invalid(_("Write why the person is to keep the access."), field="reason")
    if row.current_state is RemovalState.AWAITING_KIV and (seen is None or any(seen.gone)):
        raise WrongState(_("Something may have been removed already, so it is too late to undo it."))
    waiting = row.handler_ids
    row.end_reason = reason.strip()
    cases_moves.move(row, RemovalState.WITHDRAWN, "end_reason")
    handlers.release(row)
    entry = events.record(Action.REMOVAL_WITHDRAWN, actor=by, about=row, reason=row.end_reason)
    if grant is not None:
        end.keep(grant, by=by)
    told = [person for person in (*row.concerned, *waiting) if person != by.identity]
    outbox.enqueue(entry, MessageKind.REMOVAL_ENDED, told, case=row)


def _why_not_taken_back(row: Removal, by: User) -> Promise:
    if may.is_a_leavers(row):
        return _("Only the head of the unit can keep this access.")
    if row.started_by_id == by.pk:
        return current.ENDED
    return _("Only the one who started the removal can undo it.")


def may_be_tried_again(grant: Grant) -> bool:
    """Say whether a right that is to end, with no removal under way, is due for one."""
    return dates.today() >= tried_again_on(grant)


def tried_again_on(grant: Grant) -> date:
    """The day from which the removal is begun: some working days after one that could not be done."""
    last = grant.removals.order_by("-pk").first()
    if last is None or last.current_state is not RemovalState.CANNOT_BE_DONE:
        return dates.today()
    since = dates.today(last.state_since)
    return deadlines.add_working_days(since, settings.REMOVAL_RETRY_WORKING_DAYS)
