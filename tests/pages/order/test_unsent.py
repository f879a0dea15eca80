"""An order that was begun is there again, for the same person in any browser, until it is sent."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.models import AccessRequest
from tests import acts, cast
from tests.pages.order.test_page import fill, press, preview, send
from tests.pages.reading import form_of, text_of

pytestmark = pytest.mark.django_db


def test_who_leaves_the_page_finds_the_order_as_it_was_filled_in(enter):
    client = enter(cast.HEAD)
    seen = form_of(preview(client))

    page = client.get(reverse("order"))

    left = form_of(page)
    for name in ("person", "access", "units", "starts_on", "ends_on", "need", "risk_statement"):
        assert left[name] == seen[name]
    assert "You have begun an order" in text_of(page)
    assert "Send the order" not in text_of(page)  # what the directory says is looked up anew
    assert not AccessRequest.objects.exists()


def test_also_what_was_not_accepted_is_there_again(enter):
    client = enter(cast.HEAD)
    refused = press(client, fill(client, need="x", risk_statement="A long enough risk statement."), "preview")

    page = client.get(reverse("order"))

    assert refused.status_code == 400
    assert form_of(page)["need"] == ["x"]
    assert form_of(page)["risk_statement"] == ["A long enough risk statement."]


def test_what_was_sent_is_not_begun_any_more(enter):
    client = enter(cast.HEAD)
    send(client)

    page = client.get(reverse("order"))

    assert form_of(page)["need"] == [""]
    assert "You have begun an order" not in text_of(page)


def test_who_begins_anew_gets_an_empty_page(enter):
    client = enter(cast.HEAD)
    first = form_of(preview(client))

    answer = press(client, {}, "start_over")

    page = client.get(answer["Location"])
    assert form_of(page)["need"] == [""]
    assert form_of(page)["submission"] != first["submission"]


def test_nobody_finds_what_another_person_began_in_the_same_browser(enter):
    client = enter(cast.HEAD)
    preview(client)
    client.force_login(acts.user(cast.COORDINATOR))

    page = client.get(reverse("order"))

    assert "You have begun an order" not in text_of(page)
    assert form_of(page)["need"] == [""]


def test_a_copy_of_a_case_does_not_bring_the_begun_order(enter):
    client = enter(cast.HEAD)
    send(client)
    [case] = AccessRequest.objects.all()
    press(client, fill(client, need="Something quite different from it."), "preview")

    page = client.get(reverse("order"), {"kopia": str(case.public_id)})

    assert form_of(page)["need"] == [acts.NEED]
