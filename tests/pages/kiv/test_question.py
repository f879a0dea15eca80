"""A question back from a KIV administrator: asked, mailed, waited for and answered; KIV closes the task."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from provisioning.messages import still_true
from provisioning.models import AccessRequest, AuditEntry, OutgoingMessage, Removal, TaskQuestion
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.reading import text_of
from tests.rights import life
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)

QUESTION = "Gäller det Björkhaga eller den nya enheten?"
ANSWER = "Björkhaga, som det står i beställningen."


@pytest.fixture
def task(directory) -> AccessRequest:
    ordered = acts.order()
    acts.work()
    return AccessRequest.objects.get(pk=ordered.pk, state=RequestState.AWAITING_KIV.value)


@pytest.fixture
def removal(directory, kiv) -> Removal:
    return life.with_kiv(life.removal_by_head(life.granted(kiv)))


def post(browser, name: str, case: AccessRequest | Removal, text: str) -> str:
    return text_of(browser.post(reverse(name, args=[case.public_id]), {"text": text}, follow=True))


def kinds_to(person) -> list[str]:
    rows = OutgoingMessage.objects.filter(recipient_key=person.folded).order_by("pk")
    return list(rows.values_list("kind", flat=True))


def test_the_orderer_is_asked_answers_and_both_are_mailed(task, enter) -> None:
    administrator, head = enter(cast.KIV_ADMINISTRATOR), enter(cast.HEAD)
    said = post(administrator, "kiv_ask", task, QUESTION)
    assert "Your question is sent by mail." in said and QUESTION in said
    assert kinds_to(cast.HEAD)[-1] == "question"

    listed = text_of(administrator.get(reverse("kiv_tasks")))
    assert "A question about it waits for its answer." in listed
    case = text_of(head.get(reverse("case", args=[task.public_id])))
    assert "Who has it: Bertil Exempelsson (orderer)" in case
    assert "waits for the answer" in case and QUESTION in case and "Answer the question" in case
    start = head.get(reverse("start"))
    assert "To answer 1" in text_of(start)
    assert reverse("kiv_answer", args=[task.public_id]) in start.content.decode()

    said = post(head, "kiv_answer", task, ANSWER)
    assert "Your answer is sent by mail to the KIV administrator." in said and ANSWER in said
    assert "(KIV administrator)" in said
    assert kinds_to(cast.KIV_ADMINISTRATOR)[-1] == "answer"
    actions = AuditEntry.objects.filter(reason__in=[QUESTION, ANSWER]).order_by("pk")
    assert list(actions.values_list("action", flat=True)) == ["request.asked", "request.answered"]
    acts.send_mails()
    assert not any(QUESTION in one.body or ANSWER in one.body for one in mail.outbox)
    assert ANSWER in text_of(administrator.get(reverse("kiv_task", args=[task.public_id])))


def test_whoever_started_a_removal_is_asked_and_answers(removal, enter) -> None:
    post(enter(cast.KIV_ADMINISTRATOR), "kiv_ask", removal, QUESTION)
    page = text_of(enter(cast.HEAD).get(reverse("removal", args=[removal.public_id])))
    assert "Who has it: Bertil Exempelsson (was asked)" in page and QUESTION in page
    assert ANSWER in post(enter(cast.HEAD), "kiv_answer", removal, ANSWER)
    assert kinds_to(cast.KIV_ADMINISTRATOR)[-1] == "removal_answer"


def test_kiv_closes_the_task_while_the_question_waits(task, enter, kiv) -> None:
    post(enter(cast.KIV_ADMINISTRATOR), "kiv_ask", task, QUESTION)
    acts.set_values(task, kiv)
    acts.work()
    task.refresh_from_db()
    assert task.current_state is not RequestState.AWAITING_KIV
    assert task.open_question is None
    head = enter(cast.HEAD)
    assert "Answer the question" not in text_of(head.get(reverse("case", args=[task.public_id])))
    assert TaskQuestion.objects.get().answered_at is None
    post(head, "kiv_answer", task, ANSWER)
    assert TaskQuestion.objects.get().answered_at is None
    asked = OutgoingMessage.objects.get(kind="question")
    asked.created_at -= timedelta(days=1)
    assert still_true.is_out_of_date(asked)


def test_reminders_go_to_whoever_was_asked_and_count_from_the_question(task, enter, settings) -> None:
    long_ago = timezone.now() - timedelta(days=30)
    AccessRequest.objects.filter(pk=task.pk).update(state_since=long_ago)
    post(enter(cast.KIV_ADMINISTRATOR), "kiv_ask", task, QUESTION)
    tasks.sweep_reminders()
    assert "reminder" not in kinds_to(cast.HEAD)
    TaskQuestion.objects.update(asked_at=long_ago + timedelta(days=1))
    tasks.sweep_reminders()
    assert "reminder" in kinds_to(cast.HEAD)
    assert "reminder" not in kinds_to(cast.KIV_ADMINISTRATOR)
    acts.send_mails()
    (sent,) = [one for one in mail.outbox if one.subject.startswith("Påminnelse")]
    assert sent.subject == f"Påminnelse: svara på en fråga ({task.case_number})"
    assert reverse("kiv_answer", args=[task.public_id]) in sent.body


def test_only_who_has_the_task_asks_and_only_who_was_asked_answers(task, enter) -> None:
    for who in (cast.HEAD, cast.COORDINATOR, cast.OUTSIDER):
        assert enter(who).get(reverse("kiv_ask", args=[task.public_id])).status_code == 404
    assert "Write your question." in post(enter(cast.KIV_ADMINISTRATOR), "kiv_ask", task, " ")
    post(enter(cast.KIV_ADMINISTRATOR), "kiv_ask", task, QUESTION)
    post(enter(cast.KIV_ADMINISTRATOR_ABOVE), "kiv_ask", task, "En till?")
    assert TaskQuestion.objects.count() == 1
    for who in (cast.KIV_ADMINISTRATOR, cast.COORDINATOR, cast.OUTSIDER):
        page = enter(who).post(reverse("kiv_answer", args=[task.public_id]), {"text": ANSWER})
        assert page.status_code == 404
    assert TaskQuestion.objects.get().answered_at is None


def test_a_question_about_a_protected_person_is_for_who_handles_it(task, enter, settings) -> None:
    post(enter(cast.KIV_ADMINISTRATOR), "kiv_ask", task, QUESTION)
    AccessRequest.objects.filter(pk=task.pk).update(subject_is_protected=True)
    settings.AUDITORS = (cast.AUDITOR.text,)
    assert QUESTION not in text_of(enter(cast.AUDITOR).get(reverse("case", args=[task.public_id])))
    assert QUESTION in text_of(enter(cast.HEAD).get(reverse("case", args=[task.public_id])))
