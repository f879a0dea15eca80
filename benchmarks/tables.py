"""What a benchmark hands back: a table with its bars, and notes that say why one was missed."""

from __future__ import annotations

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field

CORES = os.cpu_count() or 1


@dataclass(frozen=True)
class Row:
    """One measurement: the cells as text, and whether its bar was met (None: it has none)."""

    cells: tuple[str, ...]
    is_met: bool | None = None


@dataclass
class Table:
    """Printed as it stands. `notes` come below."""

    title: str
    columns: tuple[str, ...]
    rows: list[Row] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def add(self, *cells: str, is_met: bool | None = None) -> None:
        self.rows.append(Row(cells, is_met))

    @property
    def missed(self) -> int:
        return sum(row.is_met is False for row in self.rows)

    def __str__(self) -> str:
        heads = (*self.columns, "")
        words = {True: "met", False: "MISSED", None: ""}
        lines = [(*row.cells, words[row.is_met]) for row in self.rows]
        widths = [max(len(line[place]) for line in [heads, *lines]) for place in range(len(heads))]
        shown = [
            self.title,
            "=" * len(self.title),
            _line(heads, widths),
            _line(["-" * w for w in widths], widths),
        ]
        shown += [_line(line, widths) for line in lines]
        return "\n".join([*shown, *(f"  {note}" for note in self.notes), ""])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The first column to the left, the numbers to the right."""
    first, *rest = zip(cells, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)]).rstrip()


def percentile(values: Sequence[float], share: int) -> float:
    """The value that `share` per cent of the values do not exceed."""
    return statistics.quantiles(values, n=100, method="inclusive")[share - 1]


def load_average() -> float:
    return os.getloadavg()[0]


def surroundings(load_before: float) -> str:
    """How busy the machine was with other things: above its number of cores, times say little."""
    return f"{CORES} cores, load average before {load_before:.1f}, after {load_average():.1f}."


def explained(table: Table, load_before: float) -> Table:
    """The same, with a note below where a bar was missed."""
    if table.missed:
        table.notes.append(why_missed(load_before))
    return table


def why_missed(load_before: float) -> str:
    """The note below a table with a missed bar."""
    if load_before > CORES:
        return (
            f"Why: the machine was busy before we began (load {load_before:.1f} on {CORES} cores); "
            "ratios stand, times do not. Measure again when it is calm."
        )
    return f"Why: server, client and Python's one running thread at a time share {CORES} cores."
