"""Rights that end soon, decided in one sitting: prolonged together, let to end, or left for later."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse

from provisioning import readings
from provisioning.grant_models import Grant
from provisioning.models import AccessRequest, AuditEntry, Order
from provisioning.rules import deadlines
from provisioning.rules.hsa import HsaId
from provisioning.rules.lifecycle import State
from tests import cast
from tests.grants import life
from tests.views.reading import form_of, text_of
from tests.workflows import acts

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sitting(client):
    """Open the page, or answer on it, in English as somebody."""

    def open_one(by: HsaId, answers=None, **statement):
        client.force_login(acts.user(by))
        client.cookies["django_language"] = "en"
        page = client.get(reverse("ending"))
        if answers is None:
            return page
        filled = form_of(page) | {name: [text] for name, text in statement.items()}
        filled |= {f"{grant.public_id}-decision": [answer] for grant, answer in answers.items()}
        return client.post(reverse("ending"), filled)

    return open_one


@pytest.fixture
def ending(directory, kiv) -> list[Grant]:
    """Two rights on the head's unit, of two persons, that end in three weeks."""
    found = [life.granted(kiv), life.granted(kiv, person_id=cast.SETTLED)]
    for grant in found:
        _ends_in(grant, 21)
    return found


def _ends_in(grant: Grant, days: int) -> date:
    last = readings.today() + timedelta(days=days)
    Grant.objects.filter(pk=grant.pk).update(ends_on=last, starts_on=last - timedelta(days=300))
    grant.refresh_from_db()
    return last


STATEMENT = {"need": acts.NEED, "risk_statement": acts.RISK}


def open_orders():
    return AccessRequest.objects.open()


def test_the_head_prolongs_several_with_one_statement_and_each_is_its_own_case(ending, sitting):
    old_end = ending[0].ends_on

    answer = sitting(cast.HEAD, dict.fromkeys(ending, "prolong"), **STATEMENT)

    assert answer.status_code == 302
    assert open_orders().count() == 2
    for grant in ending:
        request = open_orders().get(subject_key=grant.subject_key)
        assert request.starts_on == old_end + timedelta(days=1)
        assert request.ends_on == deadlines.prolonged_latest_end(old_end)
        assert request.attester_id == cast.HEAD.folded  # the head's order is its own attestation
        assert (request.order.need, request.order.risk_statement) == (acts.NEED, acts.RISK)
    acts.work()
    for grant in ending:
        grant.refresh_from_db()
        assert grant.ends_on == deadlines.prolonged_latest_end(old_end)
    assert "Nothing ends soon" in text_of(sitting(cast.HEAD))


def test_what_may_end_needs_no_statement_and_is_not_asked_about_again(ending, sitting):
    answer = sitting(cast.HEAD, {ending[0]: "let_end"})

    assert answer.status_code == 302
    ending[0].refresh_from_db()
    assert ending[0].let_end_by_id == cast.HEAD.folded
    assert not open_orders().exists()
    words = text_of(sitting(cast.HEAD))
    assert cast.SETTLED.text not in words or ending[0].subject_name not in words
    assert ending[1].subject_name in words and ending[0].subject_name not in words


def test_nothing_is_chosen_beforehand_and_nothing_answered_changes_nothing(ending, sitting):
    page = sitting(cast.HEAD)
    assert not any(name.endswith("-decision") for name in form_of(page))
    before = AuditEntry.objects.count()

    sitting(cast.HEAD, {}, **STATEMENT)

    assert not open_orders().exists()
    assert AuditEntry.objects.count() == before


def test_without_a_statement_nothing_is_prolonged_but_the_rest_is_done(ending, sitting):
    answer = sitting(
        cast.HEAD, {ending[0]: "prolong", ending[1]: "let_end"}, need="x", risk_statement=acts.RISK
    )

    assert answer.status_code == 400
    words = text_of(answer)
    assert "Write at least" in words
    assert form_of(answer)["need"] == ["x"] and form_of(answer)["risk_statement"] == [acts.RISK]
    assert form_of(answer)[f"{ending[0].public_id}-decision"] == ["prolong"]  # nothing is lost
    assert not open_orders().exists()
    ending[1].refresh_from_db()
    assert ending[1].let_end_at is not None


def test_a_silent_directory_prolongs_nothing_and_loses_nothing(ending, sitting, directory, client):
    page = sitting(cast.HEAD)
    directory.faults.is_busy = True
    filled = form_of(page) | {name: [text] for name, text in STATEMENT.items()}

    answer = client.post(reverse("ending"), filled | {f"{ending[0].public_id}-decision": ["prolong"]})

    assert answer.status_code == 503
    assert "does not answer" in text_of(answer)
    left = form_of(answer)
    assert left[f"{ending[0].public_id}-decision"] == ["prolong"]
    assert left["need"] == [acts.NEED]
    assert not open_orders().exists()


def test_what_the_directory_says_now_is_what_was_shown_or_it_is_shown_again(ending, sitting, kiv, client):
    page = sitting(cast.HEAD)
    life.kiv_removes_role(kiv, ending[0])
    filled = form_of(page) | {name: [text] for name, text in STATEMENT.items()}
    filled |= {f"{grant.public_id}-decision": ["prolong"] for grant in ending}

    answer = client.post(reverse("ending"), filled)

    assert answer.status_code == 400
    assert "What the directory says has changed." in text_of(answer)
    assert [one.subject_key for one in open_orders()] == [ending[1].subject_key]


def test_sent_twice_it_is_one_order(ending, sitting, client):
    page = sitting(cast.HEAD)
    filled = form_of(page) | {name: [text] for name, text in STATEMENT.items()}
    filled |= {f"{ending[0].public_id}-decision": ["prolong"]}

    client.post(reverse("ending"), filled)
    client.post(reverse("ending"), filled)

    assert open_orders().count() == 1
    assert Order.objects.filter(requests__subject_key=ending[0].subject_key).distinct().count() == 2


def test_who_may_not_order_there_neither_sees_nor_prolongs(ending, sitting, client):
    page = sitting(cast.HEAD)
    filled = form_of(page) | {name: [text] for name, text in STATEMENT.items()}
    filled |= {f"{ending[0].public_id}-decision": ["prolong"]}
    for somebody in (cast.OUTSIDER, cast.KIV_ADMINISTRATOR, cast.AUDITOR):
        assert "Nothing ends soon" in text_of(sitting(somebody))
        client.force_login(acts.user(somebody))
        client.post(reverse("ending"), filled)
    assert not open_orders().exists()


def test_the_person_asks_for_the_own_right_and_somebody_else_attests(ending, sitting):
    sitting(cast.COORDINATOR, {ending[0]: "prolong"}, **STATEMENT)

    request = open_orders().get()
    assert request.current_state is State.AWAITING_ATTESTATION
    assert request.attester_id is None


def test_a_right_that_ends_later_is_not_asked_about_yet(ending, sitting):
    for grant in ending:
        _ends_in(grant, 120)
    assert "Nothing ends soon" in text_of(sitting(cast.HEAD))
