"""The pages answer although the cache does not."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.directory.gateway import Directory
from provisioning.mandates import current
from provisioning.models import User
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def asked(monkeypatch):
    """The persons whose units were asked for."""
    seen = []
    read = Directory.headed_by

    def counting(directory, person_id):
        seen.append(person_id)
        return read(directory, person_id)

    monkeypatch.setattr(Directory, "headed_by", counting)
    return seen


def test_pages_answer_and_the_directory_is_asked_once(enter, dead_cache, asked):
    browser = enter(cast.HEAD)
    acts.order()
    asked.clear()
    assert browser.get(reverse("start")).status_code == 200
    assert browser.get(reverse("cases")).status_code == 200
    assert asked == [cast.HEAD]


def test_mandates_are_shown_and_forgotten_as_before(directory, dead_cache, asked):
    head = acts.user(cast.HEAD)
    assert current.for_display(head).is_head_of_unit
    current.forget_copy(head)
    assert current.for_display(head).is_head_of_unit
    assert asked == [cast.HEAD, cast.HEAD]


def test_when_the_directory_is_silent_too_the_page_says_so(enter, dead_cache, directory):
    browser = enter(cast.HEAD)
    directory.stop()
    assert browser.get(reverse("start")).status_code == 200
    assert current.for_display(User.objects.get(pk=cast.HEAD.folded)).is_known is False
