"""How far the teams of many units have come: the areas, the care providers' units, and a silent directory."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import caches
from django.utils import timezone

from provisioning.directory import Directory
from provisioning.errors import DirectoryUnavailable
from provisioning.rules.hsa import HsaId
from provisioning.rules.team import Coverage, TeamTask
from provisioning.teams import coverage
from provisioning.teams.coverage import CareUnit
from tests import cast

DOCTOR, COORDINATOR = TeamTask.DOCTOR, TeamTask.COORDINATOR
NORTH = "ou=Norr,o=Regionen"


def unit(number: int, above: str = NORTH, **changed: Any) -> CareUnit:
    return CareUnit(
        HsaId(f"SE0000000000-T{number}"), f"Enhet {number}", f"ou=Enhet {number},{above}", **changed
    )


def test_units_are_counted_by_what_stands_above_them(settings):
    settings.TEAM_COORDINATOR_UNITS = ()
    units = [unit(1), unit(2, "OU=norr, O=Regionen"), unit(3), unit(4, "ou=Syd,o=Regionen"), unit(5, "")]
    held = {"se0000000000-t1": {DOCTOR, COORDINATOR}, "se0000000000-t2": {DOCTOR}}
    held = {HsaId(text).folded: tasks for text, tasks in held.items()}
    areas = coverage.by_area(coverage.covered(units, held))
    counted = {one.name.casefold(): (one.complete, one.incomplete, one.nobody, one.total) for one in areas}
    assert counted == {"": (0, 0, 1, 1), "norr": (1, 1, 1, 3), "syd": (0, 0, 1, 1)}


def test_a_setting_says_which_units_must_have_a_coordinator(settings):
    settings.TEAM_COORDINATOR_UNITS = (unit(1).hsa_id.text,)
    held = {unit(number).hsa_id.folded: {DOCTOR} for number in (1, 2)}
    rows = coverage.covered([unit(1), unit(2)], held)
    assert [row.coverage for row in rows] == [Coverage.INCOMPLETE, Coverage.COMPLETE]
    assert [row.missing for row in rows] == [(COORDINATOR,), ()]


def test_a_setting_says_which_kinds_of_unit_must_have_one(settings):
    settings.TEAM_COORDINATOR_UNITS = (unit(3).hsa_id.text,)
    settings.TEAM_COORDINATOR_KINDS = ("1500", "aB7")
    units = [
        replace(unit(1), kinds=("1200", "1500")),
        replace(unit(2), kinds=(" Ab7 ",)),
        unit(3),
        replace(unit(4), kinds=("150", "15000")),
        unit(5),
    ]
    rows = coverage.covered(units, {})
    assert [COORDINATOR in row.missing for row in rows] == [True, True, True, False, False]


def test_a_providers_units_name_it_or_stand_below_it():
    own, other = HsaId("SE0000000000-OWN"), HsaId("SE0000000000-OTHER")
    units = [unit(1, provider_id=own), unit(2), unit(3, provider_id=other), unit(4, "o=Annan")]
    found = coverage.of_providers(units, {own}, ["OU=norr,O=Regionen"])
    assert [one.name for one in found] == ["Enhet 1", "Enhet 2"]
    assert not coverage.of_providers(units, set(), [])


@pytest.mark.django_db
def test_a_silent_directory_leaves_what_was_read_before(directory, monkeypatch):
    caches["default"].clear()
    first = coverage.care_units()
    kinds = {one.hsa_id: one.kinds for one in first.units}
    assert first.is_read and kinds[cast.BJORKHAGA] == ("1500",)

    def is_silent(_self: Directory) -> None:
        raise DirectoryUnavailable

    monkeypatch.setattr(Directory, "care_units", is_silent)
    assert coverage.care_units() == first  # asked of nobody within some minutes
    later = timezone.now() + coverage.FRESH_FOR + timedelta(minutes=1)
    monkeypatch.setattr(timezone, "now", lambda: later)
    kept = coverage.care_units()
    assert (kept.units, kept.read_at, kept.is_read) == (first.units, first.read_at, False)
    caches["default"].clear()
    assert coverage.care_units().units == ()  # nobody has been named anywhere either
