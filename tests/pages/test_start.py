"""The start page as each role meets it: what waits for them, and what to do first."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_newcomer_sees_what_to_do(enter):
    words = text_of(enter(cast.OUTSIDER).get(reverse("start")))

    assert "Order access" in words
    assert "Nothing waits for you." in words
    assert "You have no open orders" in words


def test_the_start_page_shows_what_waits_for_each_and_where_to_act(enter):
    wish = acts.order(by=cast.COORDINATOR)
    head = enter(cast.HEAD).get(reverse("start"))
    assert "To approve 1" in text_of(head)
    assert reverse("attest", args=[wish.public_id]) in head.content.decode()
    own = text_of(enter(cast.COORDINATOR).get(reverse("start")))
    assert "Waiting for others 1" in own
    assert "With: Bertil Exempelsson (approver)" in own

    acts.attest(wish, cast.HEAD)
    acts.work()
    administrator = enter(cast.KIV_ADMINISTRATOR).get(reverse("start"))
    assert "KIV tasks 1" in text_of(administrator)
    assert reverse("kiv_task", args=[wish.public_id]) in administrator.content.decode()
    assert "To approve" not in text_of(enter(cast.HEAD).get(reverse("start")))


def test_a_choice_waits_for_the_orderer_on_the_start_page(enter):
    request = acts.order(person_id=cast.COORDINATOR_UNCOUPLED)
    acts.work()
    page = enter(cast.HEAD).get(reverse("start"))

    assert "To choose how to go on 1" in text_of(page)
    assert "You have no open orders" in text_of(page)  # it waits for the orderer, not the other way round
    assert reverse("choose", args=[request.public_id]) in page.content.decode()


def test_the_start_page_tells_of_a_silent_directory_and_loses_none(enter, directory):
    request = acts.order()
    client = enter(cast.HEAD)
    directory.faults.drop_connections = -1
    page = client.get(reverse("start"))

    assert page.status_code == 200
    assert "The directory does not answer" in text_of(page)
    assert request.case_number in text_of(page)


def test_an_auditor_is_told_what_auditors_may_do_and_nobody_else_is(enter, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    assert "vems=alla" in enter(cast.AUDITOR).get("/").content.decode()
    assert "vems=alla" not in enter(cast.OUTSIDER).get("/").content.decode()


def test_a_head_sees_the_units_in_figures_and_begins_an_order_at_once(enter):
    acts.order()
    page = enter(cast.HEAD).get(reverse("start"))
    words = text_of(page)

    assert "Björkhaga vårdcentral 0 1 0 0" in words
    assert 'name="person_search"' in page.content.decode()
    assert "data-begins" in page.content.decode()
    assert "My units" not in text_of(enter(cast.OUTSIDER).get(reverse("start")))
    assert 'name="person_search"' not in enter(cast.OUTSIDER).get(reverse("start")).content.decode()


def test_a_search_on_the_start_page_goes_on_in_the_order_that_was_begun(enter):
    client = enter(cast.HEAD)
    found = client.post(reverse("order"), {"person_search": cast.COORDINATOR.text, "action": "search_person"})
    assert found.status_code == 200
    form = found.context["form"]
    assert form["person"].value() == cast.COORDINATOR.text
    assert form["ends_on"].value()
    assert form["submission"].value()
    assert found.context["unit_groups"]

    client.post(reverse("order"), {**found.context["form"].data.dict(), "need": "Begun already"})
    again = client.post(reverse("order"), {"person_search": cast.DOCTOR.text, "action": "search_person"})
    assert again.context["form"]["need"].value() == "Begun already"
    assert again.context["form"]["person"].value() == cast.DOCTOR.text


def test_the_main_button_is_one_that_the_reader_uses(enter, settings):
    settings.AUDITORS, settings.OPERATORS = (cast.AUDITOR.text,), (cast.OUTSIDER.text,)

    administrator = enter(cast.KIV_ADMINISTRATOR).get(reverse("start")).content.decode()
    assert administrator.count("button--primary") == 1
    assert f'button--primary button--medium" href="{reverse("kiv_tasks")}"' in administrator
    operator = enter(cast.OUTSIDER).get(reverse("start"))
    assert "Open Operation" in text_of(operator)
    assert "button--primary" not in operator.content.decode()
    assert "button--primary" not in enter(cast.AUDITOR).get(reverse("start")).content.decode()
