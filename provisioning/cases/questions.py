"""A KIV administrator's question to whoever ordered or started it, and the answer.

The case waits for the answer and says so; the task stays open, and KIV closes it all the same.
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import kiv_answers, moves
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.mandates.current import Mandates
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import Case, TaskQuestion, User
from provisioning.rules.hsa import HsaId


@transaction.atomic
def ask(case: Case, *, by: User, mandates: Mandates, text: str) -> None:
    """Ask; the person is mailed. Raises NotAllowed, WrongState, Invalid (nobody to ask)."""
    row = moves.lock(type(case), case.pk)
    kiv_answers.require_administrator(row, by, mandates)
    if row.open_question is not None:
        raise WrongState(_("A question waits for its answer already."))
    if not may_be_asked(row, by=by):
        raise Invalid(_("There is nobody to ask."), field="text")
    asked = TaskQuestion.objects.create(**row.pointer, asked_by=by, text=text.strip())
    entry = events.record(Action.ASKED.of(row), actor=by, case=row, reason=asked.text)
    outbox.enqueue(entry, MessageKind.QUESTION.of(row), row.starters, case=row)


def may_be_asked(case: Case, *, by: User) -> bool:
    """Say whether there is somebody else who ordered or started it."""
    return any(one != by.identity for one in case.starters)


@transaction.atomic
def answer(case: Case, *, by: User, text: str, stands_in: bool = False) -> None:
    """Answer the question; the KIV administrators are mailed. Raises NotAllowed, WrongState.

    `stands_in`: the caller has just been told by the directory that this person may act for the orderer.
    """
    row = moves.lock(type(case), case.pk)
    question = row.open_question
    if question is None:
        raise WrongState
    if by.identity not in row.starters and not stands_in:
        raise NotAllowed(_("Only the one who was asked can answer."))
    question.answered_by, question.answered_at, question.answer = by, timezone.now(), text.strip()
    question.save(update_fields=["answered_by", "answered_at", "answer"])
    entry = events.record(Action.ANSWERED.of(row), actor=by, case=row, reason=question.answer)
    told: list[HsaId] = list(dict.fromkeys([question.asked_by.identity, *row.handler_ids]))
    outbox.enqueue(entry, MessageKind.ANSWER.of(row), told, case=row)
