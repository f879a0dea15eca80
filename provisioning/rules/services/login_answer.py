"""What a login gives: the service's answer, its own word for a refusal, and the units with roles."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.rules.hsa import Answer, HsaId


@dataclass(frozen=True, slots=True)
class UnitAccess:
    """Access to one care unit (`id`) with its sub-units, or to one care provider (process leader).

    `coordinated_sub_unit_ids`: sub-units in which a doctor acts as coordinator although not in
    the care unit above (domain page §3.6).
    """

    id: HsaId
    role: str  # by the service's own word; its sentence stands in the service's words
    sub_unit_ids: tuple[HsaId, ...] = ()
    coordinated_sub_unit_ids: tuple[HsaId, ...] = ()


@dataclass(frozen=True, slots=True)
class LoginResult:
    """What happens at login. `refusal` is the service's own name for the reason, if it has one.

    `units` holds what is certain from what was read. A reading with holes can hide more units,
    and a role that a further unit or role would raise is given as read.
    """

    answer: Answer
    refusal: str | None = None
    units: tuple[UnitAccess, ...] = ()


def sorted_units(units: list[UnitAccess]) -> tuple[UnitAccess, ...]:
    """By HSA-id, so that two readings of the same directory compare equal."""
    return tuple(sorted(units, key=lambda unit: unit.id.folded))
