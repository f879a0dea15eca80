"""Emptying the database after a test with real transactions: Django's flush at a fraction of its cost.

Flush deletes from every table and then makes content types and permissions anew, which takes longer than most
tests. Here rows are deleted where there are any, and content types and permissions stay as long as they are
untouched.
"""

from __future__ import annotations

from django.db import connection, transaction
from django.test import TransactionTestCase

from provisioning.audit import guards

MADE_BY_MIGRATING = frozenset({"auth_permission", "django_content_type"})
GUARDED = frozenset({"provisioning_auditentry", "provisioning_user"})

_flush = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]
_untouched: dict[str, object] = {}  # content types and permissions as the last flush left them


def replace_flush() -> None:
    TransactionTestCase._fixture_teardown = empty  # type: ignore[attr-defined]


def empty(case: TransactionTestCase) -> None:
    """The audit triggers would refuse: they are taken away meanwhile, and stand again afterwards."""
    is_plain = not (case.serialized_rollback or case.available_apps or case.fixtures)
    if is_plain and _untouched == _made_by_migrating():
        delete_rows()
        return
    guards.remove(connection)
    _flush(case)
    guards.install(connection)
    _untouched.update(_made_by_migrating())


def delete_rows() -> None:
    """All rows but content types and permissions."""
    from provisioning.access import readers

    filled = filled_tables()
    differing = "provisioning_reader" in filled and readers.differing(connection)
    with transaction.atomic(), connection.cursor() as cursor:
        if GUARDED & filled:
            guards.remove(connection)
        for table in sorted(filled):
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608
        if guards.missing(connection):
            guards.install(connection)
    # Last, so that one test that fails leaves nothing to the next.
    assert not differing, f"the table of readers is not what the rule says: {differing}"


def filled_tables() -> set[str]:
    """The tables that hold rows of tests."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    asked = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})"  # noqa: S608
        for table in sorted(set(tables) - MADE_BY_MIGRATING)
    )
    with connection.cursor() as cursor:
        cursor.execute(asked)
        return {row[0] for row in cursor.fetchall()}


def _made_by_migrating() -> dict[str, object]:
    """The number of rows and the sum of their keys, by table."""
    found: dict[str, object] = {}
    with connection.cursor() as cursor:
        for table in sorted(MADE_BY_MIGRATING):
            cursor.execute(f"SELECT COUNT(*), SUM(id) FROM {table}")  # noqa: S608
            found[table] = cursor.fetchone()
    return found
