"""Verifying a request: the service's own login rule on what KIV holds, and then what has arrived in HSA.

Each operation is one transaction; none asks the directory: the readings are an argument. What the
directory did not tell decides nothing. Source: domain §6 (value set, arrived, login would succeed).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction

from provisioning.assessments import reading as assessments_reading
from provisioning.audit import events
from provisioning.audit.digests import digests
from provisioning.audit.events import Action
from provisioning.cases import evidence, handlers, hsa_following, moved_entries, moves, silence
from provisioning.directory import has_national_directory
from provisioning.errors import WrongState
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest, Evidence
from provisioning.orders import check, outdated, unseen
from provisioning.rights import give
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.hsa import Answer, Person, Reading
from provisioning.rules.states.request import RequestState


@transaction.atomic
def is_held_back(request: AccessRequest, reading: Reading, found: Assessment) -> bool:
    """Say whether this look sends nothing back, because something is only not seen: see `unseen`."""
    return unseen.is_held_back(request, is_not_seen=outdated.is_not_seen(request, found, reading))


@transaction.atomic
def record_verification(
    request: AccessRequest, *, reading: Reading, found: Assessment, administrators: Iterable[Person] = ()
) -> None:
    """Settle what the verification found: done only if the service's own rule lets the person in.

    Then the right exists: a grant is given, or the one that stands is prolonged.

    Where the national HSA is read, too, a yes here is half the way: it has to arrive there. Raises
    WrongState when the directory itself did not tell.
    """
    if assessments_reading.silence(found):
        raise WrongState(code="unknown_decides_nothing")
    give.lock_for(request)
    silence.end(request)
    moved_entries.take_over_place(request, moved_entries.place_dn(request, reading))
    found, _is_over = outdated.as_things_are(request, found, reading)
    request.assessment = assessments_reading.detailed_verdict(found)
    evidence.keep(
        request, Evidence.Moment.VERIFICATION, reading.read_at, verdict=assessments_reading.verdict(found)
    )
    if found.answer is not Answer.YES:
        events.record(
            Action.VERIFICATION_FAILED,
            actor=None,
            request=request,
            causes=[cause.code.value for cause in found.causes],
        )
        check.record_check(request, reading=reading, found=found, administrators=administrators)
        return
    if has_national_directory():
        # Where nothing had to be set, this is the moment at which KIV was seen to hold all that is needed.
        request.values_seen_at = request.values_seen_at or reading.read_at
        request.arrived_at = None
        hsa_following.begin(request, "assessment", "values_seen_at", "arrived_at")
        events.record(Action.SET_IN_KIV, actor=None, request=request)
        return
    finish(request, reading.read_at, found, kiv=reading)


def finish(request: AccessRequest, at: datetime, found: Assessment, *fields: str, kiv: Reading) -> None:
    """The access works: the right exists from now on. Whoever calls this has locked the right that stands."""
    request.verified_at = at
    request.end_code = ""
    moves.move(request, RequestState.DONE, "assessment", "verified_at", "end_code", *fields)
    handlers.release(request)
    entry = events.record(
        Action.DONE,
        actor=None,
        request=request,
        login=assessments_reading.verdict(found)["login"],
        how=request.carried_out_how or "nothing_to_set",
        evidence=digests(request),
    )
    give.record_done(request, reading=kiv)
    outbox.enqueue(entry, MessageKind.DONE, request.concerned)
