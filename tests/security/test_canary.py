"""A canary in every cage: personal data, failures forced everywhere, and nothing of it where it must not be.

The canaries are one person's name, HSA-id and mail address as the directory has them, and the stated need.
"""

import json
import re
import smtplib

import pytest
from django.core.cache import cache
from django.core.mail.backends.base import BaseEmailBackend
from django.db import IntegrityError
from viewflow.workflow.context import Context
from viewflow.workflow.models import Process, Task
from viewflow.workflow.nodes import Switch

from provisioning.directory import open_directory
from provisioning.models import AccessRequest, AuditEntry, OutgoingMessage
from tests import acts, cast
from workflows import tasks
from workflows.orders.flow import AccessRequestFlow
from workflows.sweeps import kiv_tasks

NEED = "Kanariefågelns behov: samordnar rehabilitering för enhetens sjukskrivna."
pytestmark = pytest.mark.django_db


@pytest.fixture
def canaries(directory):
    person = open_directory().person(cast.COORDINATOR)
    assert person.mail
    return [NEED, person.name, person.surname, person.mail, cast.COORDINATOR.text, cast.COORDINATOR.folded]


@pytest.fixture
def explode(canaries):
    """Raises what a careless library raises: everything it worked on, in the message and in a local."""

    def boom(*args, **kwargs):
        name = " ".join(canaries)
        raise IntegrityError(f"Key (subject)=({name}) already exists.")

    return boom


def found_in(text, canaries):
    return [canary for canary in canaries if canary.lower() in str(text).lower()]


def stored():
    """What the engine keeps, and the error codes we keep."""
    return json.dumps(
        [
            list(Task.objects.values_list("data", flat=True)),
            list(Process.objects.values_list("data", flat=True)),
            list(OutgoingMessage.objects.values_list("error_code", flat=True)),
            list(AccessRequest.objects.values_list("trouble_code", flat=True)),
        ],
        default=str,
        ensure_ascii=False,
    )


def assert_discreet(log, canaries, *, kind="IntegrityError"):
    text = log.getvalue()
    assert kind in text, "the failure must be in the log"
    assert not found_in(text, canaries)
    assert not found_in(stored(), canaries)


def placed():
    return acts.order(need=NEED)


# --- The web ------------------------------------------------------------------------------------------------


def test_a_page_that_fails_shows_and_logs_nothing_personal(enter, log, canaries, explode, monkeypatch):
    client = enter(cast.HEAD)
    client.raise_request_exception = False
    monkeypatch.setattr("provisioning.pages.order.page.choices.search_persons", explode)
    response = client.post(
        "/bestall/", {"action": "search_person", "person_search": canaries[1], "need": NEED}
    )
    assert response.status_code == 500
    assert not found_in(response.content.decode(), canaries)
    assert_discreet(log, canaries)


@pytest.mark.parametrize("page", ["start", "case"])
def test_a_page_that_fails_while_reading_a_case(page, enter, log, canaries, explode, monkeypatch):
    request = placed()
    client = enter(cast.HEAD)
    client.raise_request_exception = False
    monkeypatch.setattr("provisioning.pages.words.line", explode)
    monkeypatch.setattr("provisioning.pages.words.facts", explode)
    response = client.get("/" if page == "start" else f"/arenden/{request.public_id}/")
    assert response.status_code == 500
    assert not found_in(response.content.decode(), canaries)
    assert_discreet(log, canaries)


def test_an_operation_that_fails_leaves_nothing_behind(enter, log, canaries, explode, monkeypatch):
    request = placed()
    acts.work()
    client = enter(cast.KIV_ADMINISTRATOR)
    client.raise_request_exception = False
    before = AuditEntry.objects.count()
    monkeypatch.setattr("provisioning.orders.carry_out.cannot", explode)
    page = client.get(f"/kiv/{request.public_id}/")
    assert page.status_code == 200
    log.truncate(0)
    response = client.post(
        f"/kiv/{request.public_id}/",
        {
            "answer": "cannot",
            "cannot-why": "other",
            "cannot-note": NEED,
            "cannot-items": [str(request.public_id)],
        },
    )
    assert response.status_code == 500
    assert not found_in(log.getvalue(), canaries)
    assert AuditEntry.objects.count() == before
    request.refresh_from_db()
    assert request.state == "awaiting_kiv"


