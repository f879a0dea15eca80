"""The end of a right is announced: on working days, once, in one digest, unless it is let to end."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from provisioning import dates
from provisioning import directory as provisioning_directory
from provisioning.errors import NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import Grant, Notice, OutgoingMessage
from provisioning.rights import end as rights_end
from provisioning.rights import notices
from provisioning.rules.states.right import GrantState
from tests import acts, cast
from tests.findings import drifting
from tests.orders.test_prolong import prolong
from tests.rights import life
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)


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


def test_a_notice_waits_while_an_order_would_prolong_the_right(directory, kiv):
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
