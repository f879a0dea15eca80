"""The table of readers is what the rule says, whoever writes, and what the rule says is who sees what."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import Q

from provisioning import access
from provisioning.access import readers
from provisioning.mandates import current
from provisioning.models import AccessRequest, Grant, Handler, HandlerRole, OutgoingMessage, Reader, Removal
from tests import acts, cast
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

EVERYBODY = (
    cast.HEAD, cast.HEAD_ABOVE, cast.COORDINATOR, cast.KIV_ADMINISTRATOR, cast.KIV_ADMINISTRATOR_ABOVE,
    cast.DOCTOR, cast.OUTSIDER, cast.PROCESS_LEADER, cast.DELEGATE,
)  # fmt: skip


def units_of(user) -> Q:
    mandates = current.for_display(user)
    return Q(unit_key__in=[one.folded for one in mandates.unit_ids | mandates.provider_ids(user)])


def requests_by_the_rule(user) -> set[AccessRequest]:
    """Domain §7, written a second time: slow, and plain to read."""
    asked = OutgoingMessage.objects.filter(recipient_key=user.hsa_key, kind__in=readers.ASKING)
    part = (
        Q(order__orderer=user) | Q(subject_key=user.hsa_key) | Q(attester=user) | Q(ordered_for=user)
        | Q(attested_for=user) | Q(second_attester=user) | Q(carried_out_by=user)
        | Q(handlers__person_key=user.hsa_key) | Q(pk__in=asked.exclude(request=None).values("request"))
    )  # fmt: skip
    return set(AccessRequest.objects.filter(part | units_of(user)))


def removals_by_the_rule(user) -> set[Removal]:
    told = OutgoingMessage.objects.filter(recipient_key=user.hsa_key).exclude(removal=None)
    part = (
        Q(subject_key=user.hsa_key) | Q(started_by=user) | Q(carried_out_by=user)
        | Q(handlers__person_key=user.hsa_key) | Q(pk__in=told.values("removal"))
    )  # fmt: skip
    return set(Removal.objects.filter(part | units_of(user)))


def grants_by_the_rule(user) -> set[Grant]:
    decided = Q(order__orderer=user) | Q(attester=user) | Q(attested_for=user) | Q(second_attester=user)
    acted = AccessRequest.objects.exclude(grant=None).filter(decided)
    return set(
        Grant.objects.filter(Q(subject_key=user.hsa_key) | Q(pk__in=acted.values("grant")) | units_of(user))
    )


def numbers(rows, name) -> list[int]:
    return sorted(row[name] for row in rows)


@pytest.fixture
def everything(directory, kiv) -> None:
    """Cases in many states, a right, and its removal."""
    life.take_away(kiv, life.removal_by_head(life.granted(kiv)))
    life.granted(kiv)
    acts.order(units=(cast.BJORKHAGA,), person_id=cast.DOCTOR)
    acts.order_for_process_leader()
    acts.work()


def test_everybody_sees_what_the_rule_says(everything):
    for who in EVERYBODY:
        user = acts.user(who)
        wanted = requests_by_the_rule(user)
        assert set(access.visible_requests(user)) == wanted, who
        assert set(access.visible_removals(user)) == removals_by_the_rule(user), who
        assert set(access.visible_grants(user)) == grants_by_the_rule(user), who
        for is_open in (True, False):
            listed = access.listed_requests(user, is_open=is_open, only_own=False)
            assert numbers(listed, "request_id") == sorted(row.pk for row in wanted if row.is_open is is_open)
            own = access.listed_requests(user, is_open=is_open, only_own=True)
            assert numbers(own, "request_id") == sorted(
                row.pk for row in access.own_requests(user) if row.is_open is is_open
            )
        assert access.reads_more_requests(user) == bool(wanted - set(access.own_requests(user)))
    assert requests_by_the_rule(acts.user(cast.HEAD)) and grants_by_the_rule(acts.user(cast.HEAD))
    assert not requests_by_the_rule(acts.user(cast.OUTSIDER))


def test_whoever_has_it_no_more_reads_it_only_for_another_reason(directory):
    request = acts.order()
    Handler.objects.create(
        request=request, role=HandlerRole.CHOOSER, person_key=cast.OUTSIDER.folded,
        person_hsa_id=cast.OUTSIDER.text, person_name="",
    )  # fmt: skip
    outsider, orderer = acts.user(cast.OUTSIDER), acts.user(cast.HEAD)
    assert access.visible_requests(outsider).exists()
    request.handlers.all().delete()
    assert not access.visible_requests(outsider).exists()
    assert access.visible_requests(orderer).exists()


def test_the_state_of_a_case_is_followed_in_its_own_transaction(directory):
    request = acts.order(by=cast.COORDINATOR, person_id=cast.COORDINATOR)
    assert set(request.readers.values_list("is_open", flat=True)) == {True}
    AccessRequest.objects.filter(pk=request.pk).update(state="withdrawn")
    assert set(request.readers.values_list("is_open", flat=True)) == {False}


def test_what_somebody_has_changed_in_the_table_is_found_and_mended(everything):
    gone = Reader.objects.exclude(request=None).first()
    assert gone is not None
    request = gone.request
    gone.delete()
    Reader.objects.create(reader_key="x", request=request, is_open=True, is_own=True)
    assert readers.differing(connection) == {"request": (1, 1)}
    readers.mend(connection)
    assert readers.differing(connection) == {}


def test_a_trigger_that_is_missing_is_put_back_and_the_table_filled(everything):
    readers.remove(connection)
    assert len(readers.missing(connection)) == len(readers.TRIGGERS)
    AccessRequest.objects.update(state="withdrawn")
    assert readers.differing(connection)
    readers.keep(connection)
    assert not readers.missing(connection)
    assert not readers.differing(connection)
