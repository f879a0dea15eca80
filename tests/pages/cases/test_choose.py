"""Something is missing: the orderer chooses how to go on."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.reading import beside, form_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)  # background work must find no transaction open


def choose_page(request):
    return reverse("choose", args=[request.public_id])


def withdraw_page(request):
    return reverse("withdraw", args=[request.public_id])


def missing(person_id=cast.COORDINATOR_UNCOUPLED, units=(cast.BJORKHAGA,)):
    """An attested order in which the check found that the commission is missing."""
    request = acts.order(person_id=person_id, units=units)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_CHOICE
    return request


def test_the_page_names_the_gap_who_mends_it_and_the_coupling(enter):
    request = missing()
    page = enter(cast.HEAD).get(choose_page(request))

    words = text_of(page)
    assert "The person is not coupled to a commission with the right purpose on the unit." in words
    assert "The KIV administrator can fix this." in words
    assert f"{cast.COORDINATOR_UNCOUPLED.text};;" in words
    assert "choice" not in form_of(page)


def test_the_orderer_asks_for_the_coupling_and_it_becomes_a_task(enter):
    request = missing()
    enter(cast.HEAD).post(choose_page(request), {"choice": "couple"})
    request.refresh_from_db()
    assert request.current_state is RequestState.CHECKING
    acts.work()
    request.refresh_from_db()

    assert request.current_state is RequestState.AWAITING_KIV
    assert {change["attribute"] for change in request.changes} == {"hsaCommissionMember", "hsaSystemRole"}


def test_the_orderer_waits_until_a_day_that_the_page_named(enter):
    request = missing()
    client = enter(cast.HEAD)
    words = text_of(client.get(choose_page(request)))
    client.post(choose_page(request), {"choice": "wait"})

    request.refresh_from_db()
    assert request.current_state is RequestState.WAITING_FOR_COMMISSION
    from django.utils import formats, translation

    with translation.override("en"):
        assert formats.date_format(request.wait_until, "j F Y") in words
        assert formats.date_format(request.wait_until, "j F Y") in text_of(
            client.get(reverse("case", args=[request.public_id]))
        )


def test_choosing_to_withdraw_asks_once_more(enter):
    request = missing()
    answer = enter(cast.HEAD).post(choose_page(request), {"choice": "withdraw"})

    assert answer["Location"] == withdraw_page(request)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_CHOICE


def test_a_commission_that_does_not_exist_cannot_be_asked_for(enter):
    request = missing(cast.COORDINATOR_NO_COMMISSION, (cast.ALMBY,))
    client = enter(cast.HEAD)
    page = client.get(choose_page(request))

    assert "The unit has no commission with the right purpose at all." in text_of(page)
    assert 'value="couple"' not in page.content.decode()
    assert client.post(choose_page(request), {"choice": "couple"}).status_code == 400
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_CHOICE


def test_no_choice_is_told_beside_the_field(enter):
    request = missing()
    page = enter(cast.HEAD).post(choose_page(request), {})

    assert page.status_code == 400
    assert "Choose how to go on." in beside(page, "choice")


@pytest.mark.parametrize("person", [cast.COORDINATOR_UNCOUPLED, cast.OUTSIDER, cast.KIV_ADMINISTRATOR])
def test_nobody_but_the_orderer_chooses(enter, person):
    request = missing()
    client = enter(person)

    assert client.get(choose_page(request)).status_code == 404
    assert client.post(choose_page(request), {"choice": "wait"}).status_code == 404
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_CHOICE


def test_a_choice_made_twice_comes_to_the_case(enter):
    request = missing()
    client = enter(cast.HEAD)
    client.post(choose_page(request), {"choice": "wait"})
    again = client.post(choose_page(request), {"choice": "couple"}, follow=True)

    assert "the case has changed" in text_of(again)
    request.refresh_from_db()
    assert request.current_state is RequestState.WAITING_FOR_COMMISSION
