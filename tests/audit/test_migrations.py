"""Rows from before the chain are signed by the migration, and the way back gives them back."""

from datetime import date

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from provisioning.audit_trail import keys, sealing

pytestmark = pytest.mark.django_db(transaction=True)
BEFORE, AFTER = [("provisioning", "0001_initial")], [("provisioning", "0008_grants_and_removals")]


def move_to(targets):
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


@pytest.fixture
def old_apps():
    leaves = [leaf for leaf in MigrationExecutor(connection).loader.graph.leaf_nodes() if leaf[0] in OURS]
    yield move_to(BEFORE)
    move_to(leaves)


OURS = ("provisioning", "workflows")


def write_old_rows(apps):
    user = apps.get_model("provisioning", "User").objects.create(
        hsa_key="se0000000000-1001", hsa_id="SE0000000000-1001"
    )
    order = apps.get_model("provisioning", "Order").objects.create(
        orderer=user, case_number="2026-000001", need="need", risk_statement="risk"
    )
    request = apps.get_model("provisioning", "AccessRequest").objects.create(
        order=order, position=1, subject_key="se0000000000-1002", subject_hsa_id="SE0000000000-1002",
        service="rehabstod", level="own", unit_key="u", unit_hsa_id="U", starts_on=date(2026, 1, 1),
        ends_on=date(2026, 6, 1), state="withdrawn",
    )  # fmt: skip
    entries = apps.get_model("provisioning", "AuditEntry").objects
    entries.create(action="order.placed", actor=user, order=order, data={"requests": 1})
    entries.create(action="request.started", actor=user, order=order, request=request, reason="å")
    entries.create(action="login.refused", actor=None)
    return request


def test_rows_from_before_the_chain_are_signed_and_the_way_back_keeps_them(old_apps):
    request = write_old_rows(old_apps)
    new_entries = move_to(AFTER).get_model("provisioning", "AuditEntry").objects.order_by("sequence")
    rows = [sealing.row_of(entry) for entry in new_entries]
    assert [row.sequence for row in rows] == [1, 2, 3]
    assert all(sealing.is_sound(row, keys.current()) for row in rows)
    assert [row.previous for row in rows[1:]] == [row.mac for row in rows[:-1]]
    assert [row.case for row in rows] == ["2026-000001", "2026-000001", None]
    assert rows[1].request == request.public_id

    old_entries = move_to(BEFORE).get_model("provisioning", "AuditEntry").objects.order_by("pk")
    assert [entry.request_id for entry in old_entries] == [None, request.pk, None]
