"""Who has which right on which unit, for the region's access catalogue: to be read, in the shapes of SCIM.

A group is a right on a unit, its members are those who have it; a user is a person with rights. All of them,
as no person is spoken for: the scope lets a system read them, and that it does is recorded. Of protected
persons only their number is told.
Source: RFC 7643 §4 (User, Group), RFC 7644 §3.4 (lists, filters), §3.12 (errors), §7.5.2 (ids in addresses).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Collection, Iterable, Mapping
from functools import reduce
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Min, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Field, Query, Router, Schema

from provisioning.api import scim_shapes
from provisioning.api.asking import asked
from provisioning.api.problems import CallProblem
from provisioning.api.scim_shapes import EXTENSION, ScimError
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.models import Grant
from provisioning.rules.hsa import Level, Service, typed_id
from provisioning.systems.keep import Scope

MOST = 100  # of one list; `count` may ask for fewer
_MOST_ROWS = 1_000_000_000
_FILTER = re.compile(r'\s*([\w:.$-]{1,120})\s+eq\s+"([^"\\]{0,200})"\s*', re.IGNORECASE)
_RIGHT = ("service", "level", "unit_key")
REFUSALS = frozenset({400, 401, 403, 404, 422, 429, 503})

router = Router(tags=["scim"], by_alias=True)


class ScimQuery(Schema):
    """RFC 7644 §3.4.2: one filter `attribute eq "value"`, and which part of the list."""

    filter: Annotated[str, Field(max_length=400)] = ""
    startIndex: int = 1
    count: int = MOST


class ScimSearch(ScimQuery):
    """RFC 7644 §3.4.3: the same in a body, where an HSA-id may stand."""

    schemas: list[str] = []


@router.get(
    "ServiceProviderConfig",
    url_name="scim_config",
    response={200: scim_shapes.ScimConfig, REFUSALS: ScimError},
)
def config(request: HttpRequest, response: HttpResponse) -> dict[str, Any]:
    """What of SCIM there is: reading and filters."""
    with asked(request, Scope.READ_CATALOGUE, None):
        return _scim(response, scim_shapes.config(MOST))


@router.get("Users", url_name="scim_users", response={200: scim_shapes.ScimUsers, REFUSALS: ScimError})
def users(request: HttpRequest, response: HttpResponse, wanted: Query[ScimQuery]) -> dict[str, Any]:
    """Persons with rights. Filters: `id`, `entitlements.value`; `userName` only with POST Users/.search."""
    with asked(request, Scope.READ_CATALOGUE, None, wanted.filter):
        if _filter(wanted.filter)[0] == "username":
            message = _("HSA-ids of persons do not belong in an address. Send it to Users/.search.")
            raise CallProblem(403, "sensitive", message)
        return _scim(response, _users(wanted))


@router.post(
    "Users/.search", url_name="scim_search", response={200: scim_shapes.ScimUsers, REFUSALS: ScimError}
)
def search(request: HttpRequest, response: HttpResponse, wanted: ScimSearch) -> dict[str, Any]:
    """The same; `userName eq "…"` finds a person by HSA-id."""
    with asked(request, Scope.READ_CATALOGUE, None, wanted.model_dump()):
        return _scim(response, _users(wanted))


@router.get(
    "Users/{uuid:user_id}",
    url_name="scim_user",
    response={200: scim_shapes.ScimUser, REFUSALS: ScimError},
)
def user(request: HttpRequest, response: HttpResponse, user_id: UUID) -> dict[str, Any]:
    """One of them."""
    with asked(request, Scope.READ_CATALOGUE, None):
        rows = _persons().filter(**_by_id(str(user_id)))
        found = _shown_users(rows.values_list("subject_key", flat=True)[:1])
        if not found:
            raise Http404
        return _scim(response, found[0])


@router.get("Groups", url_name="scim_groups", response={200: scim_shapes.ScimGroups, REFUSALS: ScimError})
def groups(request: HttpRequest, response: HttpResponse, wanted: Query[ScimQuery]) -> dict[str, Any]:
    """Rights on units, each with those who have it. Filters: `id`, `unit`, `service`, `level`."""
    with asked(request, Scope.READ_CATALOGUE, None, wanted.filter):
        name, value = _filter(wanted.filter)
        allowed = {"id": _of_group, "unit": _of_unit, "service": _of_service, "level": _of_level}
        rows = Grant.objects.living()
        if name:
            if name not in allowed:
                raise _unknown_filter(allowed)
            rows = rows.filter(**allowed[name](value))
        keys = rows.values_list(*_RIGHT).order_by(*_RIGHT).distinct()
        total, part = _part(keys, wanted)
        _record(wanted, "groups", total)
        return _scim(response, _list(total, wanted, _shown_groups(part)))


@router.get(
    "Groups/{str:group_id}",
    url_name="scim_group",
    response={200: scim_shapes.ScimGroup, REFUSALS: ScimError},
)
def group(request: HttpRequest, response: HttpResponse, group_id: str) -> dict[str, Any]:
    """One of them."""
    with asked(request, Scope.READ_CATALOGUE, None, group_id):
        rows = Grant.objects.living().filter(**_of_group(group_id))
        found = _shown_groups(rows.values_list(*_RIGHT)[:1])
        if not found:
            raise Http404
        return _scim(response, found[0])


def _scim(response: HttpResponse, body: dict[str, Any]) -> dict[str, Any]:
    response["Content-Type"] = scim_shapes.CONTENT_TYPE
    return body


def _filter(text: str) -> tuple[str, str]:
    """The attribute, without regard to case, and the value. Raises CallProblem for anything but one `eq`."""
    if not text.strip():
        return "", ""
    found = _FILTER.fullmatch(text)
    if found is None:
        raise CallProblem(400, "invalidFilter", _('Only one filter is understood: attribute eq "value".'))
    return found[1].lower().removeprefix(f"{EXTENSION}:".lower()), found[2]


def _unknown_filter(allowed: Iterable[str]) -> CallProblem:
    names = ", ".join(allowed)
    return CallProblem(400, "invalidFilter", _("Filter by one of these: %(names)s.") % {"names": names})


def _users(wanted: ScimQuery) -> dict[str, Any]:
    name, value = _filter(wanted.filter)
    rows = _persons()
    if name:
        allowed = {"id": _by_id, "username": _by_name, "entitlements.value": _of_group}
        if name not in allowed:
            raise _unknown_filter(("id", "userName", "entitlements.value"))
        rows = rows.filter(**allowed[name](value))
    keys = rows.values_list("subject_key", flat=True).order_by("subject_key").distinct()
    total, part = _part(keys, wanted)
    _record(wanted, "users", total)
    return _list(total, wanted, _shown_users(part))


def _persons() -> QuerySet[Grant]:
    """The living rights of everybody whose data are not protected on any of them."""
    living = Grant.objects.living()
    protected = living.filter(subject_is_protected=True).values("subject_key")
    return living.filter(subject_is_protected=False).exclude(subject_key__in=protected)


def _by_id(value: str) -> dict[str, Any]:
    try:
        first = Grant.objects.filter(public_id=UUID(value)).first()
    except ValueError:
        first = None
    is_id = first is not None and _ids([first.subject_key]).get(first.subject_key) == str(first.public_id)
    return {"subject_key": first.subject_key} if first is not None and is_id else {"pk": None}


def _by_name(value: str) -> dict[str, Any]:
    return {"subject_key": typed_id(value).folded}


def _of_unit(value: str) -> dict[str, Any]:
    return {"unit_key": typed_id(value).folded}


def _of_service(value: str) -> dict[str, Any]:
    return {"service": value}


def _of_level(value: str) -> dict[str, Any]:
    return {"level": value}


def _of_group(value: str) -> dict[str, Any]:
    service, _dot, rest = value.partition(".")
    level, _dot, unit = rest.partition(".")
    if service not in set(Service) or level not in set(Level):
        return {"pk": None}
    return {"service": service, "level": level} | _of_unit(unit)


def _part(keys: QuerySet[Any, Any], wanted: ScimQuery) -> tuple[int, list[Any]]:
    """How many there are, and those asked for. Numbers out of range are brought into it (§3.4.2.4)."""
    first = min(max(wanted.startIndex, 1), _MOST_ROWS) - 1
    return keys.count(), list(keys[first : first + min(max(wanted.count, 0), MOST)])


def _list(total: int, wanted: ScimQuery, found: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "schemas": [scim_shapes.LIST],
        "totalResults": total,
        "startIndex": max(wanted.startIndex, 1),
        "itemsPerPage": len(found),
        "Resources": found,
    }


@transaction.atomic
def _record(wanted: ScimQuery, what: str, total: int) -> None:
    """That the list was read, once for all its parts; the system's name is added."""
    if wanted.startIndex <= 1:
        events.record(Action.CATALOGUE_READ, actor=None, of=what, count=total)


