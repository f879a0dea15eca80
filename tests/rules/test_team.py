"""How far a team has come: from the tasks that somebody holds, and those that somebody must."""

from __future__ import annotations

import pytest

from provisioning.rules.team import Coverage, TeamNeeds, TeamTask

DOCTOR, COORDINATOR, HEAD = TeamTask.DOCTOR, TeamTask.COORDINATOR, TeamTask.HEAD


@pytest.mark.parametrize(
    ("held", "coverage", "missing"),
    [
        ((), Coverage.NOBODY, (DOCTOR, COORDINATOR)),
        ((HEAD,), Coverage.NOBODY, (DOCTOR, COORDINATOR)),
        ((DOCTOR,), Coverage.INCOMPLETE, (COORDINATOR,)),
        ((COORDINATOR,), Coverage.INCOMPLETE, (DOCTOR,)),
        ((DOCTOR, COORDINATOR), Coverage.COMPLETE, ()),
    ],
)
def test_a_team_is_complete_when_each_task_is_held(held, coverage, missing):
    needs = TeamNeeds({})
    assert needs.coverage(held) is coverage
    assert needs.missing(held) == missing


def test_where_no_coordinator_is_needed_a_doctor_is_enough():
    needs = TeamNeeds({}, needs_coordinator=False)
    assert needs.coverage([DOCTOR]) is Coverage.COMPLETE
    assert needs.coverage([COORDINATOR]) is Coverage.INCOMPLETE
    assert needs.coverage([]) is Coverage.NOBODY
