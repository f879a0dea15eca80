"""A claim on background work is a short lease: renewed while its worker lives, free soon after it died."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from viewflow.workflow.models import Task

from tests import acts
from workflows import steps
from workflows.engine import leases

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def claimed(directory):
    """A request's check, claimed as by a worker."""
    acts.order()
    task = Task.objects.get(pk=steps.due_background()[0])
    with task.activation() as activation:
        claim = activation.claim()
    return task.pk, claim


def due_in(pk: int) -> timedelta:
    return Task.objects.get(pk=pk).scheduled - timezone.now()


def test_a_claim_lasts_no_longer_than_a_lease(claimed, settings):
    pk, _claim = claimed
    assert pk not in steps.due_background()
    assert due_in(pk) <= timedelta(seconds=settings.BACKGROUND_LEASE_SECONDS)


def test_a_renewed_claim_lasts_a_whole_lease_from_then(claimed, settings):
    pk, claim = claimed
    Task.objects.filter(pk=pk).update(scheduled=timezone.now())
    settings.BACKGROUND_LEASE_SECONDS = 3000

    assert leases.renew(pk, claim)
    assert due_in(pk) > timedelta(seconds=2000)


def test_nobody_renews_what_another_has_claimed(claimed):
    pk, _claim = claimed
    before = Task.objects.get(pk=pk).scheduled

    assert not leases.renew(pk, "another")
    assert Task.objects.get(pk=pk).scheduled == before


def test_work_that_takes_longer_than_a_lease_keeps_its_claim(claimed, settings, monkeypatch):
    pk, claim = claimed
    settings.BACKGROUND_LEASE_SECONDS = 0.3
    renewed = threading.Event()
    renew = leases.renew
    times = []

    def noted(*args):
        still = renew(*args)
        times.append(still)
        if len(times) >= 5:
            renewed.set()
        return still

    monkeypatch.setattr(leases, "renew", noted)
    with leases.kept(pk, claim):
        assert renewed.wait(120)
        settings.BACKGROUND_LEASE_SECONDS = 60  # no race between this look and the next renewal
        assert renew(pk, claim)
        assert pk not in steps.due_background()
    assert all(times)


def test_a_worker_that_lost_its_claim_renews_no_more_and_records_nothing(claimed, settings):
    pk, claim = claimed
    Task.objects.filter(pk=pk).update(data={"attempts": 2, "claim": "another"})

    assert not leases.renew(pk, claim)
    with Task.objects.get(pk=pk).activation() as activation:
        assert not activation.holds(claim)


def test_keeping_a_lease_leaves_no_thread_behind(claimed):
    pk, claim = claimed
    with leases.kept(pk, claim):
        keepers = [one for one in threading.enumerate() if one.name == "lease"]
    for one in keepers:
        one.join(60)
    assert not any(one.is_alive() for one in keepers)
    assert connection.is_usable()
