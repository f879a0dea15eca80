"""From rows of cells to lines: one person, and what the row itself says of access, place, days and reasons.

Nothing is looked up here. What a row does not say is asked for once on the page. A row that cannot be
understood stays a line, with what is wrong with it: no row is ever lost without a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from django.conf import settings
from django.utils.translation import gettext as _

from provisioning.errors import Invalid
from provisioning.orders.draft import Choice
from provisioning.orders.many.columns import Column, heading
from provisioning.orders.many.sheet_texts import SheetRow
from provisioning.rules import identity_numbers
from provisioning.rules.hsa import Level, Service, typed, typed_id
from provisioning.rules.services import catalogue

_DASH = r"[-\u2010-\u2015\u2212\ufe58\ufe63\uff0d]"
_ID = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z]{2}[A-Za-z0-9]{0,16}[0-9]{4,12}" + _DASH + r"[A-Za-z0-9]{1,18}(?![A-Za-z0-9])",
    re.ASCII,
)
_MAIL = re.compile(r"[^\s<>;,()]+@[^\s<>;,()]+")
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class WantedLine:
    """One person of a pasted text or a file, with what the row says. All is text, as it was written.

    `number`: of the row in what was sent. `problem`: why the row says nothing that can be ordered.
    """

    number: int
    person: str = ""
    name: str = ""
    mail: str = ""
    access: str = ""
    unit: str = ""
    starts_on: str = ""
    ends_on: str = ""
    need: str = ""
    risk: str = ""
    problem: str = ""
    signed: str = ""
    is_sure: bool = False  # the orderer has said that this is the person, though the name differs
    choice: str = ""  # what is to happen where the commission is missing


def lines(rows: Iterable[SheetRow]) -> list[WantedLine]:
    """One line for each person named. Raises Invalid: nobody is named, too many lines, an unclear heading."""
    found: list[WantedLine] = []
    for line in _lines(list(rows)):
        found.append(_without_numbers(line))
        require_not_too_many(len(found))
    if not found:
        raise Invalid(_("There is no row with a person in it."), code="many.empty", field="file")
    return found


def require_not_too_many(count: int) -> None:
    """Raises Invalid where there are more lines than one order may have."""
    if count > settings.ORDER_MOST_LINES:
        message = _("One order takes at most %(most)d lines. Divide it.") % {
            "most": settings.ORDER_MOST_LINES
        }
        raise Invalid(message, code="many.too_many", field="file")


def _lines(rows: list[SheetRow]) -> Iterator[WantedLine]:
    columns = heading(rows[0]) if rows else None
    for row in rows[1:] if columns is not None else rows:
        if _is_heading(row):
            yield WantedLine(row.number, name=row.text, problem=_("This row is a heading, not a person."))
        elif columns is not None:
            yield _by_columns(row, columns)
        else:
            yield from _by_looks(row)


def _is_heading(row: SheetRow) -> bool:
    try:
        return heading(row) is not None
    except Invalid:
        return True


def _by_columns(row: SheetRow, columns: dict[Column, int]) -> WantedLine:
    def cell(column: Column) -> str:
        place = columns.get(column, len(row.cells))
        return row.cells[place] if place < len(row.cells) else ""

    access, level = cell(Column.ACCESS), cell(Column.LEVEL)
    return WantedLine(
        row.number,
        person=_id_in(cell(Column.PERSON)),
        name=cell(Column.NAME),
        mail=cell(Column.MAIL),
        access=f"{access}: {level}" if access and level else access,
        unit=_id_in(cell(Column.UNIT)),
        starts_on=cell(Column.STARTS_ON),
        ends_on=cell(Column.ENDS_ON),
        need=cell(Column.NEED),
        risk=cell(Column.RISK),
        signed=cell(Column.SIGNED),
        choice=cell(Column.CHOICE),
    )


def _id_in(text: str) -> str:
    """The one HSA-id in a cell, also with a name beside it; otherwise what stands there."""
    found = _ID.findall(_INVISIBLE.sub("", text))
    return typed_id(found[0]).text if len(found) == 1 else typed(text)


def _by_looks(row: SheetRow) -> Iterator[WantedLine]:
    """Without a heading each HSA-id is a person; a name or an address beside the only one is kept with it."""
    text = _INVISIBLE.sub("", row.text)
    ids = [typed_id(one).text for one in _ID.findall(text)]
    mails = _MAIL.findall(text)
    beside = typed(re.sub(r"[;,<>()|\"\t]+", " ", _MAIL.sub(" ", _ID.sub(" ", text))))
    if not ids:
        yield WantedLine(row.number, name=beside, mail=mails[0] if mails else "")
    elif len(ids) == 1:
        yield WantedLine(row.number, person=ids[0], name=beside, mail=mails[0] if mails else "")
    else:
        yield from (WantedLine(row.number, person=one) for one in ids)


def _without_numbers(line: WantedLine) -> WantedLine:
    """A personal identity number is kept nowhere: cells that hold one are emptied, and the row says so."""
    held: dict[str, Any] = {
        name: ""
        for name in ("person", "name", "mail", "access", "unit", "need", "risk", "choice")
        if identity_numbers.is_held_by(getattr(line, name))
    }
    if not held:
        return line
    message = _("There is something here that looks like a personal identity number. Leave it out.")
    return replace(line, problem=message, **held)


# -- what a cell means -----------------------------------------------------------------------------


def access_of(text: str) -> tuple[Service, Level] | None:
    """Which access a cell names: by its name on the order page, or by service and level; None: none."""
    wanted = _plain(text)
    return next((key for key in offered() if wanted in _names_of(*key)), None)


_CHOICES = {
    Choice.COUPLE: ("couple", "couple too", "koppla", "koppla också"),
    Choice.WAIT: ("wait", "vänta"),
}


def choice_of(text: str) -> Choice | None:
    """What a cell says is to happen where the commission is missing; None: nothing that is understood."""
    wanted = _plain(text)
    return next((choice for choice, names in _CHOICES.items() if wanted in map(_plain, names)), None)


def offered() -> list[tuple[Service, Level]]:
    """Every access that can be ordered here."""
    return [
        (service, level)
        for service in map(Service, settings.SERVICES)
        for level in catalogue.words(service).levels
    ]


def _names_of(service: Service, level: Level) -> set[str]:
    words = catalogue.words(service)
    texts = [words.levels[level].choice, words.levels[level].name]
    names = {_plain(f"{service.value}:{level.value}"), _plain(texts[0]), _plain(_(texts[0]))}
    names |= {_plain(f"{words.name}: {text}") for text in (level.value, texts[1], _(texts[1]))}
    if len(words.levels) == 1:
        names |= {_plain(words.name), service.value}
    return names


def _plain(text: str) -> str:
    return re.sub(r"\W+", "", typed(text).casefold())


_DAYS = (
    re.compile(r"(?P<year>\d{4})-(?P<month>\d{1,2})-(?P<day>\d{1,2})(?:[T ].*)?"),
    re.compile(r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"),
    re.compile(r"(?P<day>\d{1,2})[./](?P<month>\d{1,2})[./](?P<year>\d{4})"),
)


def day_of(text: str) -> date | None:
    """The day a cell names, 2027-01-31, 20270131 or 31/1/2027; None where it names none."""
    text = typed(text)
    for form in _DAYS:
        found = form.fullmatch(text)
        if found is not None:
            try:
                return date(int(found["year"]), int(found["month"]), int(found["day"]))
            except ValueError:
                return None
    return None
