"""Searching what one may read: by case number, by a person's or place's HSA-id, by how a name begins.

A protected person is found by the exact HSA-id and by no name. What somebody may not read is not there.
Source: domain §7.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet

from provisioning.access.cases import searched_requests, visible_requests
from provisioning.access.removals import searched_removals, visible_removals
from provisioning.access.rights import searched_grants
from provisioning.models import AccessRequest, Grant, Removal, Ticket, User
from provisioning.rules.hsa import typed_id

MOST = 10  # of each kind: whoever sees more writes more
FEWEST_LETTERS = 3
_NUMBER = re.compile(r"R?\d{4}-\d{1,9}(-\d{1,4})?", re.IGNORECASE)
_HSA_ID = re.compile(r"[a-zA-Z]{2}[a-zA-Z0-9]{6,}-[a-zA-Z0-9]+")


_EXTERNAL = re.compile(r"(?=\D*\d)\S{2,40}")


class SoughtBy(enum.StrEnum):
    """What was written. Stored with the event of an auditor's search: never rename."""

    NUMBER = "number"
    EXTERNAL = "external"
    HSA_ID = "hsa_id"
    NAME = "name"
    TOO_LITTLE = "too_little"


@dataclass(frozen=True, slots=True)
class Hits:
    """What was found, the newest first, at most ten of each; `has_more` by the kind of thing."""

    by: SoughtBy
    key: str = ""  # of the person or place, where an HSA-id was written
    requests: tuple[AccessRequest, ...] = ()
    grants: tuple[Grant, ...] = ()
    removals: tuple[Removal, ...] = ()
    has_more: bool = False

    @property
    def count(self) -> int:
        return len(self.requests) + len(self.grants) + len(self.removals)


def search(user: User, text: str) -> Hits:
    """What this person may read of what was written."""
    written = " ".join(text.split())
    numbered = Hits(SoughtBy.NUMBER)
    if _NUMBER.fullmatch(written):
        numbered = _numbered(user, written.upper())
    if not numbered.count and _EXTERNAL.fullmatch(written):
        requests = visible_requests(user).filter(order__external_number__iexact=written)
        found, has_more = _first(requests.prefetch_related("handlers", "questions"))
        if found:
            return Hits(SoughtBy.EXTERNAL, requests=found, has_more=has_more)
        if tickets := list(
            Ticket.objects.filter(number__iexact=written).values_list("case_id", flat=True)[:50]
        ):
            of_tickets = visible_requests(user).filter(public_id__in=tickets)
            by_ticket = Hits(
                SoughtBy.EXTERNAL,
                requests=tuple(of_tickets.prefetch_related("handlers", "questions")),
                removals=tuple(visible_removals(user).filter(public_id__in=tickets)),
            )
            if by_ticket.count:
                return by_ticket
    if _NUMBER.fullmatch(written):
        return numbered
    hsa_id = typed_id(written)
    if _HSA_ID.fullmatch(hsa_id.text):
        about = Q(subject_key=hsa_id.folded) | Q(unit_key=hsa_id.folded, subject_is_protected=False)
        return _found(user, SoughtBy.HSA_ID, about, about, key=hsa_id.folded)
    if sum(letter.isalpha() for letter in written) < FEWEST_LETTERS:
        return Hits(SoughtBy.TOO_LITTLE)
    named = Q(subject_name__istartswith=written) | Q(unit_name__istartswith=written)
    return _found(user, SoughtBy.NAME, named & Q(subject_is_protected=False), None)


def _numbered(user: User, number: str) -> Hits:
    if number.startswith("R"):
        rows = tuple(visible_removals(user).filter(case_number=number))
        return Hits(SoughtBy.NUMBER, removals=rows)
    year, of_order, *position = number.split("-")
    case_numbers = {f"{year}-{of_order}", f"{year}-{int(of_order):06d}"}
    requests = visible_requests(user).filter(order__case_number__in=case_numbers)
    if position:
        requests = requests.filter(position=int(position[0]))
    found, has_more = _first(requests.prefetch_related("handlers", "questions").order_by("position"))
    return Hits(SoughtBy.NUMBER, requests=found, has_more=has_more)


def _found(user: User, by: SoughtBy, about: Q, of_removals: Q | None, *, key: str = "") -> Hits:
    rows = searched_requests(user).filter(about).prefetch_related("handlers", "questions")
    requests, more_requests = _first(rows)
    grants, more_grants = _first(searched_grants(user).filter(about))
    removals, more_removals = (
        ((), False) if of_removals is None else _first(searched_removals(user).filter(of_removals))
    )
    has_more = more_requests or more_grants or more_removals
    return Hits(by, key, requests, grants, removals, has_more)


def _first(rows: QuerySet[Any]) -> tuple[tuple[Any, ...], bool]:
    """The newest, and whether there are more."""
    found = list(rows[: MOST + 1])
    return tuple(found[:MOST]), len(found) > MOST
