"""What a look into KIV means for a removal: work for its administrator, nothing that may be removed, or gone.

Each operation is one transaction; none asks the directory: the reading is an argument. What it did not say
decides nothing. Where the national HSA is read, too, gone from KIV is half the way: see `leave_hsa`.
Source: domain §8 (proof: gone), and `rules.removal` (what another right needs stays).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.audit import events
from provisioning.audit.digests import digests
from provisioning.audit.events import Action
from provisioning.cases import (
    candidates,
    evidence,
    handlers,
    hsa_following,
    kiv_answers,
    moved_entries,
    silence,
)
from provisioning.cases import moves as cases_moves
from provisioning.directory import Which, has_national_directory
from provisioning.errors import WrongState
from provisioning.messages import outbox, teams, ticket_mails
from provisioning.messages.texts import MessageKind
from provisioning.models import Evidence, Grant, HandlerRole, Removal
from provisioning.removals import moves as removals_moves
from provisioning.rights import end, find
from provisioning.rules import names, removal
from provisioning.rules.hsa import Answer, Attribute, Person, Reading
from provisioning.rules.removal import Nothing, Plan, Right
from provisioning.rules.states.right import GrantState, RemovalState

RENEWED = "removal.renewed"  # the right was given anew before it was taken away
NO_ADMINISTRATOR = "removal.no_administrator"

_SEEN_IN = {Which.OWN: "kiv", Which.NATIONAL: "hsa"}  # in the record: which directory proved it


def plan_for(row: Removal, reading: Reading) -> Plan:
    """What is to be removed, by this reading and by the rights that go on at this moment."""
    others = living_rights(row)
    if row.grant is not None:
        return removal.plan(row.right, reading, living=others, at=reading.read_at)
    asked = [removals_moves.held_from(data) for data in row.asked]
    return removal.plan_for(asked, reading, living=others, at=reading.read_at)


def living_rights(row: Removal) -> tuple[Right, ...]:
    """The person's rights that go on; also the removal's own, if it has been given anew."""
    return tuple(grant.right for grant in Grant.objects.active().filter(subject_key=row.subject_key))


def is_needed_again(row: Removal) -> bool:
    """Say whether a right that goes on needs one of the values: then nobody may remove it any more."""
    changes = [removals_moves.held_from(data) for data in row.changes]
    return any(removal.needs(right, held) for right in living_rights(row) for held in changes)


def is_gone_from_kiv(row: Removal, reading: Reading) -> bool:
    """Say whether nothing is left in KIV of what the removal may take away, and it is still to be taken."""
    if row.grant is not None and row.grant.current_state is GrantState.ACTIVE:
        return False
    return _is_gone(row, plan_for(row, reading))


def waits_for_order(row: Removal, reading: Reading) -> bool:
    """Say whether a value that was gone is back because an attested order of the person had it set again.

    Then it is not given back to the KIV administrator, who has just set it: either the order is done soon
    and the right goes on, or it ends and the value goes after all. At most `RENEWAL_GRACE_DAYS`.
    """
    lasted = timezone.now() - row.state_since
    if row.values_gone_at is None or lasted > timedelta(days=settings.RENEWAL_GRACE_DAYS):
        return False
    orders = find.attested_orders(row.subject_key)
    found = plan_for(row, reading)
    return any(removal.needs(order.right, held) for order in orders for held in found.remove)


@transaction.atomic
def record_look(row: Removal, *, reading: Reading, administrators: Iterable[Person] = ()) -> None:
    """Settle what a look found: nothing left, nothing that may be removed, or work for the KIV administrator.

    Raises WrongState when the directory did not tell: that decides nothing.
    """
    grant = removals_moves.lock_grant(row)
    if grant is not None and grant.current_state is GrantState.ACTIVE:
        silence.end(row)
        _not_needed(row, grant, RENEWED)
        return
    found = plan_for(row, reading)
    if found.answer is Answer.UNKNOWN:
        raise WrongState(code="unknown_decides_nothing")
    silence.end(row)
    row.kept = [removals_moves.held_data(held) for held in found.kept]
    if found.answer is Answer.YES:
        _to_kiv(row, reading, found, tuple(administrators))
    elif _is_gone(row, found):
        _gone_from_kiv(row, reading)
    else:
        _not_needed(row, grant, str(found.why_nothing))


def _to_kiv(row: Removal, reading: Reading, found: Plan, administrators: tuple[Person, ...]) -> None:
    row.changes = [removals_moves.held_data(held) for held in found.remove]
    moved_entries.take_over_place(row, moved_entries.place_dn(row, reading))
    if not administrators:
        reason = _("The directory names no KIV administrator who may carry this out: the person may not.")
        removals_moves.give_up(row, code=NO_ADMINISTRATOR, reason=str(reason), actor=None)
        return
    is_again = row.values_gone_at is not None
    row.values_gone_at = None
    fields = ("changes", "kept", "values_gone_at", *kiv_answers.forget(row))
    cases_moves.move(row, RemovalState.AWAITING_KIV, *fields)
    handlers.assign(row, HandlerRole.KIV_ADMINISTRATOR, candidates.by_own_mandate(administrators))
    moment = Evidence.Moment.INSTEAD if is_again else Evidence.Moment.BEFORE
    evidence.keep(row, moment, reading.read_at, values=_values_still_there(row, reading))
    entry = events.record(
        Action.REMOVAL_KIV_NEEDED, actor=None, about=row, changes=row.changes, kept=row.kept, again=is_again
    )
    kind = MessageKind.KIV_RETURNED if is_again else MessageKind.KIV
    handlers.ask(entry, row, kind)
    if not is_again:
        teams.tell(entry, row, reading)
    ticket_mails.tell(entry, row, reading)


def _is_gone(row: Removal, found: Plan) -> bool:
    """Nothing is left to remove: all of it is gone, or what was removed is and the rest is needed."""
    if found.answer is not Answer.NO:
        return False
    if found.why_nothing is Nothing.ALREADY_GONE:
        return True
    living = living_rights(row)
    return any(
        not any(removal.needs(right, held) for right in living) for held in removals_moves.changes_of(row)
    )


def _gone_from_kiv(row: Removal, reading: Reading) -> None:
    row.carried_out_how = row.carried_out_how or "already_gone"
    row.end_code = Nothing.ALREADY_GONE.value if row.carried_out_how == "already_gone" else ""
    row.values_gone_at = row.values_gone_at or reading.read_at
    evidence.keep(
        row, Evidence.Moment.VERIFICATION, reading.read_at, values=_values_still_there(row, reading)
    )
    row.gone_doubted_at = None  # HSA is doubted anew
    fields = ("carried_out_how", "end_code", "values_gone_at", "kept", "gone_doubted_at")
    if not has_national_directory():
        finish(row, reading.read_at, *fields)
        return
    row.gone_from_hsa_at = None
    hsa_following.begin(row, "gone_from_hsa_at", *fields)
    events.record(Action.REMOVAL_GONE_FROM_KIV, actor=None, about=row, changes=row.changes, kept=row.kept)


def finish(row: Removal, at: datetime, *fields: str, which: Which = Which.OWN) -> None:
    """It is proven: nothing is left in the last directory that is read. The row's grant is locked."""
    row.verified_at = at
    cases_moves.move(row, RemovalState.DONE, "verified_at", *fields)
    handlers.release(row)
    entry = events.record(
        Action.REMOVAL_DONE,
        actor=None,
        about=row,
        how=row.carried_out_how,
        changes=row.changes,
        kept=row.kept,
        seen_in=_SEEN_IN[which],
        evidence=digests(row),
    )
    if row.grant is not None:
        end.record_gone(row.grant)
    outbox.enqueue(entry, MessageKind.REMOVAL_DONE, row.concerned, case=row)


def _not_needed(row: Removal, grant: Grant | None, code: str) -> None:
    row.end_code = code
    cases_moves.move(row, RemovalState.NOT_NEEDED, "end_code", "kept")
    handlers.release(row)
    entry = events.record(Action.REMOVAL_NOT_NEEDED, actor=None, about=row, why=code, kept=row.kept)
    if grant is not None:
        end.record_gone(grant)
    outbox.enqueue(entry, MessageKind.REMOVAL_ENDED, row.concerned, case=row)


def _values_still_there(row: Removal, reading: Reading) -> list[dict[str, Any]]:
    """What stands where the removal is about, for this person only."""
    changes = [removals_moves.held_from(data) for data in row.changes]
    places = {(held.dn, held.attribute) for held in changes}
    if reading.person is not None:
        places.add((reading.person.dn, Attribute.SYSTEM_ROLE))
    there = removal.still_there(reading, at=reading.read_at)
    return [
        {
            "dn": dn,
            "attribute": attribute.value,
            "values": [
                held.value for held in there if held.attribute is attribute and names.is_same(held.dn, dn)
            ],
        }
        for dn, attribute in sorted(places)
    ]
