"""Attesting: who may and who may not any more, and what the database itself refuses."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from provisioning.cases import candidates, handlers
from provisioning.directory import open_directory
from provisioning.errors import NotAllowed
from provisioning.mandates import current
from provisioning.models import AccessRequest
from provisioning.orders import attest
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.findings import drifting
from workflows import steps

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize(
    ("columns", "name"),
    [
        ({"attester_id": cast.COORDINATOR.folded}, "attester_is_not_subject"),
        ({"second_attester_id": cast.HEAD.folded}, "second_attester_is_another"),
        ({"carried_out_by_id": cast.HEAD.folded}, "carried_out_by_somebody_else"),
        ({"carried_out_by_id": cast.COORDINATOR.folded}, "carried_out_by_somebody_else"),
        ({"attester_id": None}, "attested_before_anything_else"),
        ({"ends_on": "2020-01-01"}, "request_ends_after_start"),
    ],
)
def test_four_eyes_are_kept_by_the_database_itself(directory, columns, name):
    request = acts.order()
    acts.user(cast.COORDINATOR)
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        AccessRequest.objects.filter(pk=request.pk).update(**columns)
    AccessRequest.objects.filter(pk=request.pk).update(carried_out_by=acts.user(cast.KIV_ADMINISTRATOR))


@pytest.mark.parametrize(
    ("who", "may"),
    [(cast.HEAD, True), (cast.HEAD_ABOVE, False), (cast.KIV_ADMINISTRATOR, False), (cast.COORDINATOR, False),
     (cast.AUDITOR, False), (cast.OUTSIDER, False)],
)  # fmt: skip
def test_only_the_attester_attests(directory, who, may):
    request = acts.order(by=cast.COORDINATOR)
    if may:
        acts.attest(request, who)
    else:
        with pytest.raises(NotAllowed):
            acts.attest(request, who)
        request.refresh_from_db()
        assert request.attester_id is None
        assert request.current_state is RequestState.AWAITING_ATTESTATION


def test_a_mandate_that_ended_in_between_is_refused_with_the_reason(directory):
    request = acts.order(by=cast.COORDINATOR)
    head = acts.user(cast.HEAD)
    with pytest.raises(NotAllowed) as refused:
        steps.act(
            request,
            RequestState.AWAITING_ATTESTATION,
            lambda row: attest.attest(row, by=head, mandates=current.Mandates()),
            by=head,
        )
    assert refused.value.code == "not_allowed"
    request.refresh_from_db()
    assert request.attester_id is None


def test_a_head_who_has_only_other_units_now_does_not_attest_here_any_more(directory, kiv):
    request = acts.order(by=cast.COORDINATOR)
    drifting.replace(kiv, request.unit_dn, "hsaHealthCareUnitManager", [cast.HEAD_ABOVE.text])
    assert current.read(cast.HEAD).is_head_of_unit  # of Almby
    for act in (acts.attest, acts.reject):
        with pytest.raises(NotAllowed):
            act(request, cast.HEAD)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_ATTESTATION and request.attester_id is None


def test_the_head_of_the_provider_attests_once_the_case_climbed_there(directory):
    request = acts.order(by=cast.COORDINATOR)
    asked = candidates.look_up(open_directory(), request, rungs=2)
    assert asked is not None
    handlers.assign(request, *asked)
    acts.attest(request, cast.PROVIDER_HEAD)
    request.refresh_from_db()
    assert request.attester_id == cast.PROVIDER_HEAD.folded
