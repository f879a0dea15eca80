"""Guards of the tool, broken one at a time: what the lives are worth is whether they notice.

Each mutant names the guard, the short life that comes past it, and what must be noticed: an invariant, or the
error with which the database or the engine stops it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from django.utils import timezone

from provisioning.assessments import reading as assessments_reading
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import handlers, kiv_answers, moves
from provisioning.directory import open_directory
from provisioning.directory.reading.readability import Readability
from provisioning.errors import NotAllowed
from provisioning.findings import record as findings_record
from provisioning.findings import settle
from provisioning.mandates import current
from provisioning.models import Delegation, Relation, Removal
from provisioning.orders import arrive, attest, check, verify
from provisioning.orders import end as orders_end
from provisioning.removals import leave_hsa, look
from provisioning.reviews import decide
from provisioning.rights import end as rights_end
from provisioning.rules import removal
from provisioning.rules.drift import compare
from provisioning.rules.hsa import Answer, Reading
from provisioning.rules.removal import Plan
from provisioning.rules.services import catalogue
from tests.life import scenarios
from tests.life.scenarios import Scenario
from workflows.engine.nodes import BackgroundActivation
from workflows.removals.flow import RemovalFlow

Break = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True)
class Mutant:
    """`breaks` takes the guard away; `noticed_by` is the invariant's name, or the error's."""

    guard: str
    breaks: Break
    life: Scenario
    noticed_by: str
    reads_hsa: bool = False


def instead(module: Any, name: str, what: Any) -> Break:
    return lambda patch: patch.setattr(module, name, what)


def afterwards(module: Any, name: str, then: Callable[..., None]) -> Break:
    """The real thing, and then something that undoes it."""
    real = getattr(module, name)

    def both(*args: Any, **kwargs: Any) -> Any:
        result = real(*args, **kwargs)
        then(*args, **kwargs)
        return result

    return instead(module, name, both)


def unrecorded(action: Action) -> Break:
    """An operation forgets its entry: some other stands there, about nothing."""
    real = events.record

    def record(what: Action, **facts: Any) -> Any:
        if what is not action:
            return real(what, **facts)
        return real(Action.MESSAGE_RESENT, actor=None)

    return instead(events, "record", record)


def _forget_the_next_look(case: Any, *_args: object) -> None:
    case.next_poll_at = None
    case.save(update_fields=["next_poll_at"])


def _forget_a_removals_next_look(case: Any, *_args: object) -> None:
    if isinstance(case, Removal):
        _forget_the_next_look(case)


def _ask_inside(*_args: object) -> None:
    open_directory().unit(scenarios.COORDINATOR.unit)


def _refuse_after_writing(finding: Any, **_rest: Any) -> None:
    finding.settled_by_id = "se0000000000-1002"
    finding.save(update_fields=["settled_by"])
    raise NotAllowed


def _always_works(order: Any, reading: Reading) -> Any:
    return replace(_assess_now(order, reading), answer=Answer.YES)


_assess_now = assessments_reading.assess_now


def _arrive(request: Any, *, kiv: Reading, hsa: Reading, found: Any) -> bool:
    verify.finish(request, kiv.read_at, found, kiv=kiv)
    return True


def _fails(*_args: object, **_rest: object) -> None:
    raise KeyError


def _close_at_once(review: Any, *, by: Any) -> None:
    review.state, review.closed_at = "closed", timezone.now()
    review.save(update_fields=["state", "closed_at"])
    events.record(Action.REVIEW_CLOSED, actor=by, about=review, counts={})


def _for_ever(self: BackgroundActivation, delay: object) -> None:
    self.task.scheduled, self.task.data = None, {}
    self.task.save(update_fields=["scheduled", "data"])


MUTANTS: tuple[Mutant, ...] = (
    # No right without attestation by somebody else
    Mutant(
        "the attester is asked, holds the mandate, and is not the subject",
        instead(attest, "_require_attester", lambda *_args: None),
        scenarios.own_wish,
        "IntegrityError",
    ),
    Mutant(
        "the attester was asked, and holds the mandate",
        instead(attest, "_is_head_there", lambda *_args: True),
        scenarios.other_head,
        "who_attests_holds_the_mandate",
    ),
    Mutant(
        "a delegation that has lapsed does not count",
        instead(current, "principal_of", lambda pk, _held: Delegation.objects.get(pk=pk).principal),
        scenarios.stand_in,
        "who_attests_holds_the_mandate",
    ),
    # No removal reported while the value is there; none of what another right needs
    Mutant(
        "a reading with gaps decides nothing about a removal",
        instead(Reading, "is_readable", lambda *_args: True),
        scenarios.ended_in_an_outage,
        "what_is_reported_gone_is_gone",
    ),
    Mutant(
        "a right knows the values it rests on",
        instead(removal, "needs", lambda *_args: False),
        scenarios.ended_and_not_carried_out,
        "what_is_reported_gone_is_gone",
    ),
    Mutant(
        "what could be read a moment ago is asked about afresh, where nothing decides",
        lambda patch: patch.setattr(Readability, "_is_known", lambda *_args: True),
        scenarios.ended_behind_a_lasting_curtain,
        "what_is_reported_gone_is_gone",
    ),
    Mutant(
        "what has left KIV has not left HSA",
        instead(leave_hsa, "left_in_hsa", lambda *_args, **_rest: Plan(Answer.NO)),
        scenarios.gone_from_kiv_first,
        "what_is_reported_gone_is_gone",
        reads_hsa=True,
    ),
    Mutant(
        "what has been set in KIV has not arrived in HSA",
        instead(arrive, "record_arrival", _arrive),
        scenarios.nothing_has_arrived,
        "a_new_right_stands_on_its_values",
        reads_hsa=True,
    ),
    Mutant(
        "a task to remove is looked at again when the right is given anew",
        instead(look, "is_needed_again", lambda *_args: False),
        scenarios.ended_and_given_anew,
        "nobody_is_asked_to_remove_what_a_right_needs",
    ),
    # A right stands on its values
    Mutant(
        "a right is given when the service's own rule says yes",
        instead(assessments_reading, "assess_now", _always_works),
        scenarios.own_wish,
        "a_new_right_stands_on_its_values",
    ),
    Mutant(
        "the value to set is the right's own",
        instead(catalogue, "wanted_role", lambda *_args: "INTYG;Rehab-SE0000000000-E000000001102"),
        scenarios.own_wish,
        "only_what_was_ordered_is_set",
    ),
    # Nothing waits without a next nudge
    Mutant(
        "a KIV task has its next look",
        afterwards(moves, "move", _forget_the_next_look),
        scenarios.set_wrong_and_right,
        "everything_that_waits_is_nudged",
    ),
    Mutant(
        "a removal with KIV has its next look",
        afterwards(moves, "move", _forget_a_removals_next_look),
        scenarios.ended_and_taken_away,
        "everything_that_waits_is_nudged",
    ),
    Mutant(
        "work that is put off has its time",
        instead(BackgroundActivation, "put_off", _for_ever),
        scenarios.ended_and_taken_away,
        "everything_that_waits_is_nudged",
    ),
    Mutant(
        "a removal has its process",
        instead(RemovalFlow.start, "run", lambda **_rest: None),
        scenarios.ended_and_taken_away,
        "everything_that_waits_is_nudged",
    ),
    Mutant(
        "a right whose day has passed is found",
        instead(rights_end, "due_to_end", lambda _on: []),
        scenarios.ended_by_its_day,
        "everything_that_waits_is_nudged",
    ),
    Mutant(
        "who has had a case lets go of it",
        instead(handlers, "release", lambda *_args: None),
        scenarios.own_wish,
        "a_case_is_with_those_whose_turn_it_is",
    ),
    Mutant(
        "a review is closed when nothing is left",
        instead(decide, "close_if_decided", _close_at_once),
        scenarios.reviewed,
        "a_closed_review_has_nothing_undecided",
    ),
    Mutant(
        "who was overtaken records nothing",
        instead(BackgroundActivation, "holds", lambda *_args: True),
        scenarios.a_worker_is_overtaken,
        "WrongState",
    ),
    # Every change of state is told
    *(
        Mutant(f"{action.value} is recorded", unrecorded(action), life, "the_event_log_tells_every_state")
        for action, life in (
            (Action.REQUEST_STARTED, scenarios.own_wish),
            (Action.CHECKED, scenarios.nothing_to_set),
            (Action.KIV_NEEDED, scenarios.own_wish),
            (Action.VALUES_SEEN, scenarios.own_wish),
            (Action.DONE, scenarios.own_wish),
            (Action.GRANT_EXPIRED, scenarios.ended_by_its_day),
            (Action.GRANT_ENDED, scenarios.ended_and_taken_away),
            (Action.GRANT_KEPT, scenarios.ended_and_taken_back),
            (Action.REMOVAL_KIV_NEEDED, scenarios.ended_and_taken_away),
            (Action.REMOVAL_DONE, scenarios.ended_and_taken_away),
            (Action.FINDING_FOUND, scenarios.lost_and_found),
            (Action.FINDING_EXPLAINED, scenarios.lost_and_found),
            (Action.FINDING_OVER, scenarios.lost_and_found),
            (Action.LEFT, scenarios.left),
            (Action.REVIEW_OPENED, scenarios.reviewed),
            (Action.GRANT_REVIEWED, scenarios.reviewed),
            (Action.REVIEW_UNDECIDED, scenarios.silently_reviewed),
            (Action.DELEGATION_ENDED, scenarios.stand_in),
        )
    ),
    # Four eyes
    Mutant(
        "who carries out is asked, and neither subject nor attester",
        instead(kiv_answers, "require_administrator", lambda *_args: None),
        scenarios.set_wrong_and_right,
        "IntegrityError",
    ),
    Mutant(
        "nobody reviews their own right",
        instead(decide, "_require_reviewer", lambda *_args: (None, Relation.OWN)),
        scenarios.reviewed,
        "IntegrityError",
    ),
    Mutant(
        "nobody settles a finding about themselves",
        instead(settle, "_require", lambda finding, *_args: findings_record.lock(finding.pk)),
        scenarios.lost_and_found,
        "IntegrityError",
    ),
    # Findings
    Mutant(
        "a reading with gaps finds nothing",
        instead(Reading, "is_readable", lambda *_args: True),
        scenarios.lost_and_found,
        "findings_are_true",
    ),
    Mutant(
        "the orders of who has left are ended",
        instead(orders_end, "person_left", lambda *_args, **_rest: None),
        scenarios.left,
        "who_has_left_has_no_orders",
    ),
    Mutant(
        "a role that has gone is found",
        instead(compare._Look, "_role", lambda *_args: None),
        scenarios.lost_and_found,
        "what_is_lost_is_found",
    ),
    # How operations are written
    Mutant(
        "work does not fail in a way that nobody foresaw",
        instead(check, "record_check", _fails),
        scenarios.own_wish,
        "work_never_fails_oddly",
    ),
    Mutant(
        "the directory is never asked inside a transaction",
        afterwards(handlers, "release", _ask_inside),
        scenarios.own_wish,
        "AskedInsideTransaction",
    ),
    Mutant(
        "what is refused writes nothing",
        instead(settle, "explain", _refuse_after_writing),
        scenarios.lost_and_found,
        "refusals_write_nothing",
    ),
)
