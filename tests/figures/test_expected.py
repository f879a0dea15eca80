"""An open order's forecast, from the finished orders of its place."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning import dates
from provisioning.figures import counting, expected, step_history
from provisioning.models import AccessRequest, Order, StepHistory
from provisioning.pages.cases import ready
from provisioning.rules.dates import deadlines
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)


def kept(key: str, hours: float = 10.0, count: int = 50) -> None:
    """So many finished orders of the place, each with so many hours in KIV and none elsewhere."""
    case = [dates.today().toordinal() - 1, 0.0, None, 0.0, hours, 0.0]
    StepHistory.objects.create(
        place_key=key, counted_to=dates.today() - timedelta(days=1), cases=[case] * count
    )


def done(days_ago: int) -> AccessRequest:
    """An order that was done so many days ago, attested three working days after it was placed."""
    row = acts.order()
    at = timezone.now() - timedelta(days=days_ago)
    Order.objects.filter(pk=row.order_id).update(created_at=at - timedelta(days=7))
    AccessRequest.objects.filter(pk=row.pk).update(
        state="done", state_since=at, attested_at=at, values_seen_at=at
    )
    return row


def test_a_day_s_orders_are_kept_for_each_place_and_only_once(directory):
    row = done(1)
    assert step_history.catch_up() == step_history.FURTHEST_DAYS
    assert step_history.catch_up() == 0
    today = dates.today()
    step_history.add(today - timedelta(days=1), today)  # once more
    for key in (counting.ALL, row.unit_key, counting.place_key(row.unit_dn)):
        assert len(step_history.of_places([key])[0]) == 1, key
    [[case]] = step_history.of_places([counting.ALL])
    working_days = sum(deadlines.is_working_day(today - timedelta(days=n)) for n in range(2, 8))
    assert case[0] >= 10.0 * (working_days - 1)
    assert cast.COORDINATOR.folded not in str(list(StepHistory.objects.values())).casefold()


def test_an_open_order_is_promised_by_its_own_place(directory):
    row = acts.order()
    kept(counting.ALL, hours=400.0)
    far = expected.of(row, now=timezone.now())
    kept(row.unit_key)
    near = expected.of(row, now=timezone.now())
    assert near.first is not None and near.last is not None and far.first is not None
    assert dates.today() <= near.first <= near.last <= deadlines.add_working_days(dates.today(), 3)
    assert far.first > near.last
    assert "ready" in ready.sentence(row) or "klart" in ready.sentence(row)


def test_too_few_finished_orders_are_said_to_be_too_few(directory):
    row = acts.order()
    assert expected.of(row, now=timezone.now()) == expected.Expected()
    kept(row.unit_key, count=5)
    assert expected.of(row, now=timezone.now()) == expected.Expected()
    assert "Too few" in ready.sentence(row) or "För få" in ready.sentence(row)


def test_an_order_that_waits_longer_than_any_is_not_promised(directory):
    row = acts.order()
    Order.objects.filter(pk=row.order_id).update(created_at=timezone.now() - timedelta(days=60))
    AccessRequest.objects.filter(pk=row.pk).update(attested_at=None)
    row = AccessRequest.objects.get(pk=row.pk)
    kept(counting.ALL)
    if row.attested_at is None:
        found = expected.of(row, now=timezone.now())
        assert found.first is None
        assert found.is_past_what_is_known


def test_an_ended_order_is_not_promised(directory):
    row = done(1)
    row.refresh_from_db()
    kept(counting.ALL)
    assert ready.sentence(row) == ""
