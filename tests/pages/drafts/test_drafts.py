"""Forms come back filled in as they were left, to their owner alone, until they are sent or forgotten."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.login import unsent_forms
from provisioning.models import UnsentForm
from tests import acts, cast
from tests.pages.order.test_page import fill, press, preview
from tests.pages.reading import form_of, text_of
from workflows import tasks

pytestmark = pytest.mark.django_db
REASON = "Hen behöver det inte i sitt arbete just nu."


@pytest.fixture
def case(directory):
    return acts.order(by=cast.COORDINATOR)


def attest_page(case) -> str:
    return reverse("attest", args=[case.public_id])


def save(client, page: str, **data):
    return client.post(f"{reverse('save_draft')}?sida={page}", data)


def test_what_is_written_comes_back_after_the_next_log_in(enter, case):
    page = attest_page(case)
    assert save(enter(cast.HEAD), page, reason=REASON, decision="reject").status_code == 204

    seen = enter(cast.HEAD).get(page)  # another browser

    held = form_of(seen)
    assert held["reason"] == [REASON]
    assert held["decision"] == ["reject"]
    assert "Filled in as you left it" in text_of(seen)
    assert "<title>Error" not in " ".join(seen.content.decode().split())


def test_half_a_form_comes_back_without_complaints(enter, case):
    client = enter(cast.HEAD)
    save(client, attest_page(case), decision="reject")
    seen = client.get(attest_page(case))
    assert seen.status_code == 200
    assert "Write why you reject" not in text_of(seen)


def test_what_was_refused_is_there_again(enter, case):
    client = enter(cast.HEAD)
    assert client.post(attest_page(case), {"reason": REASON}).status_code == 400
    assert form_of(client.get(attest_page(case)))["reason"] == [REASON]


def test_what_was_sent_is_no_draft_any_more(enter, case):
    client = enter(cast.HEAD)
    save(client, attest_page(case), reason=REASON)
    assert client.post(attest_page(case), {"decision": "reject", "reason": REASON}).status_code == 302
    assert not UnsentForm.objects.exists()


def test_drafts_are_listed_counted_and_named_by_what_they_hold(enter, case):
    client = enter(cast.HEAD)
    preview(client)
    save(client, attest_page(case), reason=REASON)

    assert "Drafts: 2" in text_of(client.get(reverse("start")))
    page = client.get(reverse("drafts"))
    text = text_of(page)
    assert f"Approve case {case.case_number}" in text
    assert "Order: " in text and acts.user(cast.COORDINATOR).name in text
    assert "Rehabstöd" in text and "Björkhaga" in text
    assert REASON not in text


def test_nobody_else_sees_opens_or_throws_away_a_draft(enter, case):
    save(enter(cast.HEAD), attest_page(case), reason=REASON)
    [row] = UnsentForm.objects.all()
    for person in (cast.HEAD_ABOVE, cast.AUDITOR, cast.COORDINATOR, cast.OUTSIDER):
        client = enter(person)
        assert "You have no drafts" in text_of(client.get(reverse("drafts")))
        assert client.post(reverse("discard_draft", args=[row.public_id])).status_code == 404
        assert REASON not in client.get(attest_page(case)).content.decode()
        order = client.get(reverse("order"), {"utkast": str(row.public_id)})
        assert REASON not in order.content.decode()
    assert UnsentForm.objects.count() == 1


def test_its_owner_throws_it_away(enter, case):
    client = enter(cast.HEAD)
    save(client, attest_page(case), reason=REASON)
    [row] = UnsentForm.objects.all()
    assert client.post(reverse("discard_draft", args=[row.public_id])).status_code == 302
    assert form_of(client.get(attest_page(case)))["reason"] == [""]


def test_only_forms_of_own_pages_are_saved(enter, case):
    client = enter(cast.OUTSIDER)
    for page in (attest_page(case), "/drift/", "/finns-inte/", "", "https://example.org/bestall/"):
        assert save(client, page, reason=REASON).status_code == 404
    assert client.get(reverse("save_draft")).status_code == 405
    client.logout()
    assert save(client, attest_page(case), reason=REASON).status_code == 302
    assert not UnsentForm.objects.exists()


def test_a_draft_is_forgotten_after_its_time(enter, case, settings):
    settings.RETENTION_DRAFTS_DAYS = 3
    client = enter(cast.HEAD)
    save(client, attest_page(case), reason=REASON)
    tasks.sweep_sessions()
    assert UnsentForm.objects.count() == 1
    UnsentForm.objects.update(saved_at=timezone.now() - timedelta(days=3, minutes=1))
    assert form_of(client.get(attest_page(case)))["reason"] == [""]  # also before the sweep comes
    tasks.sweep_sessions()
    assert not UnsentForm.objects.exists()


def test_a_protected_persons_name_stands_in_no_draft(enter):
    client = enter(cast.HEAD)
    name = acts.user(cast.PROTECTED).name
    press(client, fill(client, person=cast.PROTECTED, need="x"), "preview")
    [row] = UnsentForm.objects.all()
    assert name not in row.data
    for page in (client.get(reverse("drafts")), client.get(reverse("order"))):
        assert name not in page.content.decode()


def test_no_name_of_anybody_is_kept_in_a_draft(enter):
    client = enter(cast.HEAD)
    preview(client)
    [row] = UnsentForm.objects.all()
    assert acts.user(cast.COORDINATOR).name.split()[-1] not in row.data
    assert "shown" not in row.data and "csrf" not in row.data


def test_a_person_keeps_so_many_drafts_and_the_oldest_give_way(enter, monkeypatch):
    monkeypatch.setattr(unsent_forms, "MOST_KEPT", 2)
    client = enter(cast.HEAD)
    for number in range(4):
        page = client.get(reverse("order"), {"ny": "1"})
        press(client, form_of(page) | {"need": [f"x{number}"]}, "preview")
    kept = [unsent_forms.filled_in(row)["need"] for row in UnsentForm.objects.all()]
    assert kept == ["x3", "x2"]


def test_a_draft_of_a_silent_directory_comes_back_by_hsa_ids(enter, directory):
    client = enter(cast.HEAD)
    press(client, fill(client, need="x"), "preview")
    acts.silence(directory, "busy")
    page = client.get(reverse("order"))
    assert form_of(page)["person"] == [cast.COORDINATOR.text]
    assert form_of(page)["units"] == [cast.BJORKHAGA.text]
    assert cast.COORDINATOR.text in text_of(client.get(reverse("drafts")))
