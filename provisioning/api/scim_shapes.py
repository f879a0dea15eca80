"""How rights look in SCIM: lists, users with entitlements, groups with members. Source: RFC 7643, 7644."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from ninja import Field, Schema

from provisioning.models import Grant

CONTENT_TYPE = "application/scim+json"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
CONFIG = "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
EXTENSION = "urn:behorighetsvagen:scim:2.0:Right"


class ScimError(Schema):
    """RFC 7644 §3.12."""

    schemas: list[str]
    status: str
    detail: str = ""
    scimType: str | None = None


class ScimMeta(Schema):
    resourceType: str
    location: str


class ScimValue(Schema):
    """One value of several: an entitlement, a group of a person, a member of a group."""

    value: str
    display: str
    type: str


class ScimUser(Schema):
    """A person with rights. `userName`: the HSA-id. `entitlements`: ids of groups, each a right on a unit."""

    schemas: list[str]
    id: str
    userName: str
    displayName: str
    active: bool
    entitlements: list[ScimValue]
    groups: list[ScimValue]
    meta: ScimMeta


class ScimRight(Schema):
    """What right a group is. `protectedMembers`: how many more have it, whose data are protected."""

    service: str
    level: str
    unit: str
    unitName: str
    protectedMembers: int


class ScimGroup(Schema):
    """A right on a unit, and who has it."""

    schemas: list[str]
    id: str
    displayName: str
    members: list[ScimValue]
    right: Annotated[ScimRight, Field(alias=EXTENSION)]
    meta: ScimMeta


class ScimList(Schema):
    """RFC 7644 §3.4.2."""

    schemas: list[str]
    totalResults: int
    startIndex: int
    itemsPerPage: int


class ScimUsers(ScimList):
    Resources: list[ScimUser]


class ScimGroups(ScimList):
    Resources: list[ScimGroup]


class ScimConfig(Schema):
    """RFC 7643 §5."""

    schemas: list[str]
    documentationUri: str
    patch: dict[str, bool]
    bulk: dict[str, bool | int]
    filter: dict[str, bool | int]
    changePassword: dict[str, bool]
    sort: dict[str, bool]
    etag: dict[str, bool]
    authenticationSchemes: list[dict[str, str]]


def config(most: int) -> dict[str, Any]:
    no = {"supported": False}
    bearer = {"type": "oauthbearertoken", "name": "OAuth Bearer Token", "description": "RFC 6750"}
    return {
        "schemas": [CONFIG],
        "documentationUri": "https://datatracker.ietf.org/doc/html/rfc7644",
        **dict.fromkeys(("patch", "changePassword", "sort", "etag"), no),
        "bulk": no | {"maxOperations": 0, "maxPayloadSize": 0},
        "filter": {"supported": True, "maxResults": most},
        "authenticationSchemes": [bearer],
    }


def error(status: int, detail: str, kind: str | None) -> dict[str, Any]:
    body = {"schemas": [ERROR], "status": str(status), "detail": detail}
    return body | ({"scimType": kind} if kind else {})


def group_id(row: Grant) -> str:
    return f"{row.service}.{row.level}.{row.unit_hsa_id}"


def user(name: str, rights: Sequence[Grant], *, location: str) -> dict[str, Any]:
    """The person who has these."""
    held = [{"value": group_id(row), "display": row.unit_name, "type": row.service} for row in rights]
    return {
        "schemas": [USER],
        "id": name,
        "userName": rights[0].subject_hsa_id,
        "displayName": rights[0].subject_name,
        "active": True,
        "entitlements": held,
        "groups": [one | {"type": "direct"} for one in held],
        "meta": {"resourceType": "User", "location": location},
    }


def group(rows: Sequence[Grant], ids: Mapping[str, str], *, location: str) -> dict[str, Any]:
    """The right that these persons have. Whoever has no id there is only counted."""
    first = rows[0]
    named = [row for row in rows if row.subject_key in ids]
    members = [{"value": ids[row.subject_key], "display": row.subject_name, "type": "User"} for row in named]
    return {
        "schemas": [GROUP, EXTENSION],
        "id": group_id(first),
        "displayName": f"{first.service} {first.level} {first.unit_name}",
        "members": members,
        EXTENSION: {
            "service": first.service,
            "level": first.level,
            "unit": first.unit_hsa_id,
            "unitName": first.unit_name,
            "protectedMembers": len(rows) - len(named),
        },
        "meta": {"resourceType": "Group", "location": location},
    }
