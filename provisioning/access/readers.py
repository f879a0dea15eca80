"""Keeping the table of readers: triggers that follow what is written to cases, handlers, mails and rights.

Whatever writes, code or a hand at the database, the readers are right when the transaction ends. The rule
stands here once: the triggers, the filling of an old database and the check of both sides are made from it.

SQLite bears no trigger whose tables are rebuilt by a migration: they are away while it migrates.
Source: domain §7.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from provisioning.messages.texts import MessageKind
from provisioning.rules.states.request import OPEN
from provisioning.rules.states.right import LIVING, REMOVAL_OPEN

# Who was asked to act: the mail's link must not end when another one was faster.
ASKING = (
    MessageKind.ATTEST,
    MessageKind.CHOOSE,
    MessageKind.KIV,
    MessageKind.KIV_RETURNED,
    MessageKind.REMINDER,
)


def _texts(values: Iterable[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values))


@dataclass(frozen=True, slots=True)
class _Ground:
    """One reason to be a reader: a select of `reader_key`, `thing`, `is_own`, and its column of the thing."""

    select: str
    number: str = "id"

    def of(self, only: str) -> str:
        return f"{self.select} AND {self.number} = {only}" if only else self.select


@dataclass(frozen=True, slots=True)
class _Thing:
    """One kind of what is read, and who reads it. `only`: what names one of them; empty: all of them."""

    column: str
    table: str
    columns: tuple[str, ...]  # on which readers and state depend
    open_states: str
    grounds: tuple[_Ground, ...]

    def wanted(self, only: str = "") -> str:
        """Select what the table of readers must hold."""
        grounds = " UNION ALL ".join(ground.of(only) for ground in self.grounds)
        return (
            f"SELECT reader_key, thing, state IN ({self.open_states}) AS is_open, MAX(is_own) = 1 AS is_own"  # noqa: S608
            f" FROM ({grounds}) AS ground JOIN {self.table} ON {self.table}.id = thing"
            " WHERE reader_key IS NOT NULL GROUP BY reader_key, thing, state"
        )

    def held(self) -> str:
        return (
            f"SELECT reader_key, {self.column} AS thing, is_open, is_own FROM provisioning_reader"  # noqa: S608
            f" WHERE {self.column} IS NOT NULL"
        )

    def remove_others(self, only: str = "") -> str:
        """Delete those that have no ground any more."""
        keys = f"SELECT reader_key FROM ({self.wanted(only)}) AS wanted"  # noqa: S608
        if only:
            return (
                f"DELETE FROM provisioning_reader WHERE {self.column} = {only} AND reader_key NOT IN ({keys})"  # noqa: S608
            )
        return (
            f"DELETE FROM provisioning_reader WHERE {self.column} IS NOT NULL AND NOT EXISTS"  # noqa: S608
            f" (SELECT 1 FROM ({self.wanted()}) AS wanted"
            f" WHERE wanted.thing = provisioning_reader.{self.column}"
            " AND wanted.reader_key = provisioning_reader.reader_key)"
        )

    def add(self, only: str = "") -> str:
        """Insert those that have a ground, and follow the state of the others."""
        return (
            f"INSERT INTO provisioning_reader (reader_key, {self.column}, is_open, is_own)"  # noqa: S608
            f" SELECT reader_key, thing, is_open, is_own FROM ({self.wanted(only)}) AS wanted WHERE true"
            f" ON CONFLICT ({self.column}, reader_key) DO UPDATE"
            " SET is_open = excluded.is_open, is_own = excluded.is_own"
            " WHERE provisioning_reader.is_open <> excluded.is_open"
            " OR provisioning_reader.is_own <> excluded.is_own"
        )


def _column(table: str, column: str, *, is_own: bool = False) -> _Ground:
    return _Ground(
        f"SELECT {column} AS reader_key, id AS thing, {int(is_own)} AS is_own FROM {table} WHERE true"  # noqa: S608
    )


def _beside(table: str, thing: str, key: str, condition: str = "true") -> _Ground:
    return _Ground(
        f"SELECT {key} AS reader_key, {thing} AS thing, 0 AS is_own"  # noqa: S608
        f" FROM {table} WHERE {thing} IS NOT NULL AND {condition}",
        thing,
    )


_REQUESTS, _REMOVALS, _GRANTS = "provisioning_accessrequest", "provisioning_removal", "provisioning_grant"
_HANDLERS, _MAILS = "provisioning_handler", "provisioning_outgoingmessage"
_DECIDED = ("attester_id", "attested_for_id", "second_attester_id")


def _orderer(number: str, *, is_own: bool) -> _Ground:
    number = f"{_REQUESTS}.{number}"
    return _Ground(
        f"SELECT orderer_id AS reader_key, {number} AS thing, {int(is_own)} AS is_own FROM {_REQUESTS}"  # noqa: S608
        f" JOIN provisioning_order ON provisioning_order.id = order_id WHERE {number} IS NOT NULL",
        number,
    )


REQUEST = _Thing(
    "request_id",
    _REQUESTS,
    ("state", "subject_key", "unit_key", "order_id", "ordered_for_id", "carried_out_by_id", *_DECIDED),
    _texts(state.value for state in OPEN),
    (
        _orderer("id", is_own=True),
        _column(_REQUESTS, "subject_key", is_own=True),
        *(_column(_REQUESTS, one) for one in ("unit_key", "ordered_for_id", "carried_out_by_id", *_DECIDED)),
        _beside(_HANDLERS, "request_id", "person_key"),
        _beside(_MAILS, "request_id", "recipient_key", f"kind IN ({_texts(kind.value for kind in ASKING)})"),
    ),
)
REMOVAL = _Thing(
    "removal_id",
    _REMOVALS,
    ("state", "subject_key", "unit_key", "started_by_id", "carried_out_by_id"),
    _texts(state.value for state in REMOVAL_OPEN),
    (
        *(_column(_REMOVALS, one, is_own=True) for one in ("subject_key", "started_by_id")),
        *(_column(_REMOVALS, one) for one in ("unit_key", "carried_out_by_id")),
        _beside(_HANDLERS, "removal_id", "person_key"),
        _beside(_MAILS, "removal_id", "recipient_key"),
    ),
)
GRANT = _Thing(
    "grant_id",
    _GRANTS,
    ("state", "subject_key", "unit_key"),
    _texts(state.value for state in LIVING),
    (
        _column(_GRANTS, "subject_key", is_own=True),
        _column(_GRANTS, "unit_key"),
        _orderer("grant_id", is_own=False),
        *(_beside(_REQUESTS, "grant_id", one) for one in _DECIDED),
    ),
)
THINGS = (REQUEST, REMOVAL, GRANT)


@dataclass(frozen=True, slots=True)
class _Trigger:
    """What happens to one row of a table, and which things' readers follow; `adds`: there may be new ones."""

    name: str
    table: str
    event: str  # INSERT, DELETE, or UPDATE OF columns
    row: str  # NEW or OLD
    number: str  # the column of the row that names the thing
    thing: _Thing
    adds: bool = True

    @property
    def only(self) -> str:
        return f"{self.row}.{self.number}"

    def statements(self) -> list[str]:
        removed = [] if self.event == "INSERT" else [self.thing.remove_others(self.only)]
        return [*removed, *([self.thing.add(self.only)] if self.adds else [])]


