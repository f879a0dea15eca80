"""The KIV administrator's task in words: what to set and where, what it does, why it may be impossible."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning import dates
from provisioning.assessments.causes import explain_stored
from provisioning.cases import moved_entries
from provisioning.cases.evidence import SeenWanted
from provisioning.models import AccessRequest, User
from provisioning.orders.carry_out import CannotSet
from provisioning.pages import words
from provisioning.pages.words import CauseLine
from provisioning.rules import names
from provisioning.rules.assessment import outdated
from provisioning.rules.causes import Code
from provisioning.rules.dates import periods
from provisioning.rules.hsa import Answer, Attribute, Change, HsaId, Level, Service
from provisioning.rules.proof_in_hsa import is_in_place
from provisioning.rules.services import catalogue

Text = str | Promise

# Why it cannot be done, and what then happens: each reason has its own way on.
REASONS: Mapping[CannotSet, Text] = {
    CannotSet.NOT_MINE: gettext_lazy(
        "It is not mine to do. The other KIV administrators of the unit keep the task, and are reminded now."
    ),
    CannotSet.COMMISSION_MISSING: gettext_lazy(
        "The commission is missing or wrong. The orderer is asked how to go on: couple, wait or withdraw."
    ),
    CannotSet.WRONG_ORDER: gettext_lazy(
        "The order is wrong. The case ends, and the orderer reads why and can order again."
    ),
    CannotSet.OTHER: gettext_lazy(
        "Something else stands in the way. The case ends, and the orderer reads why."
    ),
}

# What the task itself says already, and what may be cleared away because no service can read it.
_PLAINLY_MISSING = frozenset({Code.ROLE_MISSING.value, Code.COMMISSION_MISSING.value})
_USELESS = frozenset({Code.ROLE_WRONG_CASE.value, Code.ROLE_BLANKS.value, Code.ROLE_MALFORMED.value})


@dataclass(frozen=True, slots=True)
class FactRow:
    """One value of the attribute, and whether it is there now (None: not read)."""

    value: str
    now: bool | None
    is_ordered: bool
    is_useless: bool  # a slip of the keyboard that no service reads
    is_replaced: bool = False  # the member whose last day moves


@dataclass(frozen=True, slots=True)
class ChangeCard:
    """One value to set: what, where, how, and what stands there now."""

    value: str
    attribute: str
    place: str
    dn: str
    earlier_dns: tuple[str, ...]  # where the entry stood before
    steps: tuple[str, ...]
    rows: tuple[FactRow, ...]
    is_in_place: bool
    moves_last_day: bool  # of a member who is there


@dataclass(frozen=True, slots=True)
class TaskCard:
    """One request as the KIV administrator meets it."""

    request: AccessRequest
    what: str
    unit: str
    effect: str
    facts: Sequence[tuple[Text, str]]
    warnings: tuple[CauseLine, ...]
    changes: tuple[ChangeCard, ...]
    instead: tuple[CauseLine, ...]
    is_in_place: bool
    was_reported: bool
    said_already: bool  # the answer was that somebody else had set it before
    over: tuple[CauseLine, ...] = ()  # why nothing is to be set any more
    is_outdated: bool = False
    is_doubtful: bool = False  # both rest on what is not seen right now

    @property
    def is_to_be_set(self) -> bool:
        return not self.over and not self.is_outdated


def exact_value(request: AccessRequest, change: Change) -> str:
    """The value as it is typed in KIV: a coupling with its dates, through the last day."""
    if change.attribute is Attribute.SYSTEM_ROLE:
        return change.value
    person, _semicolon, given = change.value.partition(";")
    if given.strip("; "):
        return change.value
    return f"{person};{periods.written(first_day_to_set(request), request.ends_on)}"


def first_day_to_set(request: AccessRequest) -> date:
    """The first day that is set: the ordered one, but none from before the task was there."""
    return min(max(request.starts_on, dates.today(request.state_since)), request.ends_on)


def _effect(request: AccessRequest) -> str:
    """What the person gets when the values are there."""
    level = catalogue.words(Service(request.service)).levels[Level(request.level)]
    return _(level.effect) % {"unit": request.unit_name}


def task_card(
    request: AccessRequest, changes: Collection[Change], seen: SeenWanted | None, *, name: str, viewer: User
) -> TaskCard:
    """The task in words. `seen` is what the directory shows now; None when it did not answer."""
    cards = tuple(
        _change_card(request, _now(change, seen), moved_entries.earlier(request, change.dn, seen), seen, name)
        for change in changes
    )
    found = seen.near_misses if seen else request.seen_instead.get("near_misses", [])
    misses = [details for details in found if details["code"] not in _PLAINLY_MISSING]
    return TaskCard(
        request=request,
        what=words.what(request),
        unit=request.unit_name,
        effect=_effect(request),
        facts=words.task_facts(viewer, request),
        warnings=tuple(
            _line(details, Answer.YES)
            for details in request.assessment.get("warning_details", [])
            if not details["code"].startswith("order.")  # those are for the one who orders
        ),
        changes=cards,
        instead=tuple(_line(miss, Answer.NO) for miss in misses),
        is_in_place=seen is not None and seen.is_in_place is Answer.YES,
        was_reported=bool(request.seen_instead),
        said_already=request.carried_out_how == "already_set",
        over=tuple(_line(details, Answer.NO) for details in _why_over(seen)),
        is_outdated=seen is not None and seen.is_outdated,
        is_doubtful=seen is not None and seen.is_doubtful,
    )


def _why_over(seen: SeenWanted | None) -> list[Mapping[str, str]]:
    """The causes by which the order is over, without those that a right value would mend."""
    verdict = seen.over if seen is not None and seen.over is not None else {}
    return [details for details in verdict.get("cause_details", []) if Code(details["code"]) in outdated.OVER]


def _now(change: Change, seen: SeenWanted | None) -> Change:
    """The change where its entry stands now."""
    return replace(change, dn=seen.moved.get(change.dn, change.dn)) if seen else change


def _change_card(
    request: AccessRequest, change: Change, earlier_dns: tuple[str, ...], seen: SeenWanted | None, name: str
) -> ChangeCard:
    values = seen.values.get((change.dn, change.attribute.value)) if seen else None
    found = list(dict.fromkeys(values or ()))
    useless = {miss["about"] for miss in (seen.near_misses if seen else ()) if miss["code"] in _USELESS}
    moves_last_day = _moves_last_day(change)
    rows = [
        FactRow(value, True, is_ordered=is_ordered, is_useless=value in useless, is_replaced=moves_last_day)
        for value in found
        for is_ordered in [_is_the_ordered(change, value, seen)]
    ]
    exact = exact_value(request, change)
    is_in_place = any(row.is_ordered for row in rows)
    if not is_in_place:
        rows.append(FactRow(exact, None if seen is None else False, is_ordered=True, is_useless=False))
    steps = (
        _role_steps(request, name)
        if change.attribute is Attribute.SYSTEM_ROLE
        else _coupling_steps(request, change, name)
    )
    return ChangeCard(
        value=exact,
        attribute=change.attribute.value,
        place=_place(change, name),
        dn=change.dn,
        earlier_dns=earlier_dns,
        steps=steps,
        rows=tuple(rows),
        is_in_place=is_in_place,
        moves_last_day=moves_last_day,
    )


def _moves_last_day(change: Change) -> bool:
    """Say whether a member is there already and only the last day is another: the change says its dates."""
    is_coupling = change.attribute is Attribute.COMMISSION_MEMBER
    return is_coupling and bool(change.value.partition(";")[2].strip("; "))


def _is_the_ordered(change: Change, value: str, seen: SeenWanted | None) -> bool:
    """A role to the letter; a coupling however its dates are written, while it holds."""
    at = seen.read_at if seen is not None else timezone.now()
    return is_in_place(change, [value], at=at) is Answer.YES


def _place(change: Change, name: str) -> str:
    return name if change.attribute is Attribute.SYSTEM_ROLE else commission_name(change)


def _role_steps(request: AccessRequest, name: str) -> tuple[str, ...]:
    return (
        _("Search for HSA-id %(id)s in KIV, and open the person: %(name)s.")
        % {"id": request.subject_id, "name": name},
        _("Paste the value on a new row in the field HSA system role. Change nothing in it."),
        _("Leave the other values as they are, and save."),
    )


def _coupling_steps(request: AccessRequest, change: Change, name: str) -> tuple[str, ...]:
    if _moves_last_day(change):
        add = _("Find the member %(name)s, HSA-id %(id)s, and move the last day to %(last)s or later.")
    else:
        add = _("Add %(name)s, HSA-id %(id)s, as a member, from %(first)s until %(last)s or later.")
    return (
        _("Open the commission %(commission)s in KIV.") % {"commission": commission_name(change)},
        add
        % {
            "name": name,
            "id": HsaId(change.value.split(";")[0]),
            "first": dates.in_words(first_day_to_set(request)),
            "last": dates.in_words(request.ends_on),
        },
        _("Leave the other members as they are, and save."),
    )


def commission_name(change: Change) -> str:
    pair = names.first_pair(change.dn)
    return pair[1] if pair else change.dn


def _line(details: Mapping[str, str], answer: Answer) -> CauseLine:
    """A cause in words, without who can mend it: the reader can, or nobody needs to."""
    return replace(words.cause_line(explain_stored(details), answer=answer.value), mended_by="")
