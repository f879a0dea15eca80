"""Rights and removals in words: lines of lists, facts, what comes next, and the removal task."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning import access, dates
from provisioning.cases import moved_entries
from provisioning.cases.evidence import SeenUnwanted
from provisioning.models import AboutOneRight, Grant, Removal, User
from provisioning.orders import prolong
from provisioning.pages import stalls
from provisioning.pages import words as pages_words
from provisioning.pages.words import CaseLine
from provisioning.removals import moves, take_back
from provisioning.rights import find
from provisioning.rules import names
from provisioning.rules.hsa import Answer, Attribute, HsaId
from provisioning.rules.removal import StoredValue
from provisioning.rules.states.right import GrantState, RemovalState

Text = str | Promise

GRANT_TONE: Mapping[GrantState, str] = {
    GrantState.ACTIVE: "success",
    GrantState.ENDING: "warning",
    GrantState.ENDED: "neutral",
}
REMOVAL_TONE: Mapping[RemovalState, str] = {
    RemovalState.LOOKING: "info",
    RemovalState.AWAITING_KIV: "waiting",
    RemovalState.VERIFYING: "info",
    RemovalState.AWAITING_HSA: "waiting",
    RemovalState.DONE: "success",
    RemovalState.NOT_NEEDED: "neutral",
    RemovalState.WITHDRAWN: "neutral",
    RemovalState.CANNOT_BE_DONE: "error",
}
NEXT_STEP: Mapping[RemovalState, Text] = {
    RemovalState.LOOKING: gettext_lazy("The directory is being read. This usually takes a few seconds."),
    RemovalState.AWAITING_KIV: gettext_lazy(
        "The KIV administrator removes the value in KIV. The case sees that it is gone and goes on."
    ),
    RemovalState.VERIFYING: gettext_lazy("The directory is read once more, to prove that nothing is left."),
    RemovalState.AWAITING_HSA: gettext_lazy(
        "It is gone from KIV. The case ends by itself when HSA does not hold it either; until then the "
        "log-in can still work."
    ),
    RemovalState.DONE: gettext_lazy("Nothing more. If the access is needed again, it is ordered anew."),
    RemovalState.NOT_NEEDED: gettext_lazy("Nothing more. The history below says why nothing was removed."),
    RemovalState.WITHDRAWN: gettext_lazy("Nothing more. The right goes on until its last day."),
    RemovalState.CANNOT_BE_DONE: gettext_lazy(
        "The value still stands in the directory. The removal is tried again by itself after some days."
    ),
}
# Of a value that belongs to no right known here: there is none that goes on, and nothing is begun by itself.
NEXT_STEP_OF_LOOSE: Mapping[RemovalState, Text] = {
    RemovalState.WITHDRAWN: gettext_lazy(
        "Nothing more in this case. The value stays in the directory, and those who resolve what "
        "differs are told at the next comparison."
    ),
    RemovalState.CANNOT_BE_DONE: gettext_lazy(
        "The value still stands in the directory. Those who resolve what differs are told at the "
        "next comparison."
    ),
}
# How the directory and the right agree.
NOW: Mapping[Answer, tuple[str, Text]] = {
    Answer.YES: ("success", gettext_lazy("In the directory")),
    Answer.NO: ("warning", gettext_lazy("Not in the directory")),
    Answer.UNKNOWN: ("unknown", gettext_lazy("Not known: the directory did not answer")),
}


@dataclass(frozen=True, slots=True)
class GrantLine:
    """A right as one line of a list."""

    url: str
    subject: str
    what: str
    unit: str
    ends: str
    tone: str
    state: str
    now_tone: str
    now: str
    is_let_end: bool
    prolong_url: str
    asks: bool  # the holder asks for it: somebody else approves


@dataclass(frozen=True, slots=True)
class ToRemove:
    """One value to remove, as the KIV administrator meets it."""

    value: str
    attribute: str
    place: str  # the person, or the commission
    dn: str
    earlier_dns: tuple[str, ...]  # where the entry stood before
    steps: tuple[str, ...]
    is_there: bool | None  # None: not read


def subject_name(viewer: User, about: Grant | Removal) -> str:
    name = about.subject_name or about.subject_hsa_id
    return name if access.may_read_subject(viewer, about) else str(pages_words.MASKED)


def written(viewer: User, about: Grant | Removal, text: str) -> str:
    """What somebody wrote about the person: for those who may read the name."""
    return text if access.may_read_subject(viewer, about) else str(pages_words.NOT_SHOWN)


def _subject_with_id(viewer: User, about: Grant | Removal) -> str:
    name = subject_name(viewer, about)
    return (
        pages_words.ExactText(about.subject_hsa_id, name) if access.may_read_subject(viewer, about) else name
    )


def unit_name(about: AboutOneRight) -> str:
    return about.wanted_unit_name or about.unit_name or about.unit_hsa_id


def grant_line(
    viewer: User, grant: Grant, now: Answer | None, being_renewed: Collection[int] = ()
) -> GrantLine:
    """The right as a line; `now`: whether it stands in the directory, None where that was not asked.

    `being_renewed`: the numbers of the rights for which an order is under way.
    """
    tone, sentence = NOW[now] if now is not None else ("", "")
    is_active = grant.current_state is GrantState.ACTIVE
    may_prolong = (
        is_active
        and prolong.is_offered(grant, on=dates.today(), works=now)
        and access.may_order_anew(viewer, grant)
        and grant.pk not in being_renewed
    )
    return GrantLine(
        url=reverse("grant", args=[grant.public_id]),
        subject=pages_words.name_or_id(viewer, grant),
        what=pages_words.what(grant),
        unit=unit_name(grant),
        ends=dates.in_words(grant.ends_on),
        tone=GRANT_TONE[grant.current_state],
        state=grant.get_state_display(),
        now_tone=tone,
        now=str(sentence),
        is_let_end=grant.let_end_at is not None and is_active,
        prolong_url=prolong_url(grant) if may_prolong else "",
        asks=viewer.hsa_key == grant.subject_key,
    )


def as_line(viewer: User, removal: Removal) -> CaseLine:
    """A removal task as a line of a KIV administrator's list."""
    return CaseLine(
        case_number=str(removal),
        url=reverse("removal_task", args=[removal.public_id]),
        subject=pages_words.name_or_id(viewer, removal),
        what=pages_words.what(removal),
        unit=unit_name(removal),
        tone=REMOVAL_TONE[removal.current_state],
        state=removal.get_state_display(),
        with_whom="",
        since=removal.state_since,
    )


