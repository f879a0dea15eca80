"""How we assess: each service's own login rule in words, where it was read, and what each level takes."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.services import catalogue
from provisioning.rules.services.entitlement import Entitlement, Subject


@dataclass(frozen=True, slots=True)
class LevelRow:
    """What one level takes. `role` is the value of the system role with a blank for the HSA-id."""

    name: str
    purpose: str
    role: str
    who_attests: str


@dataclass(frozen=True, slots=True)
class ServiceTable:
    """One service: its rule, its source and its levels."""

    name: str
    rules: tuple[str, ...]
    source: str
    levels: tuple[LevelRow, ...]


@require_safe
def how_we_assess(request: HttpRequest) -> HttpResponse:
    """The rules of the services that are offered, for everybody who is logged in."""
    return render(request, "provisioning/services.html", {"services": tables()})


def tables() -> tuple[ServiceTable, ...]:
    """Every service that is offered, in the language that is active."""
    return tuple(_table(catalogue.entitlement(Service(name))) for name in settings.SERVICES)


def _table(entitled: Entitlement) -> ServiceTable:
    source = entitled.source
    where = _("Read in %(address)s, version %(version)s, published %(published)s.") % {
        "address": source.address, "version": source.version, "published": source.published,
    }  # fmt: skip
    return ServiceTable(
        name=entitled.words.name,
        rules=tuple(_(rule) for rule in entitled.words.rules),
        source=f"{where} ({source.commit})" if source.commit else where,
        levels=tuple(_level(entitled, level) for level in entitled.levels),
    )


def _level(entitled: Entitlement, level: Level) -> LevelRow:
    is_whole_provider = level is Level.PROVIDER
    return LevelRow(
        name=_(entitled.words.levels[level].name),
        purpose=_("None is needed") if is_whole_provider else entitled.purpose,
        role=_role(entitled, level),
        who_attests=_("The head of unit, and whoever is responsible for the care provider")
        if is_whole_provider
        else _("The head of unit"),
    )


def _role(entitled: Entitlement, level: Level) -> str:
    if not catalogue.needs_role(entitled.service, level, is_doctor=True):
        return _("None is needed")
    is_provider = entitled.role_subject is Subject.PROVIDER
    blank = _("the care provider's HSA-id") if is_provider else _("the care unit's HSA-id")
    return catalogue.wanted_role(entitled.service, level, HsaId(f"<{blank}>")) or _("None is needed")
