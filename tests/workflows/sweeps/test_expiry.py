"""A right ends the day after its last one, waits for an attested order, and comes back only as a new one."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning import dates
from provisioning.models import Grant, Removal
from provisioning.rules.states.right import GrantState, RemovalState
from tests import acts, cast
from tests.rights import life
from workflows.sweeps import expiry as ending

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_last_day_still_counts_and_the_day_after_the_removal_starts(directory, kiv):
    grant = life.has_run_out(life.granted(kiv), days_ago=0)
    assert ending.end_due() == 0
    life.has_run_out(grant, days_ago=1)
    assert ending.end_due() == 1
    assert ending.end_due() == 0
    grant.refresh_from_db()
    removal = grant.removals.get()
    assert (grant.current_state, grant.end_cause) == (GrantState.ENDING, "expiry")
    assert (removal.cause, removal.started_by) == ("expiry", None)


@pytest.mark.parametrize("days_ago", [0, 1, 4])
def test_a_right_can_be_ordered_again_although_no_sweep_has_ended_it_yet(directory, kiv, days_ago):
    """The timetable may have stood still for days: nobody is asked to let the new time begin in the past."""
    grant = life.has_run_out(life.granted(kiv), days_ago=days_ago)
    today = dates.today()
    request = acts.order(starts_on=today, days=300)
    assert request.starts_on == (today + timedelta(days=1) if days_ago == 0 else today)
    acts.work()
    assert ending.end_due() == 0
    grant.refresh_from_db()
    assert (grant.current_state, grant.ends_on) == (GrantState.ACTIVE, today + timedelta(days=300))
    assert Grant.objects.count() == 1 and not Removal.objects.exists()


def test_removal_waits_a_little_for_an_attested_order_and_not_for_ever(directory, kiv, settings):
    settings.RENEWAL_GRACE_DAYS = 7
    grant = life.granted(kiv)
    life.has_run_out(grant, days_ago=-1)
    acts.order(starts_on=grant.ends_on + timedelta(days=1), days=100)  # attested by the order
    life.has_run_out(grant, days_ago=7)
    assert ending.end_due() == 0
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ENDING
    life.has_run_out(grant, days_ago=8)
    assert ending.end_due() == 1


def test_removal_does_not_wait_for_an_order_that_nobody_has_attested(directory, kiv):
    grant = life.granted(kiv)
    life.has_run_out(grant, days_ago=-1)
    acts.order(by=cast.COORDINATOR, starts_on=grant.ends_on + timedelta(days=1), days=100)
    life.has_run_out(grant, days_ago=1)
    assert ending.end_due() == 1


def test_an_order_done_in_the_days_of_grace_prolongs_the_right(directory, kiv):
    grant = life.granted(kiv)
    life.has_run_out(grant, days_ago=-1)
    acts.order(starts_on=grant.ends_on + timedelta(days=1), days=100)
    life.has_run_out(grant, days_ago=2)
    assert ending.end_due() == 0
    acts.work()
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ACTIVE
    assert grant.ends_on > dates.today()
    assert not Removal.objects.exists()


def test_a_right_that_has_ended_comes_back_only_as_a_new_right(directory, kiv):
    grant = life.granted(kiv)
    removal = life.with_kiv(life.run_out(grant))
    life.take_away(kiv, removal)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE
    again = life.granted(kiv)
    assert again != grant
    assert Grant.objects.living().count() == 1
