"""The figures in words: one table of each, which the page shows beside its plot and the CSV holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, F, Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning import access
from provisioning.access import FigureScope
from provisioning.audit.events import Action
from provisioning.figures import reading, spread
from provisioning.figures.counting import Counts
from provisioning.figures.reading import Period
from provisioning.models import ReviewState, StateChoice
from provisioning.pages import words
from provisioning.pages.figures import plots
from provisioning.pages.findings.words import sentence as finding_sentence
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.states.steps import OrderStep

Text = str | Promise

GOAL = timedelta(days=7)  # “within a week”: what the region has said
MOST_CAUSES = 8

STEPS: Mapping[OrderStep, Text] = {
    OrderStep.ATTESTATION: gettext_lazy("Approval"),
    OrderStep.SECOND_ATTESTATION: gettext_lazy("Second approval"),
    OrderStep.CHECK: gettext_lazy("Check of the commission"),
    OrderStep.KIV: gettext_lazy("In KIV"),
    OrderStep.VERIFICATION: gettext_lazy("Check of the log-in"),
}
CAUSES: Mapping[str, Text] = {
    Action.CHOICE_NEEDED.value: gettext_lazy("Commission missing"),
    Action.NOT_SEEN.value: gettext_lazy("Reported done, not seen in KIV"),
    Action.OUTDATED.value: gettext_lazy("Unit changed meanwhile"),
    Action.PASSED_ON.value: gettext_lazy("Passed on"),
    Action.VERIFICATION_FAILED.value: gettext_lazy("Log-in did not work"),
}


@dataclass(frozen=True, slots=True)
class Table:
    """One subject: its plot, where there is one, and its rows."""

    key: str
    heading: str
    lead: str
    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    plot: str = ""


def tables(scope: FigureScope, period: Period, *, first: date, service: str) -> list[Table]:
    """Every table of the page, in its order."""
    found = [
        _lead_time(period),
        _steps(period.total),
        _open(scope, service),
        _right_at_once(period.total),
        _removals(period.total),
        _reviews(scope, first, service),
        _findings(scope, service),
    ]
    return [one for one in found if one is not None]


def _lead_time(period: Period) -> Table:
    rows, middles, ninths, labels = [], [], [], []
    for monday, counts in period.weeks.items():
        middle, ninth = (reading.length(counts, "lead", share) for share in (0.5, 0.9))
        label = _("w. %(week)d") % {"week": monday.isocalendar().week}
        labels.append(label)
        middles.append(_days(middle))
        ninths.append(_days(ninth))
        rows.append((monday.isoformat(), str(counts["done"]), _said(middle), _said(ninth)))
    total = period.total
    held = spread.within(reading.slots(total, "lead"), GOAL)
    lead = _(
        "Orders that led to a working login: %(count)d. Within a week: %(held)d. "
        "Half took at most: %(middle)s."
    ) % {
        "count": total["done"],
        "held": held,
        "middle": _said(reading.length(total, "lead", 0.5)),
    }
    title = _("From order to working login")
    plot = plots.lines(
        "lead",
        title,
        _("Days by week: the lower line is the median, the upper one 90 %. The table holds the same."),
        labels,
        [plots.Curve(_("Median"), tuple(middles)), plots.Curve("90 %", tuple(ninths))],
        goal=GOAL.days,
        goal_label=_("goal: within a week"),
    )
    return Table("lead", title, lead, (_("Week from"), _("Done"), _("Median"), "90 %"), tuple(rows), plot)


def _steps(total: Counts) -> Table:
    rows, shown = [], []
    for step, label in STEPS.items():
        count = sum(reading.slots(total, step.name).values())
        middle, ninth = (reading.length(total, step.name, share) for share in (0.5, 0.9))
        if count:
            rows.append((str(label), str(count), _said(middle), _said(ninth)))
            shown.append((str(label), _days(middle) or 0.0, _said(middle)))
    title = _("Time in each step")
    plot = plots.bars("steps", title, _("The median of each step."), shown) if shown else ""
    return Table("steps", title, "", (_("Step"), _("Orders"), _("Median"), "90 %"), tuple(rows), plot)


def _open(scope: FigureScope, service: str) -> Table:
    now = timezone.now()
    rows = access.open_in(scope)
    if service:
        rows = rows.filter(service=service)
    week, month = now - timedelta(days=7), now - timedelta(days=30)
    counted = (
        rows.order_by()
        .values("state")
        .annotate(
            new=Count("pk", filter=Q(order__created_at__gt=week)),
            older=Count("pk", filter=Q(order__created_at__lte=week, order__created_at__gt=month)),
            oldest=Count("pk", filter=Q(order__created_at__lte=month)),
        )
        .order_by("state")
    )
    labels = dict(StateChoice.choices)
    lines = tuple(
        (str(labels[row["state"]]), str(row["new"]), str(row["older"]), str(row["oldest"])) for row in counted
    )
    headings = (_("Step"), _("Under a week"), _("A week to a month"), _("Over a month"))
    return Table("open", _("Open orders by step and age"), _("As it is now."), headings, lines)


def _right_at_once(total: Counts) -> Table:
    decided = total["done"] + total["vain"]
    lead = ""
    if decided:
        lead = _("Right at once: %(right)d of %(count)d (%(share)d %%).") % {
            "right": total["right"],
            "count": decided,
            "share": round(100 * total["right"] / decided),
        }
    states = dict(StateChoice.choices)
    found = [
        (str(CAUSES.get(code) or states.get(code, code)), count)
        for code, count in reading.causes(total)[:MOST_CAUSES]
    ]
    title = _("Right at once, and what hindered")
    description = _("How many orders each cause hindered.")
    plot = plots.bars("causes", title, description, [(*one, str(one[1])) for one in found]) if found else ""
    rows = tuple((label, str(count)) for label, count in found)
    return Table("causes", title, lead, (_("Cause"), _("Orders")), rows, plot)


def _removals(total: Counts) -> Table:
    slots = reading.slots(total, "removal")
    rows = []
    for days in (1, 3, 7, 30):
        count = spread.within(slots, timedelta(days=days))
        label = _("within a day") if days == 1 else _("within %(days)d days") % {"days": days}
        rows.append((label, str(count)))
    rows.append((_("all"), str(sum(slots.values()))))
    return Table("removals", _("Removals proven"), "", (_("From its start"), _("Removals")), tuple(rows))


def _reviews(scope: FigureScope, first: date, service: str) -> Table | None:
    rows = access.reviews_in(scope)
    if rows is None:
        return None
    if service:
        rows = rows.filter(service__in=("", service))
    counted = rows.filter(closed_at__date__gte=first, state=ReviewState.CLOSED).aggregate(
        held=Count("pk", filter=Q(closed_at__date__lte=F("due_on"))),
        late=Count("pk", filter=Q(closed_at__date__gt=F("due_on"))),
    )
    lines = ((_("in time"), str(counted["held"])), (_("late"), str(counted["late"])))
    return Table("reviews", _("Reviews finished"), "", (_("When"), _("Reviews")), lines)


def _findings(scope: FigureScope, service: str) -> Table:
    rows = access.findings_in(scope)
    if service:
        rows = rows.filter(service=service)
    counted = rows.order_by().values("kind").annotate(count=Count("pk")).order_by("-count", "kind")
    lines = tuple((finding_sentence(DriftKind(row["kind"])), str(row["count"])) for row in counted)
    return Table(
        "findings", _("Differences to resolve"), _("As it is now."), (_("Kind"), _("Differences")), lines
    )


def _said(length: timedelta | None) -> str:
    return "–" if length is None else words.length(length)


def _days(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds() / 86_400