def prolong_url(grant: Grant) -> str:
    return reverse("order") + f"?forlang={grant.public_id}"


def grant_facts(viewer: User, grant: Grant, now: Answer | None = None) -> list[tuple[Text, str]]:
    """`now`: whether it stands in the directory, None where that was not asked."""
    days = [(gettext_lazy("First day"), grant.starts_on), (gettext_lazy("Last day"), grant.ends_on)]
    is_offered = prolong.is_offered(grant, on=dates.today(), works=now)
    if grant.current_state is GrantState.ACTIVE and not is_offered:
        days.append((gettext_lazy("Can be prolonged from"), prolong.opens_on(grant)))
    days.append((gettext_lazy("Next review"), grant.next_review_on))
    return [*_facts(viewer, grant), *((label, dates.in_words(day)) for label, day in days)]


def removal_facts(viewer: User, removal: Removal) -> list[tuple[Text, str]]:
    found = [*_facts(viewer, removal), (gettext_lazy("Why it ends"), str(removal.get_cause_display()))]
    if removal.reason:
        found.append((gettext_lazy("Stated reason"), written(viewer, removal, removal.reason)))
    return found


def removal_task_facts(viewer: User, removal: Removal) -> list[tuple[Text, str]]:
    """The same for the KIV administrator, with the right's days, why it was needed and who ended it."""
    found = removal_facts(viewer, removal)
    if removal.grant is not None:
        days = [(gettext_lazy("First day"), removal.grant.starts_on)]
        days.append((gettext_lazy("Last day"), removal.grant.ends_on))
        found += [(label, dates.in_words(day)) for label, day in days]
        origin = removal.grant.origin
        found.append((gettext_lazy("Why it was needed"), written(viewer, removal, origin.need)))
    if removal.started_by is not None:
        by = removal.started_by
        may_read = not by.is_protected or by == viewer
        name = pages_words.ExactText(by.hsa_id, by.name) if may_read else str(pages_words.MASKED)
        found.append((gettext_lazy("Ended by"), name))
    return found


