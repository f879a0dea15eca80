"""A protected person's name: on the case's own pages for those who handle it, and nowhere else."""

from __future__ import annotations

import io
from collections.abc import Collection

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from provisioning.directory import open_directory
from provisioning.messages.compose import compose
from provisioning.models import AccessRequest, OutgoingMessage
from tests import acts, cast
from tests.visibility import world
from tests.visibility.test_every_address import ALL
from tests.visibility.world import PEOPLE, made, served, world_once

__all__ = ["made", "served", "world_once"]

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

# Who may read the name, and on which pages: orderer, attester and those who have the case (domain §7).
MAY_READ = {"head", "kiv", "kiv-above"}
OWN_PAGES = {"case", "attest", "choose", "withdraw", "kiv_task", "kiv_ask", "kiv_answer"}


@pytest.fixture
def canaries(made) -> Collection[str]:
    """The name as the directory has it, whole and in parts that nobody else in the directory shares."""
    directory = open_directory()
    person = directory.person(cast.PROTECTED)
    assert person
    assert person.is_protected
    parts = [
        text for text in (person.given_name, person.surname) if len(directory.find_persons(text).items) == 1
    ]
    return [person.name, *parts]


def found_in(text: str, canaries: Collection[str]) -> list[str]:
    return [canary for canary in canaries if canary.casefold() in text.casefold()]


@pytest.mark.parametrize("person", PEOPLE)
def test_no_page_shows_the_name_to_who_may_not_read_it(person, made, canaries):
    client = Client()
    hsa_id = PEOPLE[person]
    if hsa_id is not None:
        client.force_login(acts.user(hsa_id))
    shown_on = set()
    seen = 0
    for address in ALL:
        if address.name == "logout":
            continue
        objects = made.objects(address.about).values() if address.about else [""]
        for value in objects:
            response = client.get(address.path(value))
            seen += response.status_code == 200
            if found_in(response.content.decode(errors="replace"), canaries):
                shown_on.add(address.name)
    assert seen > (0 if hsa_id is None else 5)
    assert shown_on <= (OWN_PAGES if person in MAY_READ else set())
    if person in MAY_READ:
        assert "case" in shown_on  # so that the canaries are the right ones


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
