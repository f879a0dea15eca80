"""The keys of the audit chain. They live outside the database; a short id tells them apart.

One key signs everything, but each purpose puts its own name before the text, so that a signature made for
one purpose is worth nothing for another.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import orjson
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

ENTRY = b"audit-entry-1\n"
DETAIL = b"audit-detail-1\n"
ACTOR = b"audit-actor_digest-1\n"
PRINCIPAL = b"audit-principal_digest-1\n"
MASKED = b"audit-masked-1\n"  # an older row as it is shown, without who acted
CHECKPOINT = b"audit-checkpoint-1\n"
RECEIPT = b"receipt-1\n"
ROW = b"audit-row-1\n"  # what an entry says of a row without telling it

# ASCII only and sorted by code point: the same bytes whatever wrote them and whatever reads them.
_encode = json.JSONEncoder(
    sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False, check_circular=False
).encode


# orjson writes the same bytes in a fifth of the time, as long as nothing has to be escaped beyond quotation
# marks, backslashes and control characters, and no whole number takes more than 64 bits.
_FAST = orjson.OPT_SORT_KEYS | orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_DATACLASS


def canonical(content: Mapping[str, Any]) -> bytes:
    """The one form in which content is signed and compared. Raises ValueError where a number is none.

    It holds no fractions: the two libraries write them unlike, and orjson writes null for what is no number.
    """
    try:
        text = orjson.dumps(content, option=_FAST)
    except TypeError:
        return _encode(content).encode("ascii")
    is_same = text.isascii() and b"\x7f" not in text and not (b"null" in text and _holds_fraction(content))
    return text if is_same else _encode(content).encode("ascii")


def _holds_fraction(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_holds_fraction, value.values()))
    return any(map(_holds_fraction, value)) if isinstance(value, list | tuple) else isinstance(value, float)


@dataclass(frozen=True, slots=True)
class Key:
    id: str
    secret: bytes

    def sign(self, purpose: bytes, content: Mapping[str, Any]) -> str:
        """The HMAC-SHA256 of the content in its canonical form, in hexadecimal."""
        return hmac.digest(self.secret, purpose + canonical(content), "sha256").hex()

    def has_signed(self, purpose: bytes, content: Mapping[str, Any], mac: str) -> bool:
        return hmac.compare_digest(self.sign(purpose, content).encode(), mac.encode())


def current() -> Key:
    """The key that signs new rows."""
    return _key(settings.AUDIT_KEY)


def all_keys() -> tuple[Key, ...]:
    """Retired keys, oldest first, and the current one. Raises ImproperlyConfigured."""
    retired = []
    for name in settings.AUDIT_RETIRED_KEY_FILES:
        try:
            retired.append(_key(Path(name).read_text(encoding="utf-8").rstrip("\r\n")))
        except (OSError, UnicodeDecodeError) as exc:
            raise ImproperlyConfigured(f"AUDIT_RETIRED_KEY_FILES: {name} cannot be read ({exc}).") from exc
    return (*retired, current())


@lru_cache(maxsize=16)
def _key(text: str) -> Key:
    secret = text.encode()
    return Key(hmac.digest(secret, b"audit-key-id", "sha256").hex()[:8], secret)