def _triggers() -> list[_Trigger]:
    found = []
    for thing in THINGS:
        name = thing.column.removesuffix("_id")
        found.append(_Trigger(f"reader_{name}_made", thing.table, "INSERT", "NEW", "id", thing))
        changed = f"UPDATE OF {', '.join(thing.columns)}"
        found.append(_Trigger(f"reader_{name}_changed", thing.table, changed, "NEW", "id", thing))
    for table, word in ((_HANDLERS, "handler"), (_MAILS, "mail")):
        for thing in (REQUEST, REMOVAL):
            name = f"reader_{thing.column.removesuffix('_id')}_{word}"
            found.append(_Trigger(f"{name}_made", table, "INSERT", "NEW", thing.column, thing))
            found.append(_Trigger(f"{name}_gone", table, "DELETE", "OLD", thing.column, thing, adds=False))
    given = f"UPDATE OF grant_id, order_id, {', '.join(_DECIDED)}"
    found.append(_Trigger("reader_grant_given", _REQUESTS, given, "NEW", "grant_id", GRANT))
    found.append(
        _Trigger("reader_grant_left", _REQUESTS, "UPDATE OF grant_id", "OLD", "grant_id", GRANT, False)
    )
    found.append(_Trigger("reader_grant_made_with", _REQUESTS, "INSERT", "NEW", "grant_id", GRANT))
    found.append(_Trigger("reader_grant_gone", _REQUESTS, "DELETE", "OLD", "grant_id", GRANT, adds=False))
    return found


