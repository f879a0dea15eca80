"""A right is prolonged from its old last day: how far, how early, and when it is restored instead."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import formats

from provisioning import dates
from provisioning.errors import Invalid
from provisioning.models import AccessRequest, AuditEntry, Grant
from provisioning.orders import prepare
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import Attribute, Level, Service
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.reading import text_of
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


def prolong(grant: Grant, *, starts_on: date | None = None, ends_on: date) -> AccessRequest:
    start = starts_on or grant.ends_on + timedelta(days=1)
    return acts.order(starts_on=start, days=(ends_on - start).days)


@pytest.mark.parametrize("starts", ["today", "day after the old end"])
def test_ordering_again_prolongs_the_same_right_from_its_old_end(directory, kiv, starts):
    grant = life.granted(kiv, days=60)
    old_end = grant.ends_on
    start = dates.today() if starts == "today" else old_end + timedelta(days=1)
    request = prolong(grant, starts_on=start, ends_on=old_end + timedelta(days=200))
    acts.work()
    grant.refresh_from_db()
    request.refresh_from_db()
    assert request.starts_on == old_end + timedelta(days=1)
    assert grant.ends_on == old_end + timedelta(days=200)
    assert grant.starts_on == dates.today()
    assert list(grant.requests.order_by("pk")) == [grant.origin, request]
    assert Grant.objects.count() == 1
    entry = AuditEntry.objects.get(action="grant.prolonged")
    assert (entry.data["old"], entry.data["new"]) == (old_end.isoformat(), grant.ends_on.isoformat())


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        ("today", ("old", -50), "order.not_longer"),
        ("today", ("old", 0), "order.not_longer"),
        ("today", ("old", 1), None),
        ("next", ("old", 0), "order.end_before_start"),
        ("next", ("old", 1), None),
        ("next", ("latest", 0), None),
        ("next", ("latest", 1), "order.end_too_late"),
        ("later", ("old", 50), "order.gap"),
    ],
)
def test_twelve_months_count_from_the_old_end_and_none_is_shortened(directory, kiv, start, end, code):
    grant = life.granted(kiv, days=60)
    next_day = grant.ends_on + timedelta(days=1)
    first = {"today": dates.today(), "next": next_day, "later": next_day + timedelta(days=1)}[start]
    base = {"old": grant.ends_on, "latest": deadlines.same_day_next_year(grant.ends_on)}[end[0]]
    last = base + timedelta(days=end[1])
    draft = acts.draft(starts_on=first, days=(last - first).days)
    prepared = prepare.prepare(draft, by=acts.user(cast.HEAD))
    assert code in ([refusal.code for refusal in prepared.all_refusals] or [None])
    assert prepared.items[0].live_grant == grant
    assert prepared.may_be_placed is (code is None)


@pytest.mark.parametrize(("days_left", "is_early"), [(300, True), (91, True), (90, False), (1, False)])
def test_a_right_that_works_is_prolonged_only_towards_its_end(directory, kiv, days_left, is_early):
    grant = life.granted(kiv, days=days_left)
    draft = acts.draft(starts_on=grant.ends_on + timedelta(days=1), days=200)
    prepared = prepare.prepare(draft, by=acts.user(cast.HEAD))
    assert prepared.may_be_placed is not is_early
    if not is_early:
        assert prepared.all_refusals == ()
        return
    (refusal,) = prepared.all_refusals
    opens_on = grant.ends_on - timedelta(days=90)
    assert (refusal.code, refusal.field) == ("order.too_early", "ends_on")
    for day in (grant.ends_on, opens_on):
        assert formats.date_format(day, "j F Y") in refusal.message
    with pytest.raises(Invalid):
        acts.steps.place_order(prepared, by=acts.user(cast.HEAD))
    assert AccessRequest.objects.count() == 1
    grant.refresh_from_db()
    assert grant.ends_on == dates.today() + timedelta(days=days_left)


@pytest.mark.parametrize(("start", "end"), [("today", -20), ("today", 100), ("later", 100)])
def test_what_is_too_early_is_said_whatever_days_were_filled_in(directory, kiv, start, end):
    grant = life.granted(kiv, days=200)
    first = dates.today() if start == "today" else grant.ends_on + timedelta(days=5)
    last = grant.ends_on + timedelta(days=end)
    prepared = prepare.prepare(acts.draft(starts_on=first, days=(last - first).days), by=acts.user(cast.HEAD))
    assert [refusal.code for refusal in prepared.all_refusals] == ["order.too_early"]


def test_nobody_prolongs_a_right_years_ahead(directory, kiv, settings):
    settings.PROLONG_EARLIEST_DAYS = 45
    grant = life.granted(kiv, days=45)
    for _again in range(3):
        draft = acts.draft(starts_on=grant.ends_on + timedelta(days=1), days=360)
        prepared = prepare.prepare(draft, by=acts.user(cast.HEAD))
        if prepared.may_be_placed:
            acts.steps.place_order(prepared, by=acts.user(cast.HEAD))
        acts.work()
        grant.refresh_from_db()
    assert grant.ends_on == dates.today() + timedelta(days=45 + 361)
    assert grant.requests.count() == 2


def test_an_access_that_does_not_work_is_restored_however_far_its_end_is(directory, kiv):
    grant = life.granted(kiv, days=200)
    life.kiv_removes_role(kiv, grant)
    again = life.granted(kiv, days=360)
    assert again == grant
    assert again.ends_on == dates.today() + timedelta(days=360)


def test_where_the_directory_does_not_tell_a_right_is_not_prolonged_early(directory, kiv):
    life.granted(kiv, days=200)
    directory.faults.unreadable = {"hsaSystemRole"}
    prepared = prepare.prepare(acts.draft(days=360), by=acts.user(cast.HEAD))
    assert "order.too_early" in [refusal.code for refusal in prepared.all_refusals]


@pytest.mark.parametrize("days", [366, 500])
def test_the_refusal_of_more_than_twelve_months_names_the_latest_day(directory, days):
    start = dates.today() + timedelta(days=30)
    prepared = prepare.prepare(acts.draft(starts_on=start, days=days), by=acts.user(cast.HEAD))
    (refusal,) = prepared.all_refusals
    assert (refusal.code, refusal.field) == ("order.end_too_late", "ends_on")
    latest = deadlines.latest_end(start)
    assert formats.date_format(latest, "j F Y") in refusal.message
    draft = acts.draft(starts_on=start, days=(latest - start).days)
    assert prepare.prepare(draft, by=acts.user(cast.HEAD)).may_be_placed


def test_where_the_access_is_lost_the_same_dates_can_be_ordered_again(directory, kiv):
    grant = life.granted(kiv)
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    again = life.granted(kiv, days=10)
    assert again == grant
    assert again.ends_on == dates.today() + timedelta(days=300)


def dated(kiv, *, last: int) -> tuple[Grant, str, str]:
    """A right whose coupling ends so many days after it does; the commission's DN, and its start."""
    grant = life.nearly_over(life.statistics(kiv))
    change = next(one for one in grant.origin.changes if one["attribute"] == "hsaCommissionMember")
    start = f"{dates.today() - timedelta(days=100)} 00:00:00"
    kiv.remove_value(change["dn"], Attribute.COMMISSION_MEMBER, change["add"])
    value = f"{cast.COORDINATOR.text};{start};{grant.ends_on + timedelta(days=last)} 23:59:59"
    kiv.add_value(change["dn"], Attribute.COMMISSION_MEMBER, value)
    return grant, change["dn"], start


