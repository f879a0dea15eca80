"""The levels of proof, each with its own time: set in KIV, arrived in HSA, login would succeed.

And of a removal: gone from KIV, gone from HSA. A level that nobody has looked at is never shown as reached.
Source: domain §6 "Verdict levels".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import formats
from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from provisioning.assessments import hsa_delay
from provisioning.directory import has_national_directory
from provisioning.models import AccessRequest, Case, Removal
from provisioning.rules.hsa import Answer
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState

_SHOWN_IN = frozenset({RequestState.VERIFYING, RequestState.AWAITING_HSA, RequestState.DONE})
_REMOVAL_SHOWN_IN = frozenset({RemovalState.VERIFYING, RemovalState.AWAITING_HSA, RemovalState.DONE})


@dataclass(frozen=True, slots=True)
class ProofStep:
    """One level as the timeline component shows it; `at` is None where it has not been reached."""

    heading: str
    tone: str
    at: datetime | None
    text: str
    by: str = ""


def levels_of(request: AccessRequest) -> list[ProofStep]:
    """The levels, once the values have been seen in KIV or nothing had to be set there; else none."""
    if request.current_state not in _SHOWN_IN:
        return []
    return [_set_in_kiv(request), _arrived(request), _login(request)]


def _set_in_kiv(request: AccessRequest) -> ProofStep:
    text = "" if request.changes else _("Nothing had to be set in KIV.")
    at = request.values_seen_at or (None if request.changes else request.verified_at)
    return ProofStep(_("Set in KIV"), "success" if at else "waiting", at, text)


def _arrived(request: AccessRequest) -> ProofStep:
    heading = _("Arrived in HSA")
    if request.arrived_at is not None:
        return ProofStep(heading, "success", request.arrived_at, "")
    if request.current_state is RequestState.AWAITING_HSA:
        return ProofStep(heading, "waiting", None, " ".join(_waiting_for_hsa(request)))
    if request.current_state is RequestState.VERIFYING and has_national_directory():
        return ProofStep(heading, "waiting", None, hsa_delay.sentence())
    nobody_looks = _("The national HSA is not read here, so nobody has seen it arrive.")
    return ProofStep(heading, "unknown", None, f"{nobody_looks} {hsa_delay.sentence()}")


def _waiting_for_hsa(request: AccessRequest) -> list[str]:
    in_vain = _("At the last look, %(at)s, HSA did not hold all of it yet.")
    parts = [hsa_delay.sentence(), *_last_look(request, in_vain)]
    if request.hsa_late_told_at is not None:
        parts.append(_("It takes longer than usual; the orderer and those who run the tool have been told."))
    return parts


def _last_look(case: Case, in_vain: str) -> list[str]:
    """When HSA was looked at last, if it was, and that it did not answer or `in_vain`."""
    looked_at = parse_datetime(case.hsa_shows.get("read_at", ""))
    if looked_at is None:
        return []
    text = _("HSA did not answer at the last look, %(at)s.") if case.hsa_shows.get("code") else in_vain
    return [text % {"at": formats.date_format(localtime(looked_at), "j F Y H:i")}]


def levels_of_removal(removal: Removal) -> list[ProofStep]:
    """The levels of a removal, once the values have been seen gone from KIV; else none."""
    if removal.current_state not in _REMOVAL_SHOWN_IN:
        return []
    return [_gone_from_kiv(removal), _gone_from_hsa(removal)]


def _gone_from_kiv(removal: Removal) -> ProofStep:
    at = removal.values_gone_at or removal.verified_at
    text = _("It was gone before anybody was asked to remove it.") if _was_gone(removal) else ""
    return ProofStep(_("Gone from KIV"), "success" if at else "waiting", at, text)


def _was_gone(removal: Removal) -> bool:
    return bool(removal.values_gone_at) and not removal.changes


def _gone_from_hsa(removal: Removal) -> ProofStep:
    heading = _("Gone from HSA")
    if removal.gone_from_hsa_at is not None:
        return ProofStep(heading, "success", removal.gone_from_hsa_at, "")
    if removal.current_state is RemovalState.DONE or not has_national_directory():
        nobody_looks = _(
            "The national HSA is not read here, so nobody has seen it go there. Until it has, the log-in can "
            "still work."
        )
        return ProofStep(heading, "unknown", None, f"{nobody_looks} {hsa_delay.sentence()}")
    in_vain = _("At the last look, %(at)s, HSA still held it, so the log-in can still work.")
    parts = [hsa_delay.sentence(), *_last_look(removal, in_vain)]
    if removal.hsa_late_told_at is not None:
        parts.append(
            _("It takes longer than usual; those concerned and those who run the tool have been told.")
        )
    return ProofStep(heading, "waiting", None, " ".join(parts))


def _login(request: AccessRequest) -> ProofStep:
    heading = _("The person can log in")
    if request.verified_at is not None and request.current_state is RequestState.DONE:
        by_hsa = _("The service's own login rule says yes to what HSA holds.")
        by_kiv = _("The service's own login rule says yes to what KIV holds. It works once HSA has it, too.")
        return ProofStep(heading, "success", request.verified_at, by_hsa if request.arrived_at else by_kiv)
    if (
        request.current_state is RequestState.AWAITING_HSA
        and request.hsa_shows.get("answer") == Answer.NO.value
    ):
        return ProofStep(heading, "waiting", None, _("Not yet, by what HSA held at the last look."))
    return ProofStep(heading, "waiting", None, "")
