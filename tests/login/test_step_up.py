"""A decision long after the card was shown asks for it again, and nothing that was filled in is lost."""

from __future__ import annotations

from typing import Any

import pytest
from django.urls import NoReverseMatch, reverse

from config import modes
from provisioning.models import (
    AccessRequest,
    AuditEntry,
    Delegation,
    Finding,
    Grant,
    Removal,
    ReviewItem,
    UnsentForm,
)
from provisioning.pages.login import step_up
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.findings import drifting
from tests.login.visitor import Visitor, changed, parameters
from tests.mandates import delegating
from tests.pages.reading import form_of
from tests.reviews import sitting
from tests.rights import life

REASON = "Hen behöver det inte i sitt arbete just nu."


@pytest.fixture
def strict(settings) -> None:
    settings.OIDC_STEP_UP = modes.STEP_UP
    settings.OIDC_STEP_UP_MINUTES = 30


@pytest.fixture
def to_attest(strict, visitor: Visitor) -> AccessRequest:
    """An order that waits for the head, who is logged in."""
    request = acts.order(by=cast.COORDINATOR)
    acts.work()
    visitor.log_in("head")
    visitor.tool.cookies["django_language"] = "en"
    return request


def age(visitor: Visitor, *, minutes: int) -> None:
    """Let the card have been shown so long ago."""
    session = visitor.tool.session
    session["login.proved_at"] -= minutes * 60
    session.save()


def attest_page(request: AccessRequest) -> str:
    return reverse("attest", args=[request.public_id])


def reject(visitor: Visitor, request: AccessRequest) -> Any:
    page = attest_page(request)
    return visitor.post(page, {"decision": "reject", "reason": REASON}, page=page)


def again(visitor: Visitor, page: str) -> str:
    """The provider's address that leads to showing the card again."""
    return str(visitor.tool.get(reverse("oidc_again"), {"next": page})["Location"])


def test_a_decision_right_after_the_log_in_asks_for_nothing(to_attest, visitor):
    assert reject(visitor, to_attest).status_code == 302
    to_attest.refresh_from_db()
    assert to_attest.current_state is RequestState.REJECTED


def test_a_late_decision_asks_for_the_card_and_loses_nothing(to_attest, visitor):
    page = attest_page(to_attest)
    age(visitor, minutes=31)
    answer = reject(visitor, to_attest)
    assert answer.status_code == 403
    text = answer.content.decode()
    assert "Show your card again" in text
    assert REASON not in text
    to_attest.refresh_from_db()
    assert to_attest.current_state is RequestState.AWAITING_ATTESTATION

    address = again(visitor, page)
    asked = parameters(address)
    assert (asked["prompt"], asked["max_age"]) == ("login", "1800")
    assert REASON not in address
    back = visitor.show_card(address, "head")
    assert REASON not in back
    answer = visitor.come_back(back)
    assert answer["Location"] == page
    filled = visitor.tool.get(page).content.decode()
    assert REASON in filled
    assert 'value="reject"' in filled
    assert "checked" in filled
    assert visitor.user_key == cast.HEAD.folded

    assert reject(visitor, to_attest).status_code == 302
    to_attest.refresh_from_db()
    assert to_attest.current_state is RequestState.REJECTED
    assert AuditEntry.objects.filter(action="login.proved_again", actor_id=cast.HEAD.folded).count() == 1
    assert not UnsentForm.objects.exists()


def test_the_provider_is_asked_although_it_remembers_the_card(to_attest, visitor):
    response = visitor._get(again(visitor, attest_page(to_attest)))
    assert "/interaction/" in response.headers["Location"]


def test_another_persons_card_changes_nothing(to_attest, visitor):
    age(visitor, minutes=31)
    reject(visitor, to_attest)
    visitor.provider.cookies.clear()
    answer = visitor.come_back(visitor.show_card(again(visitor, attest_page(to_attest)), "other"))
    assert answer["Location"] == "/logga-in/nekad/"
    page = visitor.tool.get("/logga-in/nekad/").content.decode()
    assert "another person" in page
    assert attest_page(to_attest) in page
    assert visitor.user_key == cast.HEAD.folded
    assert reject(visitor, to_attest).status_code == 403
    assert AuditEntry.objects.filter(action="login.refused").get().data["code"] == "login.another_person"


def test_a_cancelled_proof_leaves_the_person_logged_in(to_attest, visitor):
    age(visitor, minutes=31)
    reject(visitor, to_attest)
    visitor.come_back(visitor.show_card(again(visitor, attest_page(to_attest)), "cancel"))
    page = visitor.tool.get("/logga-in/nekad/").content.decode()
    assert "still logged in" in page
    assert REASON in visitor.tool.get(attest_page(to_attest)).content.decode()


