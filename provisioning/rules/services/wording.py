"""What a service is called and what it says, in English. Pages translate each text when they show it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from provisioning.rules.hsa import Level


def gettext_noop(text: str) -> str:
    """Mark a text for the catalogue of translations. Rules import no framework, so this mark is their own."""
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelWords:
    """One level of a service. `%(unit)s` in a text is the name of the unit or the care provider.

    `role` is the service's own word for what the level gives: the key of a sentence in `ServiceWords.roles`.
    """

    name: str
    choice: str  # on the order page: the service with the level
    hint: str  # beside the choice: who it is for, and what it takes
    effect: str  # what the person gets when the KIV administrator has set the value
    role: str


@dataclass(frozen=True, slots=True)
class RoleWords:
    """The service's answer on one unit, by the role that it gives there: of somebody, and to oneself."""

    answer: str
    own: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceWords:
    """All that is said of one service. `name` is a name and is not translated."""

    name: str
    levels: Mapping[Level, LevelWords]
    roles: Mapping[str, RoleWords]
    rules: tuple[str, ...]  # the login rule in plain sentences
    refusals: Mapping[str, str] = field(default_factory=dict)  # by the service's own name for the refusal
