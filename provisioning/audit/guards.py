"""Triggers that refuse UPDATE, DELETE and TRUNCATE on audit entries, and DELETE on users, from any program.

Rows that retention has cut off (up to `AuditHead.cut_through`) may be deleted, no others. The triggers stop
mistakes and injected SQL; against somebody who owns the database there is the chain. Users stay because
entries name them, and because what the engine keeps of a case goes with its owner.

SQLite drops them silently when a later migration rebuilds the table: such a migration ends with `install`.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

NAMES = ("audit_entry_no_update", "audit_entry_no_delete", "user_no_delete")

_CUT_THROUGH = "COALESCE((SELECT MAX(cut_through) FROM provisioning_audithead), 0)"

_INSTALL = {
    "sqlite": (
        """CREATE TRIGGER IF NOT EXISTS audit_entry_no_update BEFORE UPDATE ON provisioning_auditentry
           BEGIN SELECT RAISE(ABORT, 'audit entries are never changed'); END""",
        f"""CREATE TRIGGER IF NOT EXISTS audit_entry_no_delete BEFORE DELETE ON provisioning_auditentry
            WHEN OLD.sequence > {_CUT_THROUGH}
            BEGIN SELECT RAISE(ABORT, 'audit entries are never deleted'); END""",  # noqa: S608 - a constant
        """CREATE TRIGGER IF NOT EXISTS user_no_delete BEFORE DELETE ON provisioning_user
           BEGIN SELECT RAISE(ABORT, 'users are never deleted'); END""",
    ),
    "postgresql": (
        f"""CREATE OR REPLACE FUNCTION provisioning_guard_audit() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF TG_OP = 'DELETE' AND OLD.sequence <= {_CUT_THROUGH} THEN RETURN OLD; END IF;
                IF TG_OP = 'TRUNCATE' AND NOT EXISTS
                    (SELECT 1 FROM provisioning_auditentry WHERE sequence > {_CUT_THROUGH})
                THEN RETURN NULL; END IF;
                RAISE EXCEPTION 'audit entries are never changed or deleted'
                    USING ERRCODE = 'integrity_constraint_violation';
            END $$""",  # noqa: S608 - a constant
        """CREATE OR REPLACE TRIGGER audit_entry_no_update BEFORE UPDATE ON provisioning_auditentry
           FOR EACH ROW EXECUTE FUNCTION provisioning_guard_audit()""",
        """CREATE OR REPLACE TRIGGER audit_entry_no_delete BEFORE DELETE ON provisioning_auditentry
           FOR EACH ROW EXECUTE FUNCTION provisioning_guard_audit()""",
        """CREATE OR REPLACE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON provisioning_auditentry
           FOR EACH STATEMENT EXECUTE FUNCTION provisioning_guard_audit()""",
        """CREATE OR REPLACE FUNCTION provisioning_guard_users() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                RAISE EXCEPTION 'users are never deleted' USING ERRCODE = 'integrity_constraint_violation';
            END $$""",
        """CREATE OR REPLACE TRIGGER user_no_delete BEFORE DELETE ON provisioning_user
           FOR EACH ROW EXECUTE FUNCTION provisioning_guard_users()""",
    ),
}
_REMOVE = {
    "sqlite": tuple(f"DROP TRIGGER IF EXISTS {name}" for name in NAMES),
    "postgresql": (
        "DROP TRIGGER IF EXISTS audit_entry_no_update ON provisioning_auditentry",
        "DROP TRIGGER IF EXISTS audit_entry_no_delete ON provisioning_auditentry",
        "DROP TRIGGER IF EXISTS audit_entry_no_truncate ON provisioning_auditentry",
        "DROP FUNCTION IF EXISTS provisioning_guard_audit()",
        "DROP TRIGGER IF EXISTS user_no_delete ON provisioning_user",
        "DROP FUNCTION IF EXISTS provisioning_guard_users()",
    ),
}
_FIND = {
    "sqlite": """SELECT name, sql FROM sqlite_master
        WHERE type = 'trigger' AND tbl_name IN ('provisioning_auditentry', 'provisioning_user')""",
    "postgresql": """SELECT tgname, tgtype, proname, prosrc
        FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
        WHERE tgrelid IN ('provisioning_auditentry'::regclass, 'provisioning_user'::regclass)
        AND tgenabled IN ('O', 'A') AND tgqual IS NULL AND tgattr = ''""",
}
# What `pg_trigger.tgtype` says: when, on what, for each row or not.
_EACH_ROW, _BEFORE, _DELETE, _UPDATE, _TRUNCATE = 1, 2, 8, 16, 32
_TYPES = {
    "audit_entry_no_update": _EACH_ROW | _BEFORE | _UPDATE,
    "audit_entry_no_delete": _EACH_ROW | _BEFORE | _DELETE,
    "audit_entry_no_truncate": _BEFORE | _TRUNCATE,
    "user_no_delete": _EACH_ROW | _BEFORE | _DELETE,
}


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers in place; may be called again."""
    _run(connection, _INSTALL[connection.vendor])


def remove(connection: BaseDatabaseWrapper) -> None:
    _run(connection, _REMOVE[connection.vendor])


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The triggers that are not there, are switched off, or do not do what `install` gave them to do."""
    wanted = _wanted(connection.vendor)
    with connection.cursor() as cursor:
        cursor.execute(_FIND[connection.vendor])
        found = {name: tuple(map(_plain, does)) for name, *does in cursor.fetchall()}
    return {name for name, does in wanted.items() if found.get(name) != does}


def _wanted(vendor: str) -> dict[str, tuple[str, ...]]:
    """What each trigger does, as `_FIND` tells it: its text, or its type, its function and its body."""
    if vendor == "sqlite":
        texts = [_plain(statement) for statement in _INSTALL[vendor]]
        return {next(name for name in NAMES if name in text): (text,) for text in texts}
    bodies = {_word_after("FUNCTION", text): text.split("$$")[1] for text in _INSTALL[vendor] if "$$" in text}
    wanted: dict[str, tuple[str, ...]] = {}
    for text in (text for text in _INSTALL[vendor] if "$$" not in text):
        name, function = _word_after("TRIGGER", text), _word_after("FUNCTION", text)
        wanted[name] = (str(_TYPES[name]), function, _plain(bodies[function]))
    return wanted


def _word_after(word: str, statement: str) -> str:
    return statement.partition(f"{word} ")[2].split()[0].removesuffix("()")


def _plain(text: object) -> str:
    """Without what the databases write in another way: blanks, quotes, "if not exists"."""
    return " ".join(str(text).replace('"', "").replace("IF NOT EXISTS ", "").split())


def _run(connection: BaseDatabaseWrapper, statements: tuple[str, ...]) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
