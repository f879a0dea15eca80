"""From a file or a pasted text to rows of cells, all of them text: CSV, tab-separated text and XLSX.

Bounded before it is read: bytes, rows, cells and what a workbook unpacks to. A cell that begins with a sign
that a spreadsheet takes for a formula is text here like any other, and goes out as text: see `safe`.
Sources: RFC 4180 (CSV); OWASP, CSV Injection; ECMA-376 part 2 (a workbook is a zip archive).
"""

from __future__ import annotations

import csv
import io
import itertools
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from xml.etree.ElementTree import ParseError

from django.utils.translation import gettext as _
from openpyxl import Workbook, load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from provisioning import statements
from provisioning.errors import Invalid

MOST_BYTES = 1024 * 1024  # five hundred lines take some 50 000
MOST_UNPACKED_BYTES = 20 * MOST_BYTES
MOST_PARTS = 200  # a workbook of one sheet has about ten
MOST_ROWS = 5_000  # empty ones too; how many lines an order may have is another, lower limit
MOST_COLUMNS = 40
# In one cell. The longest that has a meaning is a risk statement, which is refused where it is longer.
MOST_LETTERS = statements.MAX_LENGTH + 1

_ZIP, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_SEPARATORS = (";", "\t", ",")
_TAKEN_FOR_FORMULAS = ("=", "+", "-", "@", "\t", "\r")
# What a workbook that is no workbook makes the reader raise: each of them says the same of the file.
_UNREADABLE = (
    InvalidFileException,
    ParseError,
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
)


@dataclass(frozen=True, slots=True)
class SheetRow:
    """One row that holds anything: its number in the file, from 1, and its cells without outer blanks."""

    number: int
    cells: tuple[str, ...]

    @property
    def text(self) -> str:
        return " ".join(cell for cell in self.cells if cell)


def from_file(content: bytes) -> list[SheetRow]:
    """The rows of an uploaded file, whatever its name says. Raises Invalid, beside the field `file`."""
    if len(content) > MOST_BYTES:
        raise _refused(
            _("The file is larger than %(size)d kB. Divide it.") % {"size": MOST_BYTES // 1024}, "size"
        )
    if content.startswith(_OLD_EXCEL):
        raise _refused(
            _("The file is in an old or locked Excel format. Save it as .xlsx without a password."), "old"
        )
    return _bounded(_workbook(content) if content.startswith(_ZIP) else _separated(_decoded(content)))


def from_text(text: str) -> list[SheetRow]:
    """The rows of a pasted text: a table copied from a spreadsheet, or just lines. Raises Invalid."""
    return _bounded(_separated(text))


def safe(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_TAKEN_FOR_FORMULAS) else text


def to_csv(rows: Iterable[Iterable[str]]) -> bytes:
    """A file that Swedish Excel opens with a double click: UTF-8 with BOM, semicolons, and no formulas."""
    out = io.StringIO()
    csv.writer(out, delimiter=";", lineterminator="\r\n").writerows(
        [safe(cell) for cell in row] for row in rows
    )
    return out.getvalue().encode("utf-8-sig")


def to_xlsx(rows: Iterable[Iterable[str]]) -> bytes:
    """A workbook of one sheet whose cells are all text."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    for row in rows:
        sheet.append([safe(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _bounded(rows: Iterable[Iterable[str]]) -> list[SheetRow]:
    found: list[SheetRow] = []
    for number, cells in enumerate(rows, start=1):
        if number > MOST_ROWS:
            raise _refused(_("There are more than %(most)d rows. Divide them.") % {"most": MOST_ROWS}, "rows")
        row = SheetRow(number, tuple(_cell(text) for text in itertools.islice(cells, MOST_COLUMNS)))
        if row.text:
            found.append(row)
    return found


def _cell(text: str) -> str:
    """What stands in the cell; the sign that `safe` put in front of it is taken away again."""
    text = text[:MOST_LETTERS].strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(_TAKEN_FOR_FORMULAS) else text


# -- CSV and pasted text ---------------------------------------------------------------------------


def _decoded(content: bytes) -> str:
    """UTF-8, with or without its mark, else the code page of Swedish Windows."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings: tuple[str, ...] = ("utf-16",)
    else:
        encodings = ("utf-8-sig", "cp1252")
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not any(letter < " " and letter not in "\t\r\n\f" for letter in text):
            return text
    raise _refused(_no_table(), "no_table")


def _separated(text: str) -> Iterator[list[str]]:
    if not any(separator in text for separator in _SEPARATORS):
        yield from ([line] for line in text.splitlines())
        return
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text))
    except csv.Error as exc:
        raise _refused(_no_table(), "no_table") from exc


def _separator(text: str) -> str:
    """Which one the first rows have most evenly; of equals the one that Swedish Excel writes."""
    lines = [line for line in text.splitlines() if line.strip()][:10]
    rows = {one: [len(cells) for cells in csv.reader(lines, delimiter=one)] for one in _SEPARATORS}
    return max(_SEPARATORS, key=lambda one: (min(rows[one]) > 1, max(rows[one]) if max(rows[one]) > 1 else 0))


# -- XLSX ------------------------------------------------------------------------------------------


def _workbook(content: bytes) -> Iterator[list[str]]:
    """The first sheet, row by row. What a formula gave last is read, and no formula is ever computed."""
    _require_small_parts(content)
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what the file says of its own size is not believed
        for row in sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS, values_only=True):
            yield [_written(value) for value in row]
    except _UNREADABLE as exc:
        raise _refused(_no_table(), "no_table") from exc


def _require_small_parts(content: bytes) -> None:
    """What the archive unpacks to is bounded before anything is unpacked; no part is read beyond its size.

    No part declares entities: those can make a small part large.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            parts = archive.infolist()
            is_large = sum(part.file_size for part in parts) > MOST_UNPACKED_BYTES
            if is_large or len(parts) > MOST_PARTS:
                raise _refused(_("The file unpacks to far more than it should. Save it anew."), "bomb")
            if "xl/workbook.xml" not in archive.namelist():
                raise _refused(_no_table(), "no_table")
            for part in parts:
                if part.filename.endswith((".xml", ".rels")) and b"<!" in archive.read(part).replace(
                    b"<!--", b""
                ).replace(b"<![CDATA[", b""):
                    raise _refused(_no_table(), "no_table")
    except (zipfile.BadZipFile, zipfile.LargeZipFile, RuntimeError, *_UNREADABLE) as exc:
        raise _refused(_no_table(), "no_table") from exc


def _written(value: object) -> str:
    """A cell's value as a person sees it."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _no_table() -> str:
    return _("This is no table that can be read. Send a .csv or .xlsx file, or paste the rows.")


def _refused(message: str, why: str) -> Invalid:
    return Invalid(message, code=f"many.{why}", field="file")
