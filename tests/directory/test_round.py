"""Contract: a round says what the directory says, and asks about each thing once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from provisioning.directory import Directory, Round
from provisioning.directory.ldap.library import ldap3
from provisioning.errors import DirectoryUnavailable
from provisioning.rules.hsa import HsaId
from tests import cast
from tests.directory import oddities
from tests.directory.standins import Server

NOBODY = HsaId("SE0000000000-NOBODY")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The filters of all searches."""
    filters: list[str] = []
    search = ldap3.Connection.search

    def note(link: Any, **question: Any) -> Any:
        filters.append(question["search_filter"])
        return search(link, **question)

    monkeypatch.setattr(ldap3.Connection, "search", note)
    return filters


def everything(directory: Directory) -> list[object]:
    unit = directory.unit(cast.BJORKHAGA)
    assert unit is not None
    return [
        unit,
        directory.person(cast.HEAD),
        directory.person(NOBODY),
        directory.persons([cast.COORDINATOR, NOBODY]),
        directory.unit(cast.NOWHERE),
        directory.provider(cast.PROVIDER),
        directory.headed_by(cast.HEAD),
        directory.units_above(unit.dn),
        directory.administrators_of(unit.dn),
        directory.identities([*oddities.THREE, cast.HEAD]),
    ]


def test_a_round_answers_as_the_directory_and_asks_each_thing_once(directory: Directory, asked: list[str]):
    once = everything(directory)
    directory_round = Round(directory)
    assert everything(directory_round) == once
    asked.clear()
    assert everything(directory_round) == once
    assert asked == []
    assert everything(Round(directory)) == once
    assert asked, "another round asks again"


def test_of_several_only_the_new_ones_are_asked_about(directory: Directory, asked: list[str]):
    directory_round = Round(directory)
    directory_round.person(cast.HEAD)
    asked.clear()
    assert set(directory_round.persons([cast.HEAD, cast.COORDINATOR])) == {cast.HEAD, cast.COORDINATOR}
    assert len(asked) == 1 and cast.HEAD.text not in asked[0]


def test_an_error_is_not_remembered(own_server: Server, connect: Callable[..., Directory]):
    directory_round = Round(connect(own_server.settings()))
    own_server.stop()
    with pytest.raises(DirectoryUnavailable):
        directory_round.person(cast.HEAD)
    own_server.start()
    assert directory_round.person(cast.HEAD) is not None
