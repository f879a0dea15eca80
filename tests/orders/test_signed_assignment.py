"""The day of the signed assignment for quality work: asked only where the region asks."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.models import AccessRequest, AuditEntry, OrderLine
from provisioning.orders import place, prepare, prolong
from provisioning.orders.many import look_up, send
from provisioning.orders.many.columns import template
from provisioning.orders.many.lines import WantedLine
from provisioning.rules.dates import deadlines
from provisioning.rules.dates.deadlines import SignedProblem
from provisioning.rules.hsa import Service
from tests import acts, cast
from tests.api.calling import portal
from tests.pages.order.test_page import fill, press
from tests.pages.order.test_page import send as send_page
from tests.pages.reading import beside, form_of, text_of
from tests.rights import life

STATISTICS = "intygsstatistik:unit"
FIELD = "signed_assignment_on"
ON = date(2028, 2, 29)


@pytest.fixture
def asked(directory, settings):
    settings.SIGNED_ASSIGNMENT_FOR = [STATISTICS]


def today() -> date:
    return timezone.localdate()


def days_ago(days: int) -> str:
    return (today() - timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("day", "problem"),
    [
        (None, SignedProblem.MISSING),
        (ON + timedelta(days=1), SignedProblem.FUTURE),
        (ON, None),
        (date(2023, 2, 28), None),
        (date(2023, 2, 27), SignedProblem.TOO_OLD),
    ],
)
def test_a_day_counts_up_to_today_and_for_five_years(day, problem):
    assert deadlines.signed_problem(day, on=ON) is problem


@pytest.mark.django_db
def test_where_no_region_asks_nobody_is_asked(directory, enter):
    answer = send_page(enter(cast.HEAD), access=STATISTICS, if_missing="wait", **{FIELD: days_ago(30)})
    request = AccessRequest.objects.get()
    assert answer.status_code == 302 and request.signed_assignment_on is None
    assert not AuditEntry.objects.filter(data__has_key=FIELD).exists()
    assert "quality work" not in text_of(enter(cast.HEAD).get("/bestall/flera/"))
    assert "Undertecknat" not in template()


@pytest.mark.django_db
def test_the_page_asks_for_the_accesses_that_take_it_alone(asked, enter):
    client = enter(cast.HEAD)
    assert FIELD not in form_of(press(client, fill(client), "glance"))
    assert FIELD in form_of(press(client, fill(client, access=STATISTICS), "glance"))
    assert send_page(client).status_code == 302


@pytest.mark.django_db
@pytest.mark.parametrize("written", ["", -1, 6 * 366, "soon", "0001-01-01"])
def test_a_day_that_does_not_count_is_refused_beside_it(asked, enter, written):
    client = enter(cast.HEAD)
    day = days_ago(written) if isinstance(written, int) else written
    answer = press(client, fill(client, access=STATISTICS, **{FIELD: day}), "preview")
    assert answer.status_code == 400 and beside(answer, FIELD)
    assert not AccessRequest.objects.exists()


@pytest.mark.django_db
def test_the_day_is_kept_recorded_and_shown(asked, enter):
    client = enter(cast.HEAD)
    send_page(client, access=STATISTICS, if_missing="wait", **{FIELD: days_ago(30)})
    request = AccessRequest.objects.get()
    assert request.signed_assignment_on.isoformat() == days_ago(30)
    assert AuditEntry.objects.get(action="order.placed").data[FIELD] == days_ago(30)
    case = text_of(client.get(reverse("case", args=[request.public_id])))
    assert "Assignment for quality work signed" in case


@pytest.mark.django_db
def test_who_approves_reads_the_day(asked, enter):
    day = today() - timedelta(days=30)
    acts.order(
        by=cast.DOCTOR, person_id=cast.DOCTOR, service=Service.INTYGSSTATISTIK, signed_assignment_on=day
    )
    request = AccessRequest.objects.get()
    page = text_of(enter(cast.HEAD).get(reverse("attest", args=[request.public_id])))
    assert "Assignment for quality work signed" in page
    many = enter(cast.HEAD).get(reverse("order_attest", args=[request.order.submission]))
    assert days_ago(30) in text_of(many)


@pytest.mark.django_db
def test_a_right_is_prolonged_with_the_day_that_was_said(asked, settings, kiv):
    day = today() - timedelta(days=30)
    settings.SIGNED_ASSIGNMENT_FOR = ["rehabstod:unit"]
    grant = life.granted(kiv, days=60, signed_assignment_on=day)
    wanted = {"need": acts.NEED, "risk_statement": acts.RISK, "by": acts.user(cast.HEAD)}
    assert prolong.draft(grant, **wanted).signed_assignment_on == day
    settings.SIGNED_ASSIGNMENT_FOR = []
    assert prolong.draft(grant, **wanted).signed_assignment_on is None


@pytest.mark.django_db
def test_a_line_of_many_takes_its_own_day_or_the_one_for_all(asked):
    people = [cast.COORDINATOR, cast.DOCTOR]
    written = [_line(people[0], 1), _line(people[1], 2, signed=days_ago(10))]
    by = acts.user(cast.HEAD)
    without, own = look_up.judged(written, by=by)
    assert [one.code for one in without.refusals] == ["order.signed_assignment_missing"]
    assert own.may_be_sent
    filled = look_up.expanded(written, look_up.ForAll(signed=days_ago(20)))
    assert [one.signed for one in filled] == [days_ago(20), days_ago(10)]
    (unread,) = look_up.judged([_line(people[0], 1, signed="soon")], by=by)
    assert [one.code for one in unread.refusals] == ["line.signed_assignment_on"]
    assert template()[-1] == "Undertecknat"


@pytest.mark.django_db
def test_the_case_of_a_line_holds_its_day(asked):
    by = acts.user(cast.HEAD)
    (found,) = look_up.judged([_line(cast.COORDINATOR, 1, signed=days_ago(10))], by=by)
    confirmed = send.confirmed(found.line, look_up.mark(found.prepared))
    order = send.confirm([confirmed], by=by, submission=acts.draft().submission, content_key="")
    line = OrderLine.objects.get(many__order=order)
    request = place.add(line, prepare.prepare(send.draft_of(line), by=by), start=lambda request: None)
    assert request.signed_assignment_on.isoformat() == days_ago(10)
    assert AuditEntry.objects.get(action="request.started").data[FIELD] == days_ago(10)


@pytest.mark.django_db
def test_another_system_is_refused_as_the_page_refuses(asked, settings):
    settings.API_TRUSTED_SYSTEMS = ("portal",)
    caller = portal()
    refused = caller.order(service="intygsstatistik")
    assert refused.status_code == 422
    assert [one["field"] for one in refused.json()["errors"]] == [FIELD]
    assert caller.order(service="intygsstatistik", **{FIELD: days_ago(-1)}).status_code == 422
    placed = caller.order(service="intygsstatistik", if_missing="wait", **{FIELD: days_ago(30)})
    assert placed.status_code == 201, placed.content
    assert AccessRequest.objects.get().signed_assignment_on.isoformat() == days_ago(30)


def _line(person, number, **cells):
    return WantedLine(
        number,
        person=str(person),
        unit=str(cast.BJORKHAGA),
        access=STATISTICS,
        starts_on=today().isoformat(),
        ends_on=(today() + timedelta(days=300)).isoformat(),
        need=acts.NEED,
        risk=acts.RISK,
        **cells,
    )