TRIGGERS = tuple(_triggers())


def _made(trigger: _Trigger, vendor: str) -> list[str]:
    """The statements that make a trigger. Most rows of handlers and mails name one thing, not both."""
    condition = f"{trigger.only} IS NOT NULL"
    body = "; ".join(trigger.statements())
    if vendor == "sqlite":
        return [
            f"CREATE TRIGGER IF NOT EXISTS {trigger.name} AFTER {trigger.event} ON {trigger.table}"
            f" WHEN {condition} BEGIN {body}; END"
        ]
    function = f"provisioning_{trigger.name}"
    return [
        f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {body}; RETURN NULL; END $$",
        f"CREATE OR REPLACE TRIGGER {trigger.name} AFTER {trigger.event} ON {trigger.table}"
        f" FOR EACH ROW WHEN ({condition}) EXECUTE FUNCTION {function}()",
    ]


def keep(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers in place, and fill the table where they were not; may be called again."""
    if not missing(connection):
        return
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        remove(connection)
        for trigger in TRIGGERS:
            for statement in _made(trigger, connection.vendor):
                cursor.execute(statement)
        mend(connection)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers away, as before a table is rebuilt."""
    with connection.cursor() as cursor:
        for trigger in TRIGGERS:
            if connection.vendor == "sqlite":
                cursor.execute(f"DROP TRIGGER IF EXISTS {trigger.name}")
            else:
                cursor.execute(f"DROP FUNCTION IF EXISTS provisioning_{trigger.name}() CASCADE")


def mend(connection: BaseDatabaseWrapper) -> None:
    """Make the table what the rule says, whatever it held."""
    with connection.cursor() as cursor:
        for thing in THINGS:
            cursor.execute(thing.remove_others())
            cursor.execute(thing.add())


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The triggers that are not there, or do not do what `keep` gave them to do."""
    found = _found(connection)
    return {one.name for one in TRIGGERS if found.get(one.name) != _plain(_text(one, connection.vendor))}


def _found(connection: BaseDatabaseWrapper) -> dict[str, str]:
    asked = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": """SELECT tgname, prosrc FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
            WHERE tgenabled IN ('O', 'A') AND NOT tgisinternal""",
    }
    with connection.cursor() as cursor:
        cursor.execute(asked[connection.vendor])
        return {name: _plain(text) for name, text in cursor.fetchall()}


def _text(trigger: _Trigger, vendor: str) -> str:
    first = _made(trigger, vendor)[0]
    return first if vendor == "sqlite" else first.split("$$")[1]


def _plain(text: str) -> str:
    return " ".join(text.replace("IF NOT EXISTS ", "").split())


def differing(connection: BaseDatabaseWrapper) -> dict[str, tuple[int, int]]:
    """By kind of thing: how many readers the rule gives and the table lacks, and how many are idle."""
    found: dict[str, tuple[int, int]] = {}
    with connection.cursor() as cursor:

        def count(one: str, other: str) -> int:
            cursor.execute(f"SELECT COUNT(*) FROM ({one} EXCEPT {other}) AS differing")  # noqa: S608
            number: Any = cursor.fetchone()
            return int(number[0])

        for thing in THINGS:
            lacking, idle = count(thing.wanted(), thing.held()), count(thing.held(), thing.wanted())
            if lacking or idle:
                found[thing.column.removesuffix("_id")] = lacking, idle
    return found
