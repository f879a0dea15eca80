"""The directory's silence about a case: noted, told once when it has lasted, over when it answers.

Nothing moves because of it, and nothing is decided. Source: domain §6 (don't know decides nothing).
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import Case
from provisioning.operators import operator_ids

TELL_AFTER = timedelta(minutes=2)
_COLUMNS = ("trouble_since", "trouble_code", "trouble_told_at")


def is_news(case: Case) -> bool:
    """Say whether `begin_or_last` has anything to write: the first silence, or that it has lasted."""
    return case.trouble_since is None or _is_to_be_told(case)


@transaction.atomic
def begin_or_last(case: Case, *, code: str) -> None:
    """The directory did not tell. When it has lasted, those concerned and the operators are told, once."""
    case.trouble_since, case.trouble_code = case.trouble_since or timezone.now(), code
    if _is_to_be_told(case):
        case.trouble_told_at = timezone.now()
        _tell(case, code)
    case.save(update_fields=_COLUMNS)


def end(case: Case) -> None:
    """The directory answers (again). Inside an operation."""
    if case.trouble_since is None:
        return
    if case.trouble_told_at is not None:
        events.record(Action.DIRECTORY_BACK.of(case), actor=None, case=case, code=case.trouble_code)
    case.trouble_since, case.trouble_code, case.trouble_told_at = None, "", None
    case.save(update_fields=_COLUMNS)


def _is_to_be_told(case: Case) -> bool:
    if case.trouble_since is None or case.trouble_told_at is not None:
        return False
    return timezone.now() - case.trouble_since >= TELL_AFTER


def _tell(case: Case, code: str) -> None:
    entry = events.record(Action.DIRECTORY_SILENT.of(case), actor=None, case=case, code=code)
    outbox.enqueue(entry, MessageKind.DIRECTORY_SILENT, [*case.starters, *operator_ids()], case=case)