def prolonged(grant: Grant, days: int = 200) -> AccessRequest:
    """As far as the check has carried it."""
    start = grant.ends_on + timedelta(days=1)
    request = acts.order(service=Service.INTYGSSTATISTIK, level=Level.UNIT, starts_on=start, days=days - 1)
    acts.work()
    request.refresh_from_db()
    return request


@pytest.mark.parametrize("how", ["moved in place", "a member more", "another way to write it"])
def test_a_dated_coupling_is_lengthened_with_the_right_it_carries(directory, kiv, enter, how):
    grant, commission, start = dated(kiv, last=0)
    old = next(one for one in kiv.values(commission, "hsaCommissionMember") if str(grant.ends_on) in one)
    request = prolonged(grant)

    assert request.current_state is RequestState.AWAITING_KIV
    new = f"{cast.COORDINATOR.text};{start};{request.ends_on} 23:59:59"
    assert [(one["dn"], one["add"]) for one in request.changes] == [(commission, new)]
    card = text_of(enter(cast.KIV_ADMINISTRATOR).get(reverse("kiv_task", args=[request.public_id])))
    assert new in card
    assert "Member of the commission whose last day moves" in card
    assert "Is replaced by the ordered value" in card

    acts.report_done(request)  # nothing has been moved yet: the old coupling still works, and proves nothing
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    if how != "a member more":
        kiv.remove_value(commission, Attribute.COMMISSION_MEMBER, old)
    kiv.add_value(
        commission,
        Attribute.COMMISSION_MEMBER,
        f"{cast.COORDINATOR.text};;" if how == "another way to write it" else new,
    )
    acts.work()
    request.refresh_from_db()
    grant.refresh_from_db()
    assert request.current_state is RequestState.DONE
    assert grant.ends_on == request.ends_on


@pytest.mark.parametrize("last", [200, 300])
def test_a_coupling_that_lasts_long_enough_brings_nobody_a_task(directory, kiv, last):
    grant, _commission, _start = dated(kiv, last=last)
    request = prolonged(grant)
    assert request.current_state is RequestState.DONE
    assert request.changes == []
