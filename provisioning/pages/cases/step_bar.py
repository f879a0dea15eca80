"""How far a case has come: its steps, the time each has taken, and the usual time beside it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning.cases import step_times
from provisioning.cases.step_times import OrderStep
from provisioning.models import AccessRequest
from provisioning.pages import words
from provisioning.rules.states.request import RequestState

# A step that lasts is late from twice the usual time on, and very late from four times; never within an hour.
AMBER, RED = 2, 4
NOT_LATE = timedelta(hours=1)
# Where nothing is known of what is usual.
AMBER_AFTER, RED_AFTER = timedelta(days=3), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class ProgressStep:
    """One step of the way from order to a login that works. `late`: empty, amber or red."""

    label: str
    state: str  # done, current, coming, stopped, dropped
    taken: str = ""
    usual: str = ""
    late: str = ""


# Which of the steps (see `steps_of`) a request is in.
_STEP_OF = {
    RequestState.AWAITING_ATTESTATION: 1,
    RequestState.AWAITING_SECOND_ATTESTATION: 1,
    RequestState.CHECKING: 2,
    RequestState.AWAITING_CHOICE: 2,
    RequestState.WAITING_FOR_COMMISSION: 2,
    RequestState.AWAITING_KIV: 3,
    RequestState.VERIFYING: 4,
    RequestState.AWAITING_HSA: 4,
    RequestState.DONE: 5,
}


def steps_of(request: AccessRequest) -> list[ProgressStep]:
    """How far the case has come, with how long each step took."""
    is_past_kiv = request.current_state in (
        RequestState.VERIFYING,
        RequestState.AWAITING_HSA,
        RequestState.DONE,
    )
    in_kiv = _("Nothing to set in KIV") if is_past_kiv and not request.changes else _("Set in KIV")
    labels = [_("Order"), _("Approval"), _("Directory check"), in_kiv, _("Verification")]
    here = _STEP_OF.get(request.current_state)
    word, after = "current", "coming"
    if here is None:
        here, word, after = _stopped_at(request), "stopped", "dropped"
    states = ["done" if number < here else word if number == here else after for number in range(len(labels))]
    return _with_times(request, labels, states)


def _with_times(request: AccessRequest, labels: list[str], states: list[str]) -> list[ProgressStep]:
    spans, usual = step_times.spans(request), step_times.usual(request.service)
    now = timezone.now()
    found = []
    for step, label, state in zip(OrderStep, labels, states, strict=True):
        span = spans.get(step)
        if span is None or step is OrderStep.ORDER or state in ("coming", "dropped"):
            found.append(ProgressStep(label, state))
            continue
        taken = (span.ended or now) - span.began
        normal = usual.steps.get(step) if usual else None
        found.append(
            ProgressStep(
                label,
                state,
                taken=words.length(taken),
                usual=words.length(normal) if normal is not None else "",
                late=_late(taken, normal) if state == "current" else "",
            )
        )
    return found


def _late(taken: timedelta, usual: timedelta | None) -> str:
    amber, red = (AMBER_AFTER, RED_AFTER) if usual is None else (usual * AMBER, usual * RED)
    if taken < NOT_LATE or taken < amber:
        return ""
    return "red" if taken >= red else "amber"


def _stopped_at(request: AccessRequest) -> int:
    if request.attester_id is None or (request.needs_second_attester and request.second_attester_id is None):
        return 1
    return 3 if request.changes and request.current_state is RequestState.CANNOT_BE_DONE else 2
