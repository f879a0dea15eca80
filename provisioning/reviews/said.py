"""What the directory says beside each right of a review: many persons in a few searches, as plain data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from provisioning.assessments import reading as assessments_reading
from provisioning.models import Grant
from provisioning.rules import names
from provisioning.rules.causes import DIRECTORY_CODES
from provisioning.rules.hsa import Answer, HsaId, Person, Reading

_OPEN_CODES = frozenset(code.value for code in DIRECTORY_CODES)


@dataclass(frozen=True, slots=True)
class Said:
    """What the directory said of one right at one moment."""

    verdict: dict[str, Any]  # answer, causes, warnings, cause_details, warning_details
    read_at: datetime
    # Where the person stands and which titles, as digests that tell a change and nothing else.
    known: dict[str, str] = field(default_factory=dict)

    @property
    def answer(self) -> str:
        return str(self.verdict["answer"])

    @property
    def agrees(self) -> bool:
        """Whether nothing at all stands against the right: it works, and there is nothing to mind."""
        return self.answer == Answer.YES.value and not self.verdict["warnings"]

    @property
    def fingerprint(self) -> str:
        """Of what was said, whenever it was: has it changed since the page was shown?"""
        return _digest({name: self.verdict[name] for name in ("answer", "causes", "warnings")})

    def digest(self, grant: Grant) -> str:
        """Of what was said, when, and of which right: what the event log signs."""
        told = {name: self.verdict[name] for name in ("answer", "causes", "warnings")}
        return _digest({"said": told, "read_at": self.read_at.isoformat(), "grant": str(grant.public_id)})


def look(grants: Iterable[Grant]) -> dict[int, Said]:
    """Ask the directory about these rights now; a silent one says "don't know" of each. By grant key."""
    rows = list(grants)
    wanted: dict[HsaId, set[HsaId]] = {}
    for grant in rows:
        wanted.setdefault(grant.subject_id, set()).add(grant.unit_id)
    found = assessments_reading.read_together(wanted)
    return {grant.pk: _said(grant, found[grant.subject_id]) for grant in rows}


def _said(grant: Grant, reading: Reading) -> Said:
    verdict = assessments_reading.detailed_verdict(
        assessments_reading.assess_now(grant.ordered_access, reading)
    )
    del verdict["changes"], verdict["login"]
    for name in ("warnings", "warning_details"):
        verdict[name] = [one for one in verdict[name] if not _is_about_ordering(one)]
    if verdict["answer"] == Answer.NO.value:
        _leave_out_what_was_not_asked(verdict)
    return Said(verdict, reading.read_at, _known(grant, reading.person))


def _known(grant: Grant, person: Person | None) -> dict[str, str]:
    if person is None:
        return {}
    place = next(iter(names.ancestors(person.dn)), "")
    told = {
        "place": [str(one) for one in names.key(place)] if place else [],
        "title": sorted((*person.titles, *person.title_codes)),
    }
    return {name: _digest({name: value, "grant": str(grant.public_id)})[:16] for name, value in told.items()}


def _is_about_ordering(warning: str | dict[str, str]) -> bool:
    """What to mind when it is ordered says nothing of a right that exists."""
    code = warning if isinstance(warning, str) else warning["code"]
    return code.startswith("order.")


def _leave_out_what_was_not_asked(verdict: dict[str, Any]) -> None:
    """A batch asks for less than a single reading: no cause where the answer is certain all the same."""
    named = [one for one in verdict["cause_details"] if one["code"] not in _OPEN_CODES]
    if named:
        verdict["cause_details"] = named
        verdict["causes"] = list(dict.fromkeys(one["code"] for one in named))


def _digest(value: dict[str, Any]) -> str:
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
