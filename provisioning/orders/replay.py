"""What the rules of today say of what they answered before: for whoever has changed a rule. Writes nothing.

The directory is read as it is now. Where the answer differs although the entry is as it was, the rule has
changed; where the entry has changed, too, the sweep finds that on its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from provisioning.assessments import reading
from provisioning.models import AccessRequest, Grant
from provisioning.rules.hsa import Answer


@dataclass(frozen=True, slots=True)
class OtherAnswer:
    """One case or right that the rules answer otherwise now. Codes are those of the causes, sorted."""

    what: str  # `case` or `right`
    name: str
    service: str
    was: str
    now: str
    gone: tuple[str, ...]
    new: tuple[str, ...]


@dataclass(slots=True)
class Replayed:
    """How many were asked about, and how many the directory told nothing of."""

    asked: int = 0
    untold: int = 0


def replay(*, service: str = "", counts: Replayed) -> Iterator[OtherAnswer]:
    """Yield what is answered otherwise now: open cases that have been assessed, then rights in force."""
    for row in _requests(service):
        yield from _compared("case", row.case_number, row, row.assessment, counts)
    for grant in _grants(service):
        origin = grant.origin
        yield from _compared("right", origin.case_number, grant, origin.assessment, counts)


def _requests(service: str) -> Iterable[AccessRequest]:
    rows = AccessRequest.objects.open().exclude(assessment={})
    return (rows.filter(service=service) if service else rows).order_by("pk").iterator()


def _grants(service: str) -> Iterable[Grant]:
    rows = Grant.objects.living().select_related("origin").exclude(origin__assessment={})
    return (rows.filter(service=service) if service else rows).order_by("pk").iterator()


def _compared(
    what: str, name: str, row: AccessRequest | Grant, stored: dict[str, object], counts: Replayed
) -> Iterator[OtherAnswer]:
    counts.asked += 1
    order = row.ordered_access
    found = reading.assess_now(order, reading.read_for(order))
    if found.answer is Answer.UNKNOWN:
        counts.untold += 1  # don't know decides nothing: neither that it differs nor that it does not
        return
    said = reading.verdict(found)
    was, now = set(_codes(stored)), set(_codes(said))
    if (stored.get("answer"), was) != (said["answer"], now):
        yield OtherAnswer(
            what, name, row.service, str(stored.get("answer", "")), str(said["answer"]),
            tuple(sorted(was - now)), tuple(sorted(now - was)),
        )  # fmt: skip


def _codes(said: dict[str, object]) -> list[str]:
    codes = said.get("causes", [])
    return [str(code) for code in codes] if isinstance(codes, list) else []
