"""Which column of a table is which: headings in Swedish and English, and the template that has them all."""

from __future__ import annotations

import enum
import re
import unicodedata

from django.conf import settings
from django.utils.translation import gettext as _

from provisioning.errors import Invalid
from provisioning.orders.many.sheet_texts import SheetRow


class Column(enum.StrEnum):
    """What a cell of a line says."""

    PERSON = "person"
    NAME = "name"
    MAIL = "mail"
    ACCESS = "access"
    LEVEL = "level"
    UNIT = "unit"
    STARTS_ON = "starts_on"
    ENDS_ON = "ends_on"
    NEED = "need"
    RISK = "risk"
    CHOICE = "choice"  # what is to happen where the commission is missing
    SIGNED = "signed"  # where the region asks for a signed assignment


# The first of each is the template's own.
HEADINGS: dict[Column, tuple[str, ...]] = {
    Column.PERSON: (
        "HSA-id",
        "Personens HSA-id",
        "Person",
        "Medarbetare",
        "Användare",
        "HSA-id person",
        "Person HSA-id",
        "Employee",
        "User",
    ),
    Column.NAME: ("Namn", "Personens namn", "För- och efternamn", "Name", "Full name"),
    Column.MAIL: ("E-post", "E-postadress", "Mejl", "Mejladress", "Mail", "E-mail", "E-mail address"),
    Column.ACCESS: ("Behörighet", "Tjänst", "Access", "Service"),
    Column.LEVEL: ("Nivå", "Level"),
    Column.UNIT: (
        "Enhetens HSA-id",
        "Enhet",
        "Enhets-id",
        "HSA-id enhet",
        "Enhet HSA-id",
        "Vårdenhet",
        "Vårdgivare",
        "Unit",
        "Unit HSA-id",
        "Care unit",
        "Place",
    ),
    Column.STARTS_ON: (
        "Första dag",
        "Från",
        "Från och med",
        "Fr.o.m.",
        "Startdatum",
        "First day",
        "From",
        "Start date",
    ),
    Column.ENDS_ON: (
        "Sista dag",
        "Till",
        "Till och med",
        "T.o.m.",
        "Slutdatum",
        "Last day",
        "To",
        "Until",
        "End date",
    ),
    Column.NEED: ("Behov", "Skäl", "Motivering", "Need", "Reason"),
    Column.RISK: ("Risker", "Risk", "Riskbedömning", "Risks", "Risk statement"),
    Column.CHOICE: (
        "Om medarbetaruppdrag saknas",
        "Medarbetaruppdrag saknas",
        "If the commission is missing",
        "Commission missing",
    ),
    Column.SIGNED: ("Undertecknat", "Uppdrag undertecknat", "Signed", "Assignment signed"),
}
TEMPLATE = tuple(HEADINGS[column][0] for column in Column if column not in (Column.LEVEL, Column.SIGNED))


def template() -> tuple[str, ...]:
    """The template's headings: with one more where signed assignments are asked for here."""
    return (*TEMPLATE, HEADINGS[Column.SIGNED][0]) if settings.SIGNED_ASSIGNMENT_FOR else TEMPLATE


def _folded(text: str) -> str:
    """Letters and digits alone: headings differ in case, hyphens, full stops and accents."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]", "", plain.casefold())


_COLUMN_OF = {_folded(text): column for column, texts in HEADINGS.items() for text in texts}


def heading(row: SheetRow) -> dict[Column, int] | None:
    """Where each column stands if the row is a heading; None if it is none.

    A heading names the persons' column, or at least two others. Raises Invalid where it names one twice.
    """
    known = [(place, _COLUMN_OF.get(_folded(cell))) for place, cell in enumerate(row.cells)]
    named = [(place, column) for place, column in known if column is not None]
    columns = [column for _place, column in named]
    if Column.PERSON not in columns and len(set(columns)) < 2:
        return None
    for place, column in named:
        if columns.count(column) > 1:
            message = _("Two columns have the heading “%(heading)s”, or mean the same. Keep one of them.")
            raise Invalid(message % {"heading": row.cells[place]}, code="many.two_headings", field="file")
    return {column: place for place, column in named}
