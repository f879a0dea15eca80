"""Help: what each page is for, whom to ask, and who the reader's KIV administrators are."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.pages import frame
from provisioning.pages.help_page import TOPICS
from tests import cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_directory_says_who_ones_kiv_administrator_is(enter):
    words = text_of(enter(cast.COORDINATOR).get(reverse("help")))
    _before, _heading, answer = words.partition("Who is my KIV administrator? ")
    assert answer.startswith("Björkhaga vårdcentral David Demoström")

    outsider = text_of(enter(cast.OUTSIDER).get(reverse("help")))
    assert "The directory shows no unit of yours" in outsider


def test_help_answers_although_the_directory_is_silent(enter, directory):
    client = enter(cast.HEAD)
    directory.faults.drop_connections = -1
    page = client.get(reverse("help"))
    assert page.status_code == 200
    assert "We get no answer from the directory right now." in text_of(page)


def test_the_support_is_the_one_of_the_settings(enter, settings):
    settings.SUPPORT_CONTACT = "support@region.se, 010-000 00 00"
    page = enter(cast.OUTSIDER).get(reverse("help"))
    assert 'href="mailto:support@region.se"' in page.content.decode()
    assert "010-000 00 00" in text_of(page)


def test_each_page_leads_to_its_own_part_of_the_help(enter):
    client = enter(cast.HEAD)
    for name in ("start", "order", "cases", "grants", "delegations", "reviews"):
        assert f'{reverse("help")}#{name}"' in client.get(reverse(name)).content.decode()
    parts = client.get(reverse("help")).content.decode()
    assert all(f'id="{name}"' in parts for name in TOPICS)
    assert set(frame._BELONGS_TO.values()) - {"reorganisations"} <= set(TOPICS)
