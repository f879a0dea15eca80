"""Checking the chain in the database: every row's MAC and link, the head, the start, and the checkpoints.

What is wrong is found and named: a field changed, a row missing, put in or moved, the tail cut, the chain
recomputed without the key or rewritten with it. Memory does not grow with the chain, and writers are not
disturbed. tools/verify_audit.py does the same from an export, without a line of this file.
"""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from django.db import connection
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from provisioning.audit import guards, keys, sealing
from provisioning.audit.checkpoints import Checkpoint
from provisioning.audit.events import Action
from provisioning.audit.keys import Key
from provisioning.audit.sealing import SealedRow
from provisioning.models import AuditEntry, AuditHead

BATCH = 5000
SAMPLE = 1000  # unsound rows that are looked at one by one, per run of them
WINDOW = 32  # how far a moved row is looked for


class FlawKind(enum.StrEnum):
    """What can be wrong. Stable: the independent verifier uses the same words."""

    CHANGED = "changed"
    MISSING = "missing"
    INSERTED = "inserted"
    CHANGED_OR_INSERTED = "changed_or_inserted"
    MOVED = "moved"
    RECOMPUTED = "recomputed"
    OTHER_KEY = "other_key"
    RETIRED_KEY = "retired_key"
    FORKED = "forked"
    START_CUT = "start_cut"
    TAIL_CUT = "tail_cut"
    HEAD = "head"
    REWRITTEN = "rewritten"
    CHECKPOINT_FORGED = "checkpoint_forged"
    UNGUARDED = "unguarded"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with the rows from `first` through `last`."""

    kind: FlawKind
    first: int
    last: int
    text: str


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An entry that says which checkpoints saw rows that a lawful restore lost: they count no more."""

    sequence: int  # of the entry
    actor: str | None
    reason: str
    lost: frozenset[tuple[int, str]]  # the number and the MAC that each of them saw

    @property
    def lost_through(self) -> int:
        return max((sequence for sequence, _mac in self.lost), default=0)


@dataclass(frozen=True, slots=True)
class Report:
    count: int
    last_sequence: int
    findings: tuple[Flaw, ...]
    given_up: tuple[GivenUp, ...] = ()  # what was said to be lost: a backup was put back
    unmatched: tuple[Checkpoint, ...] = ()  # signed, and saw what is not there

    @property
    def is_sound(self) -> bool:
        return not self.findings


def verify(
    checkpoints: Iterable[Checkpoint] = (), *, take: Callable[[SealedRow], None] | None = None
) -> Report:
    """Check the whole chain. Raises ImproperlyConfigured when a retired key cannot be read.

    `take` is called with each row that was signed as it stands, in their order.
    """
    head = (
        AuditHead.objects.filter(pk=AuditHead.ONLY).first() or AuditHead()
    )  # before the rows: they only grow
    walk = _Walk(keys.all_keys(), checkpoints, head, take)
    walk.start(first_row())
    for row in rows():
        walk.take(row)
    walk.end()
    for name in sorted(guards.missing(connection)):
        walk.found(
            FlawKind.UNGUARDED, 0, 0, f"the database's trigger {name} is gone, switched off or emptied"
        )
    findings = sorted(walk.findings, key=lambda finding: (finding.first, finding.last))
    return Report(
        walk.count, walk.last_sequence, tuple(findings), tuple(walk.given_up), tuple(walk.unmatched())
    )


# -- reading the rows ----------------------------------------------------------------------------------------


def first_row() -> tuple[int, str] | None:
    """The lowest number from 1 and the MAC its row has before it."""
    rows = AuditEntry.objects.filter(sequence__gte=1).order_by("sequence")
    return rows.values_list("sequence", "previous").first()


def rows() -> Iterator[SealedRow]:
    """All rows in their order, in short queries: no long transaction, little memory."""
    rest = AuditEntry.objects.order_by("sequence").annotate(text=Cast("data", TextField()))
    batch = list(_readable(rest))
    while batch:
        yield from batch
        batch = list(_readable(rest.filter(sequence__gte=math.floor(batch[-1].sequence) + 1)))


def _readable(rows: QuerySet[AuditEntry]) -> Iterator[SealedRow]:
    names = ["text" if name == "data" else name for name in sealing.COLUMNS]
    place = names.index("text")
    try:
        values = list(rows.values_list(*names)[:BATCH])
        yield from [_row(one, place) for one in values]
    except (TypeError, ValueError):
        yield from _one_by_one(rows, names, place)


