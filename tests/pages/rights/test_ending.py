"""Rights that end soon, decided in one sitting: prolonged together, let to end, or left for later."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse

from provisioning import dates
from provisioning.models import AccessRequest, AuditEntry, Grant, Notice, Order
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import HsaId
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.findings import drifting
from tests.mandates import delegating
from tests.pages.reading import form_of, text_of
from tests.reviews import sitting as review_sitting
from tests.rights import life
from workflows import tasks

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
    last = dates.today() + timedelta(days=days)
    Grant.objects.filter(pk=grant.pk).update(ends_on=last, starts_on=last - timedelta(days=300))
    grant.refresh_from_db()
    return last


STATEMENT = {"need": acts.NEED, "risk_statement": acts.RISK}


def open_orders():
    return AccessRequest.objects.open()


def test_one_statement_prolongs_several_rights_as_separate_cases(ending, sitting):
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
    assert "1 right is not prolonged." in words and "Nothing has been sent" not in words
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


def test_a_changed_directory_is_shown_again_before_the_answer(ending, sitting, kiv, client):
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


def test_a_second_click_is_told_that_it_is_done(ending, sitting, client):
    page = sitting(cast.HEAD)
    filled = form_of(page) | {name: [text] for name, text in STATEMENT.items()}
    filled |= {f"{ending[0].public_id}-decision": ["prolong"], f"{ending[1].public_id}-decision": ["let_end"]}

    client.post(reverse("ending"), filled)
    words = text_of(client.post(reverse("ending"), filled, follow=True))

    assert "1 order is sent." in words and "1 right is not prolonged." in words
    assert "decided already" in words
    assert "You have not answered" not in words
    assert open_orders().count() == 1


def test_an_answer_counts_though_its_right_is_on_another_page(ending, sitting, client, monkeypatch):
    monkeypatch.setattr("provisioning.pages.rights.ending.RIGHTS_PER_PAGE", 1)
    client.force_login(acts.user(cast.HEAD))
    second = client.get(reverse("ending") + "?page=2")
    (last,) = [grant for grant in ending if str(grant.public_id) in second.content.decode()]
    first = next(grant for grant in ending if grant != last)
    sitting(first.subject_id, {first: "let_end"})
    client.force_login(acts.user(cast.HEAD))

    client.post(reverse("ending") + "?page=2", form_of(second) | {f"{last.public_id}-decision": ["let_end"]})

    last.refresh_from_db()
    assert last.let_end_by_id == cast.HEAD.folded


def choices_of(page, grant: Grant) -> set[str]:
    """What can be chosen for the right."""
    whole = page.content.decode()
    return {one for one in ("prolong", "let_end") if f'id="id_{grant.public_id}-{one}"' in whole}


@pytest.mark.parametrize(
    ("by", "choices"),
    [
        (cast.HEAD, {"prolong", "let_end"}),
        (cast.COORDINATOR, {"prolong", "let_end"}),
        (cast.DELEGATE, {"prolong"}),
    ],
)
def test_only_what_somebody_may_decide_can_be_chosen(ending, sitting, client, by, choices):
    delegating.give(kinds=[Delegable.ORDERING])
    page = sitting(by)
    assert choices_of(page, ending[0]) == choices
    link = reverse("grant", args=[ending[0].public_id])
    assert client.get(link).status_code == (404 if by is cast.DELEGATE else 200)
    assert (link in page.content.decode()) is (by is not cast.DELEGATE)


def test_of_a_process_leaders_right_each_is_offered_what_they_may_decide(directory, kiv, sitting):
    """A head of a unit orders it; whoever holds the provider's mandate lets it end; the person both."""
    grant = review_sitting.process_leader(kiv)
    _ends_in(grant, 21)
    holder = sitting(cast.PROVIDER_HEAD)
    assert choices_of(holder, grant) == {"let_end"}
    assert "a head of unit of the care provider places it" in text_of(holder)
    assert choices_of(sitting(cast.PROCESS_LEADER), grant) == {"prolong", "let_end"}
    assert "Nothing ends soon" in text_of(sitting(cast.HEAD)), "not told of it yet"

    Grant.objects.update(noticed_on=None)
    tasks.sweep_notices()

    told = set(Notice.objects.values_list("recipient_key", flat=True))
    assert told == {one.folded for one in (cast.PROCESS_LEADER, cast.PROVIDER_HEAD, cast.HEAD)}
    assert choices_of(sitting(cast.HEAD), grant) == {"prolong"}
    sitting(cast.HEAD, {grant: "prolong"}, **STATEMENT)
    assert open_orders().get().current_state is RequestState.AWAITING_SECOND_ATTESTATION