@pytest.mark.parametrize("address", ["/arenden/00000000-0000-0000-0000-000000000000/", "/finns-inte/"])
def test_a_page_that_is_not_there_says_nothing(address, enter, canaries, log):
    placed()
    response = enter(cast.OUTSIDER).get(address)
    assert response.status_code == 404
    assert not found_in(response.content.decode(), canaries)
    assert not found_in(log.getvalue(), canaries)


def test_somebody_elses_case_is_not_there_and_says_nothing(enter, canaries):
    request = placed()
    response = enter(cast.OUTSIDER).get(f"/arenden/{request.public_id}/")
    assert response.status_code == 404
    assert not found_in(response.content.decode(), canaries)


def test_no_address_holds_anything_personal(enter, canaries):
    """Every link, form and redirection of the pages a head, an administrator and the person meet."""
    request = placed()
    acts.work()
    addresses = []
    for who in (cast.HEAD, cast.KIV_ADMINISTRATOR, cast.COORDINATOR, cast.AUDITOR):
        client = enter(who)
        public_id = request.public_id
        tables = (f"/records/provisioning/{name}/" for name in ("accessrequest", "auditentry", "handler"))
        cases = ("/arenden/", "/arenden/?vems=alla", f"/arenden/{public_id}/", f"/kiv/{public_id}/", "/kiv/")
        for page in ("/", "/bestall/", "/meddelanden/", *cases, "/records/", *tables):
            response = client.get(page)
            addresses += re.findall(r'(?:href|action|src)="([^"]*)"', response.content.decode())
            addresses.append(response.headers.get("Location", ""))
    assert len(addresses) > 100
    assert not found_in("\n".join(addresses), canaries)
    # The pages of a unit have the unit's HSA-id in their address, which is nobody's.
    of_units = ("/behorigheter/plats/", "/enheter/")
    of_people = [address for address in addresses if not address.startswith(of_units)]
    assert not re.search(r"se\d{10}-\w+", "\n".join(of_people), re.IGNORECASE)


def test_no_address_of_the_records_holds_anything_personal(enter, canaries):
    request = placed()
    acts.work()
    client = enter(cast.AUDITOR)
    pages = [f"/records/provisioning/accessrequest/{request.pk}/change/"]
    pages += [
        f"/records/provisioning/auditentry/{pk}/change/"
        for pk in request.audit_entries.values_list("pk", flat=True)
    ]
    pages += [f"/records/provisioning/order/{request.order.pk}/change/"]
    for page in pages:
        response = client.get(page)
        assert response.status_code == 200
        addresses = re.findall(r'(?:href|action)="([^"]*)"', response.content.decode())
        assert addresses
        assert not re.search(r"se\d{10}-\w+", " ".join(addresses), re.IGNORECASE), page
    assert client.get("/records/provisioning/user/").status_code == 404


def test_no_key_in_the_cache_holds_anything_personal(enter, canaries):
    placed()
    for who in (cast.HEAD, cast.COORDINATOR):
        client = enter(who)
        client.get("/")
        client.post("/bestall/", {"action": "search_person", "person_search": canaries[1]})
    keys = list(cache._cache)
    assert any("limit.search" in key for key in keys)
    assert any("mandates" in key for key in keys)
    assert not found_in("\n".join(keys), canaries)
    assert not re.search(r"se\d{10}-\w+", "\n".join(keys), re.IGNORECASE)


