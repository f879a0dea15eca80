"""Findings in words: what does not agree, whose it is, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.assessments import causes
from provisioning.models import Finding, User
from provisioning.pages import words
from provisioning.rules.causes import Code
from provisioning.rules.drift.differences import (
    LEAVER_KINDS,
    ORDERING,
    VALUE_KINDS,
    DriftKind,
    NextStep,
    Owner,
)
from provisioning.rules.hsa import Level

Text = str | Promise

_OWN: Mapping[DriftKind, Text] = {
    DriftKind.COMMISSION_MOVED: _(
        "The person's commission is on another unit now. The access here goes to removal."
    ),
    DriftKind.COMMISSION_MISSING: _(
        "The person is not in a commission with the right purpose on this unit any more."
    ),
    DriftKind.ROLE_MISSING: _("The right is lost: its system role is not in the directory any more."),
    DriftKind.SUB_UNIT_MOVED: _(
        "The sub-unit that the access was ordered for does not belong to this care unit any more."
    ),
    DriftKind.BECAME_DOCTOR: _(
        "The person has become a doctor since the access was given, and has other access by that."
    ),
    DriftKind.NO_LONGER_DOCTOR: _(
        "The person is no longer a doctor in the directory, and the access rested on it."
    ),
    DriftKind.ROLE_OUTSIDE: _("There is a system role that works, but nobody has approved it here."),
}

_LOST = _(
    "The person cannot use the access. It stands until its last day, and works again if the directory "
    "is changed back."
)
_USELESS = _(
    "The role stays in the directory and gives nothing. If somebody fixes it, the person gets "
    "access that nobody has approved."
)
_LEAVING = _("The removal goes on by itself, and is over when the directory shows that the access is gone.")
# What happens if nothing is done; what is not named here is a right that does not work.
_IF_NOTHING: Mapping[DriftKind, Text] = (
    dict.fromkeys(LEAVER_KINDS, _LEAVING)
    | dict.fromkeys(VALUE_KINDS, _USELESS)
    | {
        DriftKind.SUB_UNIT_MOVED: _(
            "The person keeps the access to the care unit, and cannot see the sub-unit."
        ),
        DriftKind.BECAME_DOCTOR: _("The person keeps the access as it is, and the difference stays here."),
        DriftKind.ROLE_OUTSIDE: _(
            "The person goes on using access that nobody has answered for, and that has no last day."
        ),
        DriftKind.ROLE_WITHOUT_COMMISSION: _(
            "The role gives nothing today, but begins to count the day somebody adds a commission."
        ),
        DriftKind.ROLE_UNIT_IN_STATISTIK: _(
            "The role gives nothing, and may stop the person's whole log-in."
        ),
    }
)

OWNERS: Mapping[Owner, Text] = {
    Owner.HEAD_OF_UNIT: _("The head of unit resolves it."),
    Owner.KIV_ADMINISTRATOR: _("The KIV administrator or the head of unit resolves it."),
    Owner.OPERATORS: _("Those who run this tool resolve it."),
}

# Where the owner cannot: there is none, or it is about that very person.
PASSED_TO: Mapping[str, Text] = {
    Finding.PassedTo.ABOVE.value: _(
        "The next head of unit up resolves it: the unit has no head, or it is about the head."
    ),
    Finding.PassedTo.OPERATORS.value: _(
        "Those who run this tool look at it: the directory names nobody else who may resolve it."
    ),
}

STEPS: Mapping[NextStep, Text] = {
    NextStep.ADOPT: _(
        "Approve it: the person needs this access. It becomes an order, and then a right with a last day."
    ),
    NextStep.ORDER_AGAIN: _("Order it again: the person still needs this access."),
    NextStep.REMOVE: _(
        "Take it away: the KIV administrator gets a task, and the directory proves that it is gone."
    ),
    NextStep.RECONSIDER: _("Take it up again: the explanation does not hold. Then you can resolve it anew."),
    NextStep.EXPLAIN: _("Explain it: it is as it should be. It comes back if something changes."),
}

_PROCESS_LEADER = _(
    "A head of unit at the care provider orders it. Whoever is responsible for the care "
    "provider in KIV approves it, too."
)

_TONES = {
    Finding.State.OPEN.value: "warning",
    Finding.State.SETTLING.value: "info",
    Finding.State.EXPLAINED.value: "success",
    Finding.State.OVER.value: "success",
}


def sentence(kind: DriftKind) -> str:
    """What does not agree, as a sentence."""
    own = _OWN.get(kind)
    return str(own if own is not None else causes.SENTENCES[Code(kind.value)])


def if_nothing(kind: DriftKind) -> str:
    """What happens if nobody does anything, as a sentence."""
    return str(_IF_NOTHING.get(kind, _LOST))


@dataclass(frozen=True, slots=True)
class FindingLine:
    """One finding in a list: a protected person's name never stands in one."""

    sentence: str
    person: str
    service: str
    unit: str
    owner: str
    found_on: str
    tone: str
    state: str
    url: str


def line(viewer: User, row: Finding) -> FindingLine:
    return FindingLine(
        sentence=sentence(row.what),
        person=words.name_or_id(viewer, row),
        service=words.service_name(row.service),
        unit=row.unit_name or row.unit_hsa_id,
        owner=who_resolves(row),
        found_on=dates.in_words(dates.today(row.found_at)),
        tone=_TONES[row.state],
        state=str(row.get_state_display()),
        url=reverse("finding", args=[row.public_id]),
    )


def who_resolves(row: Finding) -> str:
    """The kind of person who has it."""
    return str(PASSED_TO.get(row.passed_to) or OWNERS[row.whose])


def facts(viewer: User, row: Finding) -> list[tuple[Text, str]]:
    """What the page of one finding says of it."""
    shown = line(viewer, row)
    found: list[tuple[Text, str]] = [
        (_("Person"), shown.person),
        (_("Service"), f"{shown.service}, {row.get_level_display()}"),
        (_("Unit"), words.ExactText(row.unit_hsa_id, shown.unit)),
        (_("Since"), shown.found_on),
        (_("Who resolves it"), shown.owner),
    ]
    if row.value:
        found.append((_("In the directory"), words.ExactText(row.value)))
    if row.expected:
        found.append((_("Belongs there"), words.ExactText(row.expected)))
    if row.request is not None:
        found.append((_("Ordered by case"), row.request.order.case_number or ""))
    if row.removal is not None:
        found.append((_("Removed by case"), row.removal.case_number or ""))
    if row.explanation:
        is_shown = not row.subject_is_protected or row.settled_by == viewer
        found.append((_("Explanation"), row.explanation if is_shown else str(words.NOT_SHOWN)))
    if row.level == Level.PROVIDER.value and ORDERING.intersection(row.steps):
        found.append((_("If the access is needed"), str(_PROCESS_LEADER)))
    if row.state == Finding.State.OPEN:
        found.append((_("If nothing is done"), if_nothing(row.what)))
    return found
