"""A finished order becomes a right, one living right for each thing; an order that is not done gives none."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from provisioning import dates
from provisioning import directory as provisioning_directory
from provisioning.models import AuditEntry, Grant
from provisioning.rules.dates import deadlines
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_finished_order_is_a_right_with_its_dates_and_a_review(directory, kiv):
    grant = life.granted(kiv, days=300)
    today = dates.today()
    assert (grant.starts_on, grant.ends_on) == (today, today + timedelta(days=300))
    assert grant.next_review_on == deadlines.next_review(today)
    assert grant.person_dn == provisioning_directory.open_directory().person(cast.COORDINATOR).dn
    entry = AuditEntry.objects.get(action="grant.created")
    assert (entry.about, entry.request_id) == (grant.public_id, grant.origin.public_id)


@pytest.mark.parametrize("end", [RequestState.REJECTED, RequestState.WITHDRAWN])
def test_an_order_that_is_not_done_gives_no_right(directory, end):
    request = acts.order(by=cast.COORDINATOR)
    if end is RequestState.REJECTED:
        acts.reject(request, cast.HEAD)
    else:
        acts.steps.withdraw(request, by=acts.user(cast.COORDINATOR), reason="")
    assert not Grant.objects.exists()


def test_the_database_holds_one_living_grant_for_each_right(directory, kiv):
    grant = life.granted(kiv)
    other = acts.order(units=[cast.BJORKHAGA], person_id=cast.DOCTOR)
    copy = Grant.objects.get(pk=grant.pk)
    copy.pk, copy.origin = None, other
    copy.public_id = other.public_id
    with pytest.raises(IntegrityError), transaction.atomic():
        copy.save(force_insert=True)
