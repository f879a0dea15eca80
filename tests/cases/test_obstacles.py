"""What stands in the way is noted as it is met, and read back by unit."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.cases import obstacles
from provisioning.models import AccessRequest, Obstacle
from provisioning.orders.carry_out import CannotSet
from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)


def noted(row: AccessRequest) -> list[str]:
    return sorted(Obstacle.objects.filter(request=row).values_list("code", flat=True))


def habit(code: str, unit_id=cast.BJORKHAGA) -> AccessRequest:
    """One case that met it and two copies of it, so that it is a habit of the unit."""
    first = acts.order()
    rows = [first]
    for position in (2, 3):
        row = AccessRequest.objects.get(pk=first.pk)
        row.pk, row.id, row.public_id, row.position = None, None, uuid4(), position
        row.state, row.state_since = "withdrawn", timezone.now()
        row.save(force_insert=True)
        rows.append(row)
    for row in rows:
        obstacles.note(row, [code])
    return first


def test_a_missing_commission_is_noted_once_however_often_it_is_checked(directory):
    row = acts.order(person_id=cast.COORDINATOR_UNCOUPLED)
    acts.work()
    assert noted(row) == ["commission.missing"]
    acts.couple_where_asked(row)
    assert noted(row) == ["commission.missing"]


def test_what_the_order_is_there_to_set_is_nothing_in_the_way(directory):
    row = acts.order()
    acts.work()
    assert noted(row) == []


def test_what_the_kiv_administrator_answers_is_noted(directory):
    row = acts.order()
    acts.work()
    acts.cannot(row, CannotSet.COMMISSION_MISSING)
    assert noted(row) == ["kiv.commission_missing"]


def test_the_head_sees_what_to_fix_once_and_others_do_not(enter, directory):
    row = habit("commission.none_on_unit")
    head = enter(cast.HEAD)
    assert "To fix once" in text_of(head.get(reverse("start")))
    page = text_of(head.get(reverse("unit_people", args=[row.unit_hsa_id])))
    assert "To fix once" in page
    assert "In 3 of the latest 3 orders here." in page
    assert row.case_number in page
    assert "To fix once" not in text_of(enter(cast.OUTSIDER).get(reverse("start")))


def test_a_unit_without_a_habit_has_nothing_to_fix(enter, directory):
    obstacles.note(acts.order(), ["commission.none_on_unit"])
    assert "To fix once" not in text_of(enter(cast.HEAD).get(reverse("start")))


@pytest.mark.parametrize(
    "code", ["order.no_administrator", "order.unanswered", "kiv.not_mine", "kiv.other", "unit.closed"]
)
def test_each_kind_has_its_words(enter, directory, code):
    row = habit(code)
    page = text_of(enter(cast.HEAD).get(reverse("unit_people", args=[row.unit_hsa_id])))
    assert "To fix once" in page
    assert code not in page
