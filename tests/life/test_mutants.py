"""Every broken guard is noticed, and by what it should be noticed by."""

from __future__ import annotations

import pytest

from tests.life.doings import Doings
from tests.life.invariants import Broken
from tests.life.mutants import MUTANTS, Mutant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.guard)
def test_a_broken_guard_is_noticed(world, monkeypatch, mutant: Mutant):
    life = Doings(world, reads_hsa=mutant.reads_hsa)
    life.holds()
    mutant.breaks(monkeypatch)
    with pytest.raises(Exception) as noticed:  # noqa: B017, PT011 - which one is what the test is about
        mutant.life(life)
        life.close()
    error = noticed.value
    assert (error.rule if isinstance(error, Broken) else type(error).__name__) == mutant.noticed_by, error