@pytest.mark.parametrize("fault", [{"without": ["auth_time"]}, {"claims": {"auth_time": 1}}], ids=str)
def test_a_provider_that_did_not_ask_anew_is_not_believed(fault, to_attest, visitor, provider):
    age(visitor, minutes=31)
    provider.fault(**fault)
    answer = visitor.come_back(visitor.show_card(again(visitor, attest_page(to_attest)), "head"))
    assert answer["Location"] == "/logga-in/nekad/"
    assert reject(visitor, to_attest).status_code == 403


def test_a_log_in_of_which_nobody_knows_the_time_is_not_fresh(strict, visitor, provider):
    provider.fault(without=["auth_time"])
    request = acts.order(by=cast.COORDINATOR)
    acts.work()
    visitor.log_in("head")
    assert reject(visitor, request).status_code == 403


def test_a_proof_from_the_future_does_not_last_longer(strict, visitor, provider):
    provider.fault(claims={"auth_time": 253_402_300_799})
    request = acts.order(by=cast.COORDINATOR)
    acts.work()
    visitor.log_in("head")
    age(visitor, minutes=31)
    assert reject(visitor, request).status_code == 403


def test_a_new_proof_counts_once(to_attest, visitor):
    back = visitor.show_card(again(visitor, attest_page(to_attest)), "head")
    visitor.come_back(back)
    age(visitor, minutes=31)
    assert visitor.come_back(back)["Location"] == "/"
    assert reject(visitor, to_attest).status_code == 403


def test_a_new_proof_leads_to_no_other_site(to_attest, visitor):
    for wanted in ("https://evil.invalid/", "//evil.invalid", "abc"):
        assert visitor.come_back(visitor.show_card(again(visitor, wanted), "head"))["Location"] == "/"


def test_a_forged_state_is_no_new_proof(to_attest, visitor):
    back = changed(visitor.show_card(again(visitor, "/"), "head"), state="forged")
    age(visitor, minutes=31)
    visitor.come_back(back)
    assert reject(visitor, to_attest).status_code == 403


def test_a_delegation_asks_for_the_card_and_keeps_the_form(to_attest, visitor):
    age(visitor, minutes=31)
    page = reverse("delegate")
    data = {"who": cast.OUTSIDER.text, "unit": cast.BJORKHAGA.text, "kinds": "attesting", "reason": REASON,
            "starts_on": "2030-01-01", "ends_on": "2030-01-09"}  # fmt: skip
    assert visitor.post(page, data, page=page).status_code == 403
    assert not Delegation.objects.exists()
    filled = visitor.tool.get(page).content.decode()
    for value in (cast.OUTSIDER.text, REASON, "2030-01-09"):
        assert value in filled


def test_an_order_that_attests_itself_asks_for_the_card(to_attest, visitor):
    age(visitor, minutes=31)
    answer = visitor.post("/bestall/", {"action": "send", "need": REASON}, page="/bestall/")
    assert answer.status_code == 403
    assert REASON in visitor.tool.get("/bestall/").content.decode()


def test_what_no_decision_is_asks_for_nothing(to_attest, visitor):
    age(visitor, minutes=31)
    assert visitor.tool.get(attest_page(to_attest)).status_code == 200
    assert visitor.post("/bestall/", {"action": "search"}, page="/bestall/").status_code != 403


def test_only_the_decisions_of_the_settings_ask_for_the_card(to_attest, visitor, settings):
    settings.OIDC_STEP_UP = ("delegate",)
    age(visitor, minutes=31)
    assert reject(visitor, to_attest).status_code == 302


@pytest.mark.django_db
def test_the_kiv_administrators_answer_is_kept(strict, provider, directory, enter, settings):
    request = acts.order()
    acts.work()
    page = reverse("kiv_task", args=[request.public_id])
    browser = enter(cast.KIV_ADMINISTRATOR)  # without any proof by card
    data = {"answer": "cannot", "cannot-items": [str(request.public_id)], "cannot-why": "other",
            "cannot-note": REASON}  # fmt: skip
    answer = browser.post(page, data)
    assert answer.status_code == 403
    assert "Show your card again" in answer.content.decode()
    assert REASON in browser.get(page).content.decode()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV


def late(browser, page: str, answers: dict[str, str], *, loses_nothing: bool = True) -> str:
    """Send what a browser sends with these answers, the card never shown; the page as it comes back."""
    sent = {name: values[-1] for name, values in form_of(browser.get(page)).items()} | answers
    answer = browser.post(page, sent)
    assert answer.status_code == 403
    assert "Show your card again" in answer.content.decode()
    shown = browser.get(page)
    if loses_nothing:
        filled = form_of(shown)
        assert {name: filled[name][-1] for name in answers} == answers
    return str(shown.content.decode())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page", ["grant_end", "grant_let_end"])
