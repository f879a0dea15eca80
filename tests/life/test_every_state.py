"""No state without somebody, or something, that takes it further: a new one fails here until it has both."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest

from config.celery import TIMETABLE
from provisioning.audit.events import Action
from provisioning.models import Finding, ReviewState
from provisioning.rules.states import request
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import REMOVAL_ENDED, GrantState, RemovalState
from tests.life import story, waiting
from tests.life.waiting import Next, Waiting
from workflows.steps import STEP_OF

TABLES: list[tuple[type[Enum], Mapping[Any, Waiting]]] = [
    (RequestState, waiting.REQUESTS),
    (GrantState, waiting.GRANTS),
    (RemovalState, waiting.REMOVALS),
    (Finding.State, waiting.FINDINGS),
    (ReviewState, waiting.REVIEWS),
]


@pytest.mark.parametrize(("states", "table"), TABLES, ids=[states.__name__ for states, _table in TABLES])
def test_every_state_says_what_comes_next(states, table):
    assert set(table) == set(states)


@pytest.mark.parametrize(("states", "table"), TABLES, ids=[states.__name__ for states, _table in TABLES])
def test_what_waits_is_found_by_a_sweep_of_the_timetable(states, table: Mapping[Enum, Waiting]):
    for state, waits in table.items():
        assert (waits.whose is Next.NOTHING) is not (waits.sweep in TIMETABLE), state


def test_the_tool_has_what_the_rules_say_it_has():
    for state, waits in waiting.REQUESTS.items():
        whose = request.WAITING_ON[state]
        assert (waits.whose is Next.TOOL) is (whose is request.Waiting.TOOL)
        assert (waits.whose is Next.NOTHING) is (whose is request.Waiting.NOBODY)
        assert (waits.whose is Next.PERSON) is (state in STEP_OF)
    ended = {state for state, waits in waiting.REMOVALS.items() if waits.whose is Next.NOTHING}
    assert ended == REMOVAL_ENDED


def test_every_state_can_be_told_by_the_event_log():
    for states, table in (
        (RequestState, story.REQUEST),
        (GrantState, story.GRANT),
        (RemovalState, story.REMOVAL),
        (Finding.State, story.FINDING),
        (ReviewState, story.REVIEW),
    ):
        left = set(states) - set(table.values())
        # These are told by entries that say more than one thing: an attestation, a check, a removal's start.
        assert left <= {RequestState.AWAITING_SECOND_ATTESTATION, GrantState.ENDING}, left


def test_no_action_tells_of_two_things():
    tables = (story.REQUEST, story.GRANT, story.REMOVAL, story.FINDING, story.REVIEW)
    actions: list[Action] = [action for table in tables for action in table]
    assert len(actions) == len(set(actions))
