"""A page waits once for a directory that does not answer, however much it has to ask."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from provisioning.directory import open_directory
from tests import acts
from tests.directory.standins import Wire
from tests.visibility.world import PAYLOADS, PEOPLE, made, served, world_once

__all__ = ["made", "served", "world_once"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("person", "name", "about", "which"),
    [
        ("head", "review", "review", "own-review"),
        ("head", "attest", "case", "to-attest"),
        ("head", "removal_withdraw", "removal", "removal"),
        ("kiv", "kiv_task", "case", "in-kiv"),
        ("kiv", "removal_task", "removal", "removal"),
        ("head", "delegate", "", ""),
        ("head", "order", "", ""),
    ],
)
def test_a_page_waits_once(person, name, about, which, made, directory, settings):
    value = made.objects(about)[which] if about else ""
    address = reverse(name, args=[value] if about else [])
    payload = PAYLOADS[name](value) if name in PAYLOADS else {}
    client = Client(raise_request_exception=False)
    client.force_login(acts.user(PEOPLE[person]))
    with Wire(directory.port) as wire:
        settings.DIRECTORY_URL = f"ldap://localhost:{wire.port}"
        settings.DIRECTORY_RECEIVE_TIMEOUT_SECONDS = 1
        wire.freeze()
        for method, data in ((client.get, {}), (client.post, payload)):
            cache.clear()
            before = wire.connections
            answer = method(address, data)
            assert answer.status_code in (200, 400, 503)
            assert wire.connections - before == 1
        open_directory().close()
