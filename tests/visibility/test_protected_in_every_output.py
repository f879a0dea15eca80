"""A protected person's name, HSA-id and what is written about them: in no output for who may not read it.

The person orders for themself, so that they are the one who acts, too; others order, attest, reject and end.
"""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from provisioning.audit.events import record_look
from provisioning.demo.directory.changes import Kiv
from provisioning.demo.directory.store import Store
from provisioning.messages.compose import compose
from provisioning.models import AccessRequest, Grant, OutgoingMessage, Removal
from provisioning.pages.admin import site
from provisioning.rules.hsa import HsaId, Service
from tests import acts, cast, made_once
from tests.made_once import MadeOnce
from tests.rights import life
from tests.visibility.canaries import found_in, names_told
from tests.visibility.test_every_address import ALL
from tests.visibility.world import OPERATOR, PEOPLE

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

TEXTS = {
    "need": "Behovet heter kanariefågel ett och står här.",
    "risk": "Risken heter kanariefågel två och står här.",
    "reject": "Avslaget heter kanariefågel tre och står här.",
    "end": "Avslutet heter kanariefågel fyra och står här.",
    "back": "Återtaget heter kanariefågel fem och står här.",
}
CANARY = "kanariefågel"
# The demo's own log-in and KIV play other systems, in which the person is chosen by HSA-id.
NOT_OF_THE_TOOL = {"logout", "demo_login", "demo_kiv"}
# Orderer, attester and those who have the case: they handle it (domain §7).
HANDLE = {"head", "kiv", "kiv-above"}
SETTINGS = {"AUDITORS": (cast.AUDITOR.text,), "OPERATORS": (OPERATOR.text,)}


@dataclass(frozen=True, slots=True)
class Told:
    """The objects by what addresses are about, and what was logged while everything happened."""

    objects: Mapping[str, list[object]]
    log: str


def tell(kiv: Kiv) -> Told:
    """Everything that can happen about the person."""
    log = io.StringIO()
    handler, logger = logging.StreamHandler(log), logging.getLogger("provisioning")
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel("DEBUG")
    try:
        objects = live(kiv)
    finally:
        logger.removeHandler(handler)
        logger.setLevel(level)
    return Told(objects, log.getvalue())


@pytest.fixture(scope="module")
def told_once(django_db_setup, django_db_blocker, demo_store) -> Iterator[MadeOnce[Told]]:
    with made_once.hold(tell, begin_with=demo_store, blocker=django_db_blocker, **SETTINGS) as told:
        yield told


@pytest.fixture
def served(told_once: MadeOnce[Told]) -> Store:
    return told_once.store


@pytest.fixture
def everything(told_once: MadeOnce[Told], db, directory, settings, caplog) -> Told:
    """All that is told, and settings as they were then."""
    caplog.set_level("DEBUG", logger="provisioning")
    for name, value in SETTINGS.items():
        setattr(settings, name, value)
    return told_once.copy()


@pytest.fixture
def told(everything: Told) -> Mapping[str, list[object]]:
    return everything.objects


def live(kiv: Kiv) -> Mapping[str, list[object]]:
    written = {"need": TEXTS["need"], "risk_statement": TEXTS["risk"]}
    own = life.granted(kiv, by=cast.PROTECTED, person_id=cast.PROTECTED, **written)
    refused = acts.order(
        by=cast.PROTECTED, person_id=cast.PROTECTED, service=Service.INTYGSSTATISTIK, **written
    )
    acts.reject(refused, cast.HEAD, reason=TEXTS["reject"])
    removal = life.with_kiv(life.removal_by_head(own, reason=TEXTS["end"]))
    life.take_away(kiv, removal)
    life.work()
    record_look(by=acts.user(cast.HEAD), subject_key=cast.PROTECTED.folded)
    acts.send_mails()
    cases = AccessRequest.objects.all()
    return {
        "case": [row.public_id for row in cases],
        "grant": [row.public_id for row in Grant.objects.all()],
        "removal": [row.public_id for row in Removal.objects.all()],
        "place": [cast.BJORKHAGA.text],
    }


