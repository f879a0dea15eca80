"""The pages about an entry that has moved: where it stands now, and where it stood."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.rules.hsa import Attribute
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.moving import NEW_DN, OLD_DN, move
from tests.pages.reading import text_of
from tests.rights import life

pytestmark = pytest.mark.django_db

WANTED = f"INTYG;Rehab-{cast.BJORKHAGA}"


@pytest.fixture
def task(wider):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    return request


def test_the_task_says_where_the_entry_stands_now(client, wider, task):
    move(wider, OLD_DN, NEW_DN)
    client.force_login(acts.user(cast.KIV_ADMINISTRATOR))
    for _look in ("before the new address is taken over", "and after"):
        text = text_of(client.get(reverse("kiv_task", args=[task.public_id])))
        assert NEW_DN in text
        assert f"Har flyttats från {OLD_DN}" in text
        acts.work()


def test_done_goes_by_where_the_entry_stands_now(client, wider, kiv, task):
    move(wider, OLD_DN, NEW_DN)
    kiv.add_value(NEW_DN, Attribute.SYSTEM_ROLE, WANTED)
    client.force_login(acts.user(cast.KIV_ADMINISTRATOR))
    answer = {"answer": "done", "done-items": [str(task.public_id)]}
    client.post(reverse("kiv_task", args=[task.public_id]), answer)
    task.refresh_from_db()
    assert task.current_state is RequestState.VERIFYING


def test_the_case_shows_the_move_and_compares_across_it(client, wider, kiv, task):
    move(wider, OLD_DN, NEW_DN)
    kiv.add_value(NEW_DN, Attribute.SYSTEM_ROLE, WANTED)
    acts.work()
    client.force_login(acts.user(cast.HEAD))
    response = client.get(reverse("case", args=[task.public_id]))
    assert "En post i KIV har flyttats. Den nya platsen används nu." in text_of(response)
    (comparison,) = response.context["comparisons"]
    assert comparison.dn == NEW_DN
    (row,) = [row for row in comparison.rows if row.value == WANTED]
    assert (row.before, row.after) == (False, True)


def test_the_removal_task_says_where_the_entry_stands_now(client, wider, kiv):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    move(wider, OLD_DN, NEW_DN)
    client.force_login(acts.user(cast.KIV_ADMINISTRATOR))
    for _look in ("before the new address is taken over", "and after"):
        text = text_of(client.get(reverse("removal_task", args=[removal.public_id])))
        assert NEW_DN in text
        assert f"Har flyttats från {OLD_DN}" in text
        life.work()
