"""What the page of an order for many carries between its steps: the lines, and what was shown of each.

Signed for one person: what is sent is what was shown to whoever sends it, and nothing is written before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from django.core import signing
from django.http import QueryDict

from provisioning.models import User
from provisioning.orders.many import look_up, sheet_texts
from provisioning.orders.many.lines import WantedLine
from provisioning.orders.many.look_up import JudgedLine
from provisioning.pages.fields import is_number

_SALT = "provisioning.pages.order.many"
EDITABLE = ("person", "unit", "starts_on", "ends_on", "need", "risk", "signed", "choice")
MOST_EDITED = 100  # rows with fields: a form has an end; the next ones come when these are mended


@dataclass(frozen=True, slots=True)
class Carried:
    """Lines as they were shown. `marks`: of each that can be sent, what the directory said; else empty.

    `whys`: of each other one, what stands in its way. `instead`: the order whose lines are sent again.
    """

    lines: tuple[WantedLine, ...]
    marks: tuple[str, ...]
    whys: tuple[str, ...]
    instead: str = ""

    @classmethod
    def of(cls, found: Sequence[JudgedLine], *, instead: str = "") -> Carried:
        return cls(
            tuple(one.line for one in found),
            tuple(look_up.mark(one.prepared) if one.prepared and one.may_be_sent else "" for one in found),
            tuple(" ".join(reasons(one)) for one in found),
            instead,
        )

    def dump(self, user: User) -> str:
        data = {
            "lines": [list(asdict(line).values()) for line in self.lines],
            "marks": self.marks,
            "whys": self.whys,
            "instead": self.instead,
        }
        return signing.dumps(data, salt=_SALT + user.hsa_key, compress=True)

    @classmethod
    def load(cls, text: str, user: User) -> Carried | None:
        """What the form carried; None where it carried nothing, or somebody changed it."""
        try:
            data: dict[str, Any] = signing.loads(text, salt=_SALT + user.hsa_key)
        except signing.BadSignature:
            return None
        lines = tuple(WantedLine(*values) for values in data["lines"])
        return cls(lines, tuple(data["marks"]), tuple(data["whys"]), data["instead"])

    def edited(self, data: QueryDict) -> tuple[WantedLine, ...]:
        """The lines with what was written in their fields."""
        return tuple(_edited(line, position, data) for position, line in enumerate(self.lines))

    @property
    def to_send(self) -> list[tuple[WantedLine, str]]:
        """The lines that can be sent, each with its mark."""
        return [(line, mark) for line, mark in zip(self.lines, self.marks, strict=True) if mark]

    @property
    def to_mend(self) -> list[tuple[WantedLine, str]]:
        """The others, each with what stands in its way."""
        both = zip(self.lines, self.marks, self.whys, strict=True)
        return [(line, why) for line, mark, why in both if not mark]


def reasons(one: JudgedLine) -> list[str]:
    """What stands in the way of a line, each sentence once."""
    said = [refusal.message for refusal in one.refusals] + ([one.doubt] if one.doubt else [])
    return list(dict.fromkeys(said))


def name_of(position: int, cell: str) -> str:
    """The name of the field for a cell of a line."""
    return f"line-{position}-{cell}"


def _edited(line: WantedLine, position: int, data: QueryDict) -> WantedLine:
    written: dict[str, Any] = {
        cell: text.strip()[: sheet_texts.MOST_LETTERS]
        for cell in EDITABLE
        if (text := data.get(name_of(position, cell))) is not None and not is_number(text)
    }
    is_sure = line.is_sure or name_of(position, "sure") in data
    changed = {cell: text for cell, text in written.items() if text != getattr(line, cell)}
    if "person" in changed:
        return replace(line, **changed, name="", mail="", problem="", is_sure=False)
    return replace(line, **changed, is_sure=is_sure, problem="" if changed else line.problem)
