"""Which pages have forms that are kept, what a draft of each is called, whether its owner still sees it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.http import Http404, QueryDict
from django.urls import Resolver404, ResolverMatch, resolve
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning import access
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError
from provisioning.login import unsent_forms
from provisioning.models import UnsentForm, User
from provisioning.pages import words
from provisioning.pages.order.forms import access_name
from provisioning.rules.hsa import HsaId

Finder = Callable[[User, UUID], Any]


@dataclass(frozen=True, slots=True)
class DraftKind:
    """`label` names a draft by what `about` returns of what it is about; `find` raises Http404."""

    label: str | Promise
    find: Finder | None = None
    about: Callable[[Any], str] = str


def _case(row: Any) -> str:
    return str(row.case_number)


KINDS: Mapping[str, DraftKind] = {
    "order": DraftKind(gettext_lazy("Order: %(what)s")),
    "order_many": DraftKind(gettext_lazy("Order for many")),
    "attest": DraftKind(gettext_lazy("Approve case %(what)s"), access.find_to_act, _case),
    "choose": DraftKind(gettext_lazy("Choose in case %(what)s"), access.find_to_act, _case),
    "withdraw": DraftKind(gettext_lazy("Withdraw case %(what)s"), access.find_to_act, _case),
    "kiv_task": DraftKind(gettext_lazy("KIV task in case %(what)s"), access.find_to_act, _case),
    "kiv_ask": DraftKind(gettext_lazy("Question about %(what)s"), access.find_case_to_act, _case),
    "kiv_answer": DraftKind(gettext_lazy("Answer about %(what)s"), access.find_case_to_act, _case),
    "kiv_done": DraftKind(gettext_lazy("Several KIV tasks")),
    "removal_task": DraftKind(gettext_lazy("Removal task %(what)s"), access.find_removal_to_act, _case),
    "removal_withdraw": DraftKind(
        gettext_lazy("Take removal %(what)s back"), access.find_removal_to_act, _case
    ),
    "grant_end": DraftKind(gettext_lazy("End a right: %(what)s"), access.find_grant, words.what),
    "grant_let_end": DraftKind(gettext_lazy("Let a right end: %(what)s"), access.find_grant, words.what),
    "finding": DraftKind(
        gettext_lazy("Difference: %(what)s"), access.find_finding, lambda row: str(row.unit_name)
    ),
    "review": DraftKind(
        gettext_lazy("Review of %(what)s"), access.find_review, lambda row: str(row.unit_name)
    ),
    "reorganisation": DraftKind(
        gettext_lazy("Reorganisation of %(what)s"), access.find_reorganisation, lambda row: str(row.old_name)
    ),
    "findings_many": DraftKind(gettext_lazy("Several differences")),
    "reorganise": DraftKind(gettext_lazy("New reorganisation")),
    "delegate": DraftKind(gettext_lazy("New delegation")),
    "ending": DraftKind(gettext_lazy("Rights that end soon")),
}
# Pages that one comes back to when nothing was done, and what was written is still to be sent.
_LEFT_OPEN = ("order", "finding")


def has_drafts(url_name: str | None) -> bool:
    return url_name in KINDS


def is_left_open(match: ResolverMatch | None) -> bool:
    return match is not None and match.url_name in _LEFT_OPEN


def seen_by(user: User, page: str) -> bool:
    """Whether it is a page with drafts that this person may still open."""
    try:
        match = resolve(page)
        kind = KINDS.get(match.url_name or "")
        if kind is not None and kind.find is not None:
            kind.find(user, match.kwargs["public_id"])
        return kind is not None
    except (Http404, Resolver404):
        return False


def visible(user: User) -> list[UnsentForm]:
    """The person's drafts on pages that they may still open, the latest first."""
    return [row for row in unsent_forms.own(user) if seen_by(user, row.page)]


def names(user: User, rows: Iterable[UnsentForm]) -> dict[int, str]:
    """What each of these visible drafts is called. Names are read now: whoever is protected has none."""
    return {row.pk: _name(user, row) for row in rows}


def _name(user: User, row: UnsentForm) -> str:
    match = resolve(row.page)
    kind = KINDS[match.url_name or ""]
    if match.url_name == "order":
        return str(kind.label) % {"what": _ordered(user, unsent_forms.filled_in(row))}
    if kind.find is None:
        return str(kind.label)
    return str(kind.label) % {"what": kind.about(kind.find(user, match.kwargs["public_id"]))}


def _ordered(user: User, data: QueryDict) -> str:
    """The person, the access and the places, as far as they are chosen."""
    units = data.getlist("units")
    parts = [_person(user, data.get("person", "")), access_name(*_access(data)), *_places(units)]
    return ", ".join(part for part in parts if part) or _("nothing is chosen yet")


def _access(data: QueryDict) -> tuple[str, str]:
    service, _colon, level = data.get("access", "").partition(":")
    return service, level


def _person(user: User, text: str) -> str:
    if not text or HsaId(text).folded == user.hsa_key:
        return user.name if text else ""
    try:
        person = open_directory().person(HsaId(text))
    except DirectoryError:
        return text
    if person is None:
        return text
    return str(words.MASKED) if person.is_protected else person.name


def _places(texts: list[str]) -> list[str]:
    try:
        found = open_directory().units([HsaId(text) for text in texts])
    except DirectoryError:
        return texts
    return [found[HsaId(text)].name if HsaId(text) in found else text for text in texts]
