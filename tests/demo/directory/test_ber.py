"""BER: what the mock directory reads and writes on the wire."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from provisioning.demo.directory import ber


@given(st.integers(min_value=-(2**40), max_value=2**40))
def test_whole_numbers_survive_the_wire(value: int):
    ((tag, content),) = ber.elements(ber.integer(value))
    assert (tag, ber.as_int(content)) == (ber.INTEGER, value)


@given(st.lists(st.binary(max_size=300), max_size=4))
def test_elements_survive_the_wire(values: list[bytes]) -> None:
    whole = ber.tlv(ber.SEQUENCE, *(ber.text(value) for value in values))
    ((_, content),) = ber.elements(whole)
    assert [value for _, value in ber.elements(content)] == values
    assert ber.message_end(whole) == len(whole)
    assert ber.message_end(whole[:1]) is None


@given(st.binary(max_size=40))
def test_no_bytes_make_the_reader_stumble(garbage: bytes):
    try:
        list(ber.elements(garbage))
    except ber.Malformed:
        return
