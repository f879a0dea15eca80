"""The KIV administrator's work list: every task with its value, those that waited longest first."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning import access
from provisioning.access import KivWork
from provisioning.audit import events
from provisioning.login import unsent_forms
from provisioning.models import AccessRequest, Removal, User
from provisioning.pages import paging, sheets
from provisioning.pages.answers import acting_user
from provisioning.pages.kiv import over, work_list
from provisioning.pages.kiv.forms import WorkFilter
from provisioning.pages.paging import Count, ListPart

PAGE_SIZE = 20
MOST_IN_FILE = 2000  # of each kind; the next file has the rest
MOST_ASKED = 50  # tasks about which an open page may ask at once
OLDEST_FIRST = ("state_since", "pk")


@never_cache
@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """The tasks that wait for this KIV administrator: first what to set, then what to remove."""
    user = acting_user(request)
    work = access.kiv_work(user)
    form = WorkFilter(request.GET, choices=work_list.choices_of(work))
    shown = work.only(**form.wanted)
    page = paging.page_of(request.GET, *_parts(shown), size=PAGE_SIZE)
    context: dict[str, Any] = {
        "page": page,
        "rows": work_list.rows_of(user, page),
        "form": form,
        "is_narrowed": bool(form.wanted),
        "count": count(shown),
        "chosen": _chosen_before(user),
        "again": request.GET.urlencode(),
    }
    return render(request, "provisioning/kiv/tasks.html", context)


def first_few(user: User, number: int) -> dict[str, Any]:
    """The oldest tasks for the start page, as the table takes them; nothing where none waits."""
    work = access.kiv_work(user)
    how_many = count(work)
    if not how_many:
        return {}
    return {
        "rows": work_list.rows_of(user, paging.page_of({}, *_parts(work), size=number)),
        "task_count": how_many,
        "again": "fran=start",
    }


def _parts(work: KivWork) -> list[ListPart]:
    """First what to set, then what to remove, each as a line of the list needs it."""
    both = zip((work.to_set, work.to_remove), access.tasks_as_listed(), strict=True)
    return [ListPart(rows, OLDEST_FIRST, whole) for rows, whole in both]


def count(work: KivWork) -> Count:
    """How many tasks there are, as far as they are counted."""
    return Count(paging.count(work.to_set) + paging.count(work.to_remove))


def _chosen_before(user: User) -> list[str]:
    """What was chosen when the card had to be shown again."""
    left = unsent_forms.latest(user, reverse("kiv_done"))
    return unsent_forms.filled_in(left).getlist("tasks") if left is not None else []


@never_cache
@require_safe
def import_file(request: HttpRequest) -> HttpResponse:
    """The values of the tasks that the list shows, for a KIV that takes files: name, attribute, value.

    A protected person's tasks are not in it: their own pages have them.
    """
    user = acting_user(request)
    work = access.kiv_work(user)
    shown = work
    if request.GET:
        shown = work.only(**WorkFilter(request.GET, choices=work_list.choices_of(work)).wanted)
    cases: list[AccessRequest | Removal] = []
    for asked, whole in (
        (shown.to_set, AccessRequest.objects.select_related("order")),
        (shown.to_remove, None),
    ):
        part = ListPart(asked.filter(subject_is_protected=False), OLDEST_FIRST, whole)
        cases += part.first(part.rows.order_by(*part.order), MOST_IN_FILE)
    headings = ("DN", _("Attribute"), _("Value"), _("Add or remove"), _("Case number"))
    lines = [line for case in cases for line in work_list.import_rows(case)]
    events.record_file(by=user, of="kiv_tasks", kind="csv", wanted={"rows": len(lines)})
    return HttpResponse(
        b"".join(sheets.as_csv(headings, lines)),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="kiv-import.csv"'},
    )


@never_cache
@require_safe
def status(request: HttpRequest) -> JsonResponse:
    """How the tasks of an open page stand now (`rad`), and how many wait: so that rows turn green."""
    user = acting_user(request)
    ids = work_list.public_ids(request.GET.getlist("rad")[:MOST_ASKED])
    work = access.kiv_work(user)
    shown = work.only(**WorkFilter(request.GET, choices=work_list.choices_of(work)).wanted)
    found = {
        str(case.public_id): {"said": now.said, "is_done": now.is_done, "is_over": now.is_over}
        for case in access.tasks_read(user, ids)
        if (now := over.task_now(user, case))
    }
    return JsonResponse({"tasks": found, "count": int(count(shown))})
