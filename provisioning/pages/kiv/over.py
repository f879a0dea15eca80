"""How a KIV task stands or went, in one line: who works on it, that it closed by itself and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import formats, timezone
from django.utils.translation import gettext as _

from provisioning import dates
from provisioning.cases import claims
from provisioning.models import AccessRequest, Case, Removal, User
from provisioning.pages import words
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState


@dataclass(frozen=True, slots=True)
class TaskNow:
    """`is_done`: the directory shows it done. `is_over`: nothing is left to do for this reader."""

    said: str
    is_done: bool = False
    is_over: bool = False


def at_time(moment: datetime) -> str:
    """The time of day; with the day, where that is another."""
    local = timezone.localtime(moment)
    is_today = local.date() == dates.today()
    return formats.date_format(local, "H:i" if is_today else "j F Y H:i")


def task_now(viewer: User, case: AccessRequest | Removal) -> TaskNow:
    """How the task stands for this reader."""
    if case.is_with_kiv:
        if any(handler.person_key == viewer.hsa_key for handler in case.handlers.all()):
            return TaskNow(taken(viewer, case))
        return TaskNow(_("The task is with somebody else now."), is_over=True)
    seen_at = _seen_at(case)
    if seen_at is not None:
        return TaskNow(_how_it_closed(viewer, case, seen_at), is_done=True, is_over=True)
    if case.state in (RequestState.WITHDRAWN.value, RemovalState.WITHDRAWN.value):
        return TaskNow(_withdrawn(case), is_over=True)
    return TaskNow(_("The task is over. Do nothing in KIV before you have opened it."), is_over=True)


def taken(viewer: User, case: Case) -> str:
    """What the list says of it: that it waits for an answer, or who works on it until when; else nothing."""
    if case.open_question is not None:
        return _("A question about it waits for its answer.")
    who, until = claims.holder(case), claims.ends_at(case)
    if who is None or until is None:
        return ""
    if who == viewer:
        return _("You have taken it, until %(time)s.") % {"time": at_time(until)}
    name = str(words.MASKED) if who.is_protected else who.name or who.hsa_id
    return _("%(name)s has taken it, until %(time)s.") % {"name": name, "time": at_time(until)}


def _seen_at(case: AccessRequest | Removal) -> datetime | None:
    """When the directory was seen to be as the task wants it; None where it was not."""
    return case.values_gone_at if isinstance(case, Removal) else case.values_seen_at


def _how_it_closed(viewer: User, case: AccessRequest | Removal, at: datetime) -> str:
    if case.carried_out_how == "seen" or case.carried_out_by is None:
        return _("Closed by itself %(time)s: we saw it in KIV.") % {"time": at_time(at)}
    if case.carried_out_by == viewer:
        return _("You answered, and we saw it in KIV %(time)s.") % {"time": at_time(at)}
    who = case.carried_out_by
    name = str(words.MASKED) if who.is_protected else who.name or who.hsa_id
    return _("%(name)s answered, and we saw it in KIV %(time)s.") % {"name": name, "time": at_time(at)}


def _withdrawn(case: AccessRequest | Removal) -> str:
    if isinstance(case, Removal):
        return _("The removal is undone. Remove nothing in KIV.")
    return _("The order is withdrawn. Set nothing in KIV.")
