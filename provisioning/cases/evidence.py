"""What one look into the directory showed of a case's values, and keeping it as evidence."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from provisioning.assessments import reading
from provisioning.audit.events import Action
from provisioning.directory import Which
from provisioning.models import Case, Evidence
from provisioning.rules.hsa import Answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The values that a case concerns, as one look gave them."""

    SETTLED: ClassVar[Action]  # what is recorded when they are as the case wants them
    NOT_SETTLED: ClassVar[Action]  # and when somebody said so, and they are not

    read_at: datetime
    values: Mapping[tuple[str, str], Sequence[str] | None]  # (dn, attribute) → values; None: no such entry
    moved: Mapping[str, str] = field(
        default_factory=dict
    )  # where an entry was thought to stand → where it is

    def as_data(self) -> list[dict[str, Any]]:
        return [
            {"dn": dn, "attribute": attribute, "values": None if values is None else list(values)}
            for (dn, attribute), values in self.values.items()
        ]

    @property
    def is_settled(self) -> bool:
        """Say whether they are as the case wants them."""
        raise NotImplementedError

    def instead(self) -> dict[str, Any]:
        """What was seen in the place of what somebody said, for the page."""
        return {"read_at": self.read_at.isoformat(), "values": self.as_data()}

    def recorded(self) -> dict[str, Any]:
        """The same for the record: codes alone."""
        return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenWanted(Seen):
    """Of values that a request wants: are they there?"""

    SETTLED, NOT_SETTLED = Action.VALUES_SEEN, Action.NOT_SEEN

    is_in_place: Answer
    near_misses: tuple[Mapping[str, str], ...] = ()  # code, about, expected
    over: Mapping[str, Any] | None = None  # the verdict by which nothing may be set any more
    is_outdated: bool = False  # it is to be set otherwise, or elsewhere, than was worked out
    is_judged: bool = False  # everything was read, not the values alone: the two above are answers
    is_doubtful: bool = False  # they rest on what is not seen alone: a later look must say the same

    @property
    def is_settled(self) -> bool:
        return self.is_in_place is Answer.YES and self.over is None and not self.is_outdated

    def instead(self) -> dict[str, Any]:
        near_misses = [dict(miss) for miss in self.near_misses]
        return Seen.instead(self) | {"answer": self.is_in_place.value, "near_misses": near_misses}

    def recorded(self) -> dict[str, Any]:
        return {"near_misses": [miss["code"] for miss in self.near_misses]}


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenUnwanted(Seen):
    """Of values that a removal is about: are they gone?"""

    SETTLED, NOT_SETTLED = Action.REMOVAL_VALUES_GONE, Action.REMOVAL_STILL_THERE

    gone: tuple[bool, ...]  # of each change, in their order

    @property
    def is_settled(self) -> bool:
        return bool(self.gone) and all(self.gone)


def keep(
    case: Case,
    moment: Evidence.Moment,
    read_at: datetime,
    *,
    values: Collection[dict[str, Any]] = (),
    verdict: dict[str, Any] | None = None,
    which: Which = Which.OWN,
) -> None:
    """Keep it with the case. Inside its operation."""
    Evidence.objects.create(
        **case.pointer,
        moment=moment,
        read_at=read_at,
        source=reading.source(which),
        values=list(values),
        verdict=verdict or {},
    )
