"""Values under an option of the attribute: a language tag is as good as none, of others nothing is known."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator

import pytest

from provisioning.directory import Directory
from provisioning.directory.ldap.connection import Connections
from provisioning.rules.hsa import Part
from tests import cast
from tests.directory.oddities import WRITER
from tests.directory.standins import Server

PERSON = cast.COORDINATOR


@pytest.fixture
def add(own_server: Server) -> Iterator[Callable[[str, str, str], None]]:
    """Add a value to an entry as the account that may write."""
    settings = dataclasses.replace(own_server.settings(), bind_dn=WRITER, bind_password="kiv")
    writer = Connections(settings, reads_only=False)
    yield lambda dn, attribute, value: writer.modify(dn, {attribute: [("MODIFY_ADD", [value])]})
    writer.close()


def test_a_role_under_an_unknown_option_is_unknown(own_server: Server, connect, add):
    directory: Directory = connect(own_server.settings())
    person = directory.person(PERSON)
    assert person is not None
    add(person.dn, "hsaSystemRole;x-old", "INTYG;Rehab-" + cast.BJORKHAGA.text)
    reading = directory.read(PERSON, unit_ids=[cast.BJORKHAGA])
    assert not reading.is_readable(Part.SYSTEM_ROLES)
    alone, other = directory.read_many([(PERSON, ()), (cast.HEAD, ())])
    assert not alone.is_readable(Part.SYSTEM_ROLES)
    assert other.is_readable(Part.PERSON, Part.SYSTEM_ROLES)


def test_a_role_under_a_language_tag_is_a_role(own_server: Server, connect, add):
    directory: Directory = connect(own_server.settings())
    person = directory.person(PERSON)
    assert person is not None
    add(person.dn, "hsaSystemRole;lang-sv", "INTYG;Rehab-" + cast.BJORKHAGA.text)
    reading = directory.read(PERSON, unit_ids=[cast.BJORKHAGA])
    assert reading.is_readable(Part.SYSTEM_ROLES)
    assert reading.person is not None
    assert reading.person.system_roles == ("INTYG;Rehab-" + cast.BJORKHAGA.text,)
