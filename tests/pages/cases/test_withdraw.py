"""An open case is withdrawn on its page: by whom, and once."""

from __future__ import annotations

import pytest

from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.cases.test_choose import withdraw_page
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)  # background work must find no transaction open


@pytest.mark.parametrize("person", [cast.HEAD, cast.COORDINATOR])
def test_orderer_and_subject_may_withdraw_and_the_reason_is_read(enter, person):
    request = acts.order()
    client = enter(person)
    assert "Withdraw the order?" in text_of(client.get(withdraw_page(request)))
    answer = client.post(withdraw_page(request), {"reason": "Byter arbetsplats."}, follow=True)

    request.refresh_from_db()
    assert request.current_state is RequestState.WITHDRAWN
    assert "The order is withdrawn." in text_of(answer)
    assert "Byter arbetsplats." in text_of(answer)


@pytest.mark.parametrize("person", [cast.OUTSIDER, cast.HEAD_ABOVE])
def test_nobody_else_may_withdraw(enter, person):
    request = acts.order()
    client = enter(person)

    assert client.post(withdraw_page(request), {"reason": ""}).status_code == 404
    request.refresh_from_db()
    assert request.is_open


def test_withdrawing_twice_comes_to_the_case(enter):
    request = acts.order()
    client = enter(cast.HEAD)
    client.post(withdraw_page(request), {"reason": ""})
    again = client.post(withdraw_page(request), {"reason": ""}, follow=True)

    assert again.status_code == 200
    assert "the case has changed" in text_of(again)


def test_the_pages_only_change_something_when_they_are_posted(enter):
    request = acts.order()
    client = enter(cast.HEAD)
    assert client.get(withdraw_page(request)).status_code == 200
    assert client.put(withdraw_page(request)).status_code == 405
    request.refresh_from_db()
    assert request.is_open
