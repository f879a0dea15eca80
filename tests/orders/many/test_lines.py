"""Reading what was pasted or sent as a file: every kind of table, and every way for a row to be wrong."""

import io
import zipfile
from datetime import date

import pytest
from django.test import override_settings
from openpyxl import Workbook

from provisioning.errors import Invalid
from provisioning.orders.draft import Choice
from provisioning.orders.many import sheet_texts
from provisioning.orders.many.columns import TEMPLATE
from provisioning.orders.many.lines import access_of, choice_of, day_of, lines, offered
from provisioning.orders.many.sheet_texts import from_file, from_text
from provisioning.rules.hsa import Level, Service

ONE, TWO, UNIT = "SE2321000016-A001", "SE2321000016-A002", "SE2321000016-U001"
TABLE = f"HSA-id;Namn;Enhet\r\n{ONE};Åsa Öberg;{UNIT}\r\n{TWO};Ture Ek;{UNIT}\r\n"


def _workbook(*rows: tuple[object, ...]) -> bytes:
    book, out = Workbook(), io.BytesIO()
    for row in rows:
        book.active.append(row)
    book.save(out)
    return out.getvalue()


def _refusal(content: bytes) -> str:
    with pytest.raises(Invalid) as refused:
        lines(from_file(content))
    assert refused.value.field == "file"
    return refused.value.code


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_a_file_is_read_in_each_encoding_with_each_separator(encoding, separator):
    read = lines(from_file(TABLE.replace(";", separator).encode(encoding)))
    assert [(one.number, one.person, one.name, one.unit) for one in read] == [
        (2, ONE, "Åsa Öberg", UNIT),
        (3, TWO, "Ture Ek", UNIT),
    ]


@pytest.mark.parametrize(
    "text",
    [
        f"{ONE} {TWO}",
        f"{ONE},{TWO}",
        f"{ONE};{TWO}",
        f"{ONE}\n\n{TWO}\n",
        f"{ONE}\t{TWO}",
        f"Åsa Öberg <asa@example.org> {ONE}\nEk, Ture ({TWO})",
        f"{ONE.replace('-', '–')} | {TWO.lower()}\u200b",
    ],
)
def test_pasted_ids_are_found_whatever_stands_between_and_beside(text):
    assert [one.person.upper() for one in lines(from_text(text))] == [ONE, TWO]


def test_a_name_and_an_address_beside_an_id_are_kept_with_it():
    (line,) = lines(from_text(f"Åsa Öberg <asa@example.org> {ONE}"))
    assert (line.name, line.mail) == ("Åsa Öberg", "asa@example.org")


def test_a_row_without_an_id_stays_a_line():
    (first, second) = lines(from_text(f"Åsa Öberg\n{ONE}"))
    assert (first.person, first.name) == ("", "Åsa Öberg")
    assert second.person == ONE


def test_headings_in_english_and_swedish_are_known():
    english = f"First day,Employee,E-mail,Unit HSA-id,Risk\n2027-01-31,{ONE},a@example.org,{UNIT},Sees more"
    (line,) = lines(from_text(english))
    assert (line.person, line.mail, line.unit, line.starts_on, line.risk) == (
        ONE, "a@example.org", UNIT, "2027-01-31", "Sees more",
    )  # fmt: skip
    swedish = f"FÖRSTA DAG;hsa id;Behörighet;Nivå\n2027-01-31;{ONE};Rehabstöd;own"
    (line,) = lines(from_text(swedish))
    assert access_of(line.access) == (Service.REHABSTOD, Level.OWN)


@pytest.mark.parametrize("heading", ["Om medarbetaruppdrag saknas", "If the commission is missing"])
@pytest.mark.parametrize(
    ("cell", "choice"), [("Koppla", Choice.COUPLE), ("WAIT", Choice.WAIT), ("", None), ("kanske", None)]
)
def test_a_row_says_what_to_do_without_a_commission(heading, cell, choice):
    (line,) = lines(from_text(f"HSA-id;Namn;{heading}\n{ONE};Åsa;{cell}"))
    assert line.choice == cell
    assert choice_of(line.choice) is choice


def test_the_template_is_read_back():
    row = [ONE, "Åsa Öberg", "a@example.org", "rehabstod:unit", UNIT, "2027-01-01", "2027-06-30", "N", "R"]
    for content in (sheet_texts.to_csv([TEMPLATE, row]), sheet_texts.to_xlsx([TEMPLATE, row])):
        (line,) = lines(from_file(content))
        assert [
            line.person, line.name, line.mail, line.access, line.unit,
            line.starts_on, line.ends_on, line.need, line.risk,
        ] == row  # fmt: skip


