"""Swedish first, whatever the browser wishes; English when the reader chooses it."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.django_db


def test_a_page_is_in_swedish_whatever_the_browser_wishes(client):
    answer = client.get("/demo/login/", headers={"accept-language": "en-US,en;q=0.9"})
    assert b'lang="sv"' in answer.content


def test_a_reader_who_chooses_english_gets_english(client):
    client.post("/language/", {"language": "en", "next": "/demo/login/"})
    answer = client.get("/demo/login/", headers={"accept-language": "sv"})
    assert b'lang="en"' in answer.content
