"""Whatever happens, in whatever order: what must always hold always holds.

Without LIFE_RUNS the same lives are played each time, so that a change fails for its own sake. With it, so
many new ones by chance, of LIFE_STEPS steps each: docs/testing.md. A life that fails is printed, as short as
it could be made, as calls that can be played again.
"""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.life.machine import Life

RUNS = int(os.environ.get("LIFE_RUNS", "0"))
STEPS = int(os.environ.get("LIFE_STEPS", "40"))
SHORTENS = os.environ.get("LIFE_SHORTENS", "yes") == "yes"
USUAL_RUNS = 16

# What the usual lives come to: if they do not any more, they prove less than they seem to.
WHERE_THEY_COME = {
    "AccessRequest": "awaiting_attestation awaiting_second_attestation checking awaiting_choice "
    "awaiting_kiv verifying done",
    "Grant": "active ending ended",
    "Removal": "looking awaiting_kiv verifying done not_needed",
    "Finding": "open settling over",
    "Review": "open closed",
}

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(0 if RUNS else 1800)]


def test_whatever_the_order_what_must_hold_holds(world):
    class Lives(Life):
        pass

    Lives.world = world
    run_state_machine_as_test(
        Lives,
        settings=settings(
            max_examples=RUNS or USUAL_RUNS,
            stateful_step_count=STEPS,
            derandomize=not RUNS,
            phases=(Phase.generate, Phase.shrink) if SHORTENS else (Phase.generate,),
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=list(HealthCheck),
        ),
    )
    for thing, states in WHERE_THEY_COME.items():
        assert RUNS or {f"{thing} {state}" for state in states.split()} <= Lives.reached
