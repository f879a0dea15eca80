"""What answers a form can be shown again: it has an address, for this person in this session alone."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.models import AccessRequest
from tests import cast
from tests.pages.order.test_page import fill, press, preview, send
from tests.pages.reading import form_of, text_of

pytestmark = pytest.mark.django_db


def test_a_preview_and_a_refusal_are_pages_to_come_back_to(enter):
    client = enter(cast.HEAD)
    for page in (preview(client), press(client, fill(client, need="x"), "preview")):
        address = page.led_by["Location"]
        assert page.led_by.status_code == 303
        assert address.startswith(f"{reverse('order')}?svar=")
        again = client.get(address)
        assert again.status_code == page.status_code
        assert again.content == page.content
        for answer in (page.led_by, again):
            assert "no-store" in answer["Cache-Control"]


def test_what_is_sent_from_such_a_page_is_taken(enter):
    client = enter(cast.HEAD)
    seen = preview(client)
    sent = client.post(seen.led_by["Location"], form_of(seen) | {"action": ["send"]})
    assert sent.status_code == 302
    assert AccessRequest.objects.count() == 1


def test_an_answer_that_is_gone_leads_to_the_page_itself(enter):
    client = enter(cast.HEAD)
    answer = client.get(reverse("order"), {"svar": "nothing", "kopia": "x"})
    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('order')}?kopia=x"


def test_nobody_else_gets_somebodys_answer(enter):
    address = preview(enter(cast.HEAD)).led_by["Location"]
    for client in (enter(cast.KIV_ADMINISTRATOR), enter(cast.HEAD)):
        assert client.get(address).status_code == 302  # also the person's own other session
    client = enter(cast.OUTSIDER)
    client.logout()
    assert client.get(address)["Location"].startswith(reverse("login"))


def test_the_latest_answers_are_kept_and_go_with_the_session(enter):
    client = enter(cast.HEAD)
    filled = fill(client, need="x")
    addresses = [press(client, filled, "preview").led_by["Location"] for _time in range(7)]
    assert [client.get(one).status_code for one in addresses] == [302] * 2 + [400] * 5
    client.post(reverse("logout"))
    client = enter(cast.HEAD)
    assert client.get(addresses[-1]).status_code == 302


def test_what_has_been_done_is_answered_by_another_page(enter):
    answer = send(enter(cast.HEAD))
    assert answer.status_code == 302
    assert "svar" not in answer["Location"]


def test_a_message_on_such_a_page_is_said_once(enter):
    client = enter(cast.HEAD)
    page = press(client, fill(client, need="x"), "preview")
    assert "Nothing has been sent" in text_of(page)
    assert "Nothing has been sent" not in text_of(client.get(reverse("start")))
