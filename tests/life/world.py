"""The world of one run: the directory, what is done to it behind the tool's back, its faults, and the clock.

A run begins with an empty database, the demo directory as it was, and the first morning; so that a run that
fails can be played again, and made shorter. What is changed here is changed in the server's own entries: a
fault of the answers is none of the entries.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from smtplib import SMTPServerDisconnected
from types import GeneratorType
from typing import Any

import pytest
from django.core.cache import caches
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend
from django.core.management.color import no_style
from django.db import connection
from django.test import override_settings

from provisioning.audit import guards
from provisioning.demo.directory.ldif import Record
from provisioning.demo.directory.server import MockDirectory
from provisioning.demo.directory.store import Store
from provisioning.directory import Directory
from provisioning.models import User
from provisioning.rules.hsa import HsaId
from tests.clock import pinned
from tests.life.truth import Truth

FIRST_MORNING = "2027-01-11"
ROLE, MEMBER, END = "hsaSystemRole", "hsaCommissionMember", "hsaEndDate"
_REPLACE = 2


class AskedInsideTransaction(AssertionError):
    """The directory was asked while rows were locked: a slow directory would stop everybody."""


class NoMail(BaseEmailBackend):
    """The mail server takes nothing."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        raise SMTPServerDisconnected


class World:
    """One directory, one clock, one database; `begin` makes them new."""

    def __init__(self, mock: MockDirectory, hsa: MockDirectory, monkeypatch: pytest.MonkeyPatch):
        """`mock` is KIV; `hsa` the national HSA, of which a life may read, too: see `begin`."""
        self.mock, self.hsa = mock, hsa
        self._settings: override_settings | None = None
        self.clock = pinned(monkeypatch, FIRST_MORNING)
        self._pin_the_directorys_clock(monkeypatch)
        self._listen(monkeypatch)
        self._records = [record for record in mock.store.records() if _is_of_the_region(record)]
        self._truth: Truth | None = None
        self._meanwhile: Callable[[], object] | None = None
        self.has_happened_meanwhile = False
        self.reads_hsa = False
        self._minutes_per_answer = 0
        self.entries_away: dict[str, list[tuple[str, bytes]]] = {}

    def begin(self, *, reads_hsa: bool = False) -> None:
        """A new life: nothing has happened yet."""
        self.reads_hsa = reads_hsa
        self.mend()
        self.clock.set(FIRST_MORNING)
        _empty_all_tables()
        for cache in caches.all():
            cache.clear()
        _fill(self.mock.store, [(dn, [*pairs, self._stamp()]) for dn, pairs in self._records])
        self._truth = None
        self.entries_away.clear()
        self.sync()
        for person in self.truth.persons.values():
            User.objects.seen(HsaId(person.hsa_id), name=person.first("fullName"), is_protected=False)

    def sync(self) -> None:
        """From KIV to the national HSA: what stands in the one stands in the other now."""
        _fill(self.hsa.store, self.mock.store.records())
        self.truth_of_hsa = Truth(self.hsa.store.records())

    # Time

    def pass_time(self, **how_long: float) -> None:
        self.clock.now += timedelta(**how_long)

    def _pin_the_directorys_clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A reading is made at the time that the tests' clock shows."""
        clock = self.clock

        class Pinned(datetime):
            @classmethod
            def now(cls, tz: Any = None) -> datetime:  # type: ignore[override]
                return clock.now.astimezone(tz)

        for name, module in list(sys.modules.items()):
            is_asking = name.startswith("provisioning.directory.") and ".mock" not in name
            if is_asking and getattr(module, "datetime", None) is datetime:
                monkeypatch.setattr(module, "datetime", Pinned)

    # The directory as it is

    @property
    def truth(self) -> Truth:
        """What the directory really holds now."""
        if self._truth is None:
            self._truth = Truth(self.mock.store.records())
        return self._truth

    def replace(self, dn: str, attribute: str, values: Sequence[str]) -> None:
        """Somebody writes the attribute anew, and the server notes when."""
        name, moment = self._stamp()
        encoded = [value.encode() for value in values]
        self.mock.store.modify(dn, [(_REPLACE, attribute, encoded), (_REPLACE, name, [moment])])
        self._truth = None

    def add_value(self, dn: str, attribute: str, value: str) -> None:
        """Nothing happens when it is there, or when there is no such entry."""
        held = self.values(dn, attribute)
        if held is not None and value not in held:
            self.replace(dn, attribute, [*held, value])

    def remove_value(self, dn: str, attribute: str, value: str) -> None:
        held = self.values(dn, attribute)
        if held is not None and value in held:
            self.replace(dn, attribute, [one for one in held if one != value])

    def values(self, dn: str, attribute: str) -> tuple[str, ...] | None:
        entry = self.truth.entry(dn)
        return None if entry is None else entry.values(attribute)

    def take_entry_away(self, dn: str) -> list[tuple[str, bytes]]:
        """Returns what it held."""
        entry = self.mock.store.get(dn)
        assert entry is not None
        self.mock.store.delete(dn)
        self._truth = None
        return list(entry.record()[1])

    def put_entry(self, dn: str, pairs: list[tuple[str, bytes]]) -> None:
        kept = [pair for pair in pairs if pair[0].casefold() != "modifytimestamp"]
        self.mock.store.add(dn, [*kept, self._stamp()])
        self._truth = None

    def _stamp(self) -> tuple[str, bytes]:
        return "modifyTimestamp", f"{self.clock.now.astimezone(UTC):%Y%m%d%H%M%SZ}".encode()

    # What its answers are like

    def break_down(self, how: str) -> None:
        """One of FAULTS."""
        self.mend()
        faults = self.hsa.faults if how.startswith("hsa ") else self.mock.faults
        match how.removeprefix("hsa ").split():
            case ["busy"]:
                faults.is_busy = True
            case ["refused"]:
                self._set(DIRECTORY_BIND_PASSWORD="somebody changed it")
            case ["cut", count]:
                faults.drop_connections = int(count)
            case ["limit", count]:
                faults.size_limit = int(count)
            case ["hidden", attribute]:
                faults.unreadable = {attribute}
            case ["slow", minutes]:
                self._minutes_per_answer = int(minutes)
            case ["mail"]:
                self._set(EMAIL_BACKEND="tests.life.world.NoMail")
            case _:
                raise ValueError(how)

    def mend(self) -> None:
        self.mock.faults.clear()
        self.hsa.faults.clear()
        self._minutes_per_answer = 0
        self._set()

    def close(self) -> None:
        """The test's own settings hold again."""
        if self._settings is not None:
            self._settings.disable()
            self._settings = None

    def _set(self, **values: str) -> None:
        """These settings and no others beside the life's own: never one layer of them upon another."""
        self.close()
        self._settings = override_settings(HSA_DIRECTORY_URL=self.hsa.url if self.reads_hsa else "", **values)
        self._settings.enable()

    @contextmanager
    def meanwhile(self, happens: Callable[[], object]) -> Iterator[None]:
        """This happens once, right after the directory's next answer and before the tool writes anything."""
        self._meanwhile, self.has_happened_meanwhile = happens, False
        try:
            yield
        finally:
            self._meanwhile = None

    def _listen(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Every question passes here: none inside a transaction, and what happens meanwhile happens after."""
        for name, question in list(vars(Directory).items()):
            if not name.startswith("_") and name != "close" and callable(question):
                monkeypatch.setattr(Directory, name, self._asked(question))

    def _asked(self, question: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(question)
        def asked(*args: Any, **kwargs: Any) -> Any:
            if connection.in_atomic_block:
                raise AskedInsideTransaction(question.__name__)
            answer = question(*args, **kwargs)
            self.pass_time(minutes=self._minutes_per_answer)
            if isinstance(answer, GeneratorType):
                return answer  # a sweep: others act between its batches anyway
            self._let_it_happen()
            return answer

        return asked

    def _let_it_happen(self) -> None:
        happens, self._meanwhile = self._meanwhile, None
        if happens is not None:
            self.has_happened_meanwhile = True
            happens()


# Who has something to do with the two units. The demo directory's oddities are left out: each has its tests.
PEOPLE = {
    "1001", "1002", "1003", "1004", "1005", "1006", "1007", "1008",
    "1010", "1011", "1012", "1013", "1018", "1019", "1041", "1056",
}  # fmt: skip


def _is_of_the_region(record: tuple[str, list[tuple[str, bytes]]]) -> bool:
    dn, pairs = record
    ids = [value.decode() for name, value in pairs if name == "hsaIdentity"]
    return ",ou=Personal," not in dn or any(one.rpartition("-")[2] in PEOPLE for one in ids)


FAULTS = (
    "busy",
    "refused",
    "cut 1",
    "cut 2",
    "cut -1",
    "limit 0",
    "limit 1",
    "limit 3",
    "hidden hsaSystemRole",
    "hidden hsaCommissionMember",
    "hidden hsaHealthCareUnitManager",
    "hidden hsaEndDate",
    "slow 4",
    "mail",
    "hsa busy",
    "hsa limit 1",
    "hsa hidden hsaSystemRole",
    "hsa hidden hsaCommissionMember",
)


def _fill(store: Store, records: Sequence[Record]) -> None:
    """These entries and no others; parents come first."""
    for dn, _pairs in sorted(store.records(), key=lambda record: -record[0].count(",")):
        store.delete(dn)
    for dn, pairs in records:
        store.add(dn, pairs)


def _empty_all_tables() -> None:
    """All rows and all counters, as quickly as the database can; but for what migrations have written."""
    tables = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    tables -= {"django_content_type", "auth_permission"}
    guards.remove(connection)
    statements = connection.ops.sql_flush(
        no_style(), sorted(tables), reset_sequences=True, allow_cascade=False
    )
    connection.ops.execute_sql_flush(statements)
    guards.install(connection)
