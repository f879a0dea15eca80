"""The search field of every page finds what one may read; a protected person by the exact id only."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.audit.events import Action
from provisioning.models import AuditEntry, Order
from tests import acts, cast
from tests.pages.reading import text_of
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


def found(client, sought: str) -> str:
    response = client.post(reverse("search"), {"sought": sought})
    assert response.status_code == 200
    return text_of(response)


def test_every_page_has_the_field(enter):
    assert 'name="sought"' in enter(cast.OUTSIDER).get(reverse("start")).content.decode()


def test_a_case_is_found_by_its_number_the_persons_id_and_the_name(kiv, enter):
    request = life.granted(kiv).origin
    client = enter(cast.HEAD)
    by_number = (request.case_number, request.order.case_number, request.order.case_number.lower())
    for sought in (
        *by_number,
        cast.COORDINATOR.text.lower(),
        cast.BJORKHAGA.text,
        request.subject_name[:6].lower(),
    ):
        assert request.case_number in found(client, f"  {sought} "), sought
    assert "Rights" in found(client, cast.COORDINATOR.text)


def test_a_removal_is_found_by_its_number(kiv, enter):
    removal = life.removal_by_head(life.granted(kiv))
    page = found(enter(cast.HEAD), removal.case_number.lower())
    assert "Removals" in page and removal.case_number in page


def test_what_is_not_ones_own_to_read_is_not_found(directory, enter):
    request = acts.order()
    client = enter(cast.OUTSIDER)
    for sought in (request.case_number, cast.COORDINATOR.text, request.subject_name):
        page = found(client, sought)
        assert "Nothing found" in page
        assert request.case_number not in page.replace(sought, "")


def test_a_protected_person_is_found_by_the_exact_id_only(directory, enter):
    request = acts.order(person_id=cast.PROTECTED)
    client = enter(cast.HEAD)
    assert request.case_number in found(client, cast.PROTECTED.text)
    others = (cast.PROTECTED.text[:-1], cast.BJORKHAGA.text, request.unit_name, "Skyddad")
    for sought in others:
        assert request.case_number not in found(client, sought), sought


@pytest.mark.parametrize("sought", ["ab", "%%%", "12", "R", "--", "x" * 101, "   "])
def test_too_little_says_what_to_write(directory, enter, sought):
    assert "Write at least three letters" in found(enter(cast.HEAD), sought)


def test_an_auditors_search_is_an_event_without_the_name(directory, enter, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    request = acts.order()
    auditor = enter(cast.AUDITOR)
    assert request.case_number in found(auditor, request.subject_name)
    entry = AuditEntry.objects.get(action=Action.SEARCHED.value)
    assert entry.actor_id == cast.AUDITOR.folded
    assert entry.data["by"] == "name" and entry.data["hits"] == 1
    assert request.subject_name not in str(entry.data)
    found(enter(cast.HEAD), request.case_number)
    assert AuditEntry.objects.filter(action=Action.SEARCHED.value).count() == 1


def test_a_case_is_found_by_its_number_in_another_system(directory, enter):
    request = acts.order()
    Order.objects.update(external_number="RITM00412/7")
    assert request.case_number in found(enter(cast.HEAD), " ritm00412/7 ")
    for sought in ("ritm00412", "RITM00412/8"):
        assert request.case_number not in found(enter(cast.HEAD), sought)
    assert request.case_number not in found(enter(cast.OUTSIDER), "RITM00412/7")


def test_a_number_of_ours_comes_before_the_same_number_elsewhere(directory, enter):
    first, second = acts.order(), acts.order(person_id=cast.DOCTOR)
    Order.objects.filter(pk=second.order_id).update(external_number=first.order.case_number)
    page = found(enter(cast.HEAD), first.order.case_number)
    assert first.case_number in page and second.case_number not in page
