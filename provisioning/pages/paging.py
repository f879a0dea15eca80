"""Pages of long lists by the key of their rows, and counts that end somewhere.

The thousandth page costs what the first does. A page by its number has to count all rows and to pass by those
before it. Here the address holds the key of the row it goes on after (`efter`) or leads up to (`fore`), and
an index finds the place. Keys are moments and numbers of rows, never anything personal.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Model, Q, QuerySet
from django.utils.formats import number_format
from django.utils.translation import gettext as _

AFTER, BEFORE = "efter", "fore"
COUNTED_UP_TO = 1000


@dataclass(frozen=True, slots=True)
class ListPart:
    """Rows that stand together in a list, and their order.

    `order`: columns that together tell every row from the others and are never NULL, all of which the rows
    hold; a minus for those that fall. Rows may be models or, from `values()`, mappings.
    `whole`: how the rows of the page are read once their keys are known. Rows that bring many others with
    them are otherwise put together for the whole list before some are picked.
    """

    rows: QuerySet[Any, Any]
    order: tuple[str, ...] = ("-pk",)
    whole: QuerySet[Any, Any] | None = None

    def first(self, rows: QuerySet[Any, Any], number: int) -> list[Any]:
        """So many of these rows of the part, from the first."""
        if self.whole is None:
            return list(rows[:number])
        keys = list(rows.select_related(None).values_list("pk", flat=True)[:number])
        found = self.whole.in_bulk(keys)
        return [found[key] for key in keys if key in found]


@dataclass(frozen=True, slots=True)
class KeyPage:
    """Some rows of a list, and where the pages before and after it begin; empty where there are none."""

    rows: tuple[Any, ...]
    before: str = ""
    after: str = ""
    is_first: bool = True

    def __iter__(self) -> Iterator[Any]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True)
class _PlaceInList:
    """A row's place: in which part it stands, and its key there."""

    part: int
    key: tuple[Any, ...]


def page_of(asked: Mapping[str, str], *parts: ListPart, size: int) -> KeyPage:
    """The page that the address asks for, of parts that follow one upon the other.

    `asked`: the address's parameters. What is no key, or leads where nothing is left, gives the first page.
    """
    if place := _read(asked.get(BEFORE, ""), parts):
        rows = _collect(parts, place, size, backwards=True)
        if len(rows) > size:
            kept = rows[:size][::-1]
            return KeyPage(_plain(kept), _written(kept[0], parts), _written(kept[-1], parts), is_first=False)
    elif place := _read(asked.get(AFTER, ""), parts):
        rows = _collect(parts, place, size)
        if rows:
            kept = rows[:size]
            after = _written(kept[-1], parts) if len(rows) > size else ""
            return KeyPage(_plain(kept), _written(kept[0], parts), after, is_first=False)
    rows = _collect(parts, None, size)
    return KeyPage(_plain(rows[:size]), after=_written(rows[size - 1], parts) if len(rows) > size else "")


def _plain(found: Sequence[tuple[int, Any]]) -> tuple[Any, ...]:
    return tuple(row for _number, row in found)


def _collect(
    parts: Sequence[ListPart], place: _PlaceInList | None, size: int, *, backwards: bool = False
) -> list[tuple[int, Any]]:
    """One row more than a page holds, if there are so many, in the direction of reading."""
    numbers = range(len(parts) - 1, -1, -1) if backwards else range(len(parts))
    if place is not None:
        numbers = range(place.part, -1, -1) if backwards else range(place.part, len(parts))
    found: list[tuple[int, Any]] = []
    for number in numbers:
        part = parts[number]
        order = [_turned(one) for one in part.order] if backwards else list(part.order)
        rows = part.rows.order_by(*order)
        if place is not None and number == place.part:
            rows = rows.filter(_beyond(order, place.key))
        found += [(number, row) for row in part.first(rows, size + 1 - len(found))]
        if len(found) > size:
            break
    return found


def _turned(column: str) -> str:
    return column.removeprefix("-") if column.startswith("-") else f"-{column}"


def _beyond(order: Sequence[str], key: Sequence[Any]) -> Q:
    """What comes after the key in this order. The first bound stands by itself: an index starts from it."""
    beyond, equal = Q(), Q()
    for column, value in zip(order, key, strict=True):
        name, side = column.removeprefix("-"), "lt" if column.startswith("-") else "gt"
        beyond |= equal & Q(**{f"{name}__{side}": value})
        equal &= Q(**{name: value})
    name, side = order[0].removeprefix("-"), "lte" if order[0].startswith("-") else "gte"
    return beyond if len(order) == 1 else Q(**{f"{name}__{side}": key[0]}) & beyond


def _written(found: tuple[int, Any], parts: Sequence[ListPart]) -> str:
    """The row's place as an address holds it."""
    number, row = found
    names = [column.removeprefix("-") for column in parts[number].order]
    key = [str(row[name] if isinstance(row, Mapping) else getattr(row, name)) for name in names]
    return base64.urlsafe_b64encode(json.dumps([number, *key]).encode()).decode().rstrip("=")


def _read(text: str, parts: Sequence[ListPart]) -> _PlaceInList | None:
    """The place that an address holds; None where it holds none. Anybody may have written it."""
    try:
        number, *key = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        part = parts[range(len(parts))[number]]
        columns = [_column(part.rows.model, name.removeprefix("-")) for name in part.order]
        return _PlaceInList(
            number % len(parts),
            tuple(column.to_python(_clean(value)) for column, value in zip(columns, key, strict=True)),
        )
    except (binascii.Error, ValueError, TypeError, IndexError, ValidationError):
        return None


def _clean(value: Any) -> str:
    """Raises ValueError where no key can be such."""
    if not isinstance(value, str) or "\0" in value or len(value) > 100:
        raise ValueError
    return value


def _column(model: type[Model], name: str) -> Any:
    """The column by its name. A name that `values()` gave stands for a number of a row."""
    if name == "pk":
        return model._meta.pk
    try:
        column: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        return model._meta.pk
    return getattr(column, "target_field", column)


class Count(int):
    """How many there are, as far as they were counted: beyond that it is written "more than …"."""

    def __str__(self) -> str:
        if self <= COUNTED_UP_TO:
            return int.__repr__(self)
        return _("more than %(count)s") % {"count": number_format(COUNTED_UP_TO, force_grouping=True)}

    __html__ = __str__


def count(rows: QuerySet[Any, Any]) -> Count:
    """Count the rows, and stop where nobody needs to know any more."""
    return Count(rows.order_by()[: COUNTED_UP_TO + 1].count())
