"""A step that lasts longer than 95 of 100 orders here is marked, and whoever can act is told once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning import dates
from provisioning.audit.events import Action
from provisioning.figures import counting, unusual
from provisioning.models import AccessRequest, AuditEntry, Order, OutgoingMessage, StepHistory
from provisioning.pages.cases import step_bar
from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def usual_times(db) -> None:
    """Fifty finished orders, each a day in every step."""
    case = [dates.today().toordinal() - 1, 10.0, 10.0, 10.0, 10.0, 10.0]
    StepHistory.objects.create(
        place_key=counting.ALL, counted_to=dates.today() - timedelta(days=1), cases=[case] * 50
    )


def waiting(days: int) -> AccessRequest:
    """An order that has waited for its attester for so many days."""
    row = acts.order(by=cast.COORDINATOR)
    at = timezone.now() - timedelta(days=days)
    Order.objects.filter(pk=row.order_id).update(created_at=at)
    AccessRequest.objects.filter(pk=row.pk).update(state_since=at)
    return AccessRequest.objects.get(pk=row.pk)


def told() -> list[str]:
    rows = OutgoingMessage.objects.filter(kind="unusually_long")
    return sorted(rows.values_list("recipient_key", flat=True))


def test_whoever_can_act_is_told_once_and_sees_it(usual_times, directory, enter):
    row = waiting(30)
    assert unusual.tell_all() == 1
    assert unusual.tell_all() == 0
    assert told() == sorted(one.folded for one in row.handler_ids) != []
    row.refresh_from_db()
    assert row.lasts_unusually
    assert [step.is_unusual for step in step_bar.steps_of(row)].count(True) == 1
    assert AuditEntry.objects.filter(action=Action.UNUSUALLY_LONG.value, actor=None).count() == 1
    client = enter(cast.HEAD)
    assert "Longer than usual" in text_of(client.get(reverse("start")))
    assert "Longer than 95 of 100" in text_of(client.get(reverse("case", args=[row.public_id])))


def test_the_kiv_list_shows_what_lasts_unusually(directory, enter):
    row = acts.order()
    acts.work()
    administrator = enter(cast.KIV_ADMINISTRATOR)
    assert "Longer than usual" not in text_of(administrator.get(reverse("kiv_tasks")))
    AccessRequest.objects.filter(pk=row.pk).update(unusual_steps=["KIV"])
    assert "Longer than usual" in text_of(administrator.get(reverse("kiv_tasks")))


def test_what_takes_the_usual_time_is_not_marked(usual_times, directory):
    row = waiting(0)
    assert unusual.tell_all() == 0
    assert told() == []
    assert not row.lasts_unusually


def test_without_history_nothing_is_unusual(directory):
    waiting(30)
    assert unusual.tell_all() == 0


def test_the_mark_is_of_the_step_alone(usual_times, directory):
    row = waiting(30)
    AccessRequest.objects.filter(pk=row.pk).update(unusual_steps=["KIV"])
    row.refresh_from_db()
    assert not row.lasts_unusually
    AccessRequest.objects.filter(pk=row.pk).update(state="withdrawn", unusual_steps=["ATTESTATION"])
    row.refresh_from_db()
    assert not row.lasts_unusually
    assert unusual.tell_all() == 0
