"""The button that reminds: for those who wait, and only for them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.models import AccessRequest, AuditEntry, OutgoingMessage
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)


def waits_since_yesterday() -> AccessRequest:
    request = acts.order(by=cast.COORDINATOR)
    AccessRequest.objects.filter(pk=request.pk).update(state_since=timezone.now() - timedelta(days=2))
    return request


def test_who_waits_reminds_from_the_case(enter):
    request = waits_since_yesterday()
    client = enter(cast.COORDINATOR)
    address = f"/arenden/{request.public_id}/paminn/"
    assert address in client.get(f"/arenden/{request.public_id}/").content.decode()
    client.post(address)
    client.post(address)  # too soon: said, and nothing sent
    assert OutgoingMessage.objects.filter(kind="reminder").count() == 1
    assert AuditEntry.objects.filter(action="request.nudged").count() == 1


@pytest.mark.parametrize("who", [cast.HEAD, cast.AUDITOR, cast.OUTSIDER])
def test_others_have_no_such_button_and_no_such_address(enter, settings, who):
    settings.AUDITORS = (cast.AUDITOR.text,)
    request = waits_since_yesterday()
    client = enter(who)
    assert "paminn" not in client.get(f"/arenden/{request.public_id}/").content.decode()
    assert client.post(f"/arenden/{request.public_id}/paminn/").status_code == 404
    assert not OutgoingMessage.objects.filter(kind="reminder").exists()


def test_reminding_is_a_post(enter):
    request = waits_since_yesterday()
    assert enter(cast.COORDINATOR).get(f"/arenden/{request.public_id}/paminn/").status_code == 405
    assert not OutgoingMessage.objects.filter(kind="reminder").exists()
