"""The demo's history is made by real acts, once, and shows every state that lasts."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from provisioning.demo import history
from provisioning.models import AccessRequest, AuditEntry, Finding, Grant, Order, Removal, Review
from provisioning.rules.hsa import Level, Service
from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)

LASTING = {
    "awaiting_attestation", "awaiting_second_attestation", "awaiting_choice", "waiting_for_commission",
    "awaiting_kiv", "done", "rejected", "withdrawn", "cannot_be_done",
}  # fmt: skip


def test_the_history_shows_every_state_that_lasts(directory, kiv, settings, caplog):
    settings.SIGNED_ASSIGNMENT_FOR = [f"{service}:{level}" for service in Service for level in Level]
    assert history.make()

    assert not [record.getMessage() for record in caplog.records if "history lacks" in record.getMessage()]
    assert set(AccessRequest.objects.values_list("state", flat=True)) >= LASTING
    assert Grant.objects.active().count() >= 2
    assert Removal.objects.exists()
    assert Finding.objects.to_settle().exists()
    assert Review.objects.exists()
    assert not AccessRequest.objects.filter(subject_key=cast.COORDINATOR.folded).exists()  # the main story
    assert AuditEntry.objects.filter(action="request.attested").exists()


def test_the_history_is_made_once_and_never_beside_somebodys_own_orders(directory, kiv):
    call_command("demo_history")
    orders = Order.objects.count()
    assert orders
    call_command("demo_history")
    assert Order.objects.count() == orders


def test_the_history_is_for_the_demo_alone(settings):
    settings.IS_DEMO = False
    with pytest.raises(CommandError):
        call_command("demo_history")
    assert not Order.objects.exists()
