"""The name of a protected person, to be looked for in what somebody is shown."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from provisioning.directory import open_directory
from tests import cast


@pytest.fixture
def canaries(made) -> Collection[str]:
    """The name, in the world that the table is about."""
    return names_told()


def names_told() -> list[str]:
    """The name as the directory has it, whole and in parts that nobody else in the directory shares."""
    directory = open_directory()
    person = directory.person(cast.PROTECTED)
    assert person
    assert person.is_protected
    parts = [
        text for text in (person.given_name, person.surname) if len(directory.find_persons(text).items) == 1
    ]
    return [person.name, *parts]


def found_in(text: str, canaries: Collection[str]) -> list[str]:
    return [canary for canary in canaries if canary.casefold() in text.casefold()]