def _facts(viewer: User, about: Grant | Removal) -> list[tuple[Text, str]]:
    unit_id = about.wanted_unit_hsa_id or about.unit_hsa_id
    return [
        (gettext_lazy("Person"), _subject_with_id(viewer, about)),
        (gettext_lazy("Access"), pages_words.what(about)),
        (gettext_lazy("Where"), pages_words.ExactText(unit_id, unit_name(about))),
    ]


def with_whom(removal: Removal) -> str:
    """Who has the removal now; empty where nobody has."""
    if not removal.is_open:
        return ""
    if removal.open_question is not None:
        asked = removal.started_by or (removal.grant.origin.order.orderer if removal.grant else None)
        name = str(pages_words.MASKED) if asked is None or asked.is_protected else asked.name or asked.hsa_id
        return _("%(names)s (was asked)") % {"names": name}
    held = [handler.person_name or str(pages_words.MASKED) for handler in removal.handlers.all()]
    if not held:
        return str(stalls.WHO) if removal.incident else _("Automatic")
    return _("%(names)s (KIV administrator)") % {"names": ", ".join(held)}


def next_step(removal: Removal) -> Text:
    """What happens next in the removal."""
    if removal.incident:
        return stalls.NEXT
    if removal.open_question is not None:
        return pages_words.ASKED
    state = removal.current_state
    if removal.grant_id is None and state in NEXT_STEP_OF_LOOSE:
        return NEXT_STEP_OF_LOOSE[state]
    return NEXT_STEP[state]


def before_removal(grant: Grant) -> str:
    """What happens next with a right that is being ended while no removal is under way; else empty."""
    if grant.current_state is not GrantState.ENDING or grant.removals.open().exists():
        return ""
    if find.waits_for_renewal(grant, on=dates.today()):
        words = {"date": dates.in_words(find.waits_until(grant))}
        return (
            _(
                "The last day has passed. The same access is ordered anew and approved, so nothing is "
                "removed in KIV while that goes on, until %(date)s at the longest."
            )
            % words
        )
    if take_back.may_be_tried_again(grant):
        return _("The removal starts by itself, usually within ten minutes.")
    words = {"date": dates.in_words(take_back.tried_again_on(grant))}
    return (
        _("It still stands in the directory, and could not be removed. The removal is tried again %(date)s.")
        % words
    )


def to_remove(removal: Removal, seen: SeenUnwanted | None, *, name: str) -> list[ToRemove]:
    """What to remove and where. `seen`: what the directory shows now; None when it did not answer."""
    gone: Sequence[bool | None] = seen.gone if seen else [None] * len(removal.changes)
    moved = seen.moved if seen else {}
    return [
        ToRemove(
            held.value,
            held.attribute.value,
            name
            if held.attribute is Attribute.SYSTEM_ROLE
            else _commission_name(moved.get(held.dn, held.dn)),
            moved.get(held.dn, held.dn),
            moved_entries.earlier(removal, held.dn, seen),
            _steps(replace(held, dn=moved.get(held.dn, held.dn)), removal.subject_id, name),
            None if is_gone is None else not is_gone,
        )
        for held, is_gone in zip(moves.changes_of(removal), gone, strict=True)
    ]


def _place(held: StoredValue, name: str) -> str:
    return name if held.attribute is Attribute.SYSTEM_ROLE else _commission_name(held.dn)


def _commission_name(dn: str) -> str:
    pair = names.first_pair(dn)
    return pair[1] if pair else dn


def _steps(held: StoredValue, person_id: HsaId, name: str) -> tuple[str, ...]:
    if held.attribute is Attribute.SYSTEM_ROLE:
        return (
            _("Search for HSA-id %(id)s in KIV, and open the person: %(name)s.")
            % {"id": person_id, "name": name},
            _("Remove exactly the value above from HSA system role. Leave the other values as they are."),
            _("Save."),
        )
    return (
        _("Open the commission %(commission)s in KIV.") % {"commission": _commission_name(held.dn)},
        _("Remove the member %(name)s, HSA-id %(id)s. Leave the other members as they are.")
        % {"name": name, "id": HsaId(held.value.split(";")[0])},
        _("Save."),
    )
