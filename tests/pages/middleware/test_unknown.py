"""“Don't know” is never “not there”: 503 with what was typed, and 404 again when the directory tells."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.urls import reverse

from provisioning.models import Grant
from provisioning.rules.hsa import HsaId
from tests import acts, cast
from tests.pages.reading import text_of
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

SILENT = "The directory does not answer"
REASON = "Anna works elsewhere since the first of May."


@pytest.fixture
def enter(client):
    """Log in as somebody, in English."""

    def log_in(by: HsaId):
        client.force_login(acts.user(by))
        client.cookies["django_language"] = "en"
        return client

    return log_in


@pytest.fixture
def fall_silent(directory):
    """The directory is busy from now on, and nothing of anybody's mandates is remembered."""

    def begin():
        directory.faults.is_busy = True
        for cache in caches.all():
            cache.clear()

    return begin


def of_a_unit(client, unit_id: HsaId = cast.BJORKHAGA):
    return client.get(reverse("beside_place", args=[unit_id.text]))


def test_a_heads_own_unit_is_unknown_and_not_missing(enter, fall_silent, kiv):
    life.granted(kiv)
    head = enter(cast.HEAD)
    assert of_a_unit(head).status_code == 200
    fall_silent()
    answer = of_a_unit(head)
    assert answer.status_code == 503
    assert SILENT in text_of(answer)
    assert cast.COORDINATOR.text not in text_of(answer)


def test_a_stranger_learns_nothing_from_the_silence(enter, fall_silent, kiv):
    life.granted(kiv)
    stranger = enter(cast.OUTSIDER)
    assert of_a_unit(stranger).status_code == 404
    fall_silent()
    there, nowhere = (of_a_unit(stranger, unit) for unit in (cast.BJORKHAGA, cast.NOWHERE))
    assert there.status_code == nowhere.status_code == 503
    assert text_of(there) == text_of(nowhere)


def test_what_was_typed_is_kept_and_can_be_sent_again(enter, fall_silent, kiv):
    grant = life.granted(kiv)
    address = reverse("grant_end", args=[grant.public_id])
    reader = enter(cast.OUTSIDER)  # nothing but a mandate could let her read the right
    fall_silent()
    answer = reader.post(address, {"reason": REASON, "when": "now"})
    assert answer.status_code == 503
    page = answer.content.decode()
    assert f'<input type="hidden" name="reason" value="{REASON}">' in page
    assert f'<form method="post" action="{address}">' in page
    assert Grant.objects.active().count() == 1


def test_an_auditor_needs_no_mandate_and_sees_what_is_known(enter, fall_silent, kiv):
    grant = life.granted(kiv)
    auditor = enter(cast.AUDITOR)
    fall_silent()
    assert auditor.get(reverse("grant", args=[grant.public_id])).status_code == 200


def test_an_address_that_does_not_exist_is_missing_all_the_same(enter, fall_silent, kiv):
    head = enter(cast.HEAD)
    fall_silent()
    assert head.get("/finns-inte/").status_code == 404
