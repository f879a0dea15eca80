"""A delegation ends while its delegate decides, on PostgreSQL: one after the other, and nobody is stuck."""

from __future__ import annotations

import pytest

from provisioning.cases import handlers
from provisioning.directory import open_directory
from provisioning.errors import NotAllowed
from provisioning.mandates import current, delegations
from provisioning.models import AccessRequest, AuditEntry
from provisioning.rules.mandates import Delegable
from tests import acts, cast
from tests.mandates import delegating
from tests.workflows.orders.test_at_once import at_once, errors

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


@pytest.mark.parametrize("attempt", range(4))
def test_a_decision_and_a_revocation_come_one_after_the_other(directory, attempt):
    row = delegating.give()
    request = acts.order(by=cast.COORDINATOR)
    acts.user(cast.DELEGATE)
    directory_now = open_directory()
    results = at_once(
        lambda: acts.attest(AccessRequest.objects.get(pk=request.pk), cast.DELEGATE),
        lambda: delegating.revoke(row),
        lambda: handlers.refresh(directory_now, AccessRequest.objects.get(pk=request.pk)),
    )
    row.refresh_from_db()
    request.refresh_from_db()
    assert row.end_code == "revoked"
    assert [type(error) for error in errors(results)] in ([], [NotAllowed])
    was_refused = bool(errors(results))
    assert (request.attester_id is None) is was_refused
    acted = list(
        AuditEntry.objects.filter(action__in=["request.attested", "delegation.ended"]).values_list(
            "action", flat=True
        )
    )
    assert acted == (["delegation.ended"] if was_refused else ["request.attested", "delegation.ended"])


def test_the_same_delegation_given_in_two_windows_is_one(directory):
    giver = acts.user(cast.HEAD)
    wanted = delegating.wish(kinds=[Delegable.ATTESTING])
    looked = delegations.look_up(wanted, by=giver)
    results = at_once(*[lambda: delegations.give(wanted, looked, by=giver)] * 3)
    assert len(errors(results)) == 2
    assert len(current.read(cast.DELEGATE).delegated) == 1
