"""What KIV administrators have asked about a case, and the answers, for those who may read it."""

from __future__ import annotations

from typing import Any

from provisioning import access
from provisioning.models import AccessRequest, Removal, User
from provisioning.pages.words import NOT_SHOWN


def said(viewer: User, case: AccessRequest | Removal) -> list[dict[str, Any]]:
    """Each question with its answer, the first one first."""
    is_shown = access.may_read(viewer, case)
    return [
        {
            "text": one.text if is_shown else str(NOT_SHOWN),
            "asked_at": one.asked_at,
            "answer": one.answer if is_shown else str(NOT_SHOWN),
            "answered_at": one.answered_at,
        }
        for one in case.questions.all()
    ]
