"""The pages of a review as their people meet them: saving a part, losing nothing, and whose they are."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.models import Decision, Removal, Review, ReviewItem
from provisioning.pages.reviews import page as reviews_page
from provisioning.rules.hsa import Attribute
from tests import cast
from tests.pages.reading import form_of, text_of
from tests.reviews import sitting
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


def sheet(browser, review: Review):
    return browser.get(reverse("review", args=[review.public_id]))


def send(browser, review: Review, page, **answers: str):
    """What a browser sends: everything on the page, with these answers given."""
    fields = {name: values[-1] for name, values in form_of(page).items()}
    return browser.post(reverse("review", args=[review.public_id]), fields | answers)


def field(review: Review, grant, name: str) -> str:
    return f"{sitting.item(review, grant).pk}-{name}"


def answer(review: Review, grant, decision: str, reason: str = "") -> dict[str, str]:
    return {field(review, grant, "decision"): decision, field(review, grant, "reason"): reason}


def test_nothing_is_chosen_beforehand(directory, kiv, enter):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    page = sheet(enter(cast.HEAD), review)
    assert page.status_code == 200
    assert field(review, grant, "decision") not in form_of(page)
    assert "keep_rest" not in form_of(page)
    assert grant.subject_name in text_of(page)


def test_the_page_shows_what_the_directory_says_now(directory, kiv, enter):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    head = enter(cast.HEAD)
    assert "Does the access work now? Yes" in text_of(sheet(head, review))
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    page = text_of(sheet(head, review))
    assert "Does the access work now? No" in page
    assert "answer from the directory was cut" not in page
    directory.faults.is_busy = True
    assert "Does the access work now? Don't know" in text_of(sheet(head, review))


def test_an_answer_is_saved_and_the_rest_waits(directory, kiv, enter):
    first, second = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(first, second)
    head = enter(cast.HEAD)
    page = send(head, review, sheet(head, review), **answer(review, first, "keep", sitting.WHY))
    assert page.status_code == 302
    assert page.url == reverse("review", args=[review.public_id])
    assert sitting.item(review, first).decision == Decision.KEEP
    page = sheet(head, review)
    assert field(review, first, "shown") not in form_of(page)
    page = send(head, review, page, **answer(review, second, "remove", "Har bytt tjänst."))
    assert page.url == reverse("review_result", args=[review.public_id])
    assert Removal.objects.get().reason == "Har bytt tjänst."
    result = text_of(head.get(page.url))
    assert "Kept" in result
    assert "Har bytt tjänst." in result


def test_an_incomplete_answer_comes_back_and_the_rest_is_saved(directory, kiv, enter):
    first, second = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(first, second)
    head = enter(cast.HEAD)
    answers = answer(review, first, "keep", sitting.WHY) | answer(review, second, "", "Slutar i maj.")
    page = send(head, review, sheet(head, review), **answers)
    assert page.status_code == 400
    assert sitting.item(review, first).decision == Decision.KEEP
    assert sitting.item(review, second).decision == ""
    assert form_of(page)[field(review, second, "reason")] == ["Slutar i maj."]
    assert "Choose keep or remove." in text_of(page)

    page = send(head, review, sheet(head, review), **answer(review, second, "remove"))
    assert page.status_code == 400
    assert form_of(page)[field(review, second, "decision")] == ["remove"]
    assert not Removal.objects.exists()


def test_a_shared_reason_serves_the_answers_that_have_none(directory, kiv, enter):
    first, second = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(first, second)
    head = enter(cast.HEAD)
    answers = answer(review, first, "keep") | answer(review, second, "keep", "Ett eget skäl.")
    send(head, review, sheet(head, review), shared_reason="Alla arbetar kvar.", **answers)
    assert sitting.item(review, first).reason == "Alla arbetar kvar."
    assert sitting.item(review, second).reason == "Ett eget skäl."
    assert not ReviewItem.objects.filter(is_shared_answer=True).exists()


def test_keeping_the_rest_takes_a_reason_and_an_agreeing_directory(directory, kiv, enter):
    works, broken = life.statistics(kiv), life.granted(kiv)
    review = sitting.opened(works, broken)
    kiv.remove_value(broken.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    head = enter(cast.HEAD)
    page = send(head, review, sheet(head, review), keep_rest="on")
    assert page.status_code == 400
    assert sitting.item(review, works).decision == ""
    send(head, review, sheet(head, review), keep_rest="on", shared_reason="Alla arbetar kvar.")
    kept = sitting.item(review, works)
    assert (kept.decision, kept.is_shared_answer, kept.batch_size) == (Decision.KEEP, True, 1)
    assert sitting.item(review, broken).decision == ""


def test_a_change_since_the_page_is_shown_before_the_decision(directory, kiv, enter):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    head = enter(cast.HEAD)
    shown = sheet(head, review)
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    page = send(head, review, shown, **answer(review, grant, "keep", sitting.WHY))
    assert page.status_code == 400
    assert "has changed" in text_of(page)
    assert sitting.item(review, grant).decision == ""
    page = send(head, review, page, **answer(review, grant, "keep", sitting.WHY))
    assert page.status_code == 302
    assert sitting.item(review, grant).directory_said["answer"] == "no"


def test_a_silent_directory_saves_nothing_and_loses_nothing(directory, kiv, enter):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    head = enter(cast.HEAD)
    directory.faults.is_busy = True
    page = send(head, review, sheet(head, review), **answer(review, grant, "keep", sitting.WHY))
    assert page.status_code == 503
    assert form_of(page)[field(review, grant, "reason")] == [sitting.WHY]
    assert form_of(page)[field(review, grant, "decision")] == ["keep"]
    assert sitting.item(review, grant).decision == ""


def test_the_time_is_counted_from_when_the_page_was_shown(directory, kiv, enter, monkeypatch):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    head = enter(cast.HEAD)
    shown = sheet(head, review)
    import time

    now = time.time()
    monkeypatch.setattr("provisioning.pages.reviews.page.time.time", lambda: now + 120)
    send(head, review, shown, **answer(review, grant, "keep", sitting.WHY))
    assert sitting.item(review, grant).seconds_spent in range(120, 126)


def test_another_reviewers_page_does_not_hold_ones_own_right(directory, kiv, enter):
    own, other = sitting.own_right_of_the_head(kiv), life.granted(kiv)
    review = sitting.opened(own, other)
    assert field(review, own, "shown") not in form_of(sheet(enter(cast.HEAD), review))
    page = sheet(enter(cast.HEAD_ABOVE), review)
    assert field(review, own, "shown") in form_of(page)
    assert field(review, other, "shown") not in form_of(page)
    head = enter(cast.HEAD)
    forged = answer(review, own, "keep", sitting.WHY) | {field(review, own, "shown"): "x"}
    send(head, review, sheet(head, review), **forged)
    assert sitting.item(review, own).decision == ""


@pytest.mark.parametrize("page", ["review", "review_result"])
def test_the_pages_are_not_there_for_others(directory, kiv, enter, settings, page):
    settings.AUDITORS = (cast.AUDITOR.text,)
    review = sitting.opened(life.granted(kiv))
    address = reverse(page, args=[review.public_id])
    for person in (cast.OUTSIDER, cast.COORDINATOR, cast.KIV_ADMINISTRATOR, cast.HEAD_ABOVE):
        assert enter(person).get(address).status_code == 404, person
    assert enter(cast.HEAD).get(address).status_code == 200
    answer_to_auditor = enter(cast.AUDITOR).get(address)
    if page == "review":
        assert answer_to_auditor.url == reverse("review_result", args=[review.public_id])
    else:
        assert answer_to_auditor.status_code == 200


def test_a_protected_person_is_named_on_no_page_of_a_review(directory, kiv, enter):
    grant = life.granted(kiv, person_id=cast.PROTECTED)
    review = sitting.opened(grant)
    head = enter(cast.HEAD)
    for page in (sheet(head, review), head.get(reverse("review_result", args=[review.public_id]))):
        assert grant.subject_name not in text_of(page)
        assert grant.subject_hsa_id in text_of(page)


def test_the_start_page_and_the_list_lead_to_what_waits(directory, kiv, enter):
    review = sitting.opened(life.granted(kiv), life.statistics(kiv))
    assert "2 rights wait for you" in text_of(enter(cast.HEAD).get(reverse("start")))
    assert "to keep or remove" not in text_of(enter(cast.COORDINATOR).get(reverse("start")))
    page = enter(cast.HEAD).get(reverse("reviews"))
    assert reverse("review", args=[review.public_id]) in page.content.decode()
    assert "No reviews" in text_of(enter(cast.OUTSIDER).get(reverse("reviews")))


def test_the_head_starts_a_review_of_a_unit_with_rights(directory, kiv, enter):
    grant = life.granted(kiv)
    head = enter(cast.HEAD)
    assert grant.unit_name in text_of(head.get(reverse("begin_review")))
    assert head.post(reverse("begin_review"), {}).status_code == 400
    begun = head.post(reverse("begin_review"), {"unit": grant.unit_key})
    review = Review.objects.get()
    assert begun.url == reverse("review", args=[review.public_id])
    assert (review.opened_by_id, review.scope) == (cast.HEAD.folded, "all")
    assert head.post(reverse("begin_review"), {"unit": grant.unit_key}).status_code == 400


def test_an_auditor_starts_a_review_by_hsa_id_and_decides_nothing(directory, kiv, enter, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    grant = life.granted(kiv)
    auditor = enter(cast.AUDITOR)
    assert auditor.post(reverse("begin_review"), {"unit": cast.NOWHERE.text}).status_code == 400
    begun = auditor.post(reverse("begin_review"), {"unit": f" {grant.unit_hsa_id} "})
    review = Review.objects.get()
    assert begun.url == reverse("review_result", args=[review.public_id])
    auditor.post(reverse("review", args=[review.public_id]), answer(review, grant, "keep", sitting.WHY))
    assert sitting.item(review, grant).decision == ""


@pytest.mark.parametrize("person", [cast.OUTSIDER, cast.KIV_ADMINISTRATOR, cast.COORDINATOR])
def test_nobody_else_starts_a_review(directory, kiv, enter, person):
    grant = life.granted(kiv)
    browser = enter(person)
    assert browser.get(reverse("begin_review")).status_code == 404
    assert browser.post(reverse("begin_review"), {"unit": grant.unit_key}).status_code == 404
    assert not Review.objects.exists()


def test_a_head_of_another_unit_starts_none_here(directory, kiv, enter):
    grant = life.granted(kiv)
    browser = enter(cast.HEAD_ABOVE)
    assert browser.post(reverse("begin_review"), {"unit": grant.unit_key}).status_code == 400
    assert not Review.objects.exists()


@pytest.fixture
def short_pages(monkeypatch):
    monkeypatch.setattr(reviews_page, "RIGHTS_PER_PAGE", 1)


def test_answers_on_page_two_are_saved_though_page_one_is_decided(directory, kiv, enter, short_pages):
    """In another tab, or by whoever else is asked: what was on the second page is on the first now."""
    rights = life.granted(kiv), life.statistics(kiv), life.granted(kiv, person_id=cast.SETTLED)
    review = sitting.opened(*rights)
    head = enter(cast.HEAD)
    url = reverse("review", args=[review.public_id])
    first, second = sheet(head, review), head.get(url + "?page=2")
    on_first, on_second = _item_on(first), _item_on(second)
    send(head, review, first, **{f"{on_first.pk}-decision": "keep", f"{on_first.pk}-reason": sitting.WHY})

    fields = {name: values[-1] for name, values in form_of(second).items()}
    given = {f"{on_second.pk}-decision": "remove", f"{on_second.pk}-reason": "Har bytt tjänst."}
    page = head.post(url + "?page=2", fields | given, follow=True)

    on_second.refresh_from_db()
    assert (on_second.decision, on_second.reason) == (Decision.REMOVE, "Har bytt tjänst.")
    assert "1 decision is saved" in text_of(page)
    assert ReviewItem.objects.undecided().count() == 1


def _item_on(page) -> ReviewItem:
    [pk] = {name.split("-")[0] for name in form_of(page) if name.endswith("-shown")}
    return ReviewItem.objects.get(pk=pk)


def test_who_answers_what_somebody_else_has_decided_meanwhile_is_told_so(directory, kiv, enter):
    first, second = life.granted(kiv), life.statistics(kiv)
    review = sitting.opened(first, second)
    head = enter(cast.HEAD)
    page = sheet(head, review)
    sitting.decide(review, {first: Decision.KEEP}, cast.HEAD)
    answer_page = head.post(
        reverse("review", args=[review.public_id]),
        {name: values[-1] for name, values in form_of(page).items()}
        | answer(review, first, "remove", "Har bytt tjänst."),
        follow=True,
    )
    shown = text_of(answer_page)
    assert "You have not answered for any right yet" not in shown
    assert "already been decided" in shown
    assert sitting.item(review, first).decision == Decision.KEEP and not Removal.objects.exists()


def test_who_answers_after_the_last_one_was_decided_is_told_so(directory, kiv, enter):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    head = enter(cast.HEAD)
    page = sheet(head, review)
    sitting.decide(review, {grant: Decision.KEEP}, cast.HEAD)
    url = reverse("review", args=[review.public_id])
    fields = {name: values[-1] for name, values in form_of(page).items()}
    shown = text_of(head.post(url, fields | answer(review, grant, "remove", "Har bytt."), follow=True))
    assert "already been decided" in shown
    assert not Removal.objects.exists()


def test_the_result_is_read_in_parts_and_counts_all(directory, kiv, enter, monkeypatch):
    monkeypatch.setattr(reviews_page, "RESULTS_PER_PAGE", 1)
    review = sitting.opened(life.granted(kiv), life.granted(kiv, person_id=cast.SETTLED))
    url = reverse("review_result", args=[review.public_id])
    first, second = (enter(cast.HEAD).get(url, {"page": number}) for number in (1, 2))
    shown = [page.context["results"] for page in (first, second)]
    assert [len(part) for part in shown] == [1, 1]
    assert {part[0].hsa_id for part in shown} == {cast.COORDINATOR.text, cast.SETTLED.text}
    assert "2 rights are not decided yet" in text_of(first)