def test_ending_a_right_asks_for_the_card_and_keeps_why(strict, provider, directory, kiv, enter, page):
    grant = life.granted(kiv)
    late(enter(cast.HEAD), reverse(page, args=[grant.public_id]), {"reason": REASON})
    grant.refresh_from_db()
    assert grant.state == "active" and grant.let_end_at is None
    assert not Removal.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_taking_a_removal_back_asks_for_the_card(strict, provider, directory, kiv, enter):
    removal = life.removal_by_head(life.granted(kiv))
    late(enter(cast.HEAD), reverse("removal_withdraw", args=[removal.public_id]), {"reason": REASON})
    removal.refresh_from_db()
    assert removal.is_open


@pytest.mark.django_db(transaction=True)
def test_prolonging_asks_for_the_card_and_keeps_every_answer(strict, provider, directory, kiv, enter):
    grants = [life.nearly_over(life.granted(kiv, **wish), 21) for wish in ({}, {"person_id": cast.SETTLED})]
    answers = dict(zip((f"{one.public_id}-decision" for one in grants), ("prolong", "let_end"), strict=True))
    answers |= {"need": acts.NEED, "risk_statement": acts.RISK}
    before = AccessRequest.objects.count()
    late(enter(cast.HEAD), reverse("ending"), answers)
    assert AccessRequest.objects.count() == before
    assert not Grant.objects.exclude(let_end_at=None).exists()


@pytest.mark.django_db(transaction=True)
def test_a_review_asks_for_the_card_and_keeps_every_answer(strict, provider, directory, kiv, enter):
    grants = [life.granted(kiv), life.statistics(kiv)]
    review = sitting.opened(*grants)
    first, second = (sitting.item(review, one).pk for one in grants)
    answers = {f"{first}-decision": "keep", f"{first}-reason": REASON, f"{second}-decision": "remove",
               "shared_reason": "Gäller alla på enheten.", "keep_rest": "on"}  # fmt: skip
    late(enter(cast.HEAD), reverse("review", args=[review.public_id]), answers)
    assert not ReviewItem.objects.exclude(decision="").exists()


@pytest.mark.django_db(transaction=True)
def test_settling_a_finding_asks_for_the_card_and_keeps_why(strict, provider, directory, kiv, enter):
    kiv.add_value(drifting.person_dn(cast.COORDINATOR), drifting.ROLE, life.ROLE)
    drifting.swept()
    finding = Finding.objects.not_over().filter(value=life.ROLE).earliest("pk")
    page = reverse("finding", args=[finding.public_id])
    late(enter(cast.HEAD), page, {"step": "explain", "reason": REASON})
    finding.refresh_from_db()
    assert finding.state == Finding.State.OPEN


@pytest.mark.django_db(transaction=True)
def test_ending_a_delegation_asks_for_the_card(strict, provider, directory, enter):
    row = delegating.give()
    late(enter(cast.HEAD), reverse("revoke_delegation", args=[row.public_id]), {})
    row.refresh_from_db()
    assert row.ended_at is None


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("word", modes.STEP_UP)
def test_each_word_of_the_settings_is_asked_for_somewhere(word):
    assert word in step_up.DECISIONS.values()


@pytest.mark.django_db(transaction=True)
def test_a_decision_that_the_settings_leave_out_is_taken(strict, provider, directory, kiv, enter, settings):
    settings.OIDC_STEP_UP = ("attest", "carry_out", "delegate")
    grant = life.granted(kiv)
    page = reverse("grant_let_end", args=[grant.public_id])
    assert enter(cast.HEAD).post(page, {"reason": REASON}).status_code == 302
    grant.refresh_from_db()
    assert grant.let_end_at is not None


def test_every_decision_is_an_address_that_exists() -> None:
    for name in step_up.DECISIONS:
        try:
            reverse(name)
        except NoReverseMatch as exc:
            assert "with no arguments not found" in str(exc), name


@pytest.mark.django_db
def test_the_demo_asks_for_no_card(directory, enter, settings) -> None:
    settings.OIDC_STEP_UP = ("attest",)
    settings.OIDC_ISSUER = ""
    request = acts.order(by=cast.COORDINATOR)
    acts.work()
    answer = enter(cast.HEAD).post(attest_page(request), {"decision": "reject", "reason": REASON})
    assert answer.status_code == 302
