"""What other systems are told of an event, and how an answer to a webhook is judged: rules alone."""

from datetime import timedelta

import pytest

from provisioning.audit.events import Action
from provisioning.rules import event_kinds, hook_tries
from provisioning.rules.event_kinds import EventKind
from provisioning.rules.hook_tries import TryOutcome


def test_what_is_told_is_in_the_log_and_every_kind_is_told():
    assert {action.value for action in Action} >= event_kinds.TELLING
    tasks = {EventKind.KIV_TASK_OPENED, EventKind.KIV_TASK_CLOSED}
    assert set(event_kinds.KIND_OF.values()) | tasks == set(EventKind)


@pytest.mark.parametrize(
    ("before", "now", "kinds"),
    [
        (None, "request.kiv_needed", ["kiv-task.opened"]),
        ("request.kiv_needed", "request.not_seen", []),
        ("request.kiv_needed", "request.reported_done", []),
        ("request.kiv_needed", "request.values_seen", ["kiv-task.closed"]),
        ("request.values_seen", "request.done", ["case.done"]),
        ("request.kiv_needed", "request.withdrawn", ["kiv-task.closed", "case.withdrawn"]),
        (None, "request.withdrawn", ["case.withdrawn"]),
        ("request.values_seen", "request.not_seen", ["kiv-task.opened"]),
        (None, "login.accepted", []),
    ],
)
def test_a_task_is_open_until_the_directory_shows_it_or_the_case_ends(before, now, kinds):
    assert [kind.value for kind in event_kinds.kinds_of(now, turned_by=before)] == kinds


@pytest.mark.parametrize(
    ("status", "tries", "outcome"),
    [
        (200, 1, TryOutcome.DELIVERED),
        (204, 10, TryOutcome.DELIVERED),
        (302, 1, TryOutcome.AGAIN),
        (410, 1, TryOutcome.DEAD),
        (500, 9, TryOutcome.AGAIN),
        (None, 10, TryOutcome.DEAD),
    ],
)
def test_only_success_is_success_and_the_last_try_is_the_last(status, tries, outcome):
    assert hook_tries.judge(status, tries=tries, most=10) is outcome


def test_the_pauses_grow_to_a_day():
    pauses = [hook_tries.pause(tries) for tries in range(1, 20)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (timedelta(seconds=5), timedelta(days=1))
