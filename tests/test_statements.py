"""What may not be kept is refused where somebody states something: text turned around, identity numbers."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from provisioning import statements
from provisioning.directory.reading import fitting
from provisioning.errors import Invalid
from provisioning.orders.many import sheet_texts
from provisioning.pages.fields import LongText, Statement

TURNING = [*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]
NUMBERS = [
    "19121212-1212",
    "191212121212",
    "121212-1212",
    "121212+1212",
    "19121212 1212",
    "1212121212",
    "121272-1219",
]
NO_NUMBERS = [
    "19121212-1213",  # another check digit
    "19121312-1212",  # no month
    "191212-12123",
    "2321000131",  # an organisation number
    "0701101234",
    "SE0000000000-191212121212",
    "2026-01-05, 0900-1200",
]
NEED = "Samordnar rehabilitering för enhetens sjukskrivna."
HEBREW = "\u05e8\u05e4\u05d0\u05d9\u05ea \u05e9\u05dc \u05d4\u05de\u05d7\u05dc\u05e7\u05d4 \u05d4\u05d6\u05d5"
each_turning = pytest.mark.parametrize("sign", TURNING, ids=[ascii(sign) for sign in TURNING])


def require_refused(text: str) -> None:
    assert statements.error_in(text)
    with pytest.raises(Invalid):
        statements.stated(text, missing="-")
    for field in (Statement(missing="-"), LongText(missing="-"), LongText()):
        with pytest.raises(ValidationError):
            field.clean(text)


@each_turning
def test_a_statement_that_turns_its_text_is_refused(sign: str):
    require_refused(f"{NEED} {sign}gnilekcedva")


@each_turning
def test_a_name_turns_nothing_beside_it_around(sign: str):
    assert fitting.name(f"Anna {sign}nossrednA", at_most=200) == "Anna nossrednA"


@pytest.mark.parametrize("text", [NEED, HEBREW, NEED + "\u200d\u00ad"])
def test_other_texts_are_taken_in_any_script(text: str):
    assert statements.error_in(text) is None
    assert Statement(missing="-").clean(text) == text
    assert fitting.name(HEBREW, at_most=200) == HEBREW


@pytest.mark.parametrize("number", NUMBERS)
def test_a_personal_identity_number_is_refused_in_any_shape(number: str):
    for text in (f"{NEED} Gäller {number}.", f"{number}: {NEED}"):
        require_refused(text)


@pytest.mark.parametrize("number", NO_NUMBERS)
def test_other_numbers_are_taken(number: str):
    text = f"{NEED} Se {number}."
    assert statements.error_in(text) is None
    assert Statement(missing="-").clean(text) == text


def test_a_statement_that_is_too_long_is_refused_and_never_cut():
    longest = ("Behövs i arbetet med sjukfallen. " * 100)[: statements.MAX_LENGTH]
    assert statements.error_in(longest) is None
    assert "2000" in str(statements.error_in(longest + "x"))


def test_a_cell_that_is_too_long_is_still_too_long_when_it_has_been_read():
    rows = sheet_texts.from_text("HSA-id;Behov\nSE0000000000-1005;" + "ord " * 900 + "slut")
    assert statements.error_in(rows[-1].cells[1]) is not None