# --- Background work ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["work", "record"])
def test_background_work_that_fails(part, directory, log, canaries, explode, monkeypatch):
    request = placed()
    monkeypatch.setattr(AccessRequestFlow.check, part, explode)
    task = Task.objects.get(process=request.process, status="SCHEDULED")
    tasks.run_background(task.pk)
    assert_discreet(log, canaries)
    task.refresh_from_db()
    assert task.data["error"] == "IntegrityError"
    assert task.status == "SCHEDULED"  # it is tried again


def test_a_gate_of_the_engine_that_fails(directory, log, canaries, explode, monkeypatch):
    """viewflow, where it swallows an error itself, keeps its message, traceback and local variables."""
    request = acts.order(by=cast.COORDINATOR, need=NEED)
    monkeypatch.setattr(Switch, "_branches", property(lambda gate: [(gate, explode)]))
    with Context(propagate_exception=False):
        acts.attest(request, cast.HEAD)
    failed = Task.objects.get(process=request.process, status="ERROR")
    assert failed.data == {"_exception": {"type": "IntegrityError"}}
    assert not found_in(stored(), canaries)
    assert not found_in(log.getvalue(), canaries)


def test_what_the_engine_stores_of_an_exception_is_its_type_alone(directory, canaries):
    task = Task.objects.filter(process=placed().process).first()
    try:
        raise ValueError(canaries[0])
    except ValueError as exc:
        task.data = {"_exception": {"title": str(exc), "locals": {"name": canaries[1]}}, "attempts": 1}
        task.save()
    task.refresh_from_db()
    assert task.data == {"_exception": {"type": "ValueError"}, "attempts": 1}


def test_a_poll_that_fails(directory, log, canaries, explode, monkeypatch):
    placed()
    acts.work()
    AccessRequest.objects.update(next_poll_at="2020-01-01T00:00:00Z")
    monkeypatch.setattr(kiv_tasks, "open_directory", explode)
    tasks.poll_kiv_tasks.apply()
    assert_discreet(log, canaries)


class Refusing(BaseEmailBackend):
    """A mail server that refuses the recipient, and says whom."""

    def send_messages(self, messages):
        for message in messages:
            raise smtplib.SMTPRecipientsRefused({message.to[0]: (550, message.to[0].encode())})


def test_a_mail_server_that_names_the_person_it_refuses(directory, log, canaries, settings):
    settings.EMAIL_BACKEND = f"{__name__}.Refusing"
    acts.order(by=cast.COORDINATOR, need=NEED)
    addresses = [open_directory().person(cast.HEAD).mail]
    acts.send_mails()
    assert OutgoingMessage.objects.filter(error_code="SMTPRecipientsRefused").exists()
    assert_discreet(log, [*canaries, *addresses], kind="SMTPRecipientsRefused")


def test_a_message_that_cannot_be_written(directory, log, canaries, explode, monkeypatch):
    acts.order(by=cast.COORDINATOR, need=NEED)
    monkeypatch.setattr("provisioning.messages.outbox.compose", explode)
    acts.send_mails()
    assert_discreet(log, canaries)


def test_a_task_that_raises_in_the_worker(directory, log, canaries, explode, monkeypatch):
    """The queue's own line about a failed task would hold the exception's text, twice."""
    acts.order(by=cast.COORDINATOR, need=NEED)
    monkeypatch.setattr("provisioning.messages.outbox.compose", explode)
    monkeypatch.setattr("provisioning.messages.outbox.put_off", explode)  # what catches it fails, too
    message = OutgoingMessage.objects.first()
    tasks.send_message.apply(args=(message.pk,))
    assert_discreet(log, canaries)
    assert "task workflows.send_message" in log.getvalue()


# --- The directory ------------------------------------------------------------------------------------------


def test_a_directory_that_goes_away(directory, enter, log, canaries):
    placed()
    client = enter(cast.HEAD)
    directory.stop()
    tasks.sweep_background()
    response = client.post("/bestall/", {"action": "search_person", "person_search": canaries[1]})
    assert response.status_code == 503
    assert not found_in(log.getvalue(), canaries)
    assert not found_in(stored(), canaries)