def _one_by_one(rows: QuerySet[AuditEntry], names: Sequence[str], place: int) -> Iterator[SealedRow]:
    """A batch in which something cannot be read: a row that cannot is one that nobody signed."""
    always = ("sequence", "key_id", "previous", "mac")
    for pk, *known in list(rows.values_list("pk", *always)[:BATCH]):
        try:
            one = rows.filter(pk=pk).values_list(*names).get()
            yield _row(one, place)
        except (TypeError, ValueError):
            yield SealedRow(**(_UNREADABLE | dict(zip(always, known, strict=True))))


def _row(values: Sequence[Any], place: int) -> SealedRow:
    return SealedRow._make((*values[:place], json.loads(values[place]), *values[place + 1 :]))


_UNREADABLE: dict[str, Any] = dict.fromkeys(sealing.SealedRow._fields)


# -- walking along the chain ---------------------------------------------------------------------------------


@dataclass(slots=True)
class _Run:
    """Neighbouring rows that nobody signed as they stand."""

    first: int
    last: int
    is_linked: bool = True
    rows: list[SealedRow] = field(default_factory=list)


class _Walk:
    def __init__(
        self,
        known: Sequence[Key],
        checkpoints: Iterable[Checkpoint],
        head: AuditHead,
        take: Callable[[SealedRow], None] | None = None,
    ):
        self._tell = take
        self.findings: list[Flaw] = []
        self.count = self.last_sequence = 0
        self._last_mac = AuditHead.NOTHING
        self._head = head
        self._mac_at_head = AuditHead.NOTHING
        self._known = {key.id: key for key in known}
        self._ranks = {key.id: rank for rank, key in enumerate(known)}
        self._rank = 0
        self._run: _Run | None = None
        self._shift = 0
        self._claimed_start: tuple[int, str] | None = None
        self.given_up: list[GivenUp] = []
        self._contradicted: list[Checkpoint] = []  # the row with their number is another one
        self._checkpoints: dict[int, list[Checkpoint]] = {}
        for checkpoint in checkpoints:
            if checkpoint.is_signed(self._known):
                self._checkpoints.setdefault(checkpoint.sequence, []).append(checkpoint)
            else:
                text = f"the checkpoint of {checkpoint.at} is not signed with the key"
                self.found(FlawKind.CHECKPOINT_FORGED, checkpoint.sequence, checkpoint.sequence, text)

    def found(self, kind: FlawKind, first: int, last: int, text: str) -> None:
        self.findings.append(Flaw(kind, first, last, text))

    def start(self, first: tuple[int, str] | None) -> None:
        """A chain that does not begin with 1 begins after a cut, which an entry further on must confirm."""
        if first is not None and first[0] > 1:
            self.last_sequence, self._last_mac = first[0] - 1, first[1]
            self._claimed_start = (first[0] - 1, first[1])

    def take(self, row: SealedRow) -> None:
        self.count += 1
        if not isinstance(row.sequence, int) or row.sequence <= self.last_sequence:
            self.found(
                FlawKind.INSERTED, int(row.sequence), int(row.sequence), "a row between or before the others"
            )
            return
        has_gap = row.sequence > self.last_sequence + 1
        if has_gap:
            self._close_run(is_at_end=False)
            self.found(FlawKind.MISSING, self.last_sequence + 1, row.sequence - 1, "removed")
        is_linked = has_gap or row.previous == self._last_mac
        key = self._known.get(row.key_id)
        if key is not None and sealing.is_sound(row, key):
            self._take_sound(row, is_linked)
        else:
            self._take_unsound(row, is_linked)
        self._compare(row)
        self.last_sequence, self._last_mac = row.sequence, row.mac

    def end(self) -> None:
        self._close_run(is_at_end=True)
        if self._claimed_start is not None:
            text = "the rows before are gone, and no signed entry says that they were cut off"
            self.found(FlawKind.START_CUT, 1, self._claimed_start[0], text)
        if self._head.sequence > self.last_sequence:
            text = f"the chain went on to {self._head.sequence}, says its head"
            self.found(FlawKind.TAIL_CUT, self.last_sequence + 1, self._head.sequence, text)
        elif self._mac_at_head != self._head.mac:
            sequence = self._head.sequence
            self.found(FlawKind.HEAD, sequence, sequence, "the chain's head names another row here")
        for checkpoint in self.unmatched():
            if checkpoint.sequence > self.last_sequence:
                text = f"the checkpoint of {checkpoint.at} saw the chain end at {checkpoint.sequence}"
                self.found(FlawKind.TAIL_CUT, self.last_sequence + 1, checkpoint.sequence, text)
            else:
                text = f"the checkpoint of {checkpoint.at} saw another row here"
                self.found(FlawKind.REWRITTEN, checkpoint.sequence, checkpoint.sequence, text)

    def unmatched(self) -> list[Checkpoint]:
        """The signed checkpoints that saw what is not there, but for those that were given up."""
        given_up = {point for one in self.given_up for point in one.lost}
        beyond = [group for number, group in self._checkpoints.items() if number > self.last_sequence]
        found = [*self._contradicted, *(one for group in beyond for one in group)]
        return [one for one in found if (one.sequence, one.mac) not in given_up]

    def _take_sound(self, row: SealedRow, is_linked: bool) -> None:
        if not is_linked and self._run is None:
            text = "this row was not written after the one before it: a backup was put back, or rows replaced"
            self.found(FlawKind.FORKED, row.sequence, row.sequence, text)
        self._close_run(is_at_end=False)
        rank = self._ranks[row.key_id]
        if rank < self._rank:
            self.found(
                FlawKind.RETIRED_KEY, row.sequence, row.sequence, "signed with a key that was retired before"
            )
        self._rank = max(self._rank, rank)
        is_cut = row.action == Action.AUDIT_CUT.value
        if is_cut and (row.data.get("through"), row.data.get("mac")) == self._claimed_start:
            self._claimed_start = None
        if row.action == Action.AUDIT_REANCHORED.value:
            lost = frozenset((int(number), str(mac)) for number, mac in row.data["lost"])
            self.given_up.append(GivenUp(row.sequence, row.actor, row.reason, lost))
        if self._tell is not None:
            self._tell(row)

    def _take_unsound(self, row: SealedRow, is_linked: bool) -> None:
        if self._run is None:
            self._run = _Run(row.sequence, row.sequence)
        self._run.last = row.sequence
        self._run.is_linked &= is_linked
        if len(self._run.rows) < SAMPLE:
            self._run.rows.append(row)

    def _compare(self, row: SealedRow) -> None:
        if row.sequence == self._head.sequence:
            self._mac_at_head = row.mac
        for checkpoint in self._checkpoints.get(row.sequence, ()):
            if checkpoint.mac != row.mac:
                self._contradicted.append(checkpoint)

    # -- naming what is wrong with rows that nobody signed as they stand -------------------------------------

    def _close_run(self, *, is_at_end: bool) -> None:
        run, self._run = self._run, None
        if run is None:
            return
        groups = [(shift, list(rows)) for shift, rows in groupby(run.rows, key=self._how_far_moved)]
        for index, (shift, rows) in enumerate(groups):
            is_last = index == len(groups) - 1
            first, last = rows[0].sequence, run.last if is_last else rows[-1].sequence
            if shift is not None:
                self._name_moved(
                    first, last, shift, is_alone=not any(s is not None and s < 0 for s, _ in groups)
                )
            else:
                after = None if is_last else groups[index + 1][0]
                self._name_unsigned(rows[0], first, last, after, is_at_end and is_last, run.is_linked)

    def _how_far_moved(self, row: SealedRow) -> int | None:
        """How much lower or higher the number was that the row was signed with; None if there is none."""
        key = self._known.get(row.key_id)
        if key is None:
            return None
        near = sorted(range(-WINDOW, WINDOW + 1), key=lambda shift: (shift != self._shift, abs(shift)))
        for shift in near:
            if shift and sealing.is_sound(row._replace(sequence=row.sequence + shift), key):
                self._shift = shift
                return shift
        return None

    def _name_moved(self, first: int, last: int, shift: int, *, is_alone: bool) -> None:
        text = f"signed as {first + shift}–{last + shift}"
        self.found(FlawKind.MOVED, first, last, text if first != last else f"signed as {first + shift}")
        if is_alone and shift > 0:
            self.found(
                FlawKind.MISSING, first, first + shift - 1, "removed, and the later ones given new numbers"
            )

    def _name_unsigned(
        self, row: SealedRow, first: int, last: int, after: int | None, is_at_end: bool, is_linked: bool
    ) -> None:
        if row.key_id not in self._known:
            self.found(
                FlawKind.OTHER_KEY, first, last, f"signed with a key that was not given (id {row.key_id})"
            )
        elif after is not None and after == first - last - 1:
            self.found(
                FlawKind.INSERTED, first, last, "put in: the later rows were signed with lower numbers"
            )
        elif not is_at_end:
            self.found(FlawKind.CHANGED, first, last, "not what was signed")
        elif (self._head.sequence, self._head.mac) == (first - 1, row.previous):
            self.found(FlawKind.INSERTED, first, last, "put in after the end that the chain's head names")
        elif is_linked and last > first:
            text = "each fits the one before, and none is signed with the key: recomputed without it"
            self.found(FlawKind.RECOMPUTED, first, last, text)
        else:
            self.found(FlawKind.CHANGED_OR_INSERTED, first, last, "not signed with the key")
