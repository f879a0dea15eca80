"""Tables as files, row by row: CSV, XLSX and JSON, never more of them in memory than a few rows.

No cell is a formula where it is opened: in CSV an apostrophe stands before what would begin one, in XLSX
every cell is text. Written by hand, because the libraries that write XLSX build the whole file first.
Source: OWASP, CSV Injection; ECMA-376 part 1, 18.3 and 18.18.11 (cells that hold their text themselves).
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from django.http import HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _

Rows = Iterable[Sequence[str]]
_BEGINS_A_FORMULA = re.compile(r"^\s*[=+\-@\t\r]")
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_ROWS_AT_ONCE = 200
_LONGEST_CELL = 32_767  # characters, in XLSX


def as_text(value: str) -> str:
    """A cell of CSV that no program takes for a formula."""
    return f"'{value}" if _BEGINS_A_FORMULA.match(value) else value


def as_csv(headings: Sequence[str], rows: Rows) -> Iterator[bytes]:
    """UTF-8 with its mark and semicolons, as Excel opens it in Swedish."""
    yield "\ufeff".encode()
    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=";")
    writer.writerow(headings)
    yield _taken(buffer)
    for number, row in enumerate(rows, start=1):
        writer.writerow([as_text(str(cell)) for cell in row])
        if number % _ROWS_AT_ONCE == 0:
            yield _taken(buffer)
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()


def as_json(headings: Sequence[str], rows: Rows) -> Iterator[bytes]:
    """A list of objects, one to a line."""
    yield b"["
    between = "\n"
    for row in rows:
        cells = dict(zip(headings, map(str, row), strict=True))
        yield (between + json.dumps(cells, ensure_ascii=False)).encode()
        between = ",\n"
    yield b"\n]\n"


class _Pipe(io.RawIOBase):
    """What a zip writes, until it is sent on."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        found = b"".join(self._parts)
        self._parts.clear()
        return found


_PARTS = {
    "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/xl/workbook.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
    "_rels/.rels": '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="xl/workbook.xml"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/>'
    "</Relationships>",
    "xl/_rels/workbook.xml.rels": "<Relationships"
    ' xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId1" Target="worksheets/sheet1.xml"'
    ' Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
    "</Relationships>",
    "xl/workbook.xml": '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    ' xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships">'
    '<sheets><sheet name="1" sheetId="1" r:id="rId1"/></sheets></workbook>',
}
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def as_xlsx(headings: Sequence[str], rows: Rows) -> Iterator[bytes]:
    """One sheet whose cells hold their own text."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in _PARTS.items():
            archive.writestr(name, _XML + text)
        with archive.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as sheet:
            beginning = (
                '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
            )
            sheet.write((_XML + beginning + _row(headings)).encode())
            yield pipe.take()
            for number, row in enumerate(rows, start=1):
                sheet.write(_row(row).encode())
                if number % _ROWS_AT_ONCE == 0:
                    yield pipe.take()
            sheet.write(b"</sheetData></worksheet>")
    yield pipe.take()


def _row(cells: Sequence[str]) -> str:
    return f"<row>{''.join(map(_cell, cells))}</row>"


def _cell(text: str) -> str:
    shown = escape(_NOT_IN_XML.sub(" ", str(text))[:_LONGEST_CELL])
    return f'<c t="inlineStr"><is><t xml:space="preserve">{shown}</t></is></c>'


FORMATS: Mapping[str, tuple[str, Callable[[Sequence[str], Rows], Iterator[bytes]]]] = {
    "csv": ("text/csv; charset=utf-8", as_csv),
    "xlsx": ("application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", as_xlsx),
    "json": ("application/json", as_json),
}


def unknown_kind() -> HttpResponse:
    """The answer where a kind of file is asked for that there is not."""
    return HttpResponse(_("There is no such kind of file."), status=400, content_type="text/plain")


def answer(kind: str, name: str, headings: Iterable[object], rows: Rows) -> StreamingHttpResponse:
    """The file as an answer, sent while it is written. `name`: without its ending; nothing personal."""
    content_type, write = FORMATS[kind]
    response = StreamingHttpResponse(write([str(one) for one in headings], rows), content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    response["Cache-Control"] = "no-store"
    return response
