"""A protected person's name in searches, mails, the exported log and receipts: nowhere.

On pages it is looked for where every address is opened.
"""

from __future__ import annotations

import io

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning.messages.compose import compose
from provisioning.models import AccessRequest, OutgoingMessage
from tests import acts, cast
from tests.visibility import world
from tests.visibility.canaries import canaries, found_in
from tests.visibility.world import made, served, world_once

__all__ = ["canaries", "made", "served", "world_once"]

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]


@pytest.mark.parametrize("page", ["order", "delegate"])
@pytest.mark.parametrize("by_id", [True, False])
def test_a_search_by_exact_id_shows_no_protected_name(made, canaries, page, by_id):
    client = Client()
    client.force_login(acts.user(cast.HEAD))
    text = cast.PROTECTED.text if by_id else canaries[0].split()[0]  # what is typed is shown again
    if page == "order":
        data = {"action": "search_person", "person_search": text}
    else:
        data = world.PAYLOADS["delegate"](None) | {"who": text, "reason": "."}
    response = client.post(reverse(page), data)
    shown = response.content.decode().replace(f'value="{text}"', "")
    assert not found_in(shown, canaries)
    assert (cast.PROTECTED.text in shown) is (by_id and page == "order")


def test_mails_hold_neither_the_name_nor_the_id(made, canaries):
    messages = list(OutgoingMessage.objects.all())
    assert messages
    for message in messages:
        text = compose(message)
        whole = text.subject + text.body + text.html
        assert not found_in(whole, [*canaries, cast.PROTECTED.text])


def test_the_exported_event_log_holds_no_name(made, canaries, tmp_path):
    target = tmp_path / "log.jsonl"
    out = io.StringIO()
    call_command("export_audit", str(target), stdout=out)
    text = target.read_text(encoding="utf-8")
    assert made.cases["protected"].order.case_number in text
    assert not found_in(text + out.getvalue(), canaries)


def test_a_receipt_of_a_finished_case_holds_no_name(made, canaries, settings):
    row = made.cases["protected"]
    AccessRequest.objects.filter(pk=row.pk).update(state="done", verified_at=timezone.now())
    client = Client()
    client.force_login(acts.user(cast.AUDITOR))
    for page in ("receipt", "receipt_json"):
        response = client.get(reverse(page, args=[row.public_id]))
        assert response.status_code == 200
        assert not found_in(response.content.decode(), canaries), page
    cache.clear()
