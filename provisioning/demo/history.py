"""A history for the demo: cases in every state that lasts, rights, a removal, findings and a review.

Made by the people of the demo directory through the operations that pages use, so that every page has
something to show. Nobody of the log-in list's main story has any part in it but as head or administrator.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from provisioning import dates
from provisioning.demo.directory.changes import Kiv
from provisioning.directory import open_directory
from provisioning.errors import ProvisioningError
from provisioning.mandates import current
from provisioning.models import AccessRequest, Order, ReviewScope, User
from provisioning.orders import attest, carry_out, check, prepare
from provisioning.orders.carry_out import CannotSet
from provisioning.orders.draft import Choice, Draft
from provisioning.removals import begin as removals_begin
from provisioning.reviews import begin as reviews_begin
from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.states.request import RequestState
from workflows import steps, tasks
from workflows.sweeps import directory as sweeps_directory
from workflows.sweeps import kiv_tasks
from workflows.sweeps import reviews as sweeps_reviews

log = logging.getLogger(__name__)

UNIT = HsaId("SE0000000000-E000000001101")
PROVIDER = HsaId("SE0000000000-E000000000001")
# Each order of the history, by the person it concerns: the numbers at the top of directory/demo.ldif.
HEAD, ADMINISTRATOR = 1001, 1003
ENDS_SOON, LOST, ENDED = 1019, 1028, 1026
WITH_KIV, TO_ATTEST, REJECTED, WITHDRAWN, CANNOT, CHOOSES, WAITS, SECOND = (
    1025, 1027, 1029, 1030, 1024, 1023, 1021, 1032,
)  # fmt: skip

NEED = "Samordnar rehabiliteringen för enhetens sjukskrivna patienter."
RISKS = "Ser sjukfallen på den egna enheten. Har gått utbildningen och följs upp varje år."
PATIENCE_SECONDS = 30.0
LOOKS_EVERY_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class OrderWish:
    """What is ordered, and for how long."""

    person: int
    service: Service = Service.REHABSTOD
    level: Level = Level.UNIT
    places: tuple[HsaId, ...] = (UNIT,)
    days: int = 300


def make(*, patience_seconds: float = PATIENCE_SECONDS) -> bool:
    """Make the history, unless anything has been ordered already. Says whether it was made.

    What cannot be made is left out and logged: the demo works without.
    """
    if Order.objects.exists():
        return False
    story = _Story(patience_seconds)
    for part in (
        story.waits_for_attestation,
        story.is_rejected,
        story.is_withdrawn,
        story.waits_in_kiv,
        story.cannot_be_done,
        story.waits_for_choice,
        story.waits_for_commission,
        story.waits_for_second_attester,
        story.works_and_ends_soon,
        story.is_being_removed,
        story.is_lost,
        story.is_reviewed,
    ):
        _try(part)
    return True


def _try(part: Callable[[], None]) -> None:
    try:
        part()
    except (ProvisioningError, TimeoutError) as exc:
        log.warning("the demo's history lacks %s: %s", part.__name__, type(exc).__name__)


class _Story:
    """The parts of the history, each by its own people."""

    def __init__(self, patience_seconds: float):
        self._patience_seconds = patience_seconds

    def waits_for_attestation(self) -> None:
        _order(TO_ATTEST, OrderWish(TO_ATTEST))

    def is_rejected(self) -> None:
        request, head = _order(REJECTED, OrderWish(REJECTED)), _user(HEAD)
        mandates, reason = (
            current.read(head.identity),
            "Behövs inte: uppdraget på enheten upphör denna månad.",
        )
        steps.act(
            request,
            request.current_state,
            lambda row: attest.reject(row, by=head, mandates=mandates, reason=reason),
            by=head,
        )

    def is_withdrawn(self) -> None:
        reason = "Beställde av misstag för fel enhet."
        steps.withdraw(_order(WITHDRAWN, OrderWish(WITHDRAWN)), by=_user(WITHDRAWN), reason=reason)

    def waits_in_kiv(self) -> None:
        self._until(_order(HEAD, OrderWish(WITH_KIV)), RequestState.AWAITING_KIV)

    def cannot_be_done(self) -> None:
        request, administrator = _order(HEAD, OrderWish(CANNOT)), _user(ADMINISTRATOR)
        self._until(request, RequestState.AWAITING_KIV)
        mandates, text = (
            current.read(administrator.identity),
            "Personen har en annan roll från och med i höst.",
        )
        steps.act(
            request,
            RequestState.AWAITING_KIV,
            lambda row: carry_out.cannot(
                row, by=administrator, mandates=mandates, why=CannotSet.WRONG_ORDER, text=text
            ),
            by=administrator,
        )

    def waits_for_choice(self) -> None:
        self._until(_order(HEAD, _statistics(CHOOSES)), RequestState.AWAITING_CHOICE)

    def waits_for_commission(self) -> None:
        request, head = _order(HEAD, _statistics(WAITS)), _user(HEAD)
        self._until(request, RequestState.AWAITING_CHOICE)
        steps.act(
            request,
            RequestState.AWAITING_CHOICE,
            lambda row: check.choose(row, by=head, choice=Choice.WAIT),
            by=head,
        )

    def waits_for_second_attester(self) -> None:
        wish = OrderWish(WITH_KIV, Service.INTYGSSTATISTIK, Level.PROVIDER, (PROVIDER,))
        request, head = _order(HEAD, wish), _user(HEAD)
        if request.current_state is RequestState.AWAITING_ATTESTATION:
            mandates = current.read(head.identity)
            steps.act(
                request,
                request.current_state,
                lambda row: attest.attest(row, by=head, mandates=mandates, comment=""),
                by=head,
            )

    def works_and_ends_soon(self) -> None:
        self._until(_order(HEAD, OrderWish(ENDS_SOON, days=20)), RequestState.DONE)

    def is_being_removed(self) -> None:
        request, head = self._given(ENDED), _user(HEAD)
        mandates = current.read(head.identity)
        steps.begin_removal(
            removals_begin.begin_by_head,
            request.grant,
            by=head,
            mandates=mandates,
            reason="Uppdraget på enheten är slut.",
        )

    def is_lost(self) -> None:
        """The role is taken away in KIV, and nobody is told: a comparison finds it."""
        request = self._given(LOST)
        kiv = Kiv()
        try:
            for change in request.changes:
                kiv.remove_value(change["dn"], change["attribute"], change["add"])
        finally:
            kiv.close()
        sweeps_directory.sweep(is_full=True)

    def is_reviewed(self) -> None:
        head = _user(HEAD)
        request = AccessRequest.objects.filter(state=RequestState.DONE.value, unit_key=UNIT.folded).first()
        if request is None or request.grant is None:
            return
        place = reviews_begin.place_of(request.grant)
        place.scope = ReviewScope.ALL
        reviews_begin.require_may_begin(place, by=head, mandates=current.read(head.identity))
        sweeps_reviews.begin(open_directory(), place, by=head)

    def _given(self, person: int) -> AccessRequest:
        """An order that a KIV administrator has carried out, so that there is a right."""
        request, administrator = _order(HEAD, OrderWish(person)), _user(ADMINISTRATOR)
        self._until(request, RequestState.AWAITING_KIV)
        kiv = Kiv()
        try:
            for change in request.changes:
                kiv.add_value(change["dn"], change["attribute"], change["add"])
        finally:
            kiv.close()
        mandates, seen = current.read(administrator.identity), kiv_tasks.look(request)
        steps.act(
            request,
            RequestState.AWAITING_KIV,
            lambda row: carry_out.report_done(
                row, by=administrator, mandates=mandates, seen=seen, already=False, note=""
            ),
            by=administrator,
        )
        self._until(request, RequestState.DONE)
        return request

    def _until(self, request: AccessRequest, state: RequestState) -> None:
        """Wait for the worker; what it has not taken yet is done here."""
        deadline = time.monotonic() + self._patience_seconds
        while True:
            tasks.sweep_background()
            request.refresh_from_db()
            if request.current_state is state:
                return
            if time.monotonic() > deadline or not request.is_open:
                raise TimeoutError
            time.sleep(LOOKS_EVERY_SECONDS)


def _statistics(person: int) -> OrderWish:
    return OrderWish(person, Service.INTYGSSTATISTIK)


def _id(number: int) -> HsaId:
    return HsaId(f"SE0000000000-{number}")


def _user(number: int) -> User:
    person = open_directory().person(_id(number))
    if person is None:
        raise TimeoutError
    return User.objects.seen(person.hsa_id, name=person.name, is_protected=person.is_protected)


def _order(by: int, wish: OrderWish) -> AccessRequest:
    today, orderer = dates.today(), _user(by)
    draft = Draft(
        _id(wish.person),
        wish.service,
        wish.level,
        wish.places,
        today,
        today + timedelta(days=wish.days),
        NEED,
        RISKS,
        signed_assignment_on=today,  # kept where the settings ask for it
    )
    placed = steps.place_order(prepare.prepare(draft, by=orderer), by=orderer)
    return placed.requests.get(position=1)
