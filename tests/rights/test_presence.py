"""What the directory holds of rights is looked up for all of a page at once."""

from __future__ import annotations

import pytest

from provisioning.directory.ldap.connection import Connections
from provisioning.models import Grant
from provisioning.rights import presence
from provisioning.rules.hsa import Answer
from tests import cast
from tests.findings import drifting
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def rights(directory, kiv) -> list[Grant]:
    """Two that rest on a coupling, and one on a role."""
    return [life.statistics(kiv), life.statistics(kiv, cast.COORDINATOR_UNCOUPLED), life.granted(kiv)]


@pytest.fixture
def asked(monkeypatch) -> list[str]:
    """Each question to the directory."""
    seen, ask = [], Connections._ask

    def counted(self, *args, **kwargs):
        seen.append("question")
        return ask(self, *args, **kwargs)

    monkeypatch.setattr(Connections, "_ask", counted)
    return seen


def test_each_right_is_there_gone_or_not_known(rights, kiv, directory):
    coupled, uncoupled, role = rights
    assert set(presence.held_now(rights).values()) == {Answer.YES}
    drifting.uncouple(kiv, cast.COORDINATOR_UNCOUPLED, cast.BJORKHAGA, "Statistik")
    life.kiv_removes_role(kiv, role)
    found = presence.held_now(rights)
    assert found == {coupled.pk: Answer.YES, uncoupled.pk: Answer.NO, role.pk: Answer.NO}
    directory.faults.drop_connections = -1
    assert set(presence.held_now(rights).values()) == {Answer.UNKNOWN}


def test_many_rights_take_as_many_questions_as_two(rights, asked):
    presence.held_now(rights[:2])
    of_two = len(asked)
    asked.clear()
    copies = [
        Grant(**{field.attname: getattr(one, field.attname) for field in Grant._meta.fields})
        for one in rights[:2]
        for _number in range(20)
    ]
    for number, copy in enumerate(copies):
        copy.pk = 1_000 + number
    assert set(presence.held_now(copies).values()) == {Answer.YES}
    assert len(asked) <= of_two
