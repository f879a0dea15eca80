"""The guards stand again where a table was made anew: SQLite drops a table's triggers with the old table."""

from django.db import migrations

from provisioning.audit import guards


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0019_unsent_forms")]

    operations = [
        migrations.RunPython(
            lambda apps, schema_editor: guards.install(schema_editor.connection), migrations.RunPython.noop
        ),
    ]
