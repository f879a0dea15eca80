"""A person in an address, sealed: no HSA-id of a person ever stands in one. Only this tool opens it."""

from __future__ import annotations

import base64

from cryptography.fernet import Fernet, InvalidToken
from django.utils.crypto import salted_hmac

from provisioning.models import User
from provisioning.rules.hsa import HsaId

_LONGEST = 400


def _box() -> Fernet:
    key = salted_hmac("provisioning.pages.register.sealed_ids", "key", algorithm="sha256").digest()
    return Fernet(base64.urlsafe_b64encode(key))


def seal(person_id: HsaId, by: User) -> str:
    """The person as an address holds them, with who wrote it."""
    return _box().encrypt(f"{person_id.bare} {by.hsa_key}".encode()).decode()


def opened(text: str) -> tuple[HsaId, str] | None:
    """The person, and the key of who wrote it; None where it is none of ours."""
    if not text or len(text) > _LONGEST:
        return None
    try:
        person, _blank, by = _box().decrypt(text.encode()).decode().partition(" ")
    except (InvalidToken, ValueError):
        return None
    return HsaId(person), by
