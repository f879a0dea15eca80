"""Counting a day, keeping it, and adding days up."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import access, dates
from provisioning.figures import counting, reading, roll_up, spread
from provisioning.models import AccessRequest, DayFigures, FiguredPlace, Order
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)


def done(days_ago: int, took_days: int, person_id=cast.COORDINATOR) -> AccessRequest:
    """An order that was done so many days ago, and took so many days."""
    row = acts.order(person_id=person_id)
    at = timezone.now() - timedelta(days=days_ago)
    Order.objects.filter(pk=row.order_id).update(created_at=at - timedelta(days=took_days))
    AccessRequest.objects.filter(pk=row.pk).update(state="done", state_since=at)
    row.refresh_from_db()
    return row


def period(keys=(counting.ALL,)) -> reading.Period:
    today = dates.today()
    return reading.read(keys, first=today - timedelta(days=27), last=today)


@pytest.mark.parametrize("days", [0.0001, 0.5, 1, 3, 7, 40, 400])
def test_a_length_is_told_within_fifteen_per_cent(days):
    length = timedelta(days=days)
    told = spread.quantile({spread.slot(length): 5}, 0.5)
    assert told is not None
    assert abs(told - length) <= max(length * 0.15, timedelta(minutes=1))


def test_the_ninth_tenth_is_what_nine_of_ten_did_not_exceed():
    day, month = (spread.slot(timedelta(days=number)) for number in (1, 30))
    slots = {day: 9, month: 1}
    assert spread.quantile(slots, 0.9) == spread.quantile({day: 1}, 0.5)
    assert spread.within(slots, timedelta(days=7)) == 9
    assert spread.quantile({}, 0.5) is None


def test_kept_days_and_days_counted_now_say_the_same(directory):
    done(1, 3)
    done(9, 20, cast.COORDINATOR_UNCOUPLED)
    before = period()
    assert before.total["done"] == 1  # the older day waits for the night
    assert not before.is_whole

    assert roll_up.catch_up() >= 9
    kept = period()
    assert kept.is_whole
    assert kept.total["done"] == 2
    DayFigures.objects.filter(day__gte=dates.today() - timedelta(days=3)).delete()
    assert period().total == kept.total
    assert roll_up.catch_up() == 3
    assert roll_up.catch_up() == 0


def test_a_day_is_kept_for_the_unit_and_for_each_place_above_it(directory):
    row = done(1, 3)
    roll_up.catch_up()
    above = row.unit_dn.partition(",")[2]
    for key in (row.unit_key, counting.place_key(row.unit_dn), counting.place_key(above.upper())):
        assert period([key]).total["done"] == 1, key
    assert period([cast.EKLIDEN.folded]).total == {}


def test_what_hindered_is_counted_and_names_nobody(directory):
    row = done(1, 3)
    AccessRequest.objects.filter(pk=row.pk).update(state="cannot_be_done", end_reason="Nej.")
    roll_up.catch_up()
    total = period().total
    assert (total["done"], total["vain"]) == (0, 1)
    assert reading.causes(total) == [("cannot_be_done", 1)]
    kept = str(list(DayFigures.objects.values("place_key", "place_dn", "place_name", "counts")))
    assert cast.COORDINATOR.folded not in kept.casefold()


def test_only_the_places_that_are_asked_about_are_counted(directory):
    row = done(0, 3)
    everything = counting.of_day(dates.today())
    for key in (counting.ALL, row.unit_key, counting.place_key(row.unit_dn)):
        told = counting.of_day(dates.today(), only=[key])
        assert {spot.key for spot, _service in told} == {key}
        assert told.items() <= everything.items()
    assert counting.of_day(dates.today(), only=[cast.EKLIDEN.folded]) == {}


def test_the_places_to_choose_from_are_kept_once(directory):
    row = done(2, 3)
    roll_up.catch_up()
    kept = set(FiguredPlace.objects.values_list("place_key", flat=True))
    assert counting.place_key(row.unit_dn) in kept
    assert counting.ALL not in kept and row.unit_key not in kept
    roll_up.keep(dates.today() - timedelta(days=2))
    assert set(FiguredPlace.objects.values_list("place_key", flat=True)) == kept
    assert access.figure_scopes(acts.user(cast.OUTSIDER)) == ()


def test_an_auditor_may_choose_each_place_above_a_unit(directory, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    row = done(2, 3)
    roll_up.catch_up()
    chosen = {scope.key for scope in access.figure_scopes(acts.user(cast.AUDITOR))}
    assert {counting.ALL, counting.place_key(row.unit_dn.partition(",")[2])} <= chosen