def test_without_a_head_who_is_told_reads_who_can_prolong(ending, kiv, sitting):
    drifting.replace(kiv, drifting.unit_dn(cast.BJORKHAGA), "hsaHealthCareUnitManager", [])
    Grant.objects.update(noticed_on=None)
    tasks.sweep_notices()
    page = sitting(cast.HEAD)  # who ordered it, and is not the head any more
    assert choices_of(page, ending[0]) == set()
    assert "the head of the unit places it" in text_of(page)
    assert "Nothing ends soon" in text_of(sitting(cast.HEAD_ABOVE))


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
    assert request.current_state is RequestState.AWAITING_ATTESTATION
    assert request.attester_id is None


def test_the_last_day_can_be_chosen_within_twelve_months(ending, sitting, client):
    page = sitting(cast.HEAD)
    field = f"{ending[0].public_id}-ends_on"
    assert form_of(page)[field] == [deadlines.prolonged_latest_end(ending[0].ends_on).isoformat()]
    wanted = ending[0].ends_on + timedelta(days=40)

    for day, is_taken in ((ending[0].ends_on, False), ("in March", False), (wanted, True)):
        answer = sitting(cast.HEAD, {ending[0]: "prolong"}, **STATEMENT | {field: str(day)})
        assert (answer.status_code == 302) is is_taken, day
    assert open_orders().get().ends_on == wanted


def test_earlier_reasons_are_shown_and_used_again_over_nothing_written(ending, sitting, client):
    page = sitting(cast.HEAD)
    assert ending[0].origin.order.need in text_of(page)
    filled = form_of(page) | {"need": ["Skrivet av mig själv i dag."], "reuse": [str(ending[0].public_id)]}
    filled |= {f"{ending[1].public_id}-decision": ["let_end"]}

    again = form_of(client.post(reverse("ending"), filled))

    assert again["need"] == ["Skrivet av mig själv i dag."]
    assert again["risk_statement"] == [ending[0].origin.order.risk_statement]
    assert again[f"{ending[1].public_id}-decision"] == ["let_end"]
    assert not open_orders().exists()


def test_the_holder_asks_and_reads_who_has_been_asked(ending, sitting, client):
    assert "Ask the head of unit to prolong it" in text_of(sitting(cast.SETTLED))
    sitting(cast.SETTLED, {ending[1]: "prolong"}, **STATEMENT)

    assert "The head of unit has been asked to approve" in text_of(client.get(reverse("ending")))


def test_where_a_signed_assignment_is_asked_for_each_right_takes_its_day(ending, sitting, settings):
    settings.SIGNED_ASSIGNMENT_FOR = ["rehabstod:unit"]
    day = dates.today() - timedelta(days=30)
    field = f"{ending[0].public_id}-signed_assignment_on"

    refused = sitting(cast.HEAD, {ending[0]: "prolong"}, **STATEMENT)
    assert refused.status_code == 400 and "signed" in text_of(refused)
    assert not open_orders().exists()

    future = sitting(cast.HEAD, {ending[0]: "prolong"}, **STATEMENT, **{field: "2099-01-01"})
    assert future.status_code == 400 and form_of(future)[field] == ["2099-01-01"]

    assert (
        sitting(cast.HEAD, {ending[0]: "prolong"}, **STATEMENT, **{field: day.isoformat()}).status_code == 302
    )
    assert open_orders().get().signed_assignment_on == day


def test_the_day_that_was_said_before_stands_in_the_field(ending, sitting, settings):
    settings.SIGNED_ASSIGNMENT_FOR = ["rehabstod:unit"]
    day = dates.today() - timedelta(days=400)
    AccessRequest.objects.filter(grant=ending[0]).update(signed_assignment_on=day)
    field = f"{ending[0].public_id}-signed_assignment_on"
    assert form_of(sitting(cast.HEAD))[field] == [day.isoformat()]
    settings.SIGNED_ASSIGNMENT_FOR = []
    assert field not in form_of(sitting(cast.HEAD))


def test_a_right_that_ends_later_is_not_asked_about_yet(ending, sitting):
    for grant in ending:
        _ends_in(grant, 120)
    assert "Nothing ends soon" in text_of(sitting(cast.HEAD))