@pytest.fixture
def names(told) -> list[str]:
    return names_told()


def client_of(person: HsaId | None) -> Client:
    client = Client()
    if person is not None:
        client.force_login(acts.user(person))
    return client


@pytest.mark.parametrize("person", sorted(set(PEOPLE) - HANDLE))
def test_no_page_tells_who_may_not_read_it(person, told, names):
    client = client_of(PEOPLE[person])
    wanted, shown, seen = [*names, cast.PROTECTED.text, CANARY], [], 0
    for address in ALL:
        if address.name in NOT_OF_THE_TOOL:
            continue
        for value in told.get(address.about, []) if address.about else [""]:
            response = client.get(address.path(value))
            seen += response.status_code == 200
            found = found_in(response.content.decode(errors="replace"), wanted)
            shown += [(address.name, one) for one in found]
    assert not shown
    assert seen


def test_those_who_handle_it_read_it_on_the_case(told, names):
    client = client_of(cast.HEAD)
    case = AccessRequest.objects.get(state="done")
    text = client.get(reverse("case", args=[case.public_id])).content.decode()
    assert found_in(text, [names[0], cast.PROTECTED.text, TEXTS["need"], TEXTS["risk"]])


def test_no_record_tells_an_auditor(told, names):
    client = client_of(cast.AUDITOR)
    wanted = [*names, cast.PROTECTED.text, CANARY]
    pages = 0
    for model in site._registry:
        name = f"admin:provisioning_{model._meta.model_name}"
        addresses = [reverse(f"{name}_changelist")]
        if model._meta.model_name != "knownperson":
            addresses += [reverse(f"{name}_change", args=[row.pk]) for row in model._default_manager.all()]
        for address in addresses:
            response = client.get(address)
            pages += response.status_code == 200
            assert not found_in(response.content.decode(), wanted), address
    assert pages > 20


def test_no_receipt_tells_anybody_and_each_can_be_checked(told, names, tmp_path):
    client = client_of(cast.AUDITOR)
    wanted = [*names, cast.PROTECTED.text, CANARY]
    receipts = [("receipt_json", row) for row in told["case"]] + [
        ("removal_receipt_json", row) for row in told["removal"]
    ]
    for number, (name, public_id) in enumerate(receipts):
        response = client.get(reverse(name, args=[public_id]))
        assert response.status_code == 200
        assert not found_in(json.dumps(response.json(), ensure_ascii=False), wanted), name
        file = tmp_path / f"{number}.json"
        file.write_bytes(response.content)
        assert_sound(file, tmp_path)


def test_the_export_tells_nothing_and_can_be_checked(told, names, tmp_path):
    target, out = tmp_path / "log.jsonl", io.StringIO()
    call_command("export_audit", str(target), stdout=out)
    text = target.read_text(encoding="utf-8")
    decoded = "\n".join(json.dumps(json.loads(line), ensure_ascii=False) for line in text.splitlines())
    assert not found_in(decoded + out.getvalue(), [*names, cast.PROTECTED.text, CANARY])
    assert cast.HEAD.folded in text, "those who are not protected are named"
    assert_sound(target, tmp_path)


def test_mails_and_logs_tell_nothing(everything, names, caplog):
    messages = [compose(message) for message in OutgoingMessage.objects.all()]
    assert messages
    texts = [one.subject + one.body + one.html for one in messages] + [everything.log, caplog.text]
    for text in texts:
        assert not found_in(text, [*names, cast.PROTECTED.text, CANARY])


def assert_sound(file: Path, folder: Path) -> None:
    key = folder / "key"
    key.write_text(django_settings.AUDIT_KEY, encoding="utf-8")
    tool = Path(django_settings.BASE_DIR) / "tools" / "verify_audit.py"
    checked = subprocess.run(
        [sys.executable, str(tool), str(file), "--key", str(key)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
