"""What a system role value seems to mean, however badly it is typed.

The services' own comparisons are strict and stand in their modules; this one is for naming near
misses. Source: domain page §6.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from provisioning.rules.hsa import LENIENT_FORM, HsaId, typed_id

# What an eye does not see, or takes for a space, and what copying from a text brings along.
_BLANKS = re.compile("[\\s\u00ad\u200b-\u200d\u2060\ufeff]+")
_DASHES = "\\-_:\u2010-\u2015\u2212"
_LONGEST_ID = 64  # no table holds a longer one; an HSA-id has half of that
_POSSIBLE_ID = re.compile(r"[A-Za-z0-9_.-]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class SeenRole:
    """A role value taken apart. `bare` is the value without any blanks."""

    raw: str
    bare: str
    word: str  # folded, such as `rehab`
    hsa_id: HsaId

    @property
    def has_blanks(self) -> bool:
        return self.raw != self.bare


def seen(raw: str, *, words: tuple[str, ...]) -> SeenRole | None:
    """Take the value apart if it looks like a role with one of the words (`Rehab`), else None.

    Takes any case, blanks anywhere, a missing or wrong `INTYG;`, a wrong or missing dash, and
    more parts after the id.
    """
    bare = without_blanks(raw)
    match = _shape(words).fullmatch(bare)
    if match is None:
        return None
    return SeenRole(raw, bare, match["word"].casefold(), _seeming_id(match["id"] or match["bare_id"]))


def _seeming_id(text: str) -> HsaId:
    """What stands in the place of the id. Of what is longer than any HSA-id the beginning will do."""
    found = typed_id(text)
    is_short = max(len(found.text), len(found.folded)) <= _LONGEST_ID
    return found if is_short else typed_id(text[: _LONGEST_ID // 3])  # folding at most trebles a text


def without_blanks(text: str) -> str:
    """The text without any blank, and without what an eye does not see."""
    return _BLANKS.sub("", text)


def can_be_id(text: str) -> bool:
    """Say whether the text could be an HSA-id in any directory, test environments included."""
    return _POSSIBLE_ID.fullmatch(text) is not None


@functools.cache
def _shape(words: tuple[str, ...]) -> re.Pattern[str]:
    """Without a dash after the word only a full HSA-id counts: `Rehabilitering` is no near miss."""
    word = "|".join(re.escape(word) for word in words)
    dashed, undashed = rf"[;{_DASHES}]+(?P<id>[^;]+)", rf"(?P<bare_id>{LENIENT_FORM.pattern})"
    return re.compile(
        rf"(?:intyg)?[;,.{_DASHES}]*(?P<word>{word})(?:{dashed}|{undashed})(?:;.*)?", re.IGNORECASE
    )
