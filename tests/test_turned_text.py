"""What turns the text around it is refused where somebody states something, and left out of names."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from provisioning import statements
from provisioning.directory.reading import fitting
from provisioning.errors import Invalid
from provisioning.pages.fields import LongText, Statement

TURNING = [*"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"]
NEED = "Samordnar rehabilitering för enhetens sjukskrivna."
HEBREW = "\u05e8\u05e4\u05d0\u05d9\u05ea \u05e9\u05dc \u05d4\u05de\u05d7\u05dc\u05e7\u05d4 \u05d4\u05d6\u05d5"
each_turning = pytest.mark.parametrize("sign", TURNING, ids=[ascii(sign) for sign in TURNING])


@each_turning
def test_a_statement_that_turns_its_text_is_refused(sign: str):
    text = f"{NEED} {sign}gnilekcedva"
    assert statements.error_in(text)
    with pytest.raises(Invalid):
        statements.stated(text, missing="-")
    for field in (Statement(missing="-"), LongText(missing="-"), LongText()):
        with pytest.raises(ValidationError):
            field.clean(text)


@each_turning
def test_a_name_turns_nothing_beside_it_around(sign: str):
    assert fitting.name(f"Anna {sign}nossrednA", at_most=200) == "Anna nossrednA"


@pytest.mark.parametrize("text", [NEED, HEBREW, NEED + "\u200d\u00ad"])
def test_other_texts_are_taken_in_any_script(text: str):
    assert statements.error_in(text) is None
    assert Statement(missing="-").clean(text) == text
    assert fitting.name(HEBREW, at_most=200) == HEBREW
