"""Answers from the work list, for one task or for several: done in KIV; I take it; I let it go.

Each task is answered for by itself: what is refused or not seen of one holds the others up in nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from provisioning import access
from provisioning.cases import claims
from provisioning.errors import DirectoryError, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.models import AccessRequest, Removal, User
from provisioning.orders import carry_out as orders_carry_out
from provisioning.pages.answers import acting_user
from provisioning.pages.kiv import over, work_list
from provisioning.pages.paging import AFTER, BEFORE
from provisioning.removals import carry_out as removals_carry_out
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState
from workflows import steps
from workflows.sweeps import kiv_tasks

AT_ONCE = 50
_KEPT_OF_ADDRESS = ("enhet", "tjanst", AFTER, BEFORE)

Task = AccessRequest | Removal


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def done(request: HttpRequest) -> HttpResponse:
    """Report the chosen tasks as done. The directory is asked about all of them at once."""
    user = acting_user(request)
    if request.method != "POST":  # as after showing the card again: the list has what was chosen
        return redirect("kiv_tasks")
    chosen = _chosen(request, user)
    if not chosen:
        return _back(request)
    mandates = _mandates(request, user)
    if mandates is None:
        return _back(request)
    seen: dict[type[Task], dict[int, Any]] = {
        AccessRequest: dict(
            kiv_tasks.look_at_several([one for one in chosen if isinstance(one, AccessRequest)])
        ),
        Removal: dict(kiv_tasks.look_at_removals([one for one in chosen if isinstance(one, Removal)])),
    }

    def report(task: Task) -> Task:
        return _report_done(task, user, mandates, seen[type(task)].get(task.pk))

    after = _each(request, chosen, report)
    left = [task for task in after if task.is_with_kiv]
    _say_closed(request, len(after) - len(left))
    if left:
        messages.warning(
            request, _not_seen(left, is_silent=any(task.pk not in seen[type(task)] for task in left))
        )
    return _back(request)


@never_cache
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """Say that one works on the chosen tasks, or (`slapp`) that one does not after all."""
    user = acting_user(request)
    chosen = _chosen(request, user)
    if not chosen:
        return _back(request)
    if request.GET.get("slapp") == "1":
        for task in chosen:
            claims.let_go(task, by=user)
        messages.info(request, _("You have let go. The others see that nobody works on it."))
        return _back(request)
    mandates = _mandates(request, user)
    if mandates is None:
        return _back(request)

    def claim(task: Task) -> Task:
        claims.take(task, by=user, mandates=mandates)
        return task

    taken = len(_each(request, chosen, claim))
    if taken:
        text = ngettext(
            "You have taken %(count)d task. The others see it.",
            "You have taken %(count)d tasks. The others see it.",
            taken,
        )
        messages.success(request, text % {"count": taken})
    if request.GET.get("till") == "uppgift" and len(chosen) == 1:
        page = "removal_task" if isinstance(chosen[0], Removal) else "kiv_task"
        return redirect(page, public_id=chosen[0].public_id)
    return _back(request)


def _mandates(request: HttpRequest, user: User) -> Mandates | None:
    """Read just now; where the directory does not answer, that is said."""
    try:
        return current.read(user.identity)
    except DirectoryError as exc:
        messages.error(request, str(exc.user_message))
        return None


def _chosen(request: HttpRequest, user: User) -> list[Task]:
    """The task whose own button was pressed; without one, those that are marked.

    Of what does not wait for this person any more it is said how it went.
    """
    only = request.POST.get("only", "")
    ids = work_list.public_ids([only] if only else request.POST.getlist("tasks")[:AT_ONCE])
    work = access.kiv_work(user)
    to_set, to_remove = access.tasks_as_listed()
    chosen: list[Task] = [
        *to_set.filter(pk__in=work.to_set.filter(public_id__in=ids).values("pk")),
        *to_remove.filter(pk__in=work.to_remove.filter(public_id__in=ids).values("pk")),
    ]
    others = set(ids) - {task.public_id for task in chosen}
    gone = access.tasks_read(user, others) if others else []
    for task in gone:
        now = over.task_now(user, task)
        (messages.success if now.is_done else messages.warning)(request, f"{task.case_number}: {now.said}")
    if not chosen and not gone:
        messages.warning(request, _("Mark at least one task that waits for you."))
    return chosen


def _report_done(task: Task, user: User, mandates: Mandates, seen: Any) -> Task:
    if isinstance(task, Removal):
        return steps.act(
            task,
            RemovalState.AWAITING_KIV,
            lambda row: removals_carry_out.report_done(
                row, by=user, mandates=mandates, seen=seen, already=False, note=""
            ),
            by=user,
        )
    return steps.act(
        task,
        RequestState.AWAITING_KIV,
        lambda row: orders_carry_out.report_done(
            row, by=user, mandates=mandates, seen=seen, already=False, note=""
        ),
        by=user,
    )


def _each(request: HttpRequest, tasks: Sequence[Task], act: Callable[[Task], Task]) -> list[Task]:
    """Do it with each; say of which it was refused, and why. Returns the others."""
    after = []
    for task in tasks:
        try:
            after.append(act(task))
        except (NotAllowed, WrongState) as exc:
            messages.warning(request, f"{task.case_number}: {exc.user_message}")
    return after


def _say_closed(request: HttpRequest, count: int) -> None:
    if count:
        text = ngettext(
            "KIV shows it. Thank you: %(count)d task is done.",
            "KIV shows it. Thank you: %(count)d tasks are done.",
            count,
        )
        messages.success(request, text % {"count": count})


def _not_seen(left: Sequence[Task], *, is_silent: bool) -> str:
    numbers = ", ".join(str(task.case_number) for task in left)
    if is_silent:
        text = _(
            "Your answer is saved, but KIV does not answer right now. It is asked again soon: %(numbers)s."
        )
        return text % {"numbers": numbers}
    return _("KIV does not show it yet. Open the task and see what stands there instead: %(numbers)s.") % {
        "numbers": numbers
    }


def _back(request: HttpRequest) -> HttpResponse:
    """To the list as it was, or to the start page."""
    if request.GET.get("fran") == "start":
        return redirect("start")
    kept = QueryDict(mutable=True)
    for name in _KEPT_OF_ADDRESS:
        if value := request.GET.get(name):
            kept[name] = value
    query = kept.urlencode()
    return redirect(reverse("kiv_tasks") + (f"?{query}" if query else ""))
