"""What stands around every page: the menu, who one is, and that no cache keeps it."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests import cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_menu_is_that_of_kiv_administrators_and_operators(enter, settings):
    tasks, sent = f'href="{reverse("kiv_tasks")}"', f'href="{reverse("messages")}"'
    assert tasks in enter(cast.KIV_ADMINISTRATOR).get(reverse("start")).content.decode()
    plain = enter(cast.OUTSIDER).get(reverse("start")).content.decode()
    assert tasks not in plain
    assert sent not in plain
    settings.OPERATORS = (cast.OUTSIDER.text,)
    assert sent in enter(cast.OUTSIDER).get(reverse("start")).content.decode()


@pytest.mark.parametrize(
    ("person", "words"),
    [(cast.HEAD, "Head of 2 units"), (cast.KIV_ADMINISTRATOR, "KIV administrator"), (cast.OUTSIDER, "")],
)
def test_the_head_of_the_page_says_what_one_is_here(enter, person, words):
    page = enter(person).get(reverse("start"))

    assert words in text_of(page)
    assert ("app-header__role" in page.content.decode()) is bool(words)


@pytest.mark.parametrize("name", ["start", "cases", "order"])
def test_pages_with_personal_data_are_kept_by_no_cache(enter, name):
    assert "no-store" in enter(cast.HEAD).get(reverse(name))["Cache-Control"]
