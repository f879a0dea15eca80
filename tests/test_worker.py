"""A lost nudge costs the click nothing, whatever was wrong."""

from __future__ import annotations

import pytest
from celery import current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from provisioning import worker

pytestmark = pytest.mark.django_db(transaction=True)

send = worker._send


@pytest.mark.parametrize("trouble", [OperationalError, ConnectionRefusedError, ValueError])
def test_a_nudge_that_fails_leaves_the_click_alone(monkeypatch, trouble):
    tried = []

    def fails(name, **how):
        tried.append(name)
        raise trouble

    monkeypatch.setattr(worker, "_send", send)
    monkeypatch.setattr(current_app._get_current_object(), "send_task", fails)
    with transaction.atomic():
        worker.wake("workflows.send_message", 1)
        assert tried == []
    assert tried == ["workflows.send_message"]
