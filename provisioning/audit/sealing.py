"""Signing rows into the chain: the canonical content of a row, its MAC, and the one order of all writers.

A row's MAC covers its number, its facts and the MAC of the row before. Reason and data, and who acted, go in
by keyed digests, so that an export may leave them out where a person is protected and can still be checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

from django.db.models import Model
from django.utils import timezone

from provisioning.audit import keys, says
from provisioning.audit.keys import Key
from provisioning.models import AuditEntry, AuditHead

# From 2 on the content says what else the entry is about; from 3 on who acted goes in by keyed digests; from
# 4 on `data` holds what the rows say that it is about: see `says`.
VERSION = 4
VERSIONS = (1, 2, 3, VERSION)
WHO = {"actor": keys.ACTOR, "principal": keys.PRINCIPAL}


class SealedRow(NamedTuple):
    """What is signed of one audit entry, and the signature."""

    sequence: int
    at: datetime
    action: str
    actor: str | None
    principal: str | None
    case: str | None
    request: UUID | None
    reason: str
    data: dict[str, Any]
    version: int
    key_id: str
    previous: str
    mac: str
    about: UUID | None = None


# The columns in the order of Row.
COLUMNS = (
    "sequence", "at", "action", "actor_id", "principal_id", "order_id", "request_id", "reason", "data",
    "version", "key_id", "previous", "mac", "about",
)  # fmt: skip


def append(entry: AuditEntry, *, rows: Iterable[Model] = (), listed: Iterable[Model] = ()) -> AuditEntry:
    """Number, sign and write the entry as the last of the chain. Inside a transaction.

    `rows`: what these say now goes into its data. `listed`: of these the fingerprint alone does.

    The head stays locked until the transaction ends: writers come one after another, a transaction that is
    rolled back leaves no gap. So that nobody waits in a circle, the recorder has by then locked the
    rows it will lock: flow, then request, then head.
    """
    head, _ = AuditHead.objects.select_for_update().get_or_create(pk=AuditHead.ONLY)
    key = keys.current()
    entry.at = timezone.now()
    entry.data = plain(entry.data | _said(rows, listed, key))
    entry.sequence, entry.previous = head.sequence + 1, head.mac
    entry.version, entry.key_id = VERSION, key.id
    entry.mac = key.sign(keys.ENTRY, content(row_of(entry), key))
    entry.save(force_insert=True)
    AuditHead.objects.filter(pk=head.pk).update(sequence=entry.sequence, mac=entry.mac)
    return entry


def _said(rows: Iterable[Model], listed: Iterable[Model], key: Key) -> dict[str, Any]:
    """Read after the head is locked: a later change of a row writes a later entry about it."""
    whole, short = says.of(rows, key), says.of(listed, key)
    return ({"says": whole} if whole else {}) | (
        {"listed": {one["id"]: says.fingerprint(one).hex() for one in short}} if short else {}
    )


def row_of(entry: AuditEntry) -> SealedRow:
    return SealedRow._make(getattr(entry, name) for name in COLUMNS)


def content(row: SealedRow, key: Key) -> dict[str, Any]:
    """The canonical content: what the MAC is made over. Never changed; a new form gets a new version."""
    signed = public_part(row) | {"detail": detail(row, key)}
    if row.version >= 3:
        signed |= who(row, key)
        for name in WHO:
            del signed[name]
    return signed


def who(row: SealedRow, key: Key) -> dict[str, str]:
    """The keyed digests of who acted and for whom. The number is in it: nobody can be followed by them."""
    return {
        f"{name}_digest": key.sign(purpose, {"sequence": row.sequence, name: getattr(row, name)})
        for name, purpose in WHO.items()
    }


def public_part(row: SealedRow) -> dict[str, Any]:
    """The content without reason and data, and with who acted in clear."""
    about = {"about": str(row.about) if row.about else None} if row.version > 1 else {}
    return about | {
        "version": row.version,
        "key": row.key_id,
        "sequence": row.sequence,
        "at": utc(row.at),
        "action": row.action,
        "actor": row.actor,
        "principal": row.principal,
        "case": row.case,
        "request": str(row.request) if row.request else None,
        "previous": row.previous,
    }


def detail(row: SealedRow, key: Key) -> str:
    """The keyed digest of reason and data. The number is in it: equal reasons look different in two rows."""
    return key.sign(keys.DETAIL, {"sequence": row.sequence, "reason": row.reason, "data": row.data})


def is_sound(row: SealedRow, key: Key) -> bool:
    """Say whether this key signed exactly this row. Values of the wrong kind are "no"."""
    try:
        return row.version in VERSIONS and key.has_signed(keys.ENTRY, content(row, key), row.mac)
    except (AttributeError, TypeError, ValueError):
        return False


def utc(moment: datetime) -> str:
    """A moment as text, in UTC with microseconds: what both databases keep."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def plain(value: Any) -> Any:
    """The value as it will come back from either database's JSON; refuses what would come back changed.

    Raises TypeError for floats (PostgreSQL writes large ones in another form) and anything not JSON,
    ValueError for text that PostgreSQL cannot hold.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, str):
        if "\0" in value:
            raise ValueError("text in an audit entry cannot hold a NUL character")
        return value.encode("utf-8").decode("utf-8")  # a lone surrogate raises; a str subclass becomes str
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, dict) and all(isinstance(name, str) for name in value):
        return {plain(name): plain(item) for name, item in value.items()}
    raise TypeError(f"an audit entry cannot hold {type(value).__name__}")
