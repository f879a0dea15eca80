"""The database itself refuses to remove users, on SQLite and on PostgreSQL."""

from django.db import migrations

from provisioning.audit_trail import guards


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0008_grants_and_removals")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: guards.install(schema_editor.connection), migrations.RunPython.noop
        )
    ]
