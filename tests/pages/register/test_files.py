"""A register as a file: all of it, formulas as text, protected persons unnamed, never in memory at once."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from xml.etree import ElementTree

import pytest

from provisioning.audit.events import Action
from provisioning.models import AccessRequest, AuditEntry
from provisioning.pages import sheets
from provisioning.pages.register import files
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)

EVIL = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "a\x00b", "<b>&", 'å;"ä"\n2', "")


def read(kind: str, content: bytes) -> list[list[str]]:
    """The rows of the file, headings first, as the program that opens it has them."""
    if kind == "CSV":
        assert content.startswith(b"\xef\xbb\xbf")
        return list(csv.reader(io.StringIO(content.decode("utf-8-sig")), delimiter=";"))
    if kind == "JSON":
        rows = json.loads(content)
        return [list(rows[0]), *(list(row.values()) for row in rows)] if rows else []
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        sheet = ElementTree.fromstring(archive.read("xl/worksheets/sheet1.xml"))  # noqa: S314
    space = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
    return [[cell.findtext(f".//{space}t") or "" for cell in row] for row in sheet.iter(f"{space}row")]


@pytest.mark.parametrize("kind", ["CSV", "XLSX", "JSON"])
def test_all_rows_come_in_their_order_and_the_file_is_an_event(directory, page, monkeypatch, kind):
    monkeypatch.setattr(files, "ROWS_AT_ONCE", 2)
    first = acts.order()
    for position in range(2, 8):
        first.pk, first.position = None, position
        first.public_id, first.subject_key = f"00000000-0000-4000-8000-00000000000{position}", f"x{position}"
        first.save(force_insert=True)
    answer = page(cast.HEAD, "register_cases", query="?order=oldest", data={"action": "file", "kind": kind})
    assert answer.status_code == 200 and answer.streaming
    rows = read(kind, b"".join(answer.streaming_content))
    assert [row[0][-1] for row in rows[1:]] == [str(one) for one in range(1, 8)]
    assert len({len(row) for row in rows}) == 1
    entry = AuditEntry.objects.get(action=Action.REGISTER_EXPORTED.value)
    assert entry.actor_id == cast.HEAD.folded
    assert entry.data["of"] == "cases" and entry.data["kind"] == kind.casefold()


def test_the_filters_of_a_file_are_in_its_event(directory, page):
    acts.order()
    address = page(cast.HEAD, "register_cases", data={"person": cast.COORDINATOR.text, "state": "ended"}).url
    page(
        cast.HEAD,
        "register_cases",
        query="?" + address.partition("?")[2],
        data={"action": "file", "kind": "csv"},
    )
    entry = AuditEntry.objects.get(action=Action.REGISTER_EXPORTED.value)
    assert entry.data["wanted"] == {"state": "ended", "subject": cast.COORDINATOR.folded}


def test_a_protected_person_is_named_in_no_file(directory, page):
    request = acts.order(person_id=cast.PROTECTED)
    for kind in ("csv", "json"):
        answer = page(cast.HEAD, "register_cases", data={"action": "file", "kind": kind})
        text = b"".join(answer.streaming_content).decode()
        assert request.case_number in text
        assert cast.PROTECTED.text not in text and request.subject_name not in text


def test_what_is_no_kind_of_file_leads_back_and_is_no_event(directory, page):
    acts.order()
    for data in ({}, {"kind": "exe"}):
        assert page(cast.HEAD, "register_cases", data=data | {"action": "file"}).status_code == 302
    assert (
        page(
            cast.HEAD, "register_cases", query="?state=no", data={"action": "file", "kind": "csv"}
        ).status_code
        == 302
    )
    assert not AuditEntry.objects.filter(action=Action.REGISTER_EXPORTED.value).exists()


@pytest.mark.parametrize("kind", ["CSV", "XLSX", "JSON"])
def test_no_cell_is_a_formula_and_every_text_comes_through(kind):
    _type, write = sheets.FORMATS[kind.casefold()]
    rows = read(kind, b"".join(write(["x"], ([one] for one in EVIL))))
    cells = [row[0] if row else "" for row in rows[1:]]
    for text, cell in zip(EVIL, cells, strict=True):
        if kind == "CSV":
            assert not cell.lstrip().startswith(("=", "+", "-", "@")), text
            assert cell.removeprefix("'") == text
        else:
            assert cell == (text.replace("\x00", " ") if kind == "XLSX" else text)


def test_a_file_is_sent_while_its_rows_are_read():
    made = 0

    def rows():
        nonlocal made
        for number in range(5000):
            made += 1
            yield [str(number)]

    for _type, write in sheets.FORMATS.values():
        made, parts = 0, write(["x"], rows())
        next(parts), next(parts)
        assert made < 500


def test_the_pages_number_from_another_system_is_in_the_register(directory, page):
    request = acts.order()
    request.order.external_number = "INC0012"
    request.order.save(update_fields=["external_number"])
    assert AccessRequest.objects.filter(order__external_number__iexact="inc0012").exists()
    answer = page(cast.HEAD, "register_cases", data={"action": "file", "kind": "csv"})
    assert "INC0012" in b"".join(answer.streaming_content).decode()
