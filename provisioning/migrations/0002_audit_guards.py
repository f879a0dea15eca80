"""The event log gets its beginning, and the database itself refuses to change it or to remove users.

On SQLite and on PostgreSQL.
"""

from django.db import migrations

from provisioning.audit import guards


def begin(apps, schema_editor):
    apps.get_model("provisioning", "AuditHead").objects.get_or_create(pk=1)


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0001_initial")]

    operations = [
        migrations.RunPython(begin, migrations.RunPython.noop),
        migrations.RunPython(
            lambda apps, schema_editor: guards.install(schema_editor.connection),
            lambda apps, schema_editor: guards.remove(schema_editor.connection),
        ),
    ]
