"""On PostgreSQL, indexes of how names of persons and units begin; SQLite holds too little to need any."""

from django.db import migrations

NAMES = [
    (f"{table}_{column}", f"provisioning_{table}", column)
    for table in ("accessrequest", "grant")
    for column in ("subject_name", "unit_name")
]


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name, table, column in NAMES:
            schema_editor.execute(
                f"CREATE INDEX {name}_begins ON {table} (UPPER({column}::text) text_pattern_ops)"
            )


def remove(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for name, _table, _column in NAMES:
            schema_editor.execute(f"DROP INDEX IF EXISTS {name}_begins")


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0017_indexes_for_lists")]

    operations = [migrations.RunPython(make, remove)]
