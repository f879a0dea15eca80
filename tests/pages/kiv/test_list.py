"""The KIV administrator's list: one card for each person, all tasks on some page, and how many there are."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.models import Handler, Removal
from provisioning.orders.draft import Choice
from provisioning.pages.kiv.list import PEOPLE_PER_PAGE
from provisioning.rules.hsa import Service
from tests import acts, cast
from tests.pages.reading import text_of
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


def multiply(removal: Removal, count: int) -> list[Removal]:
    """As many removals like it of other persons, each a minute younger than the one before."""
    asked = list(removal.handlers.all())
    made = []
    for number in range(count):
        copy = Removal.objects.get(pk=removal.pk)
        copy.pk, copy.grant, copy.public_id = None, None, uuid.uuid4()
        copy.case_number = f"R2026-9{number:05d}"
        copy.subject_key = copy.subject_hsa_id = f"SE0000000000-9{number:03d}"
        copy.subject_name = f"Person Nummer{number:03d}"
        copy.state_since = timezone.now() + timedelta(minutes=number)
        copy.save(force_insert=True)
        for handler in asked:
            handler.pk, handler.removal = None, copy
            handler.save(force_insert=True)
        made.append(copy)
    return made


@pytest.fixture
def removal(directory, kiv) -> Removal:
    return life.with_kiv(life.removal_by_head(life.granted(kiv)))


def listed(browser, page: int = 1) -> str:
    return browser.get(reverse("kiv_tasks"), {"page": page}).content.decode()


def test_what_to_set_and_what_to_remove_for_a_person_stands_on_one_card(removal, kiv, enter):
    other = acts.order(person_id=cast.BLANKS)
    same = acts.order(service=Service.INTYGSSTATISTIK)
    acts.work()
    acts.choose(same, Choice.COUPLE)
    acts.work()
    found = enter(cast.KIV_ADMINISTRATOR).get(reverse("kiv_tasks"))
    cards = {card.name: card for card in found.context["people"]}
    assert list(cards) == [removal.subject_name, other.subject_name]  # who has waited longest first
    both = cards[removal.subject_name]
    assert [line.case_number for line in both.to_set] == [same.case_number]
    assert [line.case_number for line in both.to_remove] == [removal.case_number]
    assert cards[other.subject_name].to_remove == []
    assert found.content.decode().count("app-card") == 2
    assert "Tasks: 3. Persons they are about: 2." in text_of(found)


def test_every_removal_stands_on_exactly_one_page_and_their_number_is_said(removal, enter):
    made = multiply(removal, 2 * PEOPLE_PER_PAGE + 15)
    browser = enter(cast.KIV_ADMINISTRATOR)
    pages = [listed(browser, number) for number in (1, 2, 3)]
    seen = [re.findall(r"R2026-9\d{5}(?=</span>)", page) for page in pages]
    assert [len(page) for page in seen] == [PEOPLE_PER_PAGE - 1, PEOPLE_PER_PAGE, 16]
    assert sum(seen, []) == [row.case_number for row in made]
    for page in pages:
        assert str(len(made) + 1) in page
    assert removal.case_number in pages[0]


@pytest.mark.parametrize("page", ["0", "99", "x"])
def test_a_page_that_is_not_there_shows_one_that_is(removal, enter, page):
    found = enter(cast.KIV_ADMINISTRATOR).get(reverse("kiv_tasks"), {"page": page})
    assert found.status_code == 200
    assert removal.case_number in found.content.decode()


def test_a_protected_person_is_never_listed_by_name(removal, enter):
    Removal.objects.filter(pk=removal.pk).update(subject_is_protected=True)
    removal.grant.requests.update(subject_is_protected=True)
    for address in ("kiv_tasks", "start"):
        page = enter(cast.KIV_ADMINISTRATOR).get(reverse(address)).content.decode()
        assert removal.case_number in page
        assert removal.subject_name not in page
    task = enter(cast.KIV_ADMINISTRATOR).get(reverse("removal_task", args=[removal.public_id]))
    assert removal.subject_name in task.content.decode()  # who has the task must know whose entry it is


def test_others_and_who_passed_it_on_do_not_see_it(removal, enter):
    for who in (cast.HEAD, cast.COORDINATOR, cast.OUTSIDER):
        assert removal.case_number not in listed(enter(who))
    Handler.objects.filter(removal=removal, person_key=cast.KIV_ADMINISTRATOR.folded).delete()
    assert removal.case_number not in listed(enter(cast.KIV_ADMINISTRATOR))
    assert removal.case_number in listed(enter(cast.KIV_ADMINISTRATOR_ABOVE))
