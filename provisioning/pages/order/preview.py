"""What the directory says of an order before it is sent: has, lacks, would get, and what happens next."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.crypto import constant_time_compare, salted_hmac
from django.utils.translation import gettext as _

from provisioning import dates
from provisioning.assessments import reading
from provisioning.models import User
from provisioning.orders import prolong
from provisioning.orders.draft import Choice, Prepared, PreparedItem
from provisioning.pages import cap_words, words
from provisioning.pages.sticking_words import StickingLine
from provisioning.pages.words import CauseLine
from provisioning.rights import caps
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.hsa import Answer, Change, Level
from provisioning.rules.services import catalogue


@dataclass(frozen=True, slots=True)
class Outlook:
    """What the directory says about one unit of an order, and what the order would do."""

    unit: str
    through: str  # the care unit, where the ordered unit gets its access through another
    answer: str
    now: tuple[str, ...]
    would: str
    causes: tuple[CauseLine, ...]
    warnings: tuple[CauseLine, ...]
    changes: tuple[Change, ...]
    steps: tuple[str, ...]
    sticks: tuple[StickingLine, ...] = ()  # what usually stands in the way on the unit
    prolongs: str = ""  # what the order does to a right that the person already has
    cap: str = ""  # that as many have the access there as may, where it is so


def outlook(
    prepared: Prepared, item: PreparedItem, sticking: Mapping[str, tuple[StickingLine, ...]]
) -> Outlook | None:
    """One item in words; None where the unit is not known at all."""
    if item.assessment is None or item.unit is None:
        return None
    found = item.assessment
    return Outlook(
        unit=item.wanted_name,
        through=item.unit.name if item.unit.hsa_id != item.wanted_id else "",
        answer=found.answer.value,
        now=now_sentences(found, unit_name=item.unit.name),
        would=would_sentence(found, unit_name=item.unit.name),
        causes=words.cause_lines(found.causes, answer=found.answer.value),
        warnings=words.cause_lines(found.warnings, answer=Answer.YES.value),
        changes=found.changes,
        sticks=sticking.get(item.unit.hsa_id.folded, ()),
        steps=() if item.refusals else tuple(_steps(prepared, item, found)),
        prolongs=prolong.sentence(
            item.live_grant, prepared.draft.ends_on, on=dates.today(), works=found.answer
        ),
        cap=cap_words.sentence(
            caps.of(prepared.draft.person_id, prepared.draft.service, prepared.draft.level, item.unit.hsa_id)
        ),
    )


def now_sentences(found: Assessment, *, unit_name: str) -> tuple[str, ...]:
    """What the service would say if the person logged in now."""
    data = reading.verdict(found)
    return words.login_sentences(
        data, service=found.order.service, unit_id=found.effective_unit_id.text, unit_name=unit_name
    )


def would_sentence(found: Assessment, *, unit_name: str) -> str:
    """What the person gets by the order; empty where the access works already or nobody can say."""
    if found.answer is not Answer.NO:
        return ""
    role = catalogue.words(found.order.service).levels[found.order.level].role
    return words.role_sentence(found.order.service, role, unit_name=unit_name)


def fingerprint(prepared: Prepared, user: User) -> str:
    """What proves that exactly this order, with what the directory said, has been shown to this person.

    But for what is to happen where something is missing: that is chosen beside what is shown.
    """
    draft = prepared.draft
    shown = [
        [
            draft.person_id.folded,
            draft.service,
            draft.level,
            draft.starts_on.isoformat(),
            draft.ends_on.isoformat(),
        ],
        [draft.need, draft.risk_statement, str(draft.submission), str(draft.stated_assignment or "")],
        [_said(item) for item in prepared.items],
    ]
    return salted_hmac(
        "provisioning.pages.order.preview", json.dumps([user.hsa_key, *shown]), algorithm="sha256"
    ).hexdigest()


def was_shown(prepared: Prepared, user: User, seen: str) -> bool:
    return constant_time_compare(fingerprint(prepared, user), seen)


def _said(item: PreparedItem) -> list[object]:
    verdict = reading.verdict(item.assessment) if item.assessment else {}
    old_end = item.live_grant.ends_on.isoformat() if item.live_grant else None
    return [item.wanted_id.folded, item.is_attested_by_order, verdict, old_end]


def _steps(prepared: Prepared, item: PreparedItem, found: Assessment) -> list[str]:
    """What happens when the order is sent, in order."""
    return [*_attestation(prepared, item), _after_attestation(prepared, item, found)]


def _attestation(prepared: Prepared, item: PreparedItem) -> list[str]:
    if item.is_attested_by_order and item.attested_for is not None:
        first = _("You order by delegation from %(principal)s. The order is approved when you send it.") % {
            "principal": item.attested_for.principal_name
        }
    elif item.is_attested_by_order:
        first = _("You are the head of unit. The order is approved when you send it.")
    elif len(item.attesters) > 1:
        first = _("%(names)s approves. One of them is enough.") % {"names": words.asked_names(item.attesters)}
    elif item.attesters:
        first = _("%(names)s approves.") % {"names": words.asked_names(item.attesters)}
    else:
        return []  # nobody can: a refusal says so, and who can order it
    if prepared.draft.level is not Level.PROVIDER or not item.second_attesters:
        return [first]
    second = _("A process leader needs a second approver: %(names)s.")
    return [first, second % {"names": words.names(item.second_attesters)}]


def _after_attestation(prepared: Prepared, item: PreparedItem, found: Assessment) -> str:
    if found.answer is Answer.YES:
        return _("Nothing has to be set in KIV. We check at once that the person can log in.")
    if found.answer is Answer.UNKNOWN:
        return _(
            "The directory is read again until it can be said what is missing. Nothing is decided before."
        )
    wanted = prepared.draft.if_missing
    if item.may_be_coupled and wanted is Choice.COUPLE:
        sentence = _("%(names)s (KIV administrator) couples the commission and sets the access in KIV.")
        return sentence % {"names": words.names(item.administrators)}
    if item.lacks_what_no_role_gives and wanted is Choice.WAIT:
        return _("The order waits, and goes on by itself when what is missing has come.")
    if item.may_be_coupled:
        return _("The commission is missing. Choose below what is to happen.")
    if item.lacks_what_no_role_gives:
        return _("Something is missing that nobody can set in KIV yet. Choose below what is to happen.")
    sentence = _("%(names)s (KIV administrator) sets the access in KIV.")
    return sentence % {"names": words.names(item.administrators)}
