"""Rights beside what the directory holds now: of a unit or care provider, of one person, and one's own."""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from provisioning import access
from provisioning.audit import events
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError
from provisioning.models import Grant, User
from provisioning.pages.answers import acting_user
from provisioning.pages.rights import beside_words
from provisioning.rights import beside_directory
from provisioning.rules.hsa import HsaId

PAGE_SIZE = 50


@never_cache
@require_safe
def place(request: HttpRequest, hsa_id: str) -> HttpResponse:
    """Everybody with a right on the unit (or care provider), or with a role there in the directory."""
    user = acting_user(request)
    place_id = HsaId(hsa_id)
    if not access.may_read_place(user, place_id):
        raise Http404
    grants = list(
        access.visible_grants(user).living().filter(unit_key=place_id.folded).order_by("subject_name", "pk")
    )
    with_right = dict.fromkeys(grant.subject_id for grant in grants)
    is_silent, name = False, grants[0].unit_name if grants else ""
    outsiders: list[HsaId] = []
    try:
        directory = open_directory()
        outsiders = [one for one in beside_directory.holders(directory, [place_id]) if one not in with_right]
        entry = directory.unit(place_id) or directory.provider(place_id)
        name = entry.name if entry is not None else name
    except DirectoryError:
        is_silent = True
    if not (name or grants or outsiders or is_silent):
        raise Http404  # no such place, and nobody has anything that names it
    events.record_look(by=user, places=[place_id.folded])
    # Persons with a role in the directory alone come first: nobody here has answered for them.
    page = Paginator([*outsiders, *with_right], PAGE_SIZE).get_page(request.GET.get("page"))
    context = _context(user, list(page.object_list), grants, {place_id}, is_silent=is_silent)
    context |= {"page": page, "place": name or place_id.text, "is_place": True}
    return render(request, "provisioning/grant/beside.html", context)


@never_cache
@require_safe
def person(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """All rights of the person who holds this one, as far as the reader may see them."""
    user = acting_user(request)
    grant = access.find_grant(user, public_id)
    grants = list(access.visible_grants(user).living().filter(subject_key=grant.subject_key).order_by("pk"))
    places = access.places_of_grant_subject(user, grant)
    if grant.subject_key != user.hsa_key:
        events.record_look(by=user, subject_key=grant.subject_key)
    context = _context(user, [grant.subject_id], grants, places)
    return render(request, "provisioning/grant/beside.html", context | {"is_person": True})


@never_cache
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """One's own rights, and every role of these services that the directory gives one."""
    user = acting_user(request)
    grants = list(access.visible_grants(user).living().filter(subject_key=user.hsa_key).order_by("pk"))
    context = _context(user, [user.identity], grants, None)
    return render(request, "provisioning/grant/beside.html", context | {"is_own": True})


def _context(
    user: User,
    person_ids: Sequence[HsaId],
    grants: Collection[Grant],
    place_ids: Collection[HsaId] | None,
    *,
    is_silent: bool = False,
) -> dict[str, Any]:
    """The people of one page, in this order; where the directory is silent, what is known without it."""
    found = None
    if not is_silent:
        with contextlib.suppress(DirectoryError):  # said on the page
            found = beside_directory.beside(open_directory(), person_ids, grants=grants, place_ids=place_ids)
    people = beside_directory.silent(grants, person_ids, at=timezone.now()) if found is None else found
    lines = beside_words.lines(user, people)
    return {
        "lines": lines,
        "is_silent": found is None,
        "read_at": max((one.read_at for one in people), default=timezone.now()),
        "differing": sum(line.is_read and not line.agrees for line in lines),
    }
