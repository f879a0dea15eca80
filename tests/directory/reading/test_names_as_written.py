"""Contract: a name is the same name however it is written, and both ways to ask agree on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest

from provisioning.directory import Directory
from provisioning.mandates.current import Mandates
from provisioning.rules import names
from tests.directory import oddities
from tests.directory.conftest import DEMO_LAYOUT
from tests.directory.standins import Server

DN = "ou=Björkhaga vårdcentral,ou=Område Norr,ou=Demoregionens vård,ou=Org,o=Demoregionen"


@pytest.mark.parametrize("attribute", ["vgrManagedObjects", "description"], ids=["name", "text"])
def test_both_ways_to_ask_for_administrators_agree(
    server: Server, connect: Callable[..., Directory], attribute: str
):
    """`description` is text to the server: it compares how a name is written."""
    directory = connect(server.settings(), dataclasses.replace(DEMO_LAYOUT, managed_objects=attribute))
    unit = directory.unit(oddities.PLAIN_UNIT)
    assert unit is not None
    found = [person.hsa_id for person in directory.administrators_of(unit.dn)]
    assert oddities.SPACED in found
    assert Mandates(managed_dns=directory.managed_dns(oddities.SPACED)).administers(unit.dn)


@pytest.mark.parametrize(
    "written",
    [
        DN,
        DN.upper(),
        DN.replace(",", ", "),
        DN.replace("=", " = "),
        DN.replace("ö", "\\C3\\B6"),
        DN.partition(",")[2],
        "o=Demoregionen",
    ],
)
def test_a_mandate_holds_however_the_name_is_written(written: str):
    assert Mandates(managed_dns=(written,)).administers(DN)


@pytest.mark.parametrize("other", ["ou=Norr,ou=Demoregionens vård,ou=Org,o=Demoregionen", "", "egionen"])
def test_a_name_that_only_ends_alike_is_another(other: str):
    assert not Mandates(managed_dns=(other,)).administers(DN)


def test_a_name_is_tidied_without_touching_its_values():
    assert names.tidy("ou=A\\, B , o=C  D") == "ou=A\\, B,o=C  D"
