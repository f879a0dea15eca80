"""The database refuses to change or remove audit entries, whoever asks."""

import pytest
from django.db import DatabaseError, connection, transaction
from django.db.models import F

from provisioning import audit
from provisioning.audit import Action
from provisioning.audit_trail import guards
from provisioning.models import AuditEntry, AuditHead

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def entry():
    with transaction.atomic():
        return audit.record(Action.LOGIN_REFUSED, actor=None, code="person.missing")


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
        later = audit.record(Action.LOGIN_REFUSED, actor=None, code="person.missing")
    AuditHead.objects.update(cut_through=entry.sequence)
    AuditEntry.objects.filter(pk=entry.pk).delete()
    assert not AuditEntry.objects.filter(pk=entry.pk).exists()
    refused("DELETE FROM provisioning_auditentry WHERE id = %s", later.pk)


def test_after_all_migrations_every_trigger_is_there():
    assert guards.missing(connection) == set()


def test_a_missing_trigger_is_noticed():
    guards.remove(connection)
    assert guards.missing(connection) >= {"audit_entry_no_update", "audit_entry_no_delete"}
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
