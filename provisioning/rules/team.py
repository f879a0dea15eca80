"""A unit's insurance-medicine team: its tasks, the accesses they take, and whether somebody holds each.

Source: domain §5 (what each kind of person orders); which accesses a task takes is a setting (GUESS: the
tasks are named by the region, and no source says what each of them must read).
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from provisioning.rules.hsa import Level, Service


class TeamTask(enum.StrEnum):
    """What somebody does in the team. The head is who the directory says; the others are named."""

    HEAD = "head"
    DOCTOR = "doctor"
    COORDINATOR = "coordinator"


NAMED = (TeamTask.DOCTOR, TeamTask.COORDINATOR)

Access = tuple[Service, Level]


class Coverage(enum.StrEnum):
    """How far a unit's team has come."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"
    NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class TeamNeeds:
    """What must be held on one unit, and the accesses that each task takes."""

    accesses: Mapping[TeamTask, tuple[Access, ...]]
    needs_coordinator: bool = True

    def required(self) -> tuple[TeamTask, ...]:
        """The tasks that somebody must be named for."""
        return NAMED if self.needs_coordinator else (TeamTask.DOCTOR,)

    def missing(self, held: Collection[TeamTask]) -> tuple[TeamTask, ...]:
        """The tasks that nobody holds, of those that somebody must be named for."""
        return tuple(task for task in self.required() if task not in held)

    def coverage(self, held: Collection[TeamTask]) -> Coverage:
        """How far the team has come. A head alone is nobody: the directory always names one."""
        if not self.missing(held):
            return Coverage.COMPLETE
        return Coverage.INCOMPLETE if any(task in held for task in NAMED) else Coverage.NOBODY
