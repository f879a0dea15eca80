"""An order under which the directory has changed: back to the orderer, or what to set is worked out anew.

Inside the operations of its task and its checks; none asks the directory: what it showed is an argument.
Source: domain §6 (an id that no longer exists after a reorganisation).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.assessments import reading as assessments_reading
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import handlers, moves
from provisioning.cases.evidence import SeenWanted
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest
from provisioning.orders import left_behind, unseen
from provisioning.rules.assessment import outdated
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.hsa import HsaId, Reading
from provisioning.rules.states.request import RequestState


def as_things_are(request: AccessRequest, found: Assessment, reading: Reading) -> tuple[Assessment, bool]:
    """The assessment, and whether the order is over: what it was for is not there any more, or is another."""
    over = outdated.over(found, reading, sub_unit_id=_sub_unit_of(request))
    return (found, False) if over is None else (over, True)


def judged(request: AccessRequest, found: Assessment, reading: Reading) -> dict[str, Any]:
    """What a look says of the task itself, as `SeenWanted` has it."""
    over = outdated.over(found, reading, sub_unit_id=_sub_unit_of(request))
    changes = [assessments_reading.change_from(data) for data in request.changes]
    is_outdated = over is None and outdated.must_be_worked_out_anew(changes, found, reading)
    is_shown = is_outdated and outdated.is_shown_otherwise(changes, found, reading)
    if over is not None:
        is_shown = outdated.is_shown(over, reading)
    return {
        "is_judged": True,
        "over": None if over is None else assessments_reading.detailed_verdict(over),
        "is_outdated": is_outdated,
        "is_doubtful": (over is not None or is_outdated) and not is_shown,
    }


def is_not_seen(request: AccessRequest, found: Assessment, reading: Reading) -> bool:
    """Say whether the order would be over by this reading, only because something is not seen."""
    over = outdated.over(found, reading, sub_unit_id=_sub_unit_of(request))
    return over is not None and not outdated.is_shown(over, reading)


def settle(request: AccessRequest, seen: SeenWanted) -> bool:
    """End the KIV administrator's task where what it says is not right any more. Returns whether it is.

    What is only not seen ends it by a later look: see `unseen`.
    """
    if seen.is_judged and unseen.is_held_back(request, is_not_seen=seen.is_doubtful):
        return False
    if seen.over is not None:
        _send_back(request, seen.over)
        return True
    if seen.is_outdated:
        request.seen_instead = {}
        moves.move(request, RequestState.CHECKING, "seen_instead")
        handlers.release(request)
        events.record(Action.WORKED_OUT_ANEW, actor=None, request=request, changes=request.changes)
        return True
    return False


def _send_back(request: AccessRequest, verdict: Mapping[str, Any]) -> None:
    """Nothing is to be set: the orderer reads why, and chooses."""
    request.assessment, request.changes, request.seen_instead = dict(verdict), [], {}
    request.wants_coupling = False
    moves.move(
        request, RequestState.AWAITING_CHOICE, "assessment", "changes", "seen_instead", "wants_coupling"
    )
    handlers.release(request)
    left_behind.watch(request)
    entry = events.record(Action.OUTDATED, actor=None, request=request, causes=list(verdict["causes"]))
    handlers.ask(entry, request, MessageKind.CHOOSE)


def _sub_unit_of(request: AccessRequest) -> HsaId | None:
    """The sub-unit it was ordered for, where that is not the care unit itself."""
    return HsaId(request.wanted_unit_hsa_id) if request.wanted_unit_hsa_id else None
