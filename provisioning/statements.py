"""Whether a stated reason says anything. Words that fill a field are no reason."""

from __future__ import annotations

import re

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from provisioning.errors import Invalid

MIN_LENGTH = 15
_PLACEHOLDER = re.compile(
    r"test(ar?)?|asdf\w*|x+|a+|n|todo|okej|ok|se|ovan|behövs|needed|\d+", re.IGNORECASE
)  # a word that says nothing, however often it is repeated


# Characters that turn the text around them: what is read would be another text than what is kept. Unicode
# UAX #9, 2.1 to 2.6. Letters that run from right to left need none of them.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def turned_text_in(text: str) -> str | None:
    """Why a text cannot be read as it is written, or None if it can."""
    if _TURNING.search(text):
        return _(
            "There are invisible characters here that change the direction of the text. Write it anew "
            "without pasting."
        )
    return None


def error_in(text: str) -> str | None:
    """Why a need, a risk or a reason says nothing, or None if it will do."""
    if (turned := turned_text_in(text)) is not None:
        return turned
    if (
        all(_PLACEHOLDER.fullmatch(word) for word in re.findall(r"\w+", text))
        or len(re.sub(r"(.)\1{3,}", r"\1", text.strip())) < MIN_LENGTH
    ):
        return _(
            "Write at least %(count)d characters that say why. A full stop or a word like "
            "“test” is not enough."
        ) % {"count": MIN_LENGTH}
    return None


def stated(reason: str, *, missing: str | Promise) -> str:
    """The reason, without space around it. Raises Invalid with the text `missing` where there is none."""
    if not reason.strip():
        raise Invalid(str(missing), field="reason")
    if (turned := turned_text_in(reason)) is not None:
        raise Invalid(turned, field="reason")
    return reason.strip()
