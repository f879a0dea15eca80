"""A search that was asked before is sent byte for byte as ldap3 writes it."""

from __future__ import annotations

import pytest

from provisioning.directory import open_directory
from tests import asked_before, cast


@pytest.fixture
def written(monkeypatch):
    """What was sent, as it was put together here and as ldap3 alone writes it."""
    pairs = []
    together, alone = asked_before.encode, asked_before._encode

    def encode(message):
        pairs.append((together(message), alone(message)))
        return pairs[-1][0]

    monkeypatch.setattr(asked_before._strategy, "encode", encode)
    return pairs


def test_the_bytes_are_those_of_ldap3(directory, settings, written):
    settings.DIRECTORY_PAGE_SIZE = 2  # pages go on with a cookie, which is no part of the kept search
    tool = open_directory()
    asked_before._kept.cache_clear()
    for _time in ("first", "kept"):
        tool.read(cast.COORDINATOR, unit_ids=[cast.BJORKHAGA])
        tool.headed_by(cast.HEAD)
        tool.identities([cast.COORDINATOR, cast.DOCTOR])
        tool.find_persons("Åsa Ö*()\\", limit=3)
    tool.close()
    assert asked_before._kept.cache_info().hits
    assert len(written) > 20
    for together, alone in written:
        assert together == alone


def test_each_search_notes_what_ldap3_does():
    how = (0, 20, False, True, True, None)
    made = [
        search("dc=x", "(&(a=å)(!(b=1*)))", "SUBTREE", "ALWAYS", ["a", "b"], *how)
        for search in (asked_before._search, asked_before.search_operation)
    ]
    noted = [note("searchRequest", one, [("1.2", False, b"x")]) for one, note in
             zip(made, (asked_before._note, asked_before.decode_request), strict=True)]  # fmt: skip
    assert noted[0] == noted[1]
