"""A token that is stale after a log-in in another tab: the form comes back filled in, and nothing is done."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import AccessRequest, Delegation
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db

REASON = "Hen behöver det inte i sitt arbete just nu."
OURS = {"HTTP_ORIGIN": "http://testserver"}
SENTENCE = "you have logged in again since the page was opened"


@pytest.fixture
def head(directory) -> Client:
    """The head in a browser whose pages were opened before the last log-in."""
    client = Client(enforce_csrf_checks=True)
    client.force_login(acts.user(cast.HEAD))
    client.cookies["django_language"] = "en"
    client.get(reverse("start"))
    return client


@pytest.fixture
def to_attest(directory) -> AccessRequest:
    return acts.order(by=cast.COORDINATOR)


def reject(client, request, **headers):
    data = {"decision": "reject", "reason": REASON, "csrfmiddlewaretoken": "a" * 64}
    return client.post(reverse("attest", args=[request.public_id]), data, follow=True, **headers)


def test_the_form_comes_back_filled_in_and_says_why(head, to_attest):
    answer = reject(head, to_attest, **OURS)
    assert answer.status_code == 200
    assert SENTENCE in text_of(answer)
    assert REASON in answer.content.decode()
    to_attest.refresh_from_db()
    assert to_attest.current_state is RequestState.AWAITING_ATTESTATION


def test_sent_again_with_the_new_token_it_is_done_and_forgotten(head, to_attest):
    page = reject(head, to_attest, **OURS)
    token = str(page.context["csrf_token"])
    data = {"decision": "reject", "reason": REASON, "csrfmiddlewaretoken": token}
    head.post(reverse("attest", args=[to_attest.public_id]), data, **OURS)
    to_attest.refresh_from_db()
    assert to_attest.current_state is RequestState.REJECTED
    assert not head.session.get("step_up.answers")


def test_an_order_comes_back_as_it_was_filled_in(head):
    data = {"action": "send", "need": acts.NEED, "csrfmiddlewaretoken": "a" * 64}
    answer = head.post(reverse("order"), data, follow=True, **OURS)
    assert SENTENCE in text_of(answer)
    assert acts.NEED in answer.content.decode()
    assert not AccessRequest.objects.exists()


def test_a_form_without_a_page_to_come_back_to_is_sent_once_more(head, to_attest):
    data = {"reason": REASON, "csrfmiddlewaretoken": "a" * 64}
    answer = head.post(reverse("remind", args=[to_attest.public_id]), data, **OURS)
    assert answer.status_code == 403
    assert SENTENCE in text_of(answer)
    assert f'value="{REASON}"' in answer.content.decode()
    assert "a" * 64 not in answer.content.decode()


@pytest.mark.parametrize("headers", [{"HTTP_ORIGIN": "https://elsewhere.example"}, {}])
def test_what_another_site_has_filled_in_is_not_shown(head, to_attest, headers):
    answer = reject(head, to_attest, **headers)
    assert answer.status_code == 403
    assert REASON not in answer.content.decode()
    assert not head.session.get("step_up.answers")
    assert not Delegation.objects.exists()


def test_nobody_who_is_logged_out_gets_anything_back(directory, to_attest):
    answer = reject(Client(enforce_csrf_checks=True), to_attest, **OURS)
    assert answer.status_code == 403
    assert REASON not in answer.content.decode()
