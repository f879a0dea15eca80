"""Audit entries from before the chain are numbered and signed, in the order in which they were written."""

from django.db import migrations

from provisioning.audit_trail import keys, sealing


def seal(apps, schema_editor):
    AuditEntry = apps.get_model("provisioning", "AuditEntry")
    AuditHead = apps.get_model("provisioning", "AuditHead")
    head, _ = AuditHead.objects.get_or_create(pk=1)
    key = keys.current()
    for entry in AuditEntry.objects.select_related("order", "request").order_by("pk").iterator():
        entry.order_by_name, entry.request_by_name = entry.order, entry.request
        entry.data = sealing.plain(entry.data)
        entry.sequence, entry.previous = head.sequence + 1, head.mac
        entry.version, entry.key_id = 1, key.id
        row = sealing.Row(
            entry.sequence, entry.at, entry.action, entry.actor_id, None, entry.order_by_name_id,
            entry.request_by_name_id, entry.reason, entry.data, 1, key.id, entry.previous, "",
        )  # fmt: skip
        entry.mac = key.sign(keys.ENTRY, sealing.content(row, key))
        entry.save()
        head.sequence, head.mac = entry.sequence, entry.mac
    head.save()


def unseal(apps, schema_editor):
    AuditEntry = apps.get_model("provisioning", "AuditEntry")
    for entry in AuditEntry.objects.select_related("order_by_name", "request_by_name").iterator():
        entry.order, entry.request = entry.order_by_name, entry.request_by_name
        entry.order_by_name = entry.request_by_name = None
        entry.sequence = entry.version = entry.key_id = entry.previous = entry.mac = None
        entry.save()
    apps.get_model("provisioning", "AuditHead").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0002_audit_chain_columns")]

    operations = [migrations.RunPython(seal, unseal)]
