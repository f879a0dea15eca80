"""LDIF as text: read and written."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.demo.directory import ldif


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


@pytest.mark.parametrize("newline", [b"\n", b"\r\n"], ids=["LF", "CRLF"])
@pytest.mark.parametrize("marker", [b"", b"\xef\xbb\xbf"], ids=["plain", "with a byte order mark"])
def test_a_line_folded_inside_a_letter_is_read(tmp_path: Path, newline: bytes, marker: bytes):
    """RFC 2849 folds between octets: every place in the DN and in a value is tried."""
    for line in ("dn: ou=Björkhaga,o=Å", "cn: Åsa Öberg 𝄞"):
        octets = line.encode()
        for at in range(line.index(" ") + 2, len(octets)):
            folded = octets[:at] + newline + b" " + octets[at:]
            both = [
                folded if line.startswith("dn") else b"dn: o=x",
                folded if line.startswith("cn") else b"cn: x",
            ]
            path = tmp_path / "folded.ldif"
            path.write_bytes(marker + newline.join([*both, b""]))
            [(dn, pairs)] = ldif.read(path)
            assert line in (f"dn: {dn}", f"cn: {pairs[0][1].decode()}")


def test_octets_that_are_no_text_are_named_with_their_line(tmp_path: Path):
    path = tmp_path / "latin.ldif"
    path.write_bytes("dn: o=x\ncn: Åsa\n".encode("latin-1"))
    with pytest.raises(ldif.BadLdif, match="line 2: not UTF-8"):
        list(ldif.read(path))
