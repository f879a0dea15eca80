"""Orders from another system: by the person's own mandate, signed by that person, and never twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.models import AccessRequest, AuditEntry, HandedOrder, Order, UnsentForm
from provisioning.rules.states.request import RequestState
from provisioning.systems import handed_over
from tests import cast
from tests.api.calling import portal, wanted
from tests.pages.reading import form_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def trusted(directory, settings):
    settings.API_TRUSTED_SYSTEMS = ("portal",)
    return portal()


def test_a_trusted_systems_order_is_the_heads_and_says_through_whom(trusted):
    answer = trusted.order()

    assert answer.status_code == 201, answer.content
    order = Order.objects.get()
    assert order.orderer_id == cast.HEAD.folded
    assert answer.json()["case_number"] == order.case_number
    assert [case["state"] for case in answer.json()["cases"]] == [RequestState.CHECKING.value]
    about = AuditEntry.objects.filter(order=order)
    assert {entry.data["system"] for entry in about} == {"portal"}
    handed = about.get(action="system.handed_over")
    assert (handed.actor_id, handed.principal_id) == (None, cast.HEAD.folded)


def test_other_systems_orders_wait_for_the_heads_own_signature(directory, enter, settings):
    caller = portal()
    handed = caller.order()

    assert handed.status_code == 202, handed.content
    assert handed.json()["state"] == "waiting_for_signature"
    assert not Order.objects.exists()

    client = enter(cast.HEAD)
    page = client.get(handed.json()["sign_url"].removeprefix(settings.SITE_URL))
    form = form_of(page)
    assert (form["person"], form["units"]) == ([cast.COORDINATOR.text], [cast.BJORKHAGA.text])
    looked = client.post("/bestall/", form | {"action": "preview"}, follow=True)
    client.post("/bestall/", form_of(looked) | {"action": "send"}, follow=True)

    order = Order.objects.get()
    assert order.orderer_id == cast.HEAD.folded
    found = caller.get(f"orders/{handed.json()['id']}").json()
    assert (found["state"], found["case_number"]) == ("placed", order.case_number)
    assert not AuditEntry.objects.filter(action="order.placed", data__has_key="system").exists()


def test_the_same_key_is_the_same_order_and_no_other_one(trusted):
    first = trusted.order(key="order-0001")
    again = trusted.order(key="order-0001")
    other = trusted.order(key="order-0001", person=cast.WRONG_CASE)

    assert (again.status_code, again.json()["id"]) == (201, first.json()["id"])
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key")
    assert Order.objects.count() == 1


@pytest.mark.parametrize("by", [cast.OUTSIDER, cast.AUDITOR, cast.NOBODY, cast.ENDED])
def test_whoever_may_not_order_on_the_page_may_not_through_a_system(trusted, by):
    answer = trusted.order(by=by)

    assert answer.status_code == 403, answer.content
    assert answer["Content-Type"] == "application/problem+json"
    assert not Order.objects.exists()
    assert not HandedOrder.objects.exists()


def test_refusals_are_those_of_the_page_in_the_language_that_was_asked_for(trusted):
    body = wanted(need="")
    swedish = trusted.post("orders", body, by=cast.HEAD, key="order-0001", language="sv").json()
    english = trusted.post("orders", body, by=cast.HEAD, key="order-0001").json()

    assert [one["field"] for one in swedish["errors"]] == ["need"]
    assert swedish["detail"] == "Beställningen går inte att göra som den är."
    assert english["detail"] == "The order cannot be placed as it stands."


def test_no_identity_number_is_kept(trusted):
    answer = trusted.order(need="Gäller 19121212-1212 och hennes patienter.")

    assert (answer.status_code, answer.json()["code"]) == (422, "identity_number")
    assert not HandedOrder.objects.exists()


def test_an_unsigned_order_is_taken_back_with_its_draft(directory):
    caller = portal()
    handed = caller.order().json()

    for _time in range(2):
        answer = caller.post(f"orders/{handed['id']}/withdraw", {})
        assert (answer.status_code, answer.json()["state"]) == (200, "withdrawn")
    assert not UnsentForm.objects.exists()
    assert AuditEntry.objects.filter(action="system.taken_back").count() == 1


def test_a_trusted_system_withdraws_and_no_other_touches_what_is_signed(trusted, settings):
    handed = trusted.order().json()
    settings.API_TRUSTED_SYSTEMS = ()
    refused = trusted.post(f"orders/{handed['id']}/withdraw", {"reason": "Behövs inte."})
    assert (refused.status_code, refused.json()["code"]) == (403, "order.signed")
    settings.API_TRUSTED_SYSTEMS = ("portal",)
    for _time in range(2):
        answer = trusted.post(f"orders/{handed['id']}/withdraw", {"reason": "Behövs inte."})
        assert answer.status_code == 200, answer.content
    assert AccessRequest.objects.get().current_state is RequestState.WITHDRAWN


def test_a_system_finds_no_other_systems_order(trusted):
    handed = trusted.order().json()
    other = portal("other")

    assert other.get(f"orders/{handed['id']}").status_code == 404
    assert other.post(f"orders/{handed['id']}/withdraw", {}).status_code == 404
    assert other.get("orders").json()["items"] == []
    assert other.get("cases").json()["items"] == []
    assert [one["id"] for one in trusted.get("orders").json()["items"]] == [handed["id"]]
    assert len(trusted.get("cases").json()["items"]) == 1


def test_what_nobody_signed_is_forgotten_and_what_was_placed_is_kept(trusted, settings):
    placed = trusted.order().json()
    settings.API_TRUSTED_SYSTEMS = ()
    trusted.order(person=cast.WRONG_CASE)
    assert handed_over.forget_old() == 0
    HandedOrder.objects.update(created_at=timezone.now() - timedelta(days=99))

    assert handed_over.forget_old() == 1
    assert str(HandedOrder.objects.get().public_id) == placed["id"]


def test_no_more_orders_wait_for_a_person_than_leave_room_for_own_drafts(directory, monkeypatch):
    monkeypatch.setattr("provisioning.api.orders.MOST_UNSIGNED", 1)
    caller = portal()

    assert caller.order().status_code == 202
    assert caller.order().json()["code"] == "order.too_many_unsigned"
    assert UnsentForm.objects.count() == 1


def test_what_an_order_would_meet_is_told_to_whoever_may_ask(trusted):
    body = {
        name: value for name, value in wanted().items() if name in ("person", "service", "level", "units")
    }
    found = trusted.post("assess", body, by=cast.HEAD)
    assert found.status_code == 200, found.content
    assert [one["answer"] for one in found.json()["items"]] == ["no"]
    assert trusted.post("assess", body, by=cast.OUTSIDER).json()["code"] == "may_not_ask"
    assert AuditEntry.objects.filter(action="person.looked_at", data__system="portal").count() == 1
    assert not Order.objects.exists()


def test_a_silent_directory_decides_nothing(trusted, directory):
    directory.faults.is_busy = True
    answer = trusted.order()

    assert answer.status_code == 503
    assert answer["Content-Type"] == "application/problem+json"
    assert not HandedOrder.objects.exists()
