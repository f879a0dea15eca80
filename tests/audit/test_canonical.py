"""The canonical form is the same, byte for byte, whichever library writes it."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.audit import keys

TEXTS = st.text(st.characters(exclude_categories=())) | st.text('\x00\x1f\x7f"\\/<é€𝄞 aA0', max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.integers(2**63 - 2, 2**64 + 2) | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(st.dictionaries(TEXTS, VALUES, max_size=5))
def test_the_canonical_form_is_that_of_the_standard_library(content):
    written = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    assert keys.canonical(content) == written.encode("ascii")


@pytest.mark.parametrize("number", [float("nan"), float("inf"), json.loads("1E400")])
def test_what_is_no_number_is_signed_as_nothing_else(number):
    for content in ({"a": number}, {"a": [{"b": number}]}, {"a": None, "b": (number,)}):
        with pytest.raises(ValueError, match="Out of range"):
            keys.canonical(content)
