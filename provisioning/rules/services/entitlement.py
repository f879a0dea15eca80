"""What a service is to the rules: purpose, levels, system role and login rule, in one value."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from provisioning.rules.causes import Cause, Code
from provisioning.rules.hsa import HsaId, Level, Reading, Service
from provisioning.rules.services.login_answer import LoginResult
from provisioning.rules.services.wording import ServiceWords


class Subject(enum.Enum):
    """What the HSA-id in a service's system role names."""

    UNIT = "unit"
    PROVIDER = "provider"


class Login(Protocol):
    """A service's own login rule: what a reading gives at that moment."""

    def __call__(self, reading: Reading, *, at: datetime) -> LoginResult: ...


def nothing_breaks(reading: Reading) -> tuple[Cause, ...]:
    """For a service whose login no stray role can harm."""
    return ()


@dataclass(frozen=True, slots=True)
class RuleSource:
    """Where a service's login rule was read: the published source code, its version, and when."""

    address: str
    version: str
    commit: str  # blank where only the release is known
    published: str  # year and month


@dataclass(frozen=True, slots=True, kw_only=True)
class Entitlement:
    """One service of the catalogue.

    `role_word` is what stands between `INTYG;` and the id, such as `Rehab`. `role_level` is the
    level for which that role is needed. `matches(raw, id)` is the service's own comparison.
    `breaks(reading)` names the roles that may break the person's whole login, and gaps that may
    hide such a role; `breaking` are those roles' codes.
    """

    service: Service
    purpose: str
    usual_right: str
    role_word: str
    role_subject: Subject
    role_level: Level
    levels: tuple[Level, ...]
    login: Login
    matches: Callable[[str, HsaId], bool]
    breaks: Callable[[Reading], tuple[Cause, ...]] = nothing_breaks
    breaking: frozenset[Code] = frozenset()
    own_is_for_doctors: bool = False
    owns_commission: bool = False  # the commission is for this service alone: it can be taken away with it
    doctor_effect: Code | None = None  # what the role also does to a doctor
    level_effect: Code | None = None  # what `role_level` also does to anybody
    wrong_kind: Code  # the role names an entry of the other kind (provider for unit, unit for provider)
    words: ServiceWords
    source: RuleSource

    @property
    def role_prefix(self) -> str:
        return f"INTYG;{self.role_word}-"
