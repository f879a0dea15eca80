"""Verifying a request: the service's own login rule on what KIV holds, and then what has arrived in HSA.

Each operation is one transaction; none asks the directory: the readings are an argument. What the
directory did not tell decides nothing. Source: domain §6 (value set, arrived, login would succeed).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from provisioning import (
    audit,
    evidence,
    grants,
    handlers,
    hsa_following,
    outbox,
    readings,
    requests,
    silences,
)
from provisioning import case_moves as moves
from provisioning.audit import Action
from provisioning.audit_trail.evidence import digests
from provisioning.directory import Which, has_national_directory
from provisioning.errors import WrongState
from provisioning.models import AccessRequest, Evidence
from provisioning.notifications import Kind
from provisioning.rules import arrival
from provisioning.rules.assessment import Assessment
from provisioning.rules.hsa import Answer, Person, Reading
from provisioning.rules.lifecycle import State


@transaction.atomic
def record_verification(
    request: AccessRequest, *, reading: Reading, found: Assessment, administrators: Iterable[Person] = ()
) -> None:
    """Settle what the verification found: done only if the service's own rule lets the person in.

    Then the right exists: a grant is given, or the one that stands is prolonged.

    Where the national HSA is read, too, a yes here is half the way: it has to arrive there. Raises
    WrongState when the directory itself did not tell.
    """
    if readings.silence(found):
        raise WrongState(code="unknown_decides_nothing")
    grants.lock_for(request)
    silences.end(request)
    request.assessment = readings.detailed_verdict(found)
    evidence.keep(request, Evidence.Moment.VERIFICATION, reading.read_at, verdict=readings.verdict(found))
    if found.answer is not Answer.YES:
        audit.record(
            Action.VERIFICATION_FAILED,
            actor=None,
            request=request,
            causes=[cause.code.value for cause in found.causes],
        )
        requests.record_check(request, reading=reading, found=found, administrators=administrators)
        return
    if has_national_directory():
        # Where nothing had to be set, this is the moment at which KIV was seen to hold all that is needed.
        request.values_seen_at = request.values_seen_at or reading.read_at
        request.arrived_at = None
        hsa_following.begin(request, "assessment", "values_seen_at", "arrived_at")
        audit.record(Action.SET_IN_KIV, actor=None, request=request)
        return
    _done(request, reading.read_at, found, kiv=reading)


@transaction.atomic
def record_arrival(request: AccessRequest, *, kiv: Reading, hsa: Reading, found: Assessment) -> bool:
    """What a look into the national HSA gave: `found` is the login rule on it. Returns whether it is done.

    `kiv` is read in the same look and still says yes: what is taken away there must not count as arrived.
    A silent or late HSA decides nothing; when it has lasted, those concerned are told, once.
    """
    if request.current_state is not State.AWAITING_HSA:
        raise WrongState
    grants.lock_for(request)
    changes = [readings.change_from(data) for data in request.changes]
    arrived = arrival.has_arrived(changes, kiv=kiv, hsa=hsa)
    is_through = found.answer is Answer.YES and arrived is Answer.YES and not readings.silence(found)
    seen = arrived if changes else (Answer.UNKNOWN if readings.silence(found) else found.answer)
    _note_arrival(request, seen, kiv=kiv, hsa=hsa)
    request.hsa_shows = _shown_by_hsa(found, hsa)
    request.poll_count += 1
    if not is_through:
        hsa_following.put_off(request, "arrived_at")
        return False
    request.assessment = readings.detailed_verdict(found)
    evidence.keep(
        request,
        Evidence.Moment.VERIFICATION,
        hsa.read_at,
        verdict=readings.verdict(found),
        which=Which.NATIONAL,
    )
    _done(request, hsa.read_at, found, "arrived_at", "hsa_shows", kiv=kiv)
    return True


def _done(request: AccessRequest, at: datetime, found: Assessment, *fields: str, kiv: Reading) -> None:
    """The access works: the right exists from now on. Whoever calls this has locked the right that stands."""
    request.verified_at = at
    request.end_code = ""
    moves.move(request, State.DONE, "assessment", "verified_at", "end_code", *fields)
    handlers.release(request)
    entry = audit.record(
        Action.DONE,
        actor=None,
        request=request,
        login=readings.verdict(found)["login"],
        how=request.carried_out_how or "nothing_to_set",
        evidence=digests(request),
    )
    grants.record_done(request, reading=kiv)
    outbox.enqueue(entry, Kind.DONE, request.concerned)


def _note_arrival(request: AccessRequest, arrived: Answer, *, kiv: Reading, hsa: Reading) -> None:
    """Keep when the values were first seen in HSA; a value that goes away again has not arrived."""
    if arrived is Answer.YES and request.arrived_at is None:
        request.arrived_at = hsa.read_at
        values = _values_in_hsa(request, kiv, hsa)
        evidence.keep(request, Evidence.Moment.ARRIVAL, hsa.read_at, values=values, which=Which.NATIONAL)
        audit.record(Action.ARRIVED, actor=None, request=request, changes=request.changes)
    elif arrived is Answer.NO and request.arrived_at is not None:
        request.arrived_at = None
        audit.record(Action.GONE_FROM_HSA, actor=None, request=request)


def _values_in_hsa(request: AccessRequest, kiv: Reading, hsa: Reading) -> list[dict[str, Any]]:
    """What HSA holds where the changes belong. The DN is KIV's: it names the change, as in other evidence."""
    held = [(data, arrival.held(readings.change_from(data), kiv=kiv, hsa=hsa)) for data in request.changes]
    return [
        {"dn": data["dn"], "attribute": data["attribute"], "values": None if found is None else list(found)}
        for data, found in held
    ]


def _shown_by_hsa(found: Assessment, hsa: Reading) -> dict[str, Any]:
    """The last look in short: what login would say, and what stands in the way there."""
    return readings.detailed_verdict(found) | {
        "read_at": hsa.read_at.isoformat(),
        "code": readings.silence(found),
    }
