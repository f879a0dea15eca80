"""The KIV administrator's list: one card for each person, with what to set and what to remove together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning import access
from provisioning.models import User
from provisioning.pages import words as pages_words
from provisioning.pages.answers import acting_user
from provisioning.pages.rights import words as rights_words
from provisioning.pages.words import CaseLine

PEOPLE_PER_PAGE = 20


@dataclass(slots=True)
class PersonTasks:
    """One person's open tasks: one opening of the entry in KIV is enough for all of them."""

    name: str = ""
    to_set: list[CaseLine] = field(default_factory=list)
    to_remove: list[CaseLine] = field(default_factory=list)


@never_cache
@require_safe
def tasks(request: HttpRequest) -> HttpResponse:
    """The tasks that wait for this KIV administrator, one card per person, who has waited longest first."""
    user = acting_user(request)
    waiting = [
        *access.to_carry_out(user).values_list("subject_key", "state_since", "pk"),
        *access.to_remove(user).values_list("subject_key", "state_since", "pk"),
    ]
    people = _longest_first((key, since) for key, since, _pk in waiting)
    page = Paginator(people, PEOPLE_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "people": _cards(user, list(page)),
        "task_count": len(waiting),
        "people_count": len(people),
    }
    return render(request, "provisioning/kiv/tasks.html", context)


def _longest_first(waiting: Iterable[tuple[str, datetime]]) -> list[str]:
    """The persons' keys, by the task of each that has waited longest."""
    since: dict[str, datetime] = {}
    for key, at in waiting:
        since[key] = min(at, since.get(key, at))
    return sorted(since, key=lambda key: (since[key], key))


def _cards(user: User, keys: list[str]) -> list[PersonTasks]:
    cards = {key: PersonTasks() for key in keys}
    to_set = access.to_carry_out(user).filter(subject_key__in=keys).prefetch_related("handlers")
    for row in to_set.order_by("state_since", "pk"):
        cards[row.subject_key].name = pages_words.listed_name(user, row)
        cards[row.subject_key].to_set.append(pages_words.line(user, row, page="kiv_task"))
    for removal in access.to_remove(user).filter(subject_key__in=keys).order_by("state_since", "pk"):
        line = rights_words.as_line(user, removal)
        cards[removal.subject_key].name = cards[removal.subject_key].name or line.subject
        cards[removal.subject_key].to_remove.append(line)
    return [card for card in cards.values() if card.to_set or card.to_remove]
