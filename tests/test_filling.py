"""The database of many cases is one that the tool could have written, as far as lists are concerned."""

from __future__ import annotations

import pytest
from django.db import connection

from provisioning.access import readers
from provisioning.models import AccessRequest, AuditEntry, Grant, Handler, Order, OutgoingMessage, Review
from tests import filling

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_everything_is_there_in_its_share_and_keeps_every_constraint():
    size = filling.fill(4_000)
    assert AccessRequest.objects.count() == Order.objects.count() == 4_000
    assert AuditEntry.objects.count() == 5 * 4_000
    assert OutgoingMessage.objects.count() == 3 * 4_000
    assert Handler.objects.count() >= 2 * 4_000
    assert Grant.objects.count() >= 0.8 * size.rights
    assert Review.objects.count() == size.reviews
    assert not readers.differing(connection)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
