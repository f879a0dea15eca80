"""The pages of a reorganisation: what is touched, the proposal, the decision, and how far it has come."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.models import Reorganisation, ReorganisationState
from tests import acts, cast
from tests.reorganisation import moving

pytestmark = pytest.mark.django_db(transaction=True)

PAIR = {"old": cast.BJORKHAGA.text, "new": cast.EKLIDEN.text}


@pytest.fixture(autouse=True)
def lost_nudges(monkeypatch) -> None:
    """No broker: the sweeps have to do."""
    monkeypatch.setattr("provisioning.worker._send", lambda *given: None)


@pytest.fixture
def enter(client):
    def log_in(who):
        client.force_login(acts.user(who))
        return client

    return log_in


def text(response) -> str:
    return response.content.decode()


def test_first_all_that_is_touched_is_shown_and_nothing_is_written(directory, kiv, enter):
    grant = moving.right(kiv)
    page = text(enter(cast.HEAD).post(reverse("reorganise"), PAIR | {"answer": "preview"}))
    assert grant.subject_name in page
    assert "Ekliden vårdcentral" in page
    assert not Reorganisation.objects.exists()


def test_a_proposal_is_saved_with_its_reason_and_then_attested(directory, kiv, enter):
    moving.right(kiv)
    sent = PAIR | {"answer": "propose", "reason": moving.REASON}
    page = text(enter(cast.HEAD).post(reverse("reorganise"), sent, follow=True))
    row = Reorganisation.objects.get()
    assert moving.REASON in page and 'value="attest"' not in page
    address = reverse("reorganisation", args=[row.public_id])
    client = enter(moving.NEW_HEAD)
    assert 'value="attest"' in text(client.get(address))
    client.post(address, {"answer": "attest"})
    row.refresh_from_db()
    assert row.state == ReorganisationState.RUNNING
    moving.work()
    assert "Den nya behörigheten är beställd" in text(client.get(address))


def test_without_a_reason_what_was_shown_is_still_there(directory, kiv, enter):
    grant = moving.right(kiv)
    answer = enter(cast.HEAD).post(reverse("reorganise"), PAIR | {"answer": "propose", "reason": ""})
    assert answer.status_code == 400 and grant.subject_name in text(answer)
    assert not Reorganisation.objects.exists()


@pytest.mark.parametrize(("old", "new"), [(cast.NOWHERE, cast.EKLIDEN), (cast.BJORKHAGA, cast.NOWHERE)])
def test_an_id_that_is_not_there_is_said_beside_its_field(directory, kiv, enter, old, new):
    moving.right(kiv)
    sent = {"old": old.text, "new": new.text, "answer": "preview"}
    assert enter(cast.HEAD).post(reverse("reorganise"), sent).status_code == 400


def test_a_head_of_neither_unit_sees_nothing_of_them(directory, kiv, enter):
    grant = moving.right(kiv)
    sent = {"old": cast.EKLIDEN.text, "new": cast.GRANBY.text, "answer": "preview"}
    answer = enter(cast.HEAD).post(reverse("reorganise"), sent)
    assert answer.status_code in (400, 403) and grant.subject_name not in text(answer)


def test_an_operator_proposes_and_reads_no_names(directory, kiv, enter, settings):
    settings.OPERATORS = (cast.OUTSIDER.text,)
    grant = moving.right(kiv)
    client = enter(cast.OUTSIDER)
    assert grant.subject_name not in text(client.post(reverse("reorganise"), PAIR | {"answer": "preview"}))
    sent = PAIR | {"answer": "propose", "reason": moving.REASON}
    assert grant.subject_name not in text(client.post(reverse("reorganise"), sent, follow=True))
    assert Reorganisation.objects.exists()


def test_the_head_of_the_new_unit_can_say_no_with_a_reason(directory, kiv, enter):
    moving.right(kiv)
    row = moving.propose()
    address = reverse("reorganisation", args=[row.public_id])
    client = enter(moving.NEW_HEAD)
    assert client.post(address, {"answer": "decline", "reason": ""}).status_code == 400
    client.post(address, {"answer": "decline", "reason": "Vi går inte ihop förrän i höst."})
    row.refresh_from_db()
    assert row.state == ReorganisationState.DECLINED


def test_a_silent_directory_is_said_and_nothing_is_decided(directory, kiv, enter):
    moving.right(kiv)
    row = moving.propose()
    client = enter(moving.NEW_HEAD)
    client.get(reverse("reorganisations"))
    directory.faults.is_busy = True
    answer = client.post(reverse("reorganisation", args=[row.public_id]), {"answer": "attest"})
    assert answer.status_code == 503
    row.refresh_from_db()
    assert row.state == ReorganisationState.PROPOSED


def test_the_list_leads_to_the_reorganisations_on_its_other_pages(directory, kiv, enter, monkeypatch):
    moving.right(kiv)
    monkeypatch.setattr("provisioning.pages.reorganisation.page.PAGE_SIZE", 1)
    client = enter(cast.HEAD)
    for _ in range(2):
        sent = PAIR | {"answer": "propose", "reason": moving.REASON}
        address = client.post(reverse("reorganise"), sent).url
        client.post(address, {"answer": "decline", "reason": moving.REASON})
    assert Reorganisation.objects.count() == 2
    assert 'rel="next" href="?page=2"' in text(client.get(reverse("reorganisations")))
