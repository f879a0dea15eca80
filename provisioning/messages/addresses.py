"""Mail addresses as the directory has them: which of the values can be written to.

A value may hold two addresses, a name, a word without @. What cannot be one address is never handed to the
mail server: it would refuse it again and again, or take it and send to nobody.
Source: RFC 5321 §4.1.2. Letters outside ASCII before the @ (RFC 6531) are no use: few mail servers take them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from email.headerregistry import Address

from django.core.exceptions import ValidationError
from django.core.mail.message import sanitize_address
from django.core.validators import validate_email

LONGEST_LOCAL_PART = 64  # octets: RFC 5321 §4.5.3.1.1


def first_usable(values: Iterable[str]) -> str | None:
    """The first value that is one address; None when none is."""
    for value in values:
        address = _as_it_looks(value)
        if _is_one_address(address):
            return address
    return None


def _as_it_looks(value: str) -> str:
    """Without blanks around it, and without characters that nobody sees: they come along by copying."""
    return "".join(one for one in value if unicodedata.category(one) != "Cf").strip()


def _is_one_address(text: str) -> bool:
    """What Django, the standard library and the way to the mail server all take for one address."""
    try:
        validate_email(text)
        local_part = Address(addr_spec=text).username
        on_the_wire = sanitize_address(text, "utf-8")
    except (ValidationError, ValueError, IndexError, AttributeError):
        return False
    return local_part.isascii() and len(local_part) <= LONGEST_LOCAL_PART and on_the_wire.isascii()
