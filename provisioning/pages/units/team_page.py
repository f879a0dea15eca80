"""The page of a unit's insurance-medicine team: who holds each task, who gets in, and what is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from provisioning import dates
from provisioning.audit import events
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import TeamMember, TeamTaskChoice, User
from provisioning.pages import words
from provisioning.pages.answers import acting_user, refusal
from provisioning.pages.fields import Day, ShortText, offer_days
from provisioning.pages.units import matrix, team_words
from provisioning.pages.units.matrix import LACKS, UNKNOWN, MatrixCell, MatrixRow
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import HsaId, Part, Reading, Unit, typed_id
from provisioning.rules.mandates import has_left
from provisioning.rules.team import NAMED, TeamNeeds, TeamTask
from provisioning.teams import name as teams_name
from provisioning.teams import needs

ENDED_SHOWN = 20


class NamingForm(forms.Form):
    """Who is named for which task, and when."""

    use_required_attribute = False  # the server says what is missing, in words

    task = forms.ChoiceField(
        label=gettext_lazy("Task"),
        widget=forms.RadioSelect,
        choices=[(task.value, TeamTaskChoice(task.value).label) for task in NAMED],
        error_messages={"required": gettext_lazy("Choose the task.")},
    )
    person = ShortText(
        label=gettext_lazy("The person's HSA-id"),
        help_text=gettext_lazy("Those who have a commission on the unit are suggested."),
        max_length=64,
        error_messages={"required": gettext_lazy("Write the person's HSA-id.")},
        widget=forms.TextInput(attrs={"list": "team-people", "autocomplete": "off"}),
    )
    starts_on = Day(label=gettext_lazy("First day"), missing=gettext_lazy("Write the first day."))
    ends_on = Day(label=gettext_lazy("Last day, if it is known"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        today = dates.today()
        offer_days(self, today, deadlines.latest_end(today), "ends_on")


@dataclass(frozen=True, slots=True)
class ShownMember:
    """One person and one task. `row`: the naming; None for the head, whom the directory names."""

    name: str
    hsa_id: str
    row: TeamMember | None
    cells: tuple[MatrixCell, ...]
    has_left: bool = False
    is_reader: bool = False


@dataclass(frozen=True, slots=True)
class ShownTask:
    """One task of the team, and who holds it."""

    heading: str
    members: tuple[ShownMember, ...]


@dataclass(frozen=True, slots=True)
class ShownTeam:
    """The whole team. `proposed`: what to order so that each of them gets in where they must."""

    tasks: tuple[ShownTask, ...]
    is_read: bool
    proposed: tuple[str, ...]

    @property
    def cells(self) -> list[MatrixCell]:
        return [cell for task in self.tasks for member in task.members for cell in member.cells]

    @property
    def all_get_in(self) -> bool:
        return all(cell.state not in (LACKS, UNKNOWN, matrix.UNDER_WAY) for cell in self.cells)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unit_team(request: HttpRequest, hsa_id: str) -> HttpResponse:
    """For whoever orders on the unit, and auditors. What is sent names somebody."""
    user = acting_user(request)
    unit_id = HsaId(hsa_id)
    mandates = current.for_display(user)
    may_name = teams_name.may_name(mandates, unit_id)
    if not (may_name or user.is_auditor):
        raise Http404
    if request.method != "POST":
        return _page(
            request, user, unit_id, NamingForm(initial={"starts_on": dates.today()}), may_name=may_name
        )
    if not may_name:
        raise Http404
    form = NamingForm(request.POST)
    if not form.is_valid():
        return _page(request, user, unit_id, form, may_name=True, status=400)
    data = form.cleaned_data
    try:
        row = teams_name.name(
            by=user,
            mandates=current.read(user.identity),
            unit_id=unit_id,
            task=TeamTask(data["task"]),
            person_id=typed_id(data["person"]),
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
        )
    except (NotAllowed, Invalid, DirectoryError) as exc:
        return _page(request, user, unit_id, form, may_name=True, status=refusal(form, exc))
    messages.success(request, _("Saved: %(task)s. Nobody has got a right by it.") % {"task": _label(row)})
    return redirect("unit_team", hsa_id=unit_id.text)


@never_cache
@require_POST
def end_team_task(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """End that somebody holds a task."""
    user = acting_user(request)
    row = TeamMember.objects.filter(public_id=public_id).first()
    if row is None or not teams_name.may_name(current.for_display(user), row.unit_id):
        raise Http404
    try:
        teams_name.end(public_id, by=user, mandates=current.read(user.identity))
    except (NotAllowed, DirectoryError, WrongState) as exc:
        messages.error(request, str(exc.user_message))
    else:
        messages.success(
            request,
            _("Ended: %(task)s. Rights that are not needed any more are ended under Rights.")
            % {"task": _label(row)},
        )
    return redirect("unit_team", hsa_id=row.unit_hsa_id)


def _label(row: TeamMember) -> str:
    return team_words.task_name(TeamTask(row.task))


def _page(
    request: HttpRequest, user: User, unit_id: HsaId, form: NamingForm, *, may_name: bool, status: int = 200
) -> HttpResponse:
    rows = TeamMember.objects.filter(unit_key=unit_id.folded)
    today = dates.today()
    holding = list(rows.not_over(today).order_by("starts_on", "pk"))
    unit, is_read = _unit(unit_id)
    if is_read and unit is None:
        raise Http404  # no such unit
    unit_name = unit.name if unit is not None else next((row.unit_name for row in holding), unit_id.text)
    head_id = unit.manager_id if unit is not None else None
    needed = needs.of_unit(unit_id, unit.kinds if unit is not None else ())
    team = _team(user, unit_id, needed, holding, head_id, may_order=may_name, is_read=is_read)
    events.record_look(by=user, places=[unit_id.folded])
    now = {TeamTask(row.task) for row in holding if row.starts_on <= today}
    coverage = needed.coverage(now)
    past = rows.exclude(pk__in=[row.pk for row in holding]).order_by("-pk")[:ENDED_SHOWN]
    context: dict[str, Any] = {
        "form": form,
        "unit_id": unit_id.text,
        "unit_name": unit_name or unit_id.text,
        "team": team,
        "tone": team_words.TONE_OF[coverage],
        "coverage": team_words.in_words(coverage, needed.missing(now)),
        "may_name": may_name,
        "people": matrix.named(user, unit_id) if may_name and is_read else [],
        "past": [(words.name_or_id(user, row), _label(row), row) for row in past],
        "today": today,
    }
    return render(request, "provisioning/units/team.html", context, status=status)


def _unit(unit_id: HsaId) -> tuple[Unit | None, bool]:
    """The unit, and whether the directory answered."""
    try:
        return open_directory().unit(unit_id), True
    except DirectoryError:
        return None, False


def _team(
    user: User,
    unit_id: HsaId,
    needed: TeamNeeds,
    holding: Sequence[TeamMember],
    head_id: HsaId | None,
    *,
    may_order: bool,
    is_read: bool,
) -> ShownTeam:
    ids = [*([head_id] if head_id else []), *(row.subject_id for row in holding)]
    found = matrix.of_persons(user, unit_id, ids, may_order=may_order) if ids else []
    by_id = {reading.person_id: (reading, row) for reading, row in found}
    tasks = []
    if head_id is not None:
        head = _member(user, needed, TeamTask.HEAD, *by_id[head_id], None)
        tasks.append(ShownTask(team_words.task_name(TeamTask.HEAD), (head,)))
    for task in NAMED:
        members = tuple(
            _member(user, needed, task, *by_id[row.subject_id], row)
            for row in holding
            if row.task == task.value
        )
        if members or task in needed.required():
            tasks.append(ShownTask(team_words.task_name(task), members))
    proposed = dict.fromkeys(
        cell.wanted for task in tasks for member in task.members for cell in member.cells if cell.wanted
    )
    return ShownTeam(tuple(tasks), is_read, tuple(proposed))


def _member(
    user: User, needed: TeamNeeds, task: TeamTask, reading: Reading, shown: MatrixRow, row: TeamMember | None
) -> ShownMember:
    wanted = needed.accesses.get(task, ())
    cells = tuple(
        cell for access, cell in zip(matrix.accesses(), shown.cells, strict=True) if access in wanted
    )
    is_gone = reading.is_readable(Part.PERSON) and has_left(reading.person, on=dates.today())
    is_hidden = row is not None and words.is_hidden(user, row)
    name = shown.name if reading.person is not None or row is None else words.name_or_id(user, row)
    return ShownMember(
        name,
        "" if is_hidden else shown.hsa_id,
        row,
        cells,
        has_left=is_gone,
        is_reader=reading.person_id.folded == user.hsa_key,
    )
