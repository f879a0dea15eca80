"""With twenty thousand cases no page reads a large table from end to end: the plans of its queries."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from provisioning.access import readers
from tests import cast, filling, walking

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]

CASES = 20_000


def test_no_page_reads_a_large_table_from_end_to_end(directory, settings):
    settings.AUDITORS, settings.OPERATORS = (cast.AUDITOR.text,), (cast.KIV_ADMINISTRATOR_ABOVE.text,)
    filling.fill(CASES)
    large = walking.large_tables()
    assert "provisioning_accessrequest" in large and "provisioning_auditentry" in large
    assert not readers.missing(connection)
    found, opened = [], 0
    for who in walking.READERS:
        client = walking.client_of(who)
        for address in walking.addresses(who):
            with CaptureQueriesContext(connection) as queries:
                answers = [answer.status_code for _further, answer in walking.with_next_page(client, address)]
            assert max(answers) < 500, (who, address)
            opened += answers[0] == 200
            found += [(who, address, plan) for plan in walking.scanned(queries, large)]
        for _word, address, data in walking.sent(who):
            with CaptureQueriesContext(connection) as queries:
                answer = walking.first_part(client, address, data)
            assert answer.status_code < 500, (who, address, data)
            opened += answer.status_code == 200
            found += [(who, f"{address} {data}", plan) for plan in walking.scanned(queries, large)]
    for name, ask in walking.catalogue().items():
        with CaptureQueriesContext(connection) as queries:
            assert ask().status_code == 200, name
        found += [("catalogue", name, plan) for plan in walking.scanned(queries, large)]
    assert opened > 200
    assert not found, "\n\n".join("\n".join(one) for one in found[:3])
