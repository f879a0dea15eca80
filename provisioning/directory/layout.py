"""How one region's directory is laid out and reached: values, so that no name below is a constant.

Defaults follow the HSA schema 5.3 and VGR's tree; a region overrides what differs.
Source: HSA schema 5.3 attribute and class lists; VGR's open code for KIV (delegation-service, hsatools).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Self


class Administrators(enum.StrEnum):
    """Where the directory says who administers an entry."""

    MANAGED_OBJECTS = "managed_objects"  # an attribute on the person names the entries (VGR)
    GROUP = "group"  # a group directly below the entry names the persons


@dataclass(frozen=True, slots=True)
class Layout:
    """Bases, object classes and attribute names. A tuple of names means: the first that has a value."""

    # Where to search. Empty = everything the server says it holds (root DSE, namingContexts).
    person_base: str = ""
    unit_base: str = ""

    # Object classes, compared without case. An entry needs one of those named.
    person_classes: tuple[str, ...] = ("person", "organizationalPerson", "inetOrgPerson", "hsaPerson")
    commission_classes: tuple[str, ...] = ("hsaCommission",)
    unit_classes: tuple[str, ...] = ("organizationalUnit", "organization", "organizationalRole")
    care_unit_classes: tuple[str, ...] = ("hsaHealthCareUnit",)
    provider_classes: tuple[str, ...] = ("hsaHealthCareProvider",)
    protected_classes: tuple[str, ...] = ("hsaConfidentialPerson",)
    archived_classes: tuple[str, ...] = ("hsaArchivedObject",)

    # All entries.
    hsa_identity: str = "hsaIdentity"
    start: tuple[str, ...] = ("hsaStartDate", "startDate")
    end: tuple[str, ...] = ("hsaEndDate", "endDate")

    # Persons.
    person_name: tuple[str, ...] = ("fullName", "displayName")
    given_name: tuple[str, ...] = ("givenName",)
    surname: tuple[str, ...] = ("sn",)
    mail: tuple[str, ...] = ("mail",)
    protected_marks: tuple[str, ...] = ("hsaProtectedPerson", "hsaConfidentialPerson")  # value TRUE
    titles: str = "hsaTitle"
    title_codes: str = "paTitleCode"
    group_prescription_codes: str = "hsaGroupPrescriptionCode"
    system_roles: str = "hsaSystemRole"
    # What two entries of the same human share. Its value is used inside one search and goes no further.
    same_human: tuple[str, ...] = ("personalIdentityNumber", "hsaPersonIdentityNumber")

    # Units and providers.
    unit_name: tuple[str, ...] = ("hsaUnitName", "ou", "o", "cn")
    unit_manager: str = "hsaHealthCareUnitManager"
    unit_members: str = "hsaHealthCareUnitMember"
    unit_provider: str = "hsaResponsibleHealthCareProvider"
    unit_kinds: str = "hsaBusinessClassificationCode"
    provider_name: tuple[str, ...] = ("hsaHealthCareProviderName", "o", "ou", "cn")
    provider_manager: tuple[str, ...] = ("hsaHealthCareUnitManager",)
    org_no: tuple[str, ...] = ("orgNo", "hsaOrgNo")

    # Commissions.
    commission_name: tuple[str, ...] = ("hsaCommissionName", "cn")
    commission_purpose: str = "hsaCommissionPurpose"
    commission_rights: str = "hsaCommissionRight"
    commission_members: str = "hsaCommissionMember"

    # KIV administrators. VGR's letters: C, D, K for units; E and F are for persons.
    administrators: Administrators = Administrators.MANAGED_OBJECTS
    managed_objects: str = "vgrManagedObjects"
    admin_type: str = "vgrAdminType"
    admin_types: tuple[str, ...] = ("C", "D", "K")
    admin_group_classes: tuple[str, ...] = ("groupOfNames",)
    admin_group_name: str = "HSA-administratörer"  # the group's cn, directly below what it administers
    admin_group_members: str = "member"

    @classmethod
    def from_mapping(
        cls, overrides: Mapping[str, Any], *, person_base: str = "", unit_base: str = ""
    ) -> Self:
        """The default layout with some names replaced. Raises ValueError naming what is not a name here."""
        layout = replace(cls(), person_base=person_base, unit_base=unit_base)
        known = {item.name: getattr(layout, item.name) for item in fields(cls)}
        changes: dict[str, Any] = {}
        for name, value in overrides.items():
            if name not in known:
                raise ValueError(f"unknown layout name: {name}")
            changes[name] = _as_kind_of(known[name], name, value)
        return replace(layout, **changes)


def _as_kind_of(default: object, name: str, value: object) -> object:
    if isinstance(default, Administrators):
        return Administrators(str(value))
    if isinstance(default, tuple):
        values = [value] if isinstance(value, str) else value
        if isinstance(values, list | tuple) and all(isinstance(item, str) for item in values):
            return tuple(values)
        raise ValueError(f"layout name {name}: expected a text or a list of texts")
    if isinstance(value, str):
        return value
    raise ValueError(f"layout name {name}: expected a text")


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """How to reach the directory and how long to wait for it."""

    url: str  # several servers of one directory with commas between them
    bind_dn: str = ""  # empty: anonymous
    bind_password: str = ""
    ca_file: str = ""  # empty: the system's own authorities
    cert_file: str = ""  # our own certificate, for servers that demand one; empty: none
    key_file: str = ""  # its key; empty: in the same file
    uses_starttls: bool = False
    connect_timeout_seconds: float = 3.0
    receive_timeout_seconds: float = 5.0
    idle_seconds: float = 60.0  # a connection that rested longer is not trusted again
    page_size: int = 500
    max_connections: int = 8  # of one process, at the same time
    background_per_second: float = 0.0  # how fast background work may ask; 0: as fast as it can
    pace_url: str = ""  # the Redis server that keeps the pace of all processes; empty: each its own
    uses_matched_values: bool = True  # RFC 3876; a server without it ignores the wish

    def __repr__(self) -> str:
        return f"ConnectionSettings({self.url!r})"  # never the password
