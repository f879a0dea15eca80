"""A case that renews itself, the times of its steps, and what an ended case does not stop."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from provisioning.cases import step_times
from provisioning.models import AccessRequest, AuditEntry, Order
from provisioning.orders.draft import Choice
from provisioning.pages.cases import step_bar
from provisioning.pages.middleware import session_limits
from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)


def stamp(client, request):
    return client.get(reverse("case_stamp", args=[request.public_id])).json()["stamp"]


def page(client, request):
    return client.get(reverse("case", args=[request.public_id]))


def test_the_stamp_changes_with_the_case_and_not_by_reading(enter):
    request = acts.order(by=cast.COORDINATOR)
    client = enter(cast.COORDINATOR)
    first = stamp(client, request)
    assert f'data-stamp="{first}"' in page(client, request).content.decode()
    assert stamp(client, request) == first

    acts.attest(request, cast.HEAD)
    assert stamp(client, request) != first
    assert enter(cast.OUTSIDER).get(reverse("case_stamp", args=[request.public_id])).status_code == 404


def test_asking_for_news_of_a_protected_persons_case_records_no_reading(enter):
    request = acts.order(person_id=cast.PROTECTED)
    client = enter(cast.HEAD)
    before = AuditEntry.objects.count()
    first = stamp(client, request)
    assert AuditEntry.objects.count() == before
    page(client, request)
    assert AuditEntry.objects.count() == before + 1
    assert stamp(client, request) == first


def test_a_page_that_asks_by_itself_keeps_nobody_logged_in(enter):
    request = acts.order()
    client = enter(cast.HEAD)
    page(client, request)
    session = client.session
    long_ago = session["session.active_at"] - settings.SESSION_IDLE_MINUTES * 60 + 30
    session["session.active_at"] = long_ago
    session.save()

    answer = client.get(reverse("case_stamp", args=[request.public_id]), headers={session_limits.ITSELF: "1"})
    assert answer.status_code == 200
    assert client.session["session.active_at"] == long_ago
    page(client, request)
    assert client.session["session.active_at"] > long_ago


def test_each_step_shows_its_time_and_a_late_one_says_so(enter):
    request = acts.order(by=cast.COORDINATOR)
    Order.objects.filter(pk=request.order_id).update(created_at=timezone.now() - timedelta(days=4))
    words = text_of(page(enter(cast.COORDINATOR), request))
    assert "Approval – now 4 days Longer than usual" in words

    Order.objects.filter(pk=request.order_id).update(created_at=timezone.now() - timedelta(days=8))
    assert "8 days Much longer than usual" in text_of(page(enter(cast.COORDINATOR), request)).replace(
        "1 week, 1 day", "8 days"
    ).replace("1 week", "8 days")


def test_what_is_late_is_told_by_what_is_usual_here(enter):
    for person in (cast.WRONG_UNIT, cast.BLANKS, cast.MALFORMED):
        done = acts.order(person_id=person)
        start = timezone.now() - timedelta(days=20)
        Order.objects.filter(pk=done.order_id).update(created_at=start)
        AccessRequest.objects.filter(pk=done.pk).update(
            state="done", attested_at=start + timedelta(days=2), state_since=start + timedelta(days=5)
        )
    step_times.caches["near"].clear()
    waiting = acts.order(by=cast.COORDINATOR)
    Order.objects.filter(pk=waiting.order_id).update(created_at=timezone.now() - timedelta(days=3))

    words = text_of(page(enter(cast.COORDINATOR), waiting))
    assert "Approval – now 3 days, usually 2 days" in words
    assert "onger than usual" not in words
    Order.objects.filter(pk=waiting.order_id).update(created_at=timezone.now() - timedelta(days=5))
    assert "Longer than usual" in text_of(page(enter(cast.COORDINATOR), waiting))


def test_an_ended_case_has_no_step_still_to_come(enter):
    request = acts.order(by=cast.COORDINATOR)
    acts.reject(request, cast.HEAD)
    answer = page(enter(cast.COORDINATOR), request)

    assert "still to come" not in text_of(answer)
    assert "Set in KIV – not done" in text_of(answer)
    assert "data-alive=" not in answer.content.decode()
    request.refresh_from_db()
    assert [one.state for one in step_bar.steps_of(request)] == ["done", "stopped", *["dropped"] * 3]


def test_a_rejected_case_says_that_the_person_gets_in_all_the_same(enter):
    works = acts.order(by=cast.SETTLED, person_id=cast.SETTLED)
    acts.reject(works, cast.HEAD)
    assert "The person gets in all the same" in text_of(page(enter(cast.HEAD), works))

    lacks = acts.order(by=cast.COORDINATOR)
    acts.reject(lacks, cast.HEAD)
    assert "The person gets in all the same" not in text_of(page(enter(cast.HEAD), lacks))


def test_the_reminder_is_offered_only_when_it_is_allowed(enter):
    request = acts.order(by=cast.COORDINATOR)
    client = enter(cast.COORDINATOR)
    early = page(client, request)
    assert "You can remind them from" in text_of(early)
    assert reverse("remind", args=[request.public_id]) not in early.content.decode()

    later = timezone.now() - timedelta(hours=settings.REMINDER_EVERY_HOURS + 1)
    AccessRequest.objects.filter(pk=request.pk).update(state_since=later)
    due = page(client, request)
    assert reverse("remind", args=[request.public_id]) in due.content.decode()
    assert "You can remind them from" not in text_of(due)


def test_two_approvers_are_two_steps(directory):
    request = acts.order_for_process_leader()
    states = [one.state for one in step_bar.steps_of(request)]
    assert states == ["done", "done", "current", "coming", "coming", "coming"]
    assert len(step_bar.steps_of(acts.order())) == len(states) - 1


def test_what_the_order_adds_is_missing_and_no_error(enter):
    case = page(enter(cast.HEAD), acts.order(by=cast.COORDINATOR)).content.decode()
    assert "app-causes__item--info" in case and "app-causes__item--error" not in case


def test_each_case_of_a_list_has_a_heading(enter):
    request = acts.order(by=cast.COORDINATOR)
    heading = f'class="app-cases__heading"><a href="{reverse("case", args=[request.public_id])}">'
    assert f"<h3 {heading}" in enter(cast.HEAD).get(reverse("start")).content.decode()
    assert f"<h2 {heading}" in enter(cast.COORDINATOR).get(reverse("cases")).content.decode()


def test_whoever_waits_is_named_while_what_is_missing_is_waited_for(enter):
    request = acts.order(person_id=cast.COORDINATOR_UNCOUPLED)
    acts.work()
    acts.choose(request, Choice.WAIT)
    words = text_of(page(enter(cast.COORDINATOR_UNCOUPLED), request))
    assert f"Who has it: {acts.user(cast.HEAD).name} (orderer)" in words
    assert "Ask whoever is responsible for HSA" in words
