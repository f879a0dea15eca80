"""The database itself refuses to change or remove audit entries, on SQLite and on PostgreSQL."""

from django.db import migrations

from provisioning.audit_trail import guards


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0004_audit_chain_constraints")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: guards.install(schema_editor.connection),
            lambda apps, schema_editor: guards.remove(schema_editor.connection),
        )
    ]
