"""The tables against the chain: whether every row says what the signed entries say that it says.

The last entry about a row holds what the row said (`says`). A row that says otherwise, one that is gone
though nothing says that it was removed, or one that no entry tells of: another hand than the tool's did that.
Rows that only entries of before version 4 tell of are counted and not compared.

Writers are not disturbed: what does not agree at first is looked at again, a few rows at a time, while the
end of the chain is locked.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db import transaction

from provisioning.audit import keys, says, sealing
from provisioning.audit.keys import Key
from provisioning.audit.sealing import SealedRow
from provisioning.models import AuditEntry, AuditHead

FIRST_VERSION = 4  # of entries that hold what rows say
BATCH = 2000

GONE, ADDED, ALL = "gone", "added", "all"  # what stands in the place of a column


@dataclass(frozen=True, slots=True)
class Deviation:
    """A row that does not say what was signed. `column`: which word of it, or GONE, ADDED, ALL.

    `said` and `signed` are None where the column is signed by a digest alone, or blank.
    """

    table: str
    id: UUID
    name: str
    column: str
    said: Any = None
    signed: Any = None
    sequence: int = 0  # of the entry that signed it

    @property
    def text(self) -> str:
        where = f"{self.table} {self.name}"
        if self.column == GONE:
            return (
                f"{where}: is gone, and no entry says that it was removed (row {self.sequence} tells of it)"
            )
        if self.column == ADDED:
            return f"{where}: no entry tells of it"
        if self.column == ALL:
            return f"{where}: is not as it was when row {self.sequence} listed it"
        if self.column in says.BY_WORD[self.table].hidden:
            return f"{where}: {self.column} is not what row {self.sequence} signed"
        return (
            f"{where}: {self.column} is {_shown(self.said)}, row {self.sequence} says {_shown(self.signed)}"
        )


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many rows were compared, how many only older entries tell of, and what does not agree."""

    rows: int
    older: int
    deviations: tuple[Deviation, ...]


@dataclass(frozen=True, slots=True)
class _Expected:
    sequence: int
    key_id: str
    mark: int | bytes  # of the words, for this process alone; or the fingerprint, where the entry has no more


