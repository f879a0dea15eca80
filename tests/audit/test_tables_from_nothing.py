"""The tables against the chain, where the tests need rows of their own from the first one on."""

import pytest
from django.db import transaction

from provisioning.audit import events, says, sealing
from provisioning.audit.events import Action
from provisioning.models import AccessRequest, Grant
from tests.audit.test_tables import YEARS, compared, deviations
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life

pytestmark = [pytest.mark.django_db]


def test_two_attesters_who_were_swapped_are_named(directory, kiv):
    sitting.process_leader(kiv)
    request = AccessRequest.objects.get()
    swapped = {"attester": request.second_attester_id, "second_attester": request.attester_id}
    AccessRequest.objects.filter(pk=request.pk).update(**swapped)
    found = [one for one in compared().deviations if one.table == "request"]
    assert {one.column for one in found} == {"attester", "second_attester"}
    assert {(one.said, one.signed) for one in found} == {
        (request.second_attester_id, request.attester_id),
        (request.attester_id, request.second_attester_id),
    }


def test_what_only_older_entries_tell_of_is_counted(directory, kiv, monkeypatch):
    monkeypatch.setattr(sealing, "VERSION", 2)
    monkeypatch.setattr(says, "of", lambda rows, key: [])
    delegating.give()
    grant = life.granted(kiv)
    sitting.begun(grant)
    monkeypatch.undo()
    agreement = compared()
    assert (agreement.rows, agreement.older, agreement.deviations) == (0, 5, ())
    with transaction.atomic():  # the next entry about a row says all of it
        events.record(Action.GRANT_KEPT, actor=None, about=grant, state=grant.state)
    assert compared().rows == 1
    Grant.objects.update(ends_on=grant.ends_on + YEARS)
    assert deviations() == {("right", "ends_on")}
