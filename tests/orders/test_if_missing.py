"""What the orderer chose in the order, where the check finds that something is missing."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.audit.events import Action
from provisioning.messages.texts import MessageKind
from provisioning.orders.draft import Choice
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _with_a_directory(directory) -> None:
    """Each test reads the directory."""


def checked(**wishes):
    request = acts.order(**{"person_id": cast.COORDINATOR_UNCOUPLED} | wishes)
    acts.work()
    request.refresh_from_db()
    return request


def acts_of(request) -> list[str]:
    return [entry.action for entry in request.audit_entries.order_by("pk")]


@pytest.mark.parametrize(
    ("choice", "state", "act"),
    [
        (Choice.COUPLE, RequestState.AWAITING_KIV, Action.COUPLING_ASKED),
        (Choice.WAIT, RequestState.WAITING_FOR_COMMISSION, Action.WAITING_CHOSEN),
    ],
)
def test_what_was_chosen_in_the_order_is_done_and_nobody_is_asked(choice, state, act):
    request = checked(if_missing=choice)

    assert request.current_state is state
    assert act in acts_of(request)
    assert not request.messages.filter(kind=MessageKind.CHOOSE.value).exists()
    assert request.wants_coupling is (choice is Choice.COUPLE)


def test_whoever_decides_reads_what_was_chosen(enter):
    request = acts.order(
        by=cast.COORDINATOR_UNCOUPLED, person_id=cast.COORDINATOR_UNCOUPLED, if_missing=Choice.WAIT
    )
    page = enter(cast.HEAD).get(reverse("attest", args=[request.public_id]))

    assert "If the commission is missing The order waits for it." in text_of(page)


def test_who_chose_nothing_in_the_order_is_asked_after_the_check():
    assert checked().current_state is RequestState.AWAITING_CHOICE


def test_coupling_is_asked_for_only_where_it_is_what_is_missing():
    request = checked(person_id=cast.COORDINATOR, if_missing=Choice.COUPLE)

    assert request.current_state is RequestState.AWAITING_KIV
    assert Action.COUPLING_ASKED not in acts_of(request)


def test_where_there_is_no_commission_to_couple_to_the_orderer_is_asked():
    request = checked(person_id=cast.COORDINATOR_NO_COMMISSION, units=[cast.ALMBY], if_missing=Choice.COUPLE)

    assert request.current_state is RequestState.AWAITING_CHOICE
