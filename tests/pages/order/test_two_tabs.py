"""Two tabs, and one page sent twice: each order that was seen is sent, or it is said why not."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.models import AccessRequest, Order, UnsentForm
from tests import acts, cast
from tests.pages.order.test_page import fill, press, preview
from tests.pages.reading import form_of, text_of

pytestmark = pytest.mark.django_db
OTHER_NEED = "Samordnar rehabiliteringen också på kvällarna."


def other(filled, person=cast.SUBUNIT_ROLE):
    return filled | {"person_search": [person.text]}


def test_two_tabs_send_two_orders(enter):
    client = enter(cast.HEAD)
    tab_a = preview(client, person=cast.COORDINATOR)
    tab_b = client.get(reverse("order"))
    assert form_of(tab_b)["person"] == [cast.COORDINATOR.text]  # it resumes the draft
    found = press(client, other(form_of(tab_b)), "search_person")
    seen = press(client, form_of(found) | {"person": [cast.SUBUNIT_ROLE.text]}, "preview")

    second = press(client, form_of(seen), "send")
    first = press(client, form_of(tab_a), "send")

    assert (first.status_code, second.status_code) == (302, 302)
    assert first["Location"] != second["Location"]
    ordered = set(AccessRequest.objects.values_list("subject_hsa_id", flat=True))
    assert ordered == {cast.COORDINATOR.text, cast.SUBUNIT_ROLE.text}
    assert not UnsentForm.objects.exists()


def test_each_opened_page_is_a_submission_of_its_own(enter):
    client = enter(cast.HEAD)
    filled = form_of(preview(client))
    opened = [form_of(client.get(reverse("order")))["submission"] for _time in range(3)]
    assert len({one[0] for one in [*opened, filled["submission"]]}) == 4


def test_the_same_page_sent_twice_is_one_order(enter):
    client = enter(cast.HEAD)
    seen = form_of(preview(client))
    answers = [press(client, seen, "send") for _time in range(2)]
    assert answers[0]["Location"] == answers[1]["Location"]
    assert Order.objects.count() == 1


def test_the_same_page_with_something_else_is_refused_with_both_shown(enter):
    client = enter(cast.HEAD)
    seen = form_of(preview(client))
    press(client, seen, "send")
    [case] = AccessRequest.objects.all()

    page = press(client, seen | {"need": [OTHER_NEED]}, "send")

    text = text_of(page)
    assert page.status_code == 409
    assert "This has not been sent" in text
    assert f"case {case.case_number}" in text
    assert f"{acts.NEED} was sent, {OTHER_NEED} stands here now." in text
    assert form_of(page)["need"] == [OTHER_NEED]
    assert form_of(page)["submission"] != seen["submission"]
    assert Order.objects.count() == 1


def test_what_was_refused_so_is_sent_as_an_order_of_its_own(enter):
    client = enter(cast.HEAD)
    seen = form_of(preview(client))
    press(client, seen, "send")
    found = press(client, other(seen), "search_person")
    changed = form_of(found) | {"person": [cast.SUBUNIT_ROLE.text]}

    page = press(client, changed, "send")
    assert page.status_code == 409
    sent = press(client, form_of(press(client, form_of(page), "preview")), "send")

    assert sent.status_code == 302
    assert Order.objects.count() == 2


def test_two_openings_that_are_written_in_are_two_drafts(enter):
    client = enter(cast.HEAD)
    first = fill(client, need="x")
    press(client, first, "preview")
    tab_b = form_of(client.get(reverse("order")))  # goes on with the first
    press(client, first | {"risk_statement": ["y"]}, "preview")  # which is written in meanwhile

    press(client, tab_b | {"need": ["z"]}, "preview")

    assert UnsentForm.objects.count() == 2


def test_what_goes_on_with_a_draft_is_the_same_draft(enter):
    client = enter(cast.HEAD)
    press(client, fill(client, need="x"), "preview")
    for text in ("y", "z"):
        press(client, form_of(client.get(reverse("order"))) | {"need": [text]}, "preview")
    assert UnsentForm.objects.count() == 1
    assert form_of(client.get(reverse("order")))["need"] == ["z"]
