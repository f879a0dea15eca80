"""Whether a stated reason says anything, and nothing that may not be kept.

Words that fill a field are no reason. Personal identity numbers are never kept: who writes one is asked
to leave it out. Source: domain §2 (HSA-id).
"""

from __future__ import annotations

import re

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from provisioning.errors import Invalid
from provisioning.rules import identity_numbers

MIN_LENGTH = 15
MAX_LENGTH = 2000
_PLACEHOLDER = re.compile(
    r"test(ar?)?|asdf\w*|x+|a+|n|todo|okej|ok|se|ovan|behövs|needed|\d+", re.IGNORECASE
)  # a word that says nothing, however often it is repeated


# Characters that turn the text around them: what is read would be another text than what is kept. Unicode
# UAX #9, 2.1 to 2.6. Letters that run from right to left need none of them.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def unfit_in(text: str) -> str | None:
    """Why a text cannot be kept as it is written, or None if it can."""
    if _TURNING.search(text):
        return _(
            "There are invisible characters here that change the direction of the text. Write it anew "
            "without pasting."
        )
    if identity_numbers.is_held_by(text):
        return _("There is something here that looks like a personal identity number. Leave it out.")
    return None


def error_in(text: str) -> str | None:
    """Why a need, a risk or a reason says nothing, or None if it will do."""
    if (unfit := unfit_in(text)) is not None:
        return unfit
    if len(text) > MAX_LENGTH:
        return _("Write at most %(count)d characters.") % {"count": MAX_LENGTH}
    if _only_fills_the_field(text) or len(re.sub(r"(.)\1{3,}", r"\1", text.strip())) < MIN_LENGTH:
        return _(
            "Write at least %(count)d characters that say why. A full stop or a word like "
            "“test” is not enough."
        ) % {"count": MIN_LENGTH}
    return None


def _only_fills_the_field(text: str) -> bool:
    return all(_PLACEHOLDER.fullmatch(word) for word in re.findall(r"\w+", text))


def said_in_a_word(reason: str, *, missing: str | Promise) -> str:
    """The reason where one word will do, such as Vacation. Raises Invalid where it says nothing."""
    return stated("" if _only_fills_the_field(reason) else reason, missing=missing)


def stated(reason: str, *, missing: str | Promise) -> str:
    """The reason, without space around it. Raises Invalid with the text `missing` where there is none."""
    if not reason.strip():
        raise Invalid(str(missing), field="reason")
    if (unfit := unfit_in(reason)) is not None:
        raise Invalid(unfit, field="reason")
    return reason.strip()
