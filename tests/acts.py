"""What the people of a case do, through the real operations."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from django.utils import timezone
from viewflow.workflow.models import Task

from provisioning.demo.directory.changes import Kiv
from provisioning.demo.directory.server import MockDirectory
from provisioning.directory import open_directory
from provisioning.mandates import current
from provisioning.models import AccessRequest, User
from provisioning.orders import attest as orders_attest
from provisioning.orders import carry_out, check, prepare
from provisioning.orders.draft import Choice, Draft
from provisioning.rules.hsa import Attribute, HsaId, Level, Service
from provisioning.rules.states.request import RequestState
from tests import cast
from workflows import steps, tasks
from workflows.sweeps import kiv_tasks

NEED = "Samordnar rehabiliteringen för enhetens sjukskrivna."
RISK = "Ser bara sjukfall på den egna enheten; följs upp varje år."


def user(hsa_id: HsaId) -> User:
    """Who is logged in; somebody who is gone from the directory meanwhile is so still."""
    person = open_directory().person(hsa_id)
    if person is None:
        return User.objects.get(pk=hsa_id.folded)
    return User.objects.seen(person.hsa_id, name=person.name, is_protected=person.is_protected)


def draft(
    person_id: HsaId = cast.COORDINATOR,
    *,
    service: Service = Service.REHABSTOD,
    level: Level = Level.UNIT,
    units: Collection[HsaId] = (cast.BJORKHAGA,),
    need: str = NEED,
    risk_statement: str = RISK,
    starts_on: date | None = None,
    starts_in: int = 0,
    days: int = 300,
    if_missing: Choice | None = None,
    signed_assignment_on: date | None = None,
) -> Draft:
    start = starts_on or timezone.localdate() + timedelta(days=starts_in)
    end = start + timedelta(days=days)
    return Draft(
        *(person_id, service, level, tuple(units), start, end, need, risk_statement),
        if_missing=if_missing,
        signed_assignment_on=signed_assignment_on,
    )


def order(by: HsaId = cast.HEAD, **wishes) -> AccessRequest:
    """Place an order; returns its first request."""
    orderer = user(by)
    placed = steps.place_order(prepare.prepare(draft(**wishes), by=orderer), by=orderer)
    return placed.requests.get(position=1)


def order_for_process_leader(by: HsaId = cast.HEAD, person_id: HsaId = cast.PROCESS_LEADER) -> AccessRequest:
    """Order the statistics of the whole care provider, which two attest."""
    wishes = {"service": Service.INTYGSSTATISTIK, "level": Level.PROVIDER, "units": [cast.PROVIDER]}
    return order(by=by, person_id=person_id, **wishes)


def couple_where_asked(request: AccessRequest, by: HsaId = cast.HEAD) -> None:
    """The orderer has the commission coupled, where it is missing."""
    request.refresh_from_db()
    if request.current_state is RequestState.AWAITING_CHOICE:
        choose(request, Choice.COUPLE, by=by)
        work()
        request.refresh_from_db()


def set_values(request: AccessRequest, *tools: Kiv) -> None:
    """Set exactly what the task says, in each of these directories."""
    for change in request.changes:
        for tool in tools:
            tool.add_value(change["dn"], Attribute(change["attribute"]), change["add"])


def silence(directory: MockDirectory, fault: str, *, size_limit: int = 1) -> None:
    """The directory answers in a way from which nothing can be concluded."""
    match fault:
        case "busy":
            directory.faults.is_busy = True
        case "dropped":
            directory.faults.drop_connections = -1
        case "cut short":
            directory.faults.size_limit = size_limit
        case "unreadable role":
            directory.faults.unreadable = {"hsaSystemRole"}
        case _:
            raise ValueError(fault)


def work() -> None:
    """One round of everything the worker does, at once: background work that is due, polls, messages."""
    tasks.sweep_background()
    AccessRequest.objects.filter(next_poll_at__isnull=False).update(next_poll_at=timezone.now())
    kiv_tasks.poll_due()
    tasks.sweep_background()


def make_everything_due() -> None:
    """As if time had passed: put-off work and lapsed claims are due now."""
    Task.objects.filter(status="SCHEDULED").update(scheduled=timezone.now())


def attest(request: AccessRequest, by: HsaId) -> AccessRequest:
    attester = user(by)
    mandates = current.read(attester.identity)
    second = orders_attest.second_attesters(open_directory(), request, by=attester)
    return steps.act(
        request,
        request.current_state,
        lambda row: orders_attest.attest(row, by=attester, mandates=mandates, second=second),
        by=attester,
    )


def reject(
    request: AccessRequest, by: HsaId, reason: str = "Behövs inte längre på enheten."
) -> AccessRequest:
    attester = user(by)
    mandates = current.read(attester.identity)
    return steps.act(
        request,
        request.current_state,
        lambda row: orders_attest.reject(row, by=attester, mandates=mandates, reason=reason),
        by=attester,
    )


def report_done(
    request: AccessRequest, by: HsaId = cast.KIV_ADMINISTRATOR, *, already: bool = False
) -> AccessRequest:
    administrator = user(by)
    mandates = current.read(administrator.identity)
    seen = kiv_tasks.look(request)
    return steps.act(
        request,
        RequestState.AWAITING_KIV,
        lambda row: carry_out.report_done(
            row, by=administrator, mandates=mandates, seen=seen, already=already, note=""
        ),
        by=administrator,
    )


def cannot(
    request: AccessRequest, why: carry_out.CannotSet, by: HsaId = cast.KIV_ADMINISTRATOR
) -> AccessRequest:
    administrator = user(by)
    mandates = current.read(administrator.identity)
    return steps.act(
        request,
        RequestState.AWAITING_KIV,
        lambda row: carry_out.cannot(
            row, by=administrator, mandates=mandates, why=why, text="Enheten saknas i mitt träd."
        ),
        by=administrator,
    )


def choose(request: AccessRequest, choice: Choice, by: HsaId = cast.HEAD) -> AccessRequest:
    orderer = user(by)
    return steps.act(
        request,
        RequestState.AWAITING_CHOICE,
        lambda row: check.choose(row, by=orderer, choice=choice),
        by=orderer,
    )


def send_mails() -> None:
    tasks.sweep_messages()
