"""Texts from the directory as they fit in here: cut to what any table holds, without what no table holds.

Nobody keeps a directory from holding a name of 300 characters or a value of 5 000. A value that is cut gets a
digest of the whole at its end, so that no cut value ever looks like another.
"""

from __future__ import annotations

import hashlib
import re

PERSON_NAME_AT_MOST = 200
PLACE_NAME_AT_MOST = 300
VALUE_AT_MOST = 300
ID_AT_MOST = 64  # twice as long as any HSA-id

# What turns the text around it (Unicode UAX #9): letters that run from right to left do so without.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]+")
_DIGEST_LENGTH = 16


def name(text: str, *, at_most: int) -> str:
    """A name to be shown: on one line, cut at its end, and turning nothing beside it around."""
    plain = _CONTROL.sub(" ", _TURNING.sub("", text))
    return plain if len(plain) <= at_most else plain[: at_most - 1] + "…"


def value(text: str) -> str:
    """A value that is compared: whole, or its beginning with a digest of the whole."""
    if len(text) <= VALUE_AT_MOST:
        return text
    digest = hashlib.sha256(text.encode(errors="replace")).hexdigest()[:_DIGEST_LENGTH]
    return f"{text[: VALUE_AT_MOST - _DIGEST_LENGTH - 1]}…{digest}"


def values(texts: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(value, texts))


def can_be_id(text: str) -> bool:
    """Say whether the text, folded or not, is short enough for an HSA-id."""
    return len(text) <= ID_AT_MOST and len(text.casefold()) <= ID_AT_MOST
