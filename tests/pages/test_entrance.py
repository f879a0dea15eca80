"""“Do I get in?” on the first page and on the order page, as each meets it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.cases import step_times
from provisioning.models import AccessRequest, Order
from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)


def card(client, service):
    words = text_of(client.get(reverse("start")))
    _before, _heading, cards = words.partition("Do I get in?")
    _before, _name, one = cards.partition(f"{service} ")
    return one.partition("read ")[0]


def test_a_doctor_gets_in_and_is_told_that_no_order_is_needed(enter):
    client = enter(cast.DOCTOR)
    words = card(client, "Rehabstöd")

    assert words.startswith("Yes")
    assert "Yes, as a doctor on Björkhaga vårdcentral (own cases)" in words
    assert "You need no order." in words
    order = text_of(client.get(reverse("order")))
    assert "You get in already Rehabstöd: Yes, as a doctor on Björkhaga vårdcentral (own cases)" in order
    assert "No order is needed for that." in order


def test_a_coordinator_without_role_sees_the_broken_link_and_who_mends_it(enter):
    words = card(enter(cast.COORDINATOR), "Rehabstöd")

    assert words.startswith("No")
    assert "Person In place Commission In place System role Missing or wrong Service Does not let" in words
    assert "The KIV administrator can fix this." in words
    assert "KIV administrator here: " in words
    assert "Order access" in words
    assert "You get in already" not in text_of(enter(cast.COORDINATOR).get(reverse("order")))


def test_an_order_is_not_offered_twice_nor_where_it_does_not_help(enter):
    request = acts.order(by=cast.COORDINATOR)
    words = card(enter(cast.COORDINATOR), "Rehabstöd")
    assert f"Your order {request.case_number} is under way" in words
    assert "Order access" not in words

    nothing_helps = card(enter(cast.OUTSIDER), "Rehabstöd")
    assert nothing_helps.startswith("No")
    assert "Order access" not in nothing_helps


def test_a_person_with_access_by_role_gets_in(enter):
    assert "Yes, as a rehabilitation coordinator on" in card(enter(cast.SETTLED), "Rehabstöd")
    leads = card(enter(cast.SETTLED_PROCESS_LEADER), "Intygsstatistik")
    assert "Yes, as a process leader for all of" in leads


def test_what_cannot_be_read_is_unknown_and_neither_yes_nor_no(enter, directory):
    client = enter(cast.DATE_UNREADABLE)
    words = card(client, "Rehabstöd")
    assert words.startswith("Don't know")
    assert "We cannot say right now whether you get in." in words

    doctor = enter(cast.DOCTOR)
    directory.faults.drop_connections = -1
    page = doctor.get(reverse("start"))
    assert page.status_code == 200
    assert "We cannot say right now whether you get in" in text_of(page)


def test_the_usual_time_is_told_only_where_there_is_history(enter):
    assert "An order usually takes" not in card(enter(cast.COORDINATOR), "Rehabstöd")

    for number, days in enumerate((2, 3, 9), start=1):
        done = acts.order(person_id=(cast.COORDINATOR_UNCOUPLED, cast.WRONG_UNIT, cast.BLANKS)[number - 1])
        Order.objects.filter(pk=done.order_id).update(created_at=timezone.now() - timedelta(days=days))
        AccessRequest.objects.filter(pk=done.pk).update(state="done", state_since=timezone.now())
    step_times.caches["near"].clear()

    assert "An order usually takes 3 days here." in card(enter(cast.COORDINATOR), "Rehabstöd")
