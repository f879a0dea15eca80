"""What usually stands in the way on a unit, in words: what, how often, who can fix it, and where last."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning import access
from provisioning.assessments.causes import explain
from provisioning.cases import obstacles
from provisioning.mandates.current import Mandates
from provisioning.models import User
from provisioning.rules.causes import Cause, Code
from provisioning.rules.hsa import HsaId
from provisioning.rules.sticking import Habit

Text = str | Promise

# What is no cause of the directory: the sentence, and who can fix it.
_OTHERS: Mapping[str, tuple[Text, Text]] = {
    obstacles.NO_ADMINISTRATOR: (
        gettext_lazy("No KIV administrator could carry out the order."),
        gettext_lazy("Ask whoever is responsible for KIV to name one more KIV administrator."),
    ),
    obstacles.UNANSWERED: (
        gettext_lazy("Nobody approved in time."),
        gettext_lazy("Delegate the approval to somebody who can stand in."),
    ),
    "kiv.not_mine": (
        gettext_lazy("The KIV administrator said that the unit is not theirs."),
        gettext_lazy("Ask whoever is responsible for KIV to see who administers the unit."),
    ),
    "kiv.commission_missing": (
        gettext_lazy("The KIV administrator said that the commission is missing."),
        gettext_lazy("The head of unit can have the commission created once."),
    ),
    "kiv.wrong_order": (
        gettext_lazy("The KIV administrator said that something wrong had been ordered."),
        gettext_lazy("Ask the KIV administrator what to order instead."),
    ),
    "kiv.other": (
        gettext_lazy("The KIV administrator could not carry it out for another reason."),
        gettext_lazy("Read the reasons in the latest orders."),
    ),
}


@dataclass(frozen=True, slots=True)
class StickingLine:
    """One thing that usually stands in the way. `cases`: address and number of the latest, where shown."""

    sentence: str
    often: str
    mended_by: str
    cases: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class StickingUnit:
    """A unit of the reader's with how many things to fix once, and where they are told."""

    name: str
    url: str
    more: int  # things beside the worst
    worst: StickingLine


def warnings(unit_keys: Collection[str]) -> dict[str, tuple[StickingLine, ...]]:
    """For whoever orders: what usually stands in the way on these units, without any case."""
    found = obstacles.habits_of(unit_keys)
    return {key: tuple(_line(habit) for habit in habits) for key, habits in found.items()}


def of_unit(viewer: User, unit_ids: Collection[HsaId]) -> list[StickingLine]:
    """For the head: the same of one unit with its sub-units, with the latest cases."""
    habits = [one for those in obstacles.habits_of(_keys(unit_ids)).values() for one in those]
    wanted = {public_id for habit in habits for public_id in habit.latest}
    rows = access.visible_requests(viewer).filter(public_id__in=wanted).select_related("order")
    numbers = {row.public_id: row.case_number for row in rows}
    return [_line(habit, numbers) for habit in habits]


def of_head(mandates: Mandates) -> list[StickingUnit]:
    """For the start page: the head's units where something usually stands in the way."""
    keys = {one.folded for unit in mandates.units for one in (unit.hsa_id, *unit.member_ids)}
    found = obstacles.habits_of(keys)
    units = []
    for unit in mandates.units:
        habits = [habit for one in (unit.hsa_id, *unit.member_ids) for habit in found.get(one.folded, ())]
        if habits:
            url = reverse("unit_people", args=[unit.hsa_id.text])
            units.append(StickingUnit(unit.name, url, len(habits) - 1, _line(habits[0])))
    return units


def _keys(unit_ids: Collection[HsaId]) -> set[str]:
    return {one.folded for one in unit_ids}


def _line(habit: Habit[UUID], numbers: Mapping[UUID, str] | None = None) -> StickingLine:
    if habit.code in _OTHERS:
        sentence, mended_by = map(str, _OTHERS[habit.code])
    else:
        explained = explain(Cause(Code(habit.code)))
        sentence, mended_by = explained.sentence, explained.mender
    often = _("In %(count)d of the latest %(all)d orders here.") % {"count": habit.count, "all": habit.out_of}
    shown = [one for one in habit.latest if one in (numbers or {})]
    cases = tuple((reverse("case", args=[one]), (numbers or {})[one]) for one in shown)
    return StickingLine(sentence, often, mended_by, cases)
