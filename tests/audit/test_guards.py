"""The database refuses to change or remove audit entries, whoever asks."""

import pytest
from django.db import DatabaseError, connection, models, transaction
from django.db.models import F
from viewflow.workflow.models import Process, Task

from provisioning.audit import events, guards
from provisioning.audit.events import Action
from provisioning.models import AuditEntry, AuditHead, User
from workflows.orders.flow import AccessRequestFlow

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def entry():
    with transaction.atomic():
        return events.record(Action.LOGIN_REFUSED, actor=None, code="person.missing")


def refused(statement, *parameters):
    with pytest.raises(DatabaseError, match="never"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, parameters)


@pytest.mark.parametrize("column", ["action", "reason", "mac", "sequence"])
def test_no_column_of_an_entry_can_be_changed(entry, column):
    with pytest.raises(DatabaseError, match="never"), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(**{column: F(column)})


def test_an_entry_cannot_be_deleted(entry):
    refused("DELETE FROM provisioning_auditentry WHERE id = %s", entry.pk)
    assert AuditEntry.objects.filter(pk=entry.pk).exists()


def test_a_query_set_cannot_go_around_the_model(entry):
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).update(reason="another")
    with pytest.raises(DatabaseError), transaction.atomic():
        AuditEntry.objects.filter(pk=entry.pk).delete()
    with pytest.raises(TypeError):
        entry.save()
    with pytest.raises(TypeError):
        entry.delete()


def test_what_retention_has_cut_off_can_be_deleted_and_nothing_later(entry):
    with transaction.atomic():
        later = events.record(Action.LOGIN_REFUSED, actor=None, code="person.missing")
    AuditHead.objects.update(cut_through=entry.sequence)
    AuditEntry.objects.filter(pk=entry.pk).delete()
    assert not AuditEntry.objects.filter(pk=entry.pk).exists()
    refused("DELETE FROM provisioning_auditentry WHERE id = %s", later.pk)


def test_after_all_migrations_every_trigger_is_there():
    assert guards.missing(connection) == set()


def test_a_missing_trigger_is_noticed():
    guards.remove(connection)
    assert guards.missing(connection) >= {"audit_entry_no_update", "audit_entry_no_delete", "user_no_delete"}
    guards.install(connection)
    assert guards.missing(connection) == set()


@pytest.mark.postgres
def test_the_table_cannot_be_truncated(entry):
    connection.check_constraints()  # nothing waits for the end of the transaction any more
    refused("TRUNCATE provisioning_auditentry CASCADE")


@pytest.mark.postgres
def test_a_trigger_that_is_switched_off_is_noticed(entry):
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE provisioning_auditentry DISABLE TRIGGER audit_entry_no_delete")
    assert guards.missing(connection) == {"audit_entry_no_delete"}


def test_a_user_cannot_be_deleted_by_any_way():
    user = User.objects.create(hsa_key="se0000000000-9999", hsa_id="SE0000000000-9999")
    with pytest.raises(TypeError):
        user.delete()
    with pytest.raises(TypeError):
        User.objects.filter(pk=user.pk).delete()
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        User.objects.filter(pk=user.pk)._raw_delete(using="default")
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        models.QuerySet(User).filter(pk=user.pk).delete()  # Django's own way, with all it takes along
    refused("DELETE FROM provisioning_user WHERE hsa_key = %s", user.pk)
    assert User.objects.filter(pk=user.pk).exists()


def test_what_the_engine_keeps_of_a_case_does_not_go_with_its_owner():
    """viewflow's `Task.owner` is CASCADE: removing a user by Django's collector would take tasks along."""
    user = User.objects.create(hsa_key="se0000000000-9999", hsa_id="SE0000000000-9999")
    process = Process.objects.create(flow_class=AccessRequestFlow)
    task = Task.objects.create(process=process, flow_task=AccessRequestFlow.attest, owner=user)
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        models.QuerySet(User).filter(pk=user.pk).delete()
    assert Task.objects.filter(pk=task.pk, owner=user).exists()


@pytest.mark.parametrize("name", ["audit_entry_no_update", "audit_entry_no_delete", "user_no_delete"])
def test_a_trigger_that_does_nothing_any_more_is_noticed(name):
    connection.check_constraints()
    table = "provisioning_user" if name.startswith("user") else "provisioning_auditentry"
    event = "UPDATE" if name.endswith("update") else "DELETE"
    does = {
        "sqlite": "BEGIN SELECT 1; END",
        "postgresql": "FOR EACH ROW WHEN (false) EXECUTE FUNCTION provisioning_guard_audit()",
    }
    on = "" if connection.vendor == "sqlite" else f" ON {table}"
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name}{on}")
        cursor.execute(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {does[connection.vendor]}")
    assert guards.missing(connection) == {name}


@pytest.mark.postgres
def test_an_emptied_function_of_a_trigger_is_noticed(entry):
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION provisioning_guard_audit() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN IF TG_OP = 'DELETE' THEN RETURN OLD; END IF; RETURN NEW; END $$"
        )
    assert guards.missing(connection) == {
        "audit_entry_no_update", "audit_entry_no_delete", "audit_entry_no_truncate",
    }  # fmt: skip


@pytest.mark.postgres
def test_a_trigger_on_one_column_alone_is_noticed():
    connection.check_constraints()
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER audit_entry_no_update ON provisioning_auditentry")
        cursor.execute(
            "CREATE TRIGGER audit_entry_no_update BEFORE UPDATE OF reason ON provisioning_auditentry "
            "FOR EACH ROW EXECUTE FUNCTION provisioning_guard_audit()"
        )
    assert guards.missing(connection) == {"audit_entry_no_update"}
