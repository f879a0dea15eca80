"""What a row says, in the form in which the event log signs it.

A row of requests, rights, removals, delegations, reviews, or of the answers in a review.

Each entry about such a row holds what the row said when the entry was written: read from the table while the
end of the chain is locked, so that the last entry about a row says what the row says now. Whose right it is,
and free text, are signed by a keyed digest: they can be compared, and not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID

from django.db.models import Model

from provisioning.audit import keys
from provisioning.audit.keys import Key
from provisioning.models import AccessRequest, Delegation, Grant, Removal, Review, ReviewItem

CHUNK = 500  # rows read by one query
_DIGEST_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Kind:
    """One table. `columns`: what is said openly, by its word and its path; `hidden`: what by a digest."""

    word: str
    model: type[Model]
    columns: Mapping[str, str]
    hidden: Mapping[str, tuple[str, ...]]

    @property
    def paths(self) -> tuple[str, ...]:
        """What is read of a row: its public id, then the columns, then what is hidden."""
        return (
            "public_id",
            *self.columns.values(),
            *(path for each in self.hidden.values() for path in each),
        )


def _named(*names: str, **others: str) -> dict[str, str]:
    return {name: name for name in names} | others


_RIGHT = _named("service", "level", "unit_hsa_id", "unit_key", "wanted_unit_hsa_id")
_CASE = _named(
    "state", "state_since", "carried_out_by", "carried_out_how", "reported_done_at", "verified_at", "end_code"
)
_SUBJECT = {"subject": ("subject_key", "subject_hsa_id")}

KINDS = (
    Kind(
        "request",
        AccessRequest,
        _RIGHT
        | _CASE
        | _named("position", "ordered_for", "starts_on", "ends_on", "needs_second_attester")
        | _named("attester", "attested_for", "attested_at", "second_attester", "second_attested_at")
        | _named("wants_coupling", "if_missing", "wait_until", "values_seen_at", "arrived_at")
        | _named("signed_assignment_on")
        | {"order": "order__case_number", "orderer": "order__orderer", "right": "grant__public_id"}
        | {"external_number": "order__external_number"},
        _SUBJECT
        | {
            "words": ("order__need", "order__risk_statement"),
            "own_words": ("line__need", "line__risk_statement"),
            "answers": (
                *("attestation_comment", "second_attestation_comment", "end_reason", "carried_out_note"),
            ),
        },
    ),
    Kind(
        "right",
        Grant,
        _RIGHT
        | _named("starts_on", "ends_on", "next_review_on", "state", "state_since", "created_at")
        | _named("let_end_by", "let_end_at", "end_cause", "ended_at", request="origin__public_id"),
        _SUBJECT | {"answers": ("let_end_reason",)},
    ),
    Kind(
        "removal",
        Removal,
        _RIGHT
        | _CASE
        | _named("case_number", "cause", "started_by", "started_at", "values_gone_at", "gone_from_hsa_at")
        | {"right": "grant__public_id"},
        _SUBJECT | {"words": ("reason",), "answers": ("end_reason", "carried_out_note")},
    ),
    Kind(
        "delegation",
        Delegation,
        _named("principal", "delegate", "unit_hsa_id", "unit_key", "kind", "starts_on", "ends_on")
        | _named("created_at", "ended_at", "ended_by", "end_code"),
        {"words": ("reason",)},
    ),
    Kind(
        "review",
        Review,
        _named("unit_hsa_id", "unit_key", "is_provider", "scope", "service", "opened_by", "opened_at")
        | _named("due_on", "state", "closed_at"),
        {},
    ),
    Kind(
        "review_item",
        ReviewItem,
        _named("decision", "reviewer", "reviewed_for", "relation", "decided_at")
        | {"review": "review__public_id", "right": "grant__public_id"},
        {"subject": ("subject_key",), "answers": ("reason",)},
    ),
)
BY_WORD: Mapping[str, Kind] = {kind.word: kind for kind in KINDS}


def of(rows: Iterable[Model], key: Key) -> list[dict[str, Any]]:
    """What these rows say, as it stands in the tables now. Rows of other tables say nothing here."""
    pks: dict[type[Model], dict[Any, None]] = {kind.model: {} for kind in KINDS}
    for row in rows:
        if type(row) in pks:
            pks[type(row)][row.pk] = None
    found = ((kind, read(kind, pk__in=list(pks[kind.model]))) for kind in KINDS if pks[kind.model])
    return [statement(kind, values, key) for kind, rows in found for values in rows]


def read(kind: Kind, **which: Any) -> Iterator[Sequence[Any]]:
    """The values of the rows, as `statement` takes them."""
    rows = kind.model._default_manager.order_by()
    ((name, wanted),) = which.items()
    for start in range(0, len(wanted), CHUNK):
        yield from rows.filter(**{name: wanted[start : start + CHUNK]}).values_list(*kind.paths)


def statement(kind: Kind, values: Sequence[Any], key: Key) -> dict[str, Any]:
    """What a row with these values says: nothing of what is blank."""
    said: dict[str, Any] = {"of": kind.word, "id": values[0].hex}
    for word, value in zip(kind.columns, values[1:], strict=False):
        if value is not None and value != "" and value is not False:
            said[word] = _plain(value)
    place = 1 + len(kind.columns)
    for word, paths in kind.hidden.items():
        hidden = values[place : place + len(paths)]
        place += len(paths)
        if any(hidden):
            content = {"of": said["id"], "what": word, "values": list(hidden)}
            said[word] = key.sign(keys.ROW, content)[:_DIGEST_LENGTH]
    return said


def fingerprint(said: Mapping[str, Any]) -> bytes:
    """A short mark by which two statements are told apart."""
    return blake2b(keys.canonical(said), digest_size=12).digest()


def name_of(said: Mapping[str, Any]) -> str:
    """What a human calls the row: its case number where it has one."""
    if said["of"] == "request" and "order" in said:
        return f"{said['order']}-{said.get('position', 0)}"
    return str(said.get("case_number") or UUID(said["id"]))


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"
    if isinstance(value, date):
        return value.isoformat()
    return value.hex if isinstance(value, UUID) else value
