"""The second level of proof: the value has arrived in the national HSA. Source: domain §6."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from provisioning.assessments import reading
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import evidence, hsa_following
from provisioning.directory import Which
from provisioning.errors import WrongState
from provisioning.models import AccessRequest, Evidence
from provisioning.orders.verify import finish
from provisioning.rights import give
from provisioning.rules import proof_in_hsa
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.hsa import Answer, Reading
from provisioning.rules.states.request import RequestState


@transaction.atomic
def record_arrival(request: AccessRequest, *, kiv: Reading, hsa: Reading, found: Assessment) -> bool:
    """What a look into the national HSA gave: `found` is the login rule on it. Returns whether it is done.

    `kiv` is read in the same look and still says yes: what is taken away there must not count as arrived.
    A silent or late HSA decides nothing; when it has lasted, those concerned are told, once.
    """
    if request.current_state is not RequestState.AWAITING_HSA:
        raise WrongState
    give.lock_for(request)
    changes = [reading.change_from(data) for data in request.changes]
    arrived = proof_in_hsa.has_arrived(changes, kiv=kiv, hsa=hsa)
    is_through = found.answer is Answer.YES and arrived is Answer.YES and not reading.silence(found)
    seen = arrived if changes else (Answer.UNKNOWN if reading.silence(found) else found.answer)
    _note_arrival(request, seen, kiv=kiv, hsa=hsa)
    request.hsa_shows = _shown_by_hsa(found, hsa)
    request.poll_count += 1
    if not is_through:
        hsa_following.put_off(request)
        return False
    request.assessment = reading.detailed_verdict(found)
    evidence.keep(
        request,
        Evidence.Moment.VERIFICATION,
        hsa.read_at,
        verdict=reading.verdict(found),
        which=Which.NATIONAL,
    )
    finish(request, hsa.read_at, found, "hsa_shows", kiv=kiv)
    return True


def _note_arrival(request: AccessRequest, arrived: Answer, *, kiv: Reading, hsa: Reading) -> None:
    """Keep when the values were first seen in HSA; a value that goes away again has not arrived."""
    if arrived is Answer.YES and request.arrived_at is None:
        request.arrived_at = hsa.read_at
        request.save(update_fields=["arrived_at"])
        values = _values_in_hsa(request, kiv, hsa)
        evidence.keep(request, Evidence.Moment.ARRIVAL, hsa.read_at, values=values, which=Which.NATIONAL)
        events.record(Action.ARRIVED, actor=None, request=request, changes=request.changes)
    elif arrived is Answer.NO and request.arrived_at is not None:
        request.arrived_at = None
        request.save(update_fields=["arrived_at"])
        events.record(Action.GONE_FROM_HSA, actor=None, request=request)


def _values_in_hsa(request: AccessRequest, kiv: Reading, hsa: Reading) -> list[dict[str, Any]]:
    """What HSA holds where the changes belong. The DN is KIV's: it names the change, as in other evidence."""
    held = [
        (data, proof_in_hsa.held(reading.change_from(data), kiv=kiv, hsa=hsa)) for data in request.changes
    ]
    return [
        {"dn": data["dn"], "attribute": data["attribute"], "values": None if found is None else list(found)}
        for data, found in held
    ]


def _shown_by_hsa(found: Assessment, hsa: Reading) -> dict[str, Any]:
    """The last look in short: what login would say, and what stands in the way there."""
    return reading.detailed_verdict(found) | {
        "read_at": hsa.read_at.isoformat(),
        "code": reading.silence(found),
    }
