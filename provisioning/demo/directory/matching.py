"""How values of one attribute compare: folded text by default, exact roles, names as names.

Real servers take this from their schema; the mock knows only the few exceptions that matter.
Source: RFC 4518 (insignificant blanks and case); directory/schema/hsa.schema.
"""

from __future__ import annotations

import unicodedata

from provisioning.rules import names

# hsaSystemRole is compared byte for byte, so that a near miss and the right value can stand side by
# side while somebody mends it, as the tool's own proposals require.
EXACT = frozenset({"hsasystemrole", "userpassword"})
NAMES = frozenset({"vgrmanagedobjects", "member", "uniquemember", "manager", "owner", "seealso", "entrydn"})


def plain_name(attribute: str) -> str:
    """The attribute's name without options and case: `cn;lang-sv` is `cn`."""
    return attribute.partition(";")[0].strip().casefold()


def normalise(attribute: str, value: bytes) -> str:
    """The form in which values of this attribute are equal when equal."""
    text = value.decode("utf-8", errors="surrogateescape")
    if attribute in EXACT:
        return text
    if attribute in NAMES:
        return ",".join(names.key(text))
    return " ".join(_prepared(text).split())


def normalise_piece(attribute: str, value: bytes) -> str:
    """A piece of a substring assertion: its outer blanks count, the rest is folded alike."""
    text = value.decode("utf-8", errors="surrogateescape")
    return text if attribute in EXACT else _prepared(text)


def _prepared(text: str) -> str:
    """Composed and without case, so that a name is found however it was typed. Source: RFC 4518 2.2, 2.3."""
    return unicodedata.normalize("NFKC", text).casefold()


def order_key(text: str) -> tuple[int, int, str]:
    """Numbers by size, everything else by text, so that >= and <= mean what one expects."""
    return (0, int(text), "") if text.isascii() and text.isdigit() and len(text) < 14 else (1, 0, text)
