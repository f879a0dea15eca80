"""The catalogue: which rights can be ordered, at which level, and what each takes.

A new service that logs in by HSA is one module like `rehabstod`, with its rule and its words, and one line in
`hsa.Service` that has the module's name as its value. Source: domain page §5.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module

from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.services import roles
from provisioning.rules.services.entitlement import Entitlement
from provisioning.rules.services.wording import ServiceWords

CATALOGUE: Mapping[Service, Entitlement] = {
    service: import_module(f"{__package__}.{service.value}").ENTITLEMENT for service in Service
}


def entitlement(service: Service) -> Entitlement:
    return CATALOGUE[service]


def levels(service: Service) -> tuple[Level, ...]:
    """The levels that can be ordered at all; `own` is for doctors only."""
    return CATALOGUE[service].levels


def words(service: Service) -> ServiceWords:
    """What the service is called and what it says, in English."""
    return CATALOGUE[service].words


def purpose(service: Service) -> str:
    """The purpose a commission must have (hsaCommissionPurpose)."""
    return CATALOGUE[service].purpose


def usual_right(service: Service) -> str:
    """The third part of the right the commission usually has: `SJF` or `VE`. Never demanded."""
    return CATALOGUE[service].usual_right


def needs_role(service: Service, level: Level, is_doctor: bool) -> bool:
    """Say whether a system role is needed: never for every order (least privilege, PDL 4:2).

    In Rehabstöd everyone but a doctor needs one, whatever they ask for. Source: domain §5.
    """
    entitled = CATALOGUE[service]
    return level is entitled.role_level or (entitled.own_is_for_doctors and not is_doctor)


def wanted_role(service: Service, level: Level, unit_id: HsaId) -> str | None:
    """The exact hsaSystemRole value, with the id byte for byte as the directory has it, or None.

    `unit_id` is the care unit's id, or the care provider's at level `provider`.
    """
    entitled = CATALOGUE[service]
    return entitled.role_prefix + unit_id.text if level is entitled.role_level else None


def ids_named_in(raw_role: str) -> tuple[HsaId, ...]:
    """The HSA-ids a system role seems to name, near misses included; empty for others' roles.

    For the directory, which must look up what each of them is.
    """
    seen = roles.seen(raw_role, words=tuple(entitled.role_word for entitled in CATALOGUE.values()))
    return (seen.hsa_id,) if seen is not None else ()
