"""What somebody pasted means what it looks like: no invisible characters, one kind of dash."""

from __future__ import annotations

import unicodedata

import pytest

from provisioning.rules.hsa import HsaId, typed, typed_id
from provisioning.rules.services import roles

PASTED = [
    "SE0000000000-1001",
    " SE0000000000-1001\n",
    "SE0000000000-1001\u00a0",
    "\u200bSE0000000000-\u200b1001",
    "\ufeffSE0000000000-1001\u2060",
    "SE0000\u00ad000000-1001",
    "\u202aSE0000000000-1001\u202c",
    *(f"SE0000000000{dash}1001" for dash in "\u2010\u2011\u2012\u2013\u2014\u2212\uff0d"),
]


@pytest.mark.parametrize("text", PASTED, ids=[ascii(text) for text in PASTED])
def test_a_pasted_id_is_what_it_looks_like(text: str):
    assert typed_id(text).text == "SE0000000000-1001"


def test_a_pasted_name_keeps_its_letters_and_dashes():
    name = "Åsa Öberg–Ek"
    assert typed(unicodedata.normalize("NFD", f" {name}\u200d ")) == name


def test_an_id_is_equal_without_regard_to_case_and_outer_blanks():
    assert HsaId("SE0000000000-A1 ") == HsaId("se0000000000-a1\u00a0")
    assert HsaId("SE0000000000-A1 ").text == "SE0000000000-A1 "
    assert HsaId("SE0000000000- A1") != HsaId("SE0000000000-A1")


def test_a_role_with_another_dash_names_the_unit_it_looks_like():
    seen = roles.seen("INTYG;Rehab-SE0000000000\u2013E101", words=("Rehab",))
    assert seen is not None and seen.hsa_id == HsaId("SE0000000000-E101")