def _ids(keys: Collection[str]) -> Mapping[str, str]:
    """What persons are called in addresses: the id of the oldest right of theirs that is kept."""
    oldest = (
        Grant.objects.filter(subject_key__in=keys).order_by().values("subject_key").annotate(at=Min("pk"))
    )
    rows = Grant.objects.filter(pk__in=[one["at"] for one in oldest])
    return {key: str(public_id) for key, public_id in rows.values_list("subject_key", "public_id")}


def _shown_users(keys: Iterable[str]) -> list[dict[str, Any]]:
    wanted = list(keys)
    ids = _ids(wanted)
    rights: dict[str, list[Grant]] = {}
    for row in Grant.objects.living().filter(subject_key__in=wanted).order_by(*_RIGHT):
        rights.setdefault(row.subject_key, []).append(row)
    return [
        scim_shapes.user(ids[key], rights[key], location=_location("Users", ids[key]))
        for key in wanted
        if key in rights
    ]


def _shown_groups(keys: Iterable[tuple[str, str, str]]) -> list[dict[str, Any]]:
    wanted = list(keys)
    if not wanted:
        return []
    one_of = reduce(operator.or_, (Q(**dict(zip(_RIGHT, key, strict=True))) for key in wanted))
    rows: dict[tuple[str, str, str], list[Grant]] = {}
    for row in Grant.objects.living().filter(one_of).order_by("subject_key"):
        rows.setdefault((row.service, row.level, row.unit_key), []).append(row)
    keys_named = {row.subject_key for found in rows.values() for row in found}
    named = set(_persons().filter(subject_key__in=keys_named).values_list("subject_key", flat=True))
    ids = _ids(named)
    return [
        scim_shapes.group(found, ids, location=_location("Groups", scim_shapes.group_id(found[0])))
        for found in (rows[key] for key in wanted if key in rows)
    ]


def _location(kind: str, name: str) -> str:
    return f"{settings.SITE_URL}/api/v1/scim/v2/{kind}/{name}"
