"""Binding what the directory said to the chain: digests of evidence, recorded with the last verification."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from provisioning.audit import sealing
from provisioning.models import Case, Evidence


def digests(case: Case) -> list[str]:
    """The SHA-256 of each piece of evidence the request or removal has now, oldest first."""
    return [digest(facts(piece)) for piece in case.evidence.all()]


def facts(piece: Evidence) -> dict[str, Any]:
    """A piece of evidence as a receipt shows it."""
    return {
        "moment": piece.moment,
        "read_at": sealing.utc(piece.read_at),
        "source": piece.source,
        "values": piece.values,
        "verdict": piece.verdict,
    }


def digest(content: dict[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, ensure_ascii=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()
