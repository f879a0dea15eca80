"""A form that comes too late, or with an old token: nothing of it is lost, and nothing is done by it."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import UnsentForm
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.reading import form_of, text_of

pytestmark = pytest.mark.django_db
REASON = "Hen behöver det inte i sitt arbete just nu."
SENT = {"decision": "reject", "reason": REASON}


@pytest.fixture
def case(directory):
    return acts.order(by=cast.COORDINATOR)


def page_of(case) -> str:
    return reverse("attest", args=[case.public_id])


def let_it_end(client) -> None:
    session = client.session
    session["session.active_at"] = 0
    session.save()


def untouched(case) -> bool:
    case.refresh_from_db()
    return case.current_state is RequestState.AWAITING_ATTESTATION


def test_what_is_sent_after_the_session_has_ended_is_a_draft(enter, case):
    client = enter(cast.HEAD)
    client.get(page_of(case))
    let_it_end(client)

    answer = client.post(page_of(case), SENT)

    assert REASON in answer.content.decode()  # held on the page, too
    assert untouched(case)
    assert form_of(enter(cast.HEAD).get(page_of(case)))["reason"] == [REASON]


def test_a_strange_sites_form_makes_no_draft_of_an_ended_session(enter, case):
    enter(cast.HEAD)
    client = Client(enforce_csrf_checks=True)
    client.force_login(acts.user(cast.HEAD))
    client.get(page_of(case))
    let_it_end(client)
    client.post(page_of(case), SENT)
    assert not UnsentForm.objects.exists()


def test_who_has_logged_out_elsewhere_finds_it_held_on_the_page(enter, case):
    client = enter(cast.HEAD)
    client.get(page_of(case))
    client.logout()
    client.cookies["django_language"] = "en"

    answer = client.post(page_of(case), SENT)

    assert answer.status_code == 403
    assert "what you have written is held on this page" in text_of(answer)
    assert form_of(answer)["reason"] == [REASON]
    assert "no-store" in answer["Cache-Control"]
    assert not UnsentForm.objects.exists()  # nobody knows whose it is
    assert untouched(case)
    client.force_login(acts.user(cast.HEAD))
    assert client.post(page_of(case), form_of(answer)).status_code == 302


@pytest.mark.parametrize(
    ("origin", "is_held"),
    [("http://testserver", True), ("https://evil.example", False), ("null", False), ("", False)],
)
def test_an_old_token_holds_what_was_written_if_it_is_from_here(case, origin, is_held):
    client = Client(enforce_csrf_checks=True)
    client.force_login(acts.user(cast.HEAD))
    client.cookies["django_language"] = "en"
    client.get(page_of(case))
    headers = {"origin": origin} if origin else {}

    answer = client.post(page_of(case), SENT | {"csrfmiddlewaretoken": "x" * 64}, headers=headers)

    assert answer.status_code == (302 if is_held else 403)
    assert REASON not in answer.content.decode()
    assert form_of(client.get(page_of(case)))["reason"] == [REASON if is_held else ""]
    assert untouched(case)


def test_a_silent_directory_keeps_what_was_decided(enter, case, directory):
    client = enter(cast.HEAD)
    acts.silence(directory, "busy")
    client.post(page_of(case), SENT)
    directory.faults.is_busy = False
    assert form_of(client.get(page_of(case)))["reason"] == [REASON]
    assert untouched(case)


def test_asking_how_long_it_lasts_prolongs_nothing_and_going_on_does(enter, settings):
    client = enter(cast.HEAD)
    client.get(reverse("start"))
    session = client.session
    session["session.active_at"] -= settings.SESSION_IDLE_MINUTES * 60 - 200
    session.save()

    for _time in range(3):
        left = client.get(reverse("session_left")).json()["seconds"]
        assert 0 < left <= 200
    gone_on = client.post(reverse("session_go_on")).json()["seconds"]

    assert gone_on > settings.SESSION_IDLE_MINUTES * 60 - 200
    assert client.get(reverse("session_go_on")).status_code == 405


def test_nobody_goes_on_beyond_the_longest_log_in(enter, settings):
    client = enter(cast.HEAD)
    client.get(reverse("start"))
    session = client.session
    session["session.begun_at"] -= settings.SESSION_HOURS * 3600 - 100
    session.save()
    assert client.post(reverse("session_go_on")).json()["seconds"] <= 100
