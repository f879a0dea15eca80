"""LDIF as text: read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.demo.directory import ldif, make_demo
from provisioning.demo.directory.server import DEMO_LDIF
from tests import cast


def test_comments_folds_base64_and_blank_lines_are_understood():
    text = (
        "version: 1\n# a comment\n#  that goes\n  on\ndn: cn=a,\n o=X\nobjectClass:person\n"
        "sn:: w4Vz\r\ncn:  a \n\n\n\ndn:: Y249w6Us\nb: \n# end"
    )
    assert list(ldif.parse(text)) == [
        ("cn=a,o=X", [("objectClass", b"person"), ("sn", "Ås".encode()), ("cn", b"a ")]),
        ("cn=å,", [("b", b"")]),
    ]


BAD = [
    "cn: a\n",
    "dn: o=X\nno colon\n",
    "dn: o=X\na:: ***\n",
    "dn: o=X\nchangetype: add\n",
    "dn: o=X\na:< file:x\n",
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_ldif_is_refused_with_its_place(text: str):
    with pytest.raises(ldif.BadLdif, match="line"):
        list(ldif.parse(text))


VALUES = st.binary(min_size=1, max_size=120)


@given(st.lists(st.tuples(st.sampled_from(["cn", "sn", "x"]), VALUES), min_size=1, max_size=5))
def test_what_is_written_is_read_again(pairs: list[tuple[str, bytes]]):
    record = ("cn=å, b,o=X", pairs)
    assert list(ldif.parse(ldif.write([record, record]))) == [record, record]


def test_the_demo_file_is_what_its_generator_makes():
    assert DEMO_LDIF.read_text(encoding="utf-8") == make_demo.text()


def test_the_cast_stands_in_the_demo_as_the_tests_name_it():
    for key, (number, _) in make_demo.CAST.items():
        assert getattr(cast, key).text == make_demo.person_id(number)
    units = {make_demo.unit_id(number) for number in make_demo.UNITS}
    named = {cast.BJORKHAGA, cast.EKLIDEN, cast.ALMBY, cast.GRANBY, cast.KVARNANGEN, cast.CLOSED_UNIT}
    assert {unit.text for unit in named} <= units


def test_the_demo_is_about_two_hundred_entries_all_invented() -> None:
    records = list(make_demo.records())
    assert 170 <= len(records) <= 230
    for dn, pairs in records:
        held: dict[str, list[str]] = {}
        for name, value in pairs:
            held.setdefault(name, []).append(value.decode())
        assert all(value.startswith("SE0000000000-") for value in held.get("hsaIdentity", [])), dn
        assert all(value.endswith("@demo.invalid") for value in held.get("mail", [])), dn
        assert all(value.startswith("DEMO-") for value in held.get("personalIdentityNumber", [])), dn
        assert len(set(held.get("hsaIdentity", []))) <= 1, dn


def test_no_two_entries_of_the_demo_share_a_name_or_an_id():
    records = list(make_demo.records())
    dns = [dn for dn, _ in records]
    ids = [value for _, pairs in records for name, value in pairs if name == "hsaIdentity"]
    assert len(dns) == len(set(dns))
    assert len(ids) == len(set(ids))
