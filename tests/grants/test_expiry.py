"""A right's time: prolonged from its old last day, announced before its end, ended the day after."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import IntegrityError, transaction
from django.utils import formats

from provisioning import dates
from provisioning import directory as provisioning_directory
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import AccessRequest, AuditEntry, Grant, Notice, OutgoingMessage, Removal
from provisioning.orders import prepare
from provisioning.rights import end as rights_end
from provisioning.rights import notices
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import Attribute
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import GrantState, RemovalState
from tests import cast
from tests.findings import drifting
from tests.grants import life
from tests.workflows import acts
from workflows import tasks
from workflows.sweeps import expiry as ending

pytestmark = pytest.mark.django_db(transaction=True)


def prolong(grant: Grant, *, starts_on: date | None = None, ends_on: date) -> AccessRequest:
    start = starts_on or grant.ends_on + timedelta(days=1)
    return acts.order(starts_on=start, days=(ends_on - start).days)


def test_a_finished_order_is_a_right_with_its_dates_and_a_review(directory, kiv):
    grant = life.granted(kiv, days=300)
    today = dates.today()
    assert (grant.starts_on, grant.ends_on) == (today, today + timedelta(days=300))
    assert grant.next_review_on == deadlines.next_review(today)
    assert grant.person_dn == provisioning_directory.open_directory().person(cast.COORDINATOR).dn
    entry = AuditEntry.objects.get(action="grant.created")
    assert (entry.about, entry.request_id) == (grant.public_id, grant.origin.public_id)


@pytest.mark.parametrize("end", [RequestState.REJECTED, RequestState.WITHDRAWN])
def test_an_order_that_is_not_done_gives_no_right(directory, end):
    request = acts.order(by=cast.COORDINATOR)
    if end is RequestState.REJECTED:
        acts.reject(request, cast.HEAD)
    else:
        acts.steps.withdraw(request, by=acts.user(cast.COORDINATOR), reason="")
    assert not Grant.objects.exists()


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
    assert entry.data == {"old": old_end.isoformat(), "new": grant.ends_on.isoformat()}


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
def test_twelve_months_are_counted_from_the_old_end_and_nothing_is_shortened(
    directory, kiv, start, end, code
):
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


def test_the_database_holds_one_living_grant_for_each_right(directory, kiv):
    grant = life.granted(kiv)
    other = acts.order(units=[cast.BJORKHAGA], person_id=cast.DOCTOR)
    copy = Grant.objects.get(pk=grant.pk)
    copy.pk, copy.origin = None, other
    copy.public_id = other.public_id
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)


# -- notices -------------------------------------------------------------------------------------------------


def ends(grant: Grant, day: date) -> Grant:
    Grant.objects.filter(pk=grant.pk).update(
        ends_on=day, starts_on=day - timedelta(days=200), noticed_on=day - timedelta(days=100)
    )
    grant.refresh_from_db()
    return grant


@pytest.mark.parametrize(
    ("end", "days"),
    [
        # An ordinary Thursday; a Monday, whose last notice is on the Friday; Epiphany; midsummer; Christmas.
        (date(2026, 11, 19), ["2026-10-20", "2026-11-05", "2026-11-12", "2026-11-18"]),
        (date(2026, 11, 23), ["2026-10-23", "2026-11-09", "2026-11-16", "2026-11-20"]),
        (date(2027, 1, 7), ["2026-12-08", "2026-12-23", "2026-12-30", "2027-01-05"]),
        (date(2027, 6, 27), ["2027-05-28", "2027-06-11", "2027-06-18", "2027-06-24"]),
        (date(2027, 12, 27), ["2027-11-26", "2027-12-13", "2027-12-20", "2027-12-23"]),
        (date(2028, 3, 1), ["2028-01-31", "2028-02-16", "2028-02-23", "2028-02-29"]),
    ],
)
def test_notices_go_out_on_working_days_and_each_once(directory, kiv, end, days):
    grant = ends(life.granted(kiv), end)
    given = []
    day = end - timedelta(days=60)
    while day <= end + timedelta(days=3):
        for _run in range(2):
            if notices.give_notices(provisioning_directory.open_directory(), on=day):
                given.append(day.isoformat())
        day += timedelta(days=1)
    assert given == days
    assert Notice.objects.filter(grant=grant).count() == 2 * len(days)  # the person, and the head of unit


def test_a_run_that_was_missed_gives_the_latest_notice_only(directory, kiv):
    grant = ends(life.granted(kiv), date(2026, 11, 19))
    assert notices.give_notices(provisioning_directory.open_directory(), on=date(2026, 11, 14)) == 1
    assert set(grant.notices.values_list("due_on", "days_left")) == {(date(2026, 11, 12), 5)}


def test_a_person_gets_one_digest_whatever_the_number_of_rights(directory, kiv, mailoutbox):
    for grant in (life.granted(kiv), life.statistics(kiv)):
        ends(grant, dates.today() + timedelta(days=5))
    mailoutbox.clear()
    OutgoingMessage.objects.update(state="sent")
    tasks.sweep_notices()
    tasks.sweep_notices()
    messages = OutgoingMessage.objects.filter(kind="rights_end_soon")
    assert {message.recipient_key for message in messages} == {cast.COORDINATOR.folded, cast.HEAD.folded}
    assert messages.count() == 2
    assert Notice.objects.filter(message=None).count() == 0
    acts.send_mails()
    assert len(mailoutbox) == 2
    for mail in mailoutbox:
        assert "/behorigheter/" in mail.body
        assert "Björkhaga" not in mail.body and "SE0000000000" not in mail.body


def test_no_notice_while_an_order_would_prolong_it_and_it_comes_when_that_ends(directory, kiv):
    grant = ends(life.granted(kiv), dates.today() + timedelta(days=5))
    request = acts.order(by=cast.COORDINATOR, starts_on=grant.ends_on + timedelta(days=1), days=100)
    assert notices.give_notices(provisioning_directory.open_directory()) == 0
    acts.reject(request, cast.HEAD)
    assert notices.give_notices(provisioning_directory.open_directory()) == 1


def test_a_silent_directory_puts_notices_off(directory, kiv):
    ends(life.granted(kiv), dates.today() + timedelta(days=5))
    directory.faults.is_busy = True
    tasks.sweep_notices()
    assert not Notice.objects.exists()
    directory.faults.clear()
    tasks.sweep_notices()
    assert Notice.objects.count() == 2


def test_a_unit_that_two_entries_claim_keeps_nobody_elses_notice_back(directory, kiv):
    first, second = life.granted(kiv), life.granted(kiv, person_id=cast.DOCTOR)
    ends(first, dates.today() + timedelta(days=5))
    ends(second, dates.today() + timedelta(days=6))
    Grant.objects.filter(pk=first.pk).update(unit_key=cast.EKLIDEN.folded, unit_hsa_id=cast.EKLIDEN.text)
    drifting.replace(kiv, drifting.unit_dn(cast.ALMBY), "hsaIdentity", [cast.EKLIDEN.text])
    tasks.sweep_notices()
    told = Notice.objects.values_list("grant", "recipient_key")
    assert set(told) == {
        (first.pk, cast.COORDINATOR.folded),
        (first.pk, cast.HEAD.folded),  # who ordered it
        (second.pk, cast.DOCTOR.folded),
        (second.pk, cast.HEAD.folded),
    }


def let_end(grant: Grant, by) -> Grant:
    person = acts.user(by)
    return rights_end.let_end(
        grant.pk, by=person, mandates=current.read(person.identity), reason="Behövs ej."
    )


@pytest.mark.parametrize("by", [cast.HEAD, cast.COORDINATOR])
def test_what_is_let_to_end_is_not_announced_and_can_still_be_prolonged(directory, kiv, by):
    grant = ends(life.granted(kiv), dates.today() + timedelta(days=5))
    let_end(grant, by)
    assert notices.give_notices(provisioning_directory.open_directory()) == 0
    with pytest.raises(WrongState):
        let_end(grant, by)
    prolong(grant, ends_on=grant.ends_on + timedelta(days=90))
    acts.work()
    grant.refresh_from_db()
    assert (grant.let_end_at, grant.let_end_by, grant.current_state) == (None, None, GrantState.ACTIVE)


@pytest.mark.parametrize("by", [cast.OUTSIDER, cast.KIV_ADMINISTRATOR])
def test_others_do_not_let_a_right_end(directory, kiv, by):
    with pytest.raises(NotAllowed):
        let_end(life.granted(kiv), by)


# -- the end -------------------------------------------------------------------------------------------------


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


def test_an_attested_order_that_comes_through_in_the_days_of_grace_goes_on_as_one_right(directory, kiv):
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
