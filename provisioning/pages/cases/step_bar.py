"""How far a case has come: its steps, the time each has taken, and the usual time beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning.cases import step_times
from provisioning.models import AccessRequest, Removal
from provisioning.pages import words
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState
from provisioning.rules.states.steps import STEP_OF, OrderStep

# A step that lasts is late from twice the usual time on, and very late from four times; never within an hour.
AMBER, RED = 2, 4
NOT_LATE = timedelta(hours=1)
# Where nothing is known of what is usual.
AMBER_AFTER, RED_AFTER = timedelta(days=3), timedelta(days=7)


_REMOVAL_STEP = {
    RemovalState.LOOKING: 1,
    RemovalState.AWAITING_KIV: 2,
    RemovalState.VERIFYING: 3,
    RemovalState.AWAITING_HSA: 3,
}
_CAME_TO_NOTHING = (RemovalState.NOT_NEEDED, RemovalState.WITHDRAWN, RemovalState.CANNOT_BE_DONE)


@dataclass(frozen=True, slots=True)
class ProgressStep:
    """One step of the way from order to a login that works. `late`: empty, amber or red."""

    label: str
    state: str  # done, current, coming, stopped, dropped
    taken: str = ""
    usual: str = ""
    late: str = ""
    is_unusual: bool = False  # longer than 95 of 100 orders here: whoever can act has been told


def steps_of(request: AccessRequest) -> list[ProgressStep]:
    """How far the case has come, with how long each step took."""
    is_past_kiv = request.current_state in (
        RequestState.VERIFYING,
        RequestState.AWAITING_HSA,
        RequestState.DONE,
    )
    in_kiv = _("Nothing to set in KIV") if is_past_kiv and not request.changes else _("Set in KIV")
    labels = {
        OrderStep.ORDER: _("Order"),
        OrderStep.ATTESTATION: _("Approval"),
        OrderStep.SECOND_ATTESTATION: _("Second approval"),
        OrderStep.CHECK: _("Directory check"),
        OrderStep.KIV: in_kiv,
        OrderStep.VERIFICATION: _("Verification"),
    }
    if not request.needs_second_attester:
        del labels[OrderStep.SECOND_ATTESTATION]
    is_done = request.current_state is RequestState.DONE
    here: int | None = len(OrderStep) if is_done else STEP_OF.get(request.current_state)
    word, after = "current", "coming"
    if here is None:
        here, word, after = _stopped_at(request), "stopped", "dropped"
    states = {step: "done" if step < here else word if step == here else after for step in labels}
    return _with_times(request, labels, states)


def steps_of_removal(removal: Removal) -> list[ProgressStep]:
    """How far a removal has come, with how long the step that lasts has taken."""
    state = removal.current_state
    labels = [_("Removal begun"), _("Directory check"), _("Removed in KIV"), _("Proof that it is gone")]
    here, word, after = _REMOVAL_STEP.get(state, len(labels)), "current", "coming"
    if state in _CAME_TO_NOTHING:
        here, word, after = 2 if removal.changes else 1, "stopped", "dropped"
    taken = timezone.now() - removal.state_since
    found = [
        ProgressStep(label, "done" if step < here else word if step == here else after)
        for step, label in enumerate(labels)
    ]
    return [
        replace(step, taken=words.length(taken), late=_late(taken, None)) if step.state == "current" else step
        for step in found
    ]


def _with_times(
    request: AccessRequest, labels: dict[OrderStep, str], states: dict[OrderStep, str]
) -> list[ProgressStep]:
    spans, usual = step_times.spans(request), step_times.usual(request.service)
    now = timezone.now()
    found = []
    for step, label in labels.items():
        span, state = spans.get(step), states[step]
        if span is None or step is OrderStep.ORDER or state in ("coming", "dropped"):
            found.append(ProgressStep(label, state))
            continue
        taken = (span.ended or now) - span.began
        normal = usual.steps.get(step) if usual else None
        is_unusual = state == "current" and request.lasts_unusually
        found.append(
            ProgressStep(
                label,
                state,
                taken=words.length(taken),
                usual=words.length(normal) if normal is not None else "",
                late=(_late(taken, normal) or "amber" * is_unusual) if state == "current" else "",
                is_unusual=is_unusual,
            )
        )
    return found


def _late(taken: timedelta, usual: timedelta | None) -> str:
    amber, red = (AMBER_AFTER, RED_AFTER) if usual is None else (usual * AMBER, usual * RED)
    if taken < NOT_LATE or taken < amber:
        return ""
    return "red" if taken >= red else "amber"


def _stopped_at(request: AccessRequest) -> int:
    if request.attester_id is None:
        return OrderStep.ATTESTATION
    if request.needs_second_attester and request.second_attester_id is None:
        return OrderStep.SECOND_ATTESTATION
    cannot = request.changes and request.current_state is RequestState.CANNOT_BE_DONE
    return OrderStep.KIV if cannot else OrderStep.CHECK
