"""Every audit entry has its place in the chain; the links by number are no longer needed."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0003_seal_audit_entries")]

    operations = [
        migrations.AlterField("auditentry", "sequence", models.BigIntegerField(unique=True)),
        migrations.AlterField("auditentry", "version", models.PositiveSmallIntegerField()),
        migrations.AlterField("auditentry", "key_id", models.CharField(max_length=8)),
        migrations.AlterField("auditentry", "previous", models.CharField(max_length=64)),
        migrations.AlterField("auditentry", "mac", models.CharField(max_length=64)),
        migrations.RemoveField("auditentry", "order"),
        migrations.RemoveField("auditentry", "request"),
        migrations.RenameField("auditentry", "order_by_name", "order"),
        migrations.RenameField("auditentry", "request_by_name", "request"),
        migrations.AlterModelOptions(
            "auditentry", {"ordering": ("sequence",), "verbose_name_plural": "audit entries"}
        ),
    ]
