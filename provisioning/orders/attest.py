"""Attesting a request, or rejecting it: who may, and what each act writes.

The flow's pages call these, each a transaction of its own; none of them asks the directory: the mandates
read just now are an argument. Source: domain §7 (attester ≠ subject, a process leader's second attester).
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import dates
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import candidates, handlers, moves
from provisioning.directory import Directory
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.mandates import current, four_eyes
from provisioning.mandates.current import Mandates
from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest, HandlerRole, User
from provisioning.rights import caps, find
from provisioning.rules.hsa import Level, Person
from provisioning.rules.mandates import Act
from provisioning.rules.states.request import RequestState


@transaction.atomic
def attest(
    request: AccessRequest,
    *,
    by: User,
    mandates: Mandates,
    second: Sequence[Person] = (),
    comment: str = "",
    shown: Sequence[str] = (),
) -> None:
    """Attest in the step the request is in; the first of two hands over to the second attesters.

    `mandates`: read just now; `second`: from `second_attesters`; `shown`: warnings on the page. Raises
    NotAllowed (not the attester, or the subject), WrongState, Invalid (nobody may be second, or the cap is
    reached and nothing says why one more is needed).
    """
    principal = _require_attester(request, by, mandates)
    cap = caps.of_request(request)
    if cap is not None and cap.is_above and not comment.strip():
        raise Invalid(
            _("Write why one more is needed: the cap is reached."), code="cap.reason", field="reason"
        )
    now = timezone.now()
    fields: tuple[str, ...]
    if request.current_state is RequestState.AWAITING_SECOND_ATTESTATION:
        request.second_attester, request.second_attested_at = by, now
        request.second_attestation_comment = comment.strip()
        fields = ("second_attester", "second_attested_at", "second_attestation_comment")
        action, target = Action.SECOND_ATTESTED, RequestState.CHECKING
    else:
        request.attester, request.attested_at, request.attestation_comment = by, now, comment.strip()
        request.attested_for = principal
        fields = ("attester", "attested_for", "attested_at", "attestation_comment")
        action = Action.ATTESTED
        target = (
            RequestState.AWAITING_SECOND_ATTESTATION
            if request.needs_second_attester
            else RequestState.CHECKING
        )
    moves.move(request, target, *fields)
    entry = events.record(
        action,
        actor=by,
        principal=principal,
        request=request,
        reason=comment.strip(),
        shown=list(shown),
        **caps.recorded(cap),
    )
    if target is RequestState.CHECKING:
        handlers.release(request)
        if request.starts_on > dates.today() and not find.stands(request):
            # Nothing is checked before; otherwise the check tells them.
            outbox.enqueue(entry, MessageKind.ATTESTED, request.concerned)
    else:
        _hand_over(request, second)


def second_attesters(directory: Directory, request: AccessRequest, *, by: User) -> tuple[Person, ...]:
    """The second attesters it hands over to; none where this is the last. Raises DirectoryError."""
    if request.current_state is not RequestState.AWAITING_ATTESTATION or not request.needs_second_attester:
        return ()
    return candidates.second_attesters(directory, request, attester_id=by.identity)


def _hand_over(request: AccessRequest, found: Sequence[Person]) -> None:
    """Ask the holders of the provider's mandate, after the first attestation. Raises Invalid."""
    if not found:
        raise Invalid(
            _(
                "Nobody else is responsible for the care provider in KIV, and a process leader needs a "
                "second approver."
            )
        )
    handlers.assign(request, HandlerRole.SECOND_ATTESTER, candidates.by_own_mandate(found))
    entry = events.record(Action.HANDLERS_CHANGED, actor=None, request=request, state=request.state)
    handlers.ask(entry, request, MessageKind.ATTEST)


@transaction.atomic
def reject(request: AccessRequest, *, by: User, mandates: Mandates, reason: str) -> None:
    """Reject with a reason that the orderer reads. Raises NotAllowed, WrongState, Invalid (no reason)."""
    principal = _require_attester(request, by, mandates)
    if not reason.strip():
        raise Invalid(_("Write why you reject the order. The orderer reads it."), field="reason")
    moves.end(request, RequestState.REJECTED, reason=reason)
    entry = events.record(
        Action.REJECTED, actor=by, principal=principal, request=request, reason=reason.strip()
    )
    outbox.enqueue(entry, MessageKind.REJECTED, request.concerned)


def _require_attester(request: AccessRequest, by: User, mandates: Mandates) -> User | None:
    """Nobody barred; otherwise who was asked, and still holds the mandate. Domain §7.

    Returns the head of unit on whose behalf a delegate acts; None for a mandate of one's own.
    """
    is_second = request.current_state is RequestState.AWAITING_SECOND_ATTESTATION
    act = Act.SECOND_ATTEST if is_second else Act.ATTEST
    attested_by = [request.attester_id]
    four_eyes.require(
        act,
        by=by,
        mandates=mandates,
        subject_id=request.subject_id,
        attested_by=attested_by,
        ordered_by=request.orderer_id,
    )
    if is_second:
        _require_second_attester(request, by, mandates)
        return None
    if request.current_state is not RequestState.AWAITING_ATTESTATION:
        raise WrongState
    asked = handlers.require_asked(request, by, HandlerRole.ATTESTER)
    if asked.delegation_id is not None:
        return current.principal_of(asked.delegation_id, mandates)
    if not _is_head_there(request, mandates):
        raise NotAllowed(current.ENDED)
    return None


def _is_head_there(request: AccessRequest, mandates: Mandates) -> bool:
    """Still, and not merely of some other unit: who was asked may have changed units since."""
    if request.level == Level.PROVIDER.value:
        return mandates.heads_within(request.unit_id, request.unit_dn)
    return mandates.heads_at_or_above(request.unit_id, request.unit_dn)


def _require_second_attester(request: AccessRequest, by: User, mandates: Mandates) -> None:
    handlers.require_asked(request, by, HandlerRole.SECOND_ATTESTER)
    if not mandates.is_of_provider(request.unit_id, by):
        raise NotAllowed(current.ENDED)
