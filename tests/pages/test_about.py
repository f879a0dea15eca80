"""The pages about the tool, open to all."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["about_accessibility", "about_personal_data"])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_anybody_reads_about_the_tool_in_both_languages(name, language) -> None:
    client = Client()
    client.cookies["django_language"] = language
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.content.decode()
    assert "operators@demo.invalid" in text_of(answer)
    assert client.post(reverse(name)).status_code == 405


def test_without_a_configured_log_in_the_page_says_who_helps(settings) -> None:
    assert reverse("demo_login")  # the addresses are settled before the setting is changed
    settings.IS_DEMO = False
    client = Client()
    client.cookies["django_language"] = "en"
    answer = client.get(reverse("login"))
    assert answer.status_code == 503
    assert "Nobody can log in here yet" in text_of(answer)
    assert "mailto:operators@demo.invalid" in answer.content.decode()
