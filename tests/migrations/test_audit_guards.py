"""The migrations begin the event log, set its guards up, and take the guards away again on the way back."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from provisioning.audit import guards
from tests.migrations import keeping

pytestmark = pytest.mark.django_db(transaction=True)
OURS = ("provisioning", "workflows")


def move_to(targets):
    keeping.move_to(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.fixture
def leaves():
    found = [leaf for leaf in MigrationExecutor(connection).loader.graph.leaf_nodes() if leaf[0] in OURS]
    yield found
    move_to(found)


def test_the_migrations_set_the_guards_up_and_begin_the_chain(leaves):
    move_to([("provisioning", "0001_initial")])
    assert guards.missing(connection)

    apps = move_to(leaves)
    assert not guards.missing(connection)
    assert list(apps.get_model("provisioning", "AuditHead").objects.values_list("pk", "sequence")) == [(1, 0)]
