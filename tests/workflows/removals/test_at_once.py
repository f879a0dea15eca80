"""Two people at once on a right or its removal, on PostgreSQL: real threads, real row locks."""

from __future__ import annotations

import pytest
from django.utils import timezone
from viewflow.workflow.models import Task

from provisioning.mandates import current
from provisioning.models import AuditEntry, Grant, Removal
from provisioning.rights import end
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import GrantState, RemovalState
from tests import acts, cast
from tests.removals.test_leave_hsa import gone_from_kiv
from tests.rights import life
from tests.workflows.orders.test_at_once import at_once, errors
from workflows import steps
from workflows.sweeps import expiry, kiv_tasks

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_a_right_ended_by_many_at_once_is_one_removal(directory, kiv):
    grant = life.granted(kiv)
    acts.user(cast.HEAD), acts.user(cast.COORDINATOR)
    results = at_once(
        lambda: life.removal_by_head(grant),
        lambda: life.removal_by_head(grant),
        lambda: life.removal_by_person(grant),
    )
    assert [error.code for error in errors(results)] == ["wrong_state"] * 2
    assert not [result for result in results if result is None]
    assert Removal.objects.count() == 1


def test_sweeps_at_once_begin_one_removal(directory, kiv):
    grant = life.has_run_out(life.granted(kiv))
    results = at_once(*[expiry.end_due] * 4)
    assert sum(int(str(result)) for result in results) == 1
    assert grant.removals.count() == 1


def test_administrators_and_the_poll_at_once_close_the_task_once(directory, kiv):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    acts.user(cast.KIV_ADMINISTRATOR), acts.user(cast.KIV_ADMINISTRATOR_ABOVE)
    life.take_away(kiv, removal)
    Removal.objects.update(next_poll_at=timezone.now())
    one, other = (Removal.objects.get(pk=removal.pk) for _person in range(2))
    results = at_once(
        lambda: life.report_done(one),
        lambda: life.report_done(other, cast.KIV_ADMINISTRATOR_ABOVE),
        kiv_tasks.poll_due,
    )
    assert len(errors(results)) <= 2
    assert AuditEntry.objects.filter(action="removal.values_gone").count() == 1
    assert Task.objects.filter(process=removal.process, flow_task_type="JOB", status="SCHEDULED").count() == 1


def test_a_right_prolonged_while_its_removal_is_proven_ends_in_one_truth(directory, kiv):
    """Both take locks on the right: neither waits for the other in a circle."""
    grant = life.granted(kiv)
    removal = life.with_kiv(life.run_out(grant))
    request = acts.order()
    steps.run_background(Task.objects.get(process=request.process, status="SCHEDULED").pk)
    request.refresh_from_db()
    life.take_away(kiv, removal)
    life.report_done(removal)
    tasks = Task.objects.filter(status="SCHEDULED").values_list("pk", flat=True)
    at_once(*[lambda pk=pk: steps.run_background(pk) for pk in tasks])
    life.work()
    removal.refresh_from_db()
    request.refresh_from_db()
    assert not removal.is_open
    assert Grant.objects.living().count() <= 1
    for living in Grant.objects.living():
        assert living.current_state is GrantState.ACTIVE
    assert removal.current_state in (RemovalState.DONE, RemovalState.NOT_NEEDED)


def test_two_workers_and_an_order_leave_hsa_with_one_outcome(directory, hsa, kiv, sync):
    removal = gone_from_kiv(kiv, sync)
    life.take_away(sync, removal)
    request = acts.order(days=100)
    acts.make_everything_due()
    tasks = list(Task.objects.filter(status="SCHEDULED").values_list("pk", flat=True))
    results = at_once(*[lambda pk=pk: steps.run_background(pk) for pk in [*tasks, *tasks]])
    assert not errors(results)
    for _round in range(3):
        acts.make_everything_due()
        life.work()
    removal.refresh_from_db()
    request.refresh_from_db()
    assert removal.current_state is RemovalState.DONE
    assert request.current_state is RequestState.AWAITING_KIV  # the value has to be set again
    assert AuditEntry.objects.filter(about=removal.public_id, action="removal.done").count() == 1
    assert not Grant.objects.living().exists()


def test_let_to_end_by_two_at_once_is_one_decision(directory, kiv):
    grant = life.granted(kiv)

    def let_end(by):
        person = acts.user(by)
        return end.let_end(grant.pk, by=person, mandates=current.read(person.identity))

    results = at_once(lambda: let_end(cast.HEAD), lambda: let_end(cast.COORDINATOR))
    assert [error.code for error in errors(results)] == ["wrong_state"]
