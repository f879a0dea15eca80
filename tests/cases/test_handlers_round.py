"""Asking again who may act: many open cases wait for the same people, who are asked for once."""

from __future__ import annotations

import pytest

from provisioning.directory import open_directory
from provisioning.directory.ldap.library import ldap3
from provisioning.models import AccessRequest, Handler
from tests import cast
from tests.workflows.sweeps import many_tasks
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)

MANY = 30


@pytest.fixture
def searches(monkeypatch) -> list[str]:
    made: list[str] = []
    search = ldap3.Connection.search

    def note(link, **question):
        made.append(question["search_filter"])
        return search(link, **question)

    monkeypatch.setattr(ldap3.Connection, "search", note)
    return made


def test_many_cases_on_one_unit_take_as_many_searches_as_one(directory, searches):
    unit = open_directory().unit(cast.BJORKHAGA)
    assert unit is not None
    for number in range(1, MANY + 1):
        directory.store.add(many_tasks.person_dn(number), many_tasks.person_entry(number))
    rows = many_tasks.open_tasks(MANY)
    AccessRequest.objects.update(unit_dn=unit.dn)
    searches.clear()
    tasks.sweep_handlers()
    asked = Handler.objects.filter(request__in=rows, person_key=cast.KIV_ADMINISTRATOR.folded)
    assert asked.count() == MANY, "each case has its people"
    # Where the unit stands now, by its HSA-id, and its administrators; of everybody who may be shut out, all
    # HSA-ids, a hundred in a search; of those who are asked likewise.
    assert len(searches) <= 6
    assert sum(text.count("vgrManagedObjects=") > 0 for text in searches) == 1
