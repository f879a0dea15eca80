"""The three levels of proof, each with its own time: set in KIV, arrived in HSA, login would succeed.

A level that nobody has looked at is never shown as reached. Source: domain §6 "Verdict levels".
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.utils import formats
from django.utils.dateparse import parse_datetime
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from provisioning import delays
from provisioning.directory import has_national_directory
from provisioning.models import AccessRequest
from provisioning.rules.hsa import Answer
from provisioning.rules.lifecycle import State

_SHOWN_IN = frozenset({State.VERIFYING, State.AWAITING_HSA, State.DONE})


@dataclass(frozen=True, slots=True)
class Level:
    """One level as the timeline component shows it; `at` is None where it has not been reached."""

    heading: str
    tone: str
    at: datetime | None
    text: str
    by: str = ""


def levels_of(request: AccessRequest) -> list[Level]:
    """The levels, once the values have been seen in KIV or nothing had to be set there; else none."""
    if request.current_state not in _SHOWN_IN:
        return []
    return [_set_in_kiv(request), _arrived(request), _login(request)]


def _set_in_kiv(request: AccessRequest) -> Level:
    text = "" if request.changes else _("Nothing had to be set in KIV.")
    at = request.values_seen_at or (None if request.changes else request.verified_at)
    return Level(_("Set in KIV"), "success" if at else "waiting", at, text)


def _arrived(request: AccessRequest) -> Level:
    heading = _("Arrived in HSA")
    if request.arrived_at is not None:
        return Level(heading, "success", request.arrived_at, "")
    if request.current_state is State.AWAITING_HSA:
        return Level(heading, "waiting", None, " ".join(_waiting_for_hsa(request)))
    if request.current_state is State.VERIFYING and has_national_directory():
        return Level(heading, "waiting", None, delays.sentence())
    nobody_looks = _("The national HSA is not read here, so nobody has seen it arrive.")
    return Level(heading, "unknown", None, f"{nobody_looks} {delays.sentence()}")


def _waiting_for_hsa(request: AccessRequest) -> list[str]:
    parts = [delays.sentence()]
    looked_at = parse_datetime(request.hsa_shows.get("read_at", ""))
    if looked_at is not None:
        at = formats.date_format(localtime(looked_at), "j F Y H:i")
        text = _("HSA did not answer at the last look, %(at)s.") if _is_silent(request) else _looked_in_vain()
        parts.append(text % {"at": at})
    if request.hsa_late_told_at is not None:
        parts.append(_("It takes longer than usual; the orderer and those who run the tool have been told."))
    return parts


def _looked_in_vain() -> str:
    return _("At the last look, %(at)s, HSA did not hold all of it yet.")


def _is_silent(request: AccessRequest) -> bool:
    return bool(request.hsa_shows.get("code"))


def _login(request: AccessRequest) -> Level:
    heading = _("Login would succeed")
    if request.verified_at is not None and request.current_state is State.DONE:
        by_hsa = _("The service's own login rule says yes to what HSA holds.")
        by_kiv = _("The service's own login rule says yes to what KIV holds. It works once HSA has it, too.")
        return Level(heading, "success", request.verified_at, by_hsa if request.arrived_at else by_kiv)
    if request.current_state is State.AWAITING_HSA and request.hsa_shows.get("answer") == Answer.NO.value:
        return Level(heading, "waiting", None, _("Not yet, by what HSA held at the last look."))
    return Level(heading, "waiting", None, "")
