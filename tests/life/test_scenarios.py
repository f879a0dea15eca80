"""The short lives are right as they stand: so what fails in a mutant fails because of the mutant."""

from __future__ import annotations

import pytest

from tests.life.doings import Doings
from tests.life.scenarios import SCENARIOS

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("reads_hsa", [False, True], ids=["kiv", "hsa"])
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_short_life_holds(world, name, reads_hsa):
    _play(Doings(world, reads_hsa=reads_hsa), name)


@pytest.mark.postgres
@pytest.mark.parametrize("name", SCENARIOS)
def test_the_short_life_holds_on_postgresql(world, name):
    """There an error inside a transaction ends it, and constraints are asked at another moment."""
    _play(Doings(world, reads_hsa=True), name)


def _play(life: Doings, name: str) -> None:
    life.holds()
    SCENARIOS[name](life)
    life.close()
    assert life.taken