def test_a_workbook_is_read_with_its_days_and_numbers():
    content = _workbook(
        ("HSA-id", "Från", "Namn"), (ONE, date(2027, 1, 31), 17.0), (None, None, None), (TWO, None, None)
    )
    read = lines(from_file(content))
    assert [(one.number, one.person, one.starts_on, one.name) for one in read] == [
        (2, ONE, "2027-01-31", "17"),
        (4, TWO, "", ""),
    ]


@pytest.mark.parametrize("text", ["=1+2", "+46", "-x", "@cmd", '=HYPERLINK("http://x")'])
def test_a_cell_that_looks_like_a_formula_is_text_in_and_out(text):
    rows = [("HSA-id", "Behov"), (ONE, text)]
    for written in (sheet_texts.to_csv(rows), sheet_texts.to_xlsx(rows)):
        (line,) = lines(from_file(written))
        assert line.need == text
    assert f"'{text[0]}".encode() in sheet_texts.to_csv(rows)
    (line,) = lines(from_text(f"HSA-id\tBehov\n{ONE}\t{text}"))
    assert line.need == text


def test_no_table_is_refused_by_name():
    assert _refusal(b"\x89PNG\r\n\x1a\n\x00\x00") == "many.no_table"
    assert _refusal(b"%PDF-1.7\x00\x01") == "many.no_table"
    assert _refusal(b"PK\x03\x04 and no archive") == "many.no_table"
    assert _refusal(b"\xd0\xcf\x11\xe0\xa1\xb1") == "many.old"
    assert _refusal(b"") == _refusal(b"\r\n;;\r\n") == "many.empty"


def test_an_archive_that_is_no_workbook_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    assert _refusal(out.getvalue()) == "many.no_table"


def test_a_workbook_that_unpacks_to_too_much_is_refused_unread():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<a/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (sheet_texts.MOST_UNPACKED_BYTES + 1))
    assert len(out.getvalue()) < sheet_texts.MOST_BYTES
    assert _refusal(out.getvalue()) == "many.bomb"


def test_a_workbook_that_declares_entities_is_refused():
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_workbook((ONE,)))) as good, zipfile.ZipFile(out, "w") as bad:
        for part in good.infolist():
            content = good.read(part)
            if part.filename == "xl/workbook.xml":
                content = b'<!DOCTYPE a [<!ENTITY b "b">]>' + content
            bad.writestr(part, content)
    assert _refusal(out.getvalue()) == "many.no_table"


def test_a_workbook_does_not_decide_how_large_it_is():
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(_workbook((ONE,)))) as good, zipfile.ZipFile(out, "w") as bad:
        for part in good.infolist():
            content = good.read(part).replace(b'r="1"', b'r="1048576"').replace(b"A1", b"XFD1048576")
            bad.writestr(part, content)
    assert _refusal(out.getvalue()) in ("many.empty", "many.rows")


def test_too_many_rows_are_refused():
    assert _refusal(b"\n" * 100_001) == "many.rows"
    assert _refusal(f"{ONE}\n".encode() * 100_001) == "many.size"
    with override_settings(ORDER_MOST_LINES=3):
        assert len(lines(from_text(f"{ONE}\n" * 3))) == 3
        assert _refusal(f"{ONE} {TWO}\n".encode() * 2) == "many.too_many"


def test_two_headings():
    assert _refusal(f"HSA-id;Medarbetare\n{ONE};{TWO}".encode()) == "many.two_headings"
    first, second, third = lines(from_text(f"{TABLE}{TABLE}".replace(f"{TWO};Ture Ek;{UNIT}\r\n", "")))
    assert (first.person, third.person, first.problem, third.problem) == (ONE, ONE, "", "")
    assert second.number == 3
    assert second.problem and not second.person


def test_a_personal_identity_number_is_not_kept():
    (line,) = lines(from_text("HSA-id;Namn\n19121212-1212;Tolvan"))
    assert line.problem
    assert "1212" not in repr(line)


def test_each_access_is_known_by_its_names():
    assert all(access_of(f"{service}:{level}") == (service, level) for service, level in offered())
    assert access_of("rehabstöd, EGNA fall") in (None, (Service.REHABSTOD, Level.OWN))
    assert access_of("Rehabstöd, whole care unit") == (Service.REHABSTOD, Level.UNIT)
    assert access_of("Rehabstöd") is access_of("") is None  # which of the two?


@pytest.mark.parametrize("text", ["2027-01-31", "20270131", "31/1/2027", "31.01.2027", "2027-01-31 00:00:00"])
def test_days_are_read_as_people_write_them(text):
    assert day_of(text) == date(2027, 1, 31)


@pytest.mark.parametrize("text", ["", "2027-02-30", "soon", "31/1", "01/31/2027"])
def test_what_is_no_day_is_none(text):
    assert day_of(text) is None
