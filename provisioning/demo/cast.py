"""Who one can be in the demo, and what each is for. The people themselves stand in the demo directory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning.rules.hsa import HsaId, Person


@dataclass(frozen=True, slots=True)
class CastPart:
    """One person of the cast and what they show."""

    hsa_id: HsaId
    purpose: str | Promise
    is_first: bool = False  # stands on the list at once; the others under "more"


@dataclass(frozen=True, slots=True)
class Group:
    heading: str | Promise
    parts: tuple[CastPart, ...]


@dataclass(frozen=True, slots=True)
class CastChoice:
    """A part with the name the directory gives; empty where it has no such person."""

    hsa_id: str
    name: str
    purpose: str | Promise
    is_protected: bool = False
    is_first: bool = False


def choices(persons: dict[HsaId, Person]) -> list[tuple[str | Promise, list[CastChoice]]]:
    """The groups, each with the people of it that the directory has."""
    return [(group.heading, list(_present(group.parts, persons))) for group in GROUPS]


def ids() -> list[HsaId]:
    return [part.hsa_id for group in GROUPS for part in group.parts]


def _present(parts: Iterable[CastPart], persons: dict[HsaId, Person]) -> Iterable[CastChoice]:
    for part in parts:
        person = persons.get(part.hsa_id)
        if person is not None:
            yield CastChoice(
                person.hsa_id.text, person.name, part.purpose, person.is_protected, part.is_first
            )


def _part(number: int, purpose: str | Promise, *, is_first: bool = False) -> CastPart:
    return CastPart(HsaId(f"SE0000000000-{number}"), purpose, is_first)


# The numbers are those at the top of directory/demo.ldif.
GROUPS: tuple[Group, ...] = (
    Group(
        _("Orders and approves"),
        (
            _part(
                1001,
                _("Head of unit. Orders access for staff and does not need to approve it."),
                is_first=True,
            ),
            _part(1002, _("Head of the unit above. Approves what a head of unit orders for themselves.")),
            _part(1011, _("Responsible for the care provider in KIV. Second approver of process leaders.")),
        ),
    ),
    Group(
        _("Carries out in KIV"),
        (
            _part(1003, _("KIV administrator of the unit."), is_first=True),
            _part(1004, _("KIV administrator higher up. Runs this tool, too: sees messages that failed.")),
        ),
    ),
    Group(
        _("Gets access"),
        (
            _part(
                1005,
                _("Rehabilitation coordinator with commission but no system role: the main story."),
                is_first=True,
            ),
            _part(1006, _("Rehabilitation coordinator without commission.")),
            _part(1007, _("Rehabilitation coordinator on a unit that has no commission at all.")),
            _part(1008, _("Doctor with commission: gets in without a system role."), is_first=True),
            _part(1010, _("Shall become process leader of the whole care provider.")),
            _part(1014, _("Has two HSA-ids, and the commission sits on the other one.")),
            _part(1016, _("Protected identity, and no mail address.")),
        ),
    ),
    Group(
        _("Looks on"),
        (
            _part(1012, _("Auditor. Reads everything and changes nothing."), is_first=True),
            _part(1013, _("Outsider. May see nothing of what others do.")),
        ),
    ),
)