@dataclass(slots=True)
class Tables:
    """Takes the signed entries in their order; then compares."""

    known: Mapping[str, Key] = field(default_factory=lambda: {key.id: key for key in keys.all_keys()})
    _expected: dict[bytes, _Expected] = field(default_factory=dict)  # by public id
    _kinds: dict[bytes, says.Kind] = field(default_factory=dict)
    _older: set[bytes] = field(default_factory=set)
    _gone: set[bytes] = field(default_factory=set)
    _through: int = 0

    def take(self, row: SealedRow) -> None:
        """One entry that was signed as it stands."""
        self._through = row.sequence
        if row.version < FIRST_VERSION:
            self._take_older(row)
            return
        for said in row.data.get("says", ()):
            place = bytes.fromhex(said["id"])
            self._expected[place] = _Expected(row.sequence, row.key_id, _mark(said))
            self._kinds[place] = says.BY_WORD[said["of"]]
        for text, mark in row.data.get("listed", {}).items():
            place = bytes.fromhex(text)
            self._expected[place] = _Expected(row.sequence, row.key_id, bytes.fromhex(mark))
            self._kinds[place] = says.BY_WORD["review_item"]
        for text in row.data.get("deleted", ()):
            place = bytes.fromhex(text)
            self._expected.pop(place, None)
            self._gone.add(place)

    def _take_older(self, row: SealedRow) -> None:
        named = [row.request, row.about, row.data.get("delegation")]
        self._older.update(UUID(str(one)).bytes for one in named if one)

    def compare(self) -> Agreement:
        """Read every table, and name what does not agree."""
        doubtful: dict[bytes, says.Kind] = {}
        seen: set[bytes] = set()
        count = older = 0
        for kind in says.KINDS:
            for values in every_row_of(kind):
                place = values[0].bytes
                seen.add(place)
                count += 1
                if self._is_older(kind, values):
                    older += 1
                elif not self._agrees(kind, values):
                    doubtful[place] = kind
        doubtful |= {place: self._kinds[place] for place in self._expected.keys() - seen}
        found: list[Deviation] = []
        places = list(doubtful)
        for start in range(0, len(places), says.CHUNK):
            part = {place: doubtful[place] for place in places[start : start + says.CHUNK]}
            found += self._look_again(part)
        order = {kind.word: number for number, kind in enumerate(says.KINDS)}
        found.sort(key=lambda one: (order[one.table], one.name, one.column))
        return Agreement(count - older, older, tuple(found))

    def _is_older(self, kind: says.Kind, values: Sequence[Any]) -> bool:
        """Say whether only entries of before version 4 tell of the row, or of an answer's review."""
        if values[0].bytes in self._expected:
            return False
        review = dict(zip(kind.columns, values[1:], strict=False)).get("review")
        named = {values[0].bytes, review.bytes if isinstance(review, UUID) else b""}
        return not self._older.isdisjoint(named)

    def _agrees(self, kind: says.Kind, values: Sequence[Any]) -> bool:
        expected = self._expected.get(values[0].bytes)
        if expected is None:
            return False
        said = says.statement(kind, values, self.known[expected.key_id])
        is_listed = isinstance(expected.mark, bytes)
        return (says.fingerprint(said) if is_listed else _mark(said)) == expected.mark

    @transaction.atomic
    def _look_again(self, places: Mapping[bytes, says.Kind]) -> list[Deviation]:
        """While nobody can record anything: what has been written meanwhile counts."""
        list(AuditHead.objects.select_for_update().values_list("pk"))
        self._read_on()
        found: list[Deviation] = []
        there: set[bytes] = set()
        for kind in says.KINDS:
            wanted = [UUID(bytes=place) for place, its in places.items() if its is kind]
            for values in says.read(kind, public_id__in=wanted):
                there.add(values[0].bytes)
                found += self._named(kind, values)
        for place in places.keys() - there:
            expected = self._expected.get(place)
            if expected is not None:
                said = self._signed(place, expected)
                name = says.name_of(said) if said else str(UUID(bytes=place))
                found.append(
                    Deviation(places[place].word, UUID(bytes=place), name, GONE, sequence=expected.sequence)
                )
        return found

    def _read_on(self) -> None:
        for entry in AuditEntry.objects.filter(sequence__gt=self._through).order_by("sequence"):
            row = sealing.row_of(entry)
            key = self.known.get(row.key_id)
            if key is not None and sealing.is_sound(row, key):
                self.take(row)

    def _named(self, kind: says.Kind, values: Sequence[Any]) -> Iterator[Deviation]:
        if self._agrees(kind, values) or self._is_older(kind, values):
            return
        place = values[0].bytes
        expected = self._expected.get(place)
        key = self.known[expected.key_id] if expected else keys.current()
        said = says.statement(kind, values, key)
        name = says.name_of(said)
        if expected is None:
            yield Deviation(kind.word, values[0], name, ADDED)
            return
        signed = self._signed(place, expected)
        if signed is None:
            yield Deviation(kind.word, values[0], name, ALL, sequence=expected.sequence)
            return
        for word in self._differing(said, signed):
            shown = (None, None) if word in kind.hidden else (said.get(word), signed.get(word))
            yield Deviation(kind.word, values[0], name, word, *shown, sequence=expected.sequence)

    def _differing(self, said: Mapping[str, Any], signed: Mapping[str, Any]) -> Iterable[str]:
        """The words that differ. A right that went when its time was over leaves its requests without one."""
        for word in sorted(said.keys() | signed.keys()):
            if said.get(word) == signed.get(word):
                continue
            if word == "right" and word not in said and bytes.fromhex(signed[word]) in self._gone:
                continue
            yield word

    def _signed(self, place: bytes, expected: _Expected) -> Mapping[str, Any] | None:
        """The words that the entry holds of the row."""
        if isinstance(expected.mark, bytes):
            return None
        data = AuditEntry.objects.values_list("data", flat=True).get(sequence=expected.sequence)
        said: Mapping[str, Any] = next(one for one in data["says"] if one["id"] == place.hex())
        return said


def every_row_of(kind: says.Kind) -> Iterator[Sequence[Any]]:
    """Every row, in short queries."""
    rows = kind.model._default_manager.order_by("pk")
    batch = list(rows.values_list(*kind.paths, "pk")[:BATCH])
    while batch:
        yield from batch
        batch = list(rows.filter(pk__gt=batch[-1][-1]).values_list(*kind.paths, "pk")[:BATCH])


def _mark(said: Mapping[str, Any]) -> int:
    """What tells two statements apart while this process lives; nobody else can reckon it."""
    return hash(frozenset(said.items()))


def _shown(value: Any) -> str:
    return "nothing" if value is None else str(value)
