"""Which register somebody may open, and which of its rows an address asks for."""

from __future__ import annotations

from django.http import Http404, QueryDict

from provisioning.models import User
from provisioning.pages.paging import KeyPage, ListPart
from provisioning.pages.register import places
from provisioning.pages.register.forms import RegisterFilter, Wanted
from provisioning.pages.register.kinds import REGISTERS, RegisterKind, RegisterLine


def find_register(user: User, key: str) -> RegisterKind:
    """The register, if this person may open it. Raises Http404."""
    found = REGISTERS[key]
    if found.is_auditors and not user.is_auditor:
        raise Http404
    return found


def form_of(register: RegisterKind, data: QueryDict) -> RegisterFilter:
    return RegisterFilter(
        data,
        fields_used=register.fields,
        states=register.states,
        causes=register.causes,
        cause_label=register.cause_label,
        orders=tuple(register.orders),
    )


def part_of(user: User, register: RegisterKind, wanted: Wanted) -> tuple[ListPart, bool]:
    """The rows in their order, and whether the units below could be read where they were asked for.

    Of the rows only their numbers and places: with all that is shown of them there would be more tables in
    one query than a database puts in the best order.
    """
    unit_keys, is_whole = places.keys(wanted.unit, below=wanted.below) if wanted.unit else ([], True)
    rows = register.find(user, wanted, unit_keys).select_related(None)
    order = register.orders[wanted.order]
    columns = {"pk", *(column.removeprefix("-") for column in order)}
    return ListPart(rows.values(*sorted(columns)), order), is_whole


def lines_of(user: User, register: RegisterKind, page: KeyPage) -> list[RegisterLine]:
    """The page's rows as lines, in its order."""
    numbers = [row["pk"] for row in page]
    model = register.find(user, Wanted(), ()).model
    rows = model._default_manager.select_related(*register.related).prefetch_related(*register.prefetched)
    found = rows.in_bulk(numbers)
    return register.lines(user, [found[number] for number in numbers if number in found])
