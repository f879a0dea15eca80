"""Notices as people want them: at once, each morning or not by mail; never less than is needed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from provisioning.messages import daily_mail, outbox, ways_chosen
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest, AuditEntry, NoticeChoice, OutgoingMessage
from provisioning.rules.notice_ways import LIMITS, Ground, Way, way_of
from tests import acts, cast
from tests.pages.reading import text_of
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)

State = OutgoingMessage.Delivery
PAGE = reverse("own_notices")


def chooses(person, **ways: Way) -> None:
    ways_chosen.choose({MessageKind(kind): way for kind, way in ways.items()}, by=acts.user(person))


@pytest.fixture
def ordered_for_the_head_in_the_morning(directory) -> AccessRequest:
    """The head reads once a day what is to be attested, and an order waits for her since yesterday."""
    chooses(cast.HEAD, attest=Way.DAILY)
    request = acts.order(by=cast.COORDINATOR)
    acts.work()
    OutgoingMessage.objects.update(created_at=timezone.now() - timedelta(days=1, hours=1))
    return request


def filled_in(answer: Any) -> dict[str, str]:
    """What a browser would send of the page's form."""
    form = answer.context["form"]
    return {name: form[name].value() for name in form.fields}


def of_the_head() -> OutgoingMessage:
    return OutgoingMessage.objects.get(kind="attest", recipient_key=cast.HEAD.folded)


def mailed_to_the_head() -> list[Any]:
    rows = OutgoingMessage.objects.filter(recipient_key=cast.HEAD.folded)
    ids = {str(row.uuid) for row in rows}
    return [
        one.body
        for one in mail.outbox
        if any(one.extra_headers["Message-ID"].startswith(f"<{i}@") for i in ids)
    ]


def test_every_kind_has_a_limit_and_each_limit_its_source():
    to_nobody = {MessageKind.KIV_TEAM, MessageKind.REMOVAL_KIV_TEAM}  # a team's mailbox chooses nothing
    to_nobody |= {MessageKind.KIV_TICKET, MessageKind.REMOVAL_KIV_TICKET}  # nor does a ticket system
    assert set(LIMITS) == set(MessageKind) - {MessageKind.DIGEST, MessageKind.ORDER_SUMMARY} - to_nobody
    for kind, limit in LIMITS.items():
        assert (limit.ground is Ground.NONE) == (limit.quietest is Way.PAGE), kind
        assert bool(limit.source) == (limit.ground is not Ground.NONE), kind


@pytest.mark.parametrize(
    ("kind", "chosen", "expected"),
    [
        ("done", "page", Way.PAGE),
        ("done", "daily", Way.DAILY),
        ("attest", "page", Way.DAILY),
        ("removal_kiv", "page", Way.AT_ONCE),
        ("done", "never", Way.AT_ONCE),
        ("digest", "page", Way.AT_ONCE),
    ],
)
def test_nothing_is_quieter_than_the_rules_allow(kind, chosen, expected):
    assert way_of(kind, chosen) is expected


def test_what_was_chosen_for_the_morning_comes_in_one_mail(ordered_for_the_head_in_the_morning):
    acts.send_mails()
    assert of_the_head().state == State.COLLECTED
    assert mailed_to_the_head() == []
    tasks.sweep_daily_mails()
    tasks.sweep_daily_mails()
    acts.send_mails()
    (body,) = mailed_to_the_head()
    number = ordered_for_the_head_in_the_morning.case_number
    assert f"Attestera en beställning ({number}):" in body
    assert reverse("attest", args=[ordered_for_the_head_in_the_morning.public_id]) in body
    assert of_the_head().state == State.IN_DIGEST


def test_what_is_over_by_the_morning_is_not_told(ordered_for_the_head_in_the_morning):
    acts.attest(ordered_for_the_head_in_the_morning, cast.HEAD)
    daily_mail.write(cast.HEAD.folded)
    assert of_the_head().state == State.OUT_OF_DATE
    assert not OutgoingMessage.objects.filter(kind="digest").exists()


def test_a_daily_mail_that_is_late_says_only_what_still_holds(ordered_for_the_head_in_the_morning):
    digest = daily_mail.write(cast.HEAD.folded)
    assert digest is not None
    acts.attest(ordered_for_the_head_in_the_morning, cast.HEAD)
    assert outbox.send(digest.pk) is False
    digest.refresh_from_db()
    assert digest.state == State.OUT_OF_DATE


def test_nothing_is_collected_before_its_morning(directory):
    chooses(cast.HEAD, attest=Way.DAILY)
    acts.order(by=cast.COORDINATOR)
    acts.work()
    OutgoingMessage.objects.update(created_at=timezone.now() + timedelta(minutes=1))
    assert daily_mail.due() == []


def test_who_chooses_mail_at_once_again_gets_what_was_collected(ordered_for_the_head_in_the_morning):
    chooses(cast.HEAD, attest=Way.AT_ONCE)
    acts.send_mails()
    assert len(mailed_to_the_head()) == 1


def test_what_is_for_the_page_only_is_not_mailed_but_shown(directory, enter):
    chooses(cast.HEAD, attested=Way.PAGE)
    request = acts.order()
    entry = AuditEntry.objects.filter(request=request).earliest("pk")
    outbox.enqueue(entry, MessageKind.ATTESTED, [cast.HEAD])
    acts.send_mails()
    assert (
        OutgoingMessage.objects.get(kind="attested", recipient_key=cast.HEAD.folded).state == State.PAGE_ONLY
    )
    shown = text_of(enter(cast.HEAD).get(PAGE))
    assert f"{request} Not mailed: the person reads it on the page" in shown


def test_the_page_keeps_the_choices_and_says_them_again(directory, enter):
    browser = enter(cast.HEAD)
    filled = filled_in(browser.get(PAGE)) | {"attest": "daily", "done": "page", "language": "en"}
    answer = browser.post(PAGE, filled, follow=True)
    assert answer.status_code == 200
    again = filled_in(answer)
    assert (again["attest"], again["done"], again["language"]) == ("daily", "page", "en")
    assert acts.user(cast.HEAD).language == "en"
    assert AuditEntry.objects.get(action="notices.chosen").data == {
        "ways": {"attest": "daily", "done": "page"}
    }


@pytest.mark.parametrize("choice", [{"attest": "page"}, {"done": "never"}, {"language": "xx"}])
def test_a_choice_that_is_not_offered_is_refused(choice, directory, enter):
    browser = enter(cast.HEAD)
    filled = filled_in(browser.get(PAGE)) | choice
    assert browser.post(PAGE, filled).status_code == 400
    assert not NoticeChoice.objects.exists()


def test_one_sees_the_notices_of_nobody_else(ordered_for_the_head_in_the_morning, enter):
    number = str(ordered_for_the_head_in_the_morning.case_number)
    assert number in text_of(enter(cast.HEAD).get(PAGE))
    assert number not in text_of(enter(cast.OUTSIDER).get(PAGE))


def test_a_mail_can_be_seen_before_it_comes_in_the_language_of_ones_mails(directory, enter):
    address = reverse("mail_preview")
    user = acts.user(cast.HEAD)
    user.language = "en"
    user.save()
    browser = enter(cast.HEAD)
    for kind in LIMITS:
        expected = 404 if kind in ("review_stuck", "sweep_stopped", "audit_unsound", "incidents") else 200
        assert browser.get(address, {"slag": kind}).status_code == expected, kind
    assert "Approve an order" in text_of(browser.get(address, {"slag": "attest"}))
    for odd in ("", "digest", "no such kind"):
        assert browser.get(address, {"slag": odd}).status_code == 404
