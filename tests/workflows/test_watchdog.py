"""No case stays with the tool beyond its limit without operators who have it, and a written cause."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone
from viewflow.workflow.models import Task

from provisioning.incidents import settle
from provisioning.models import AccessRequest, AuditEntry, Incident, OutgoingMessage, Removal
from provisioning.rules.dates.automatic import Stall
from provisioning.rules.states.request import WAITING_ON, RequestState, Waiting
from provisioning.rules.states.right import REMOVAL_OPEN, RemovalState
from tests import acts, cast
from tests.rights import life
from workflows import steps, tasks, watchdog
from workflows.orders import work as orders_work
from workflows.removals import work as removals_work

pytestmark = pytest.mark.django_db

OPERATOR = cast.TWO_IDS
LONG_AGO = timedelta(days=200)

REQUEST_STATES = [state for state, whose in WAITING_ON.items() if whose is Waiting.TOOL]
REMOVAL_STATES = sorted(REMOVAL_OPEN - {RemovalState.AWAITING_KIV})
ALL = [*REQUEST_STATES, *REMOVAL_STATES]
NAMES = [f"{type(state).__name__}.{state.name}" for state in ALL]


@pytest.fixture(autouse=True)
def operators(settings):
    settings.OPERATORS = (OPERATOR.text,)


def in_state(kiv, state):
    """A case that the tool has in this state, with its work planned."""
    if isinstance(state, RequestState):
        case = acts.order()
        today = timezone.localdate()
        AccessRequest.objects.filter(pk=case.pk).update(state=state.value, wait_until=today)
    else:
        case = life.removal_by_head(life.granted(kiv))
        Removal.objects.filter(pk=case.pk).update(state=state.value, values_gone_at=timezone.now())
    case.refresh_from_db()
    plan(case, scheduled=timezone.now() + timedelta(minutes=1))
    return case


def plan(case, **columns):
    Task.objects.filter(process=case.process, status="SCHEDULED").update(**columns)


def as_if(case, **columns):
    type(case).objects.filter(pk=case.pk).update(**columns)


def why(case):
    incident = case.incidents.standing().first()
    return incident and Stall(incident.code)


def mails():
    return OutgoingMessage.objects.filter(kind="incidents")


TROUBLES = {
    Stall.FAILING: lambda case, at: plan(case, data={"failing_since": at.isoformat(), "error": "KeyError"}),
    Stall.SILENT: lambda case, at: as_if(case, trouble_since=at, trouble_code="directory.unavailable"),
    Stall.NOT_DONE: lambda case, at: plan(case, scheduled=at),
}


@pytest.mark.parametrize("state", ALL, ids=NAMES)
def test_in_every_automatic_state_trouble_ends_with_a_human(directory, kiv, settings, state):
    limit = timedelta(minutes=settings.AUTOMATIC_LIMIT_MINUTES)
    case = in_state(kiv, state)
    for cause, trouble in TROUBLES.items():
        trouble(case, timezone.now() - limit + timedelta(minutes=1))
        watchdog.look_all()
        assert not case.incidents.standing().exists(), (cause, "before the limit")
        trouble(case, timezone.now() - limit)
        watchdog.look_all()
        assert why(case) is cause
        plan(case, data={}, scheduled=timezone.now() + timedelta(minutes=1))
        as_if(case, trouble_since=None)
        watchdog.look_all()
        assert why(case) is None
    assert mails().count() == 1, "what comes soon after it is told together with more"
    assert mails().get().recipient_key == OPERATOR.folded


@pytest.mark.parametrize("state", ALL, ids=NAMES)
def test_no_automatic_state_lasts_for_ever(directory, kiv, state):
    case = in_state(kiv, state)
    watchdog.look_all()
    assert why(case) is None
    long_ago = timezone.localdate() - LONG_AGO
    columns = {"wait_until": long_ago, "starts_on": long_ago} if isinstance(case, AccessRequest) else {}
    as_if(case, state_since=timezone.now() - LONG_AGO, **columns)
    watchdog.look_all()
    assert why(case) is Stall.TOO_LONG


@pytest.mark.parametrize("state", ALL, ids=NAMES)
def test_a_case_whose_flow_has_broken_has_a_human(directory, kiv, state):
    case = in_state(kiv, state)
    plan(case, status="ERROR")
    as_if(case, state_since=timezone.now() - LONG_AGO)
    watchdog.look_all()
    assert why(case) is Stall.MISSING


def test_what_waits_as_it_should_is_nobodys_trouble(directory):
    waiting = acts.order(units=[cast.ALMBY])
    AccessRequest.objects.filter(pk=waiting.pk).update(
        state="waiting_for_commission", state_since=timezone.now() - timedelta(days=20),
        wait_until=timezone.localdate() + timedelta(days=3),
    )  # fmt: skip
    later = acts.order(starts_on=timezone.localdate() + timedelta(days=30))
    AccessRequest.objects.filter(pk=later.pk).update(state_since=timezone.now() - timedelta(days=20))
    plan(waiting, scheduled=timezone.now() + timedelta(minutes=4))
    assert watchdog.look_all() == 0
    assert not mails().exists()


def fails(case, monkeypatch, error=None):
    """The work on a request raises what nobody foresaw."""

    def raise_it(_reading):
        raise error or RuntimeError("Anna Bok")

    target = (orders_work, "assess") if isinstance(case, AccessRequest) else (removals_work, "look")
    node = Task.objects.get(process=case.process, status="SCHEDULED").flow_task
    assert node.work is getattr(*target)
    monkeypatch.setattr(node, "work", raise_it)


@pytest.mark.parametrize("kind", ["request", "removal"])
def test_an_unforeseen_error_is_told_after_so_many_tries(directory, kiv, settings, monkeypatch, kind):
    case = acts.order() if kind == "request" else life.removal_by_head(life.granted(kiv))
    with monkeypatch.context() as broken:
        fails(case, broken)
        for tried in range(settings.AUTOMATIC_TRIES):
            assert not case.incidents.exists(), f"told after {tried} tries"
            tasks.sweep_background()
            tasks.sweep_watchdog()
            acts.make_everything_due()
        incident = case.incidents.standing().get()
        assert (incident.code, incident.detail) == ("work.failing", "RuntimeError")
        assert "Anna" not in str(Task.objects.filter(process=case.process).values_list("data", flat=True))
        assert AuditEntry.objects.filter(action=f"{case.KEY}.stalled").count() == 1
        tasks.sweep_watchdog()
        tasks.sweep_watchdog()
        assert mails().count() == 1

    tasks.sweep_background()
    case.refresh_from_db()
    assert case.current_state.value == "awaiting_kiv"
    assert not case.incidents.standing().exists()
    assert AuditEntry.objects.filter(action=f"{case.KEY}.resumed").count() == 1


def test_an_operator_has_it_tried_again(directory, monkeypatch, settings):
    settings.AUTOMATIC_TRIES = 1
    case = acts.order()
    with monkeypatch.context() as broken:
        fails(case, broken)
        tasks.sweep_background()
    incident = case.incidents.standing().get()
    assert not steps.due_background(), "put off"
    settle.try_again(incident, by=acts.user(OPERATOR), make_due=steps.try_again)
    watchdog.look_all()
    assert case.incidents.standing().exists(), "asking is no success"
    tasks.sweep_background()
    assert not case.incidents.standing().exists()


def test_a_broken_flow_can_be_tried_again(directory, settings):
    case = acts.order()
    plan(case, status="ERROR", finished=timezone.now())
    as_if(case, state_since=timezone.now() - LONG_AGO)
    watchdog.look_all()
    steps.try_again(case)
    tasks.sweep_background()
    watchdog.look_all()
    case.refresh_from_db()
    assert case.current_state is RequestState.AWAITING_KIV
    assert not case.incidents.standing().exists()


def test_a_database_that_is_away_for_a_moment_is_no_failed_try(directory, settings, monkeypatch):
    settings.AUTOMATIC_TRIES = 1
    case = acts.order()
    fails(case, monkeypatch, OperationalError("gone"))
    tasks.sweep_background()
    watchdog.look_all()
    assert not case.incidents.exists()


def test_work_that_kills_its_worker_again_and_again_is_told(directory):
    case = acts.order()
    lost = {"attempts": 3, "claim": "of a dead worker"}
    plan(case, data=lost, scheduled=timezone.now())
    pk = steps.due_background()[0]
    with Task.objects.get(pk=pk).activation() as activation:
        assert activation.claim()
    data = Task.objects.get(pk=pk).data
    assert data["failures"] == 0, "one that died is no proof"
    plan(case, data=data | {"failing_since": (timezone.now() - timedelta(hours=1)).isoformat()})
    watchdog.look_all()
    assert why(case) is Stall.FAILING


def test_a_case_that_is_withdrawn_needs_nobody_any_more(directory, monkeypatch, settings):
    settings.AUTOMATIC_TRIES = 1
    case = acts.order()
    with monkeypatch.context() as broken:
        fails(case, broken)
        tasks.sweep_background()
    steps.withdraw(case, by=acts.user(cast.HEAD), reason="Behövs inte längre på enheten.")
    assert not Incident.objects.standing().exists()


def test_what_is_new_later_is_told_in_one_mail(directory, settings):
    settings.AUTOMATIC_TRIES = 1
    first = acts.order()
    as_if(first, trouble_since=timezone.now() - LONG_AGO, trouble_code="directory.unavailable")
    watchdog.look_all()
    assert mails().count() == 1
    others = [acts.order(person_id=one) for one in (cast.SETTLED, cast.DOCTOR_UNCOUPLED)]
    for other in others:
        as_if(other, trouble_since=timezone.now() - LONG_AGO, trouble_code="directory.unavailable")
    watchdog.look_all()
    assert mails().count() == 1
    Incident.objects.exclude(told_at=None).update(told_at=timezone.now() - timedelta(minutes=16))
    watchdog.look_all()
    assert mails().count() == 2
    assert not Incident.objects.filter(told_at=None).exists()
