"""Every address × every kind of person × own and other objects × every method, against a table to read.

A new address fails here until the table has its rows. `WRITE_VISIBILITY=1 pytest tests/visibility` writes
what is answered now into the table; read the difference before you keep it. On the same walk every page that
opens is searched for the name of a protected person.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.template.loader import get_template
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from provisioning.models import (
    AccessRequest,
    Delegation,
    Evidence,
    Finding,
    Grant,
    Handler,
    Incident,
    Order,
    OutgoingMessage,
    Removal,
    Reorganisation,
    Review,
    ReviewItem,
    TeamMember,
)
from tests import acts
from tests.visibility import table
from tests.visibility.canaries import canaries, found_in
from tests.visibility.table import METHODS, Column
from tests.visibility.world import PAYLOADS, PEOPLE, World, made, served, world_once

__all__ = ["canaries", "made", "served", "world_once"]

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(900)]

WATCHED = (
    Order,
    AccessRequest,
    Handler,
    Incident,
    Evidence,
    Delegation,
    OutgoingMessage,
    Grant,
    Removal,
    Reorganisation,
    Review,
    ReviewItem,
    Finding,
    TeamMember,
)
# Which objects an address is about, by its name. Every other one with a variable is about a case.
ABOUT = {
    "order_lines": "order",
    "order_stamp": "order",
    "order_withdraw": "order",
    "order_attest": "order",
    "revoke_delegation": "delegation",
    "resend": "message",
    "incident_retry": "incident",
    "incident_settle": "incident",
    "subscription": "subscription",
    "unsubscribe": "subscription",
    "hook_secret": "subscription",
    "hook_again": "delivery",
    "hook_aside": "delivery",
    "finding": "finding",
    "reorganisation": "reorganisation",
    "review": "review",
    "review_result": "review",
    "review_evidence": "review",
    "api_order": "handed",
    "api_order_withdraw": "handed",
    "api_case": "handed",
    "scim_user": "handed",
    "api_ticket": "handed",
    "scim_group": "handed",
    "grant": "grant",
    "grant_end": "grant",
    "grant_let_end": "grant",
    "beside_person": "grant",
    "beside_place": "place",
    "unit_people": "place",
    "unit_proposals": "place",
    "unit_team": "place",
    "end_team_task": "team",
    "removal": "removal",
    "removal_receipt": "removal",
    "removal_receipt_json": "removal",
    "removal_withdraw": "removal",
    "removal_task": "removal",
}

# Where an auditor is not told 403, 404 or 405: what is sent there asks for a file, and none was named; the
# interface for other systems knows nobody by a cookie.
REFUSALS_OF = {
    "/enheter/<str:hsa_id>/": {"400"},
    "/enheter/tackning/": {"400"},
    "/api/v1/orders/<uuidstr:order_id>": {"405"},
    "/api/v1/orders/<uuidstr:order_id>/withdraw": {"401"},
    "/api/v1/cases/<uuidstr:case_id>": {"405"},
    "/api/v1/kiv-tasks/<uuidstr:case_id>/ticket": {"401"},
}


@dataclass(frozen=True, slots=True)
class Address:
    """One address of the tool, as the table names it."""

    route: str
    name: str

    @property
    def about(self) -> str:
        """What kind of object stands in it; empty for none."""
        if "<uuid:" not in self.route and self.name not in ABOUT:
            return ""
        return ABOUT.get(self.name, "case")

    def path(self, value: object) -> str:
        route = re.sub(r"<(?:uuid|uuidstr|str):\w+>", str(value), self.route)
        # The records' addresses: the first row of the table, whatever it is.
        route = re.sub(r"<path:\w+>", _first_row(route), route)
        route = re.sub(r"\^?\(\?P<app_label>[^)]*\)/\$", "provisioning/", route)
        return "/" + re.sub(r"\(\?P<url>[^)]*\)\$", "nothing-there", route)


def _first_row(route: str) -> str:
    """The key of the first row in the table that the address is about; keys go on from test to test."""
    records = re.match(r"records/provisioning/(\w+)/<path", route)
    rows = apps.get_model("provisioning", records[1])._base_manager.order_by("pk") if records else None
    return str(rows.values_list("pk", flat=True).first() or 1) if rows is not None else "1"


def addresses(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[Address]:
    """Each address of the tool, as the resolver has it."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield Address(route, pattern.name or "")
        else:
            yield from addresses(pattern, route)


ALL = list(addresses())


@pytest.fixture
def plain_refusals(settings, tmp_path, monkeypatch):
    """Pages that refuse have a text only where they are opened, and no line in the log: thousands do."""
    monkeypatch.setattr(logging.getLogger("django.request"), "disabled", True)
    (tmp_path / "opened").mkdir()
    for code in ("403", "404"):
        (tmp_path / "opened" / f"{code}.html").symlink_to(get_template(f"{code}.html").origin.name)
        text = f'{{% if request.method == "GET" %}}{{% include "opened/{code}.html" %}}{{% endif %}}'
        (tmp_path / f"{code}.html").write_text(text, encoding="utf-8")
    engine = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine["DIRS"]]}]


@dataclass(slots=True)
class Walk:
    """What one person met at every address.

    `opened`: how many pages; `named_on`: the addresses whose pages tell a protected person's name.
    """

    answers: Column = field(default_factory=dict)
    opened: int = 0
    named_on: set[str] = field(default_factory=set)


# Who may read the name, and on which pages: orderer, attester and those who have the case (domain §7).
MAY_READ = {"head", "kiv", "kiv-above"}
OWN_PAGES = {"case", "attest", "choose", "withdraw", "kiv_task", "kiv_ask", "kiv_answer"}


@pytest.fixture(scope="module")
def walked() -> dict[str, Walk]:
    """The walks of those who have been everywhere, by person: each goes once."""
    return {}


@pytest.fixture
def walk(walked, made, canaries, plain_refusals) -> Callable[[str], Walk]:
    def of(person: str) -> Walk:
        if person not in walked:
            walked[person] = go_everywhere(person, made, canaries)
        return walked[person]

    return of


@pytest.mark.parametrize("person", PEOPLE)
def test_every_address_answers_each_person_as_the_table_says(person, walk):
    found = walk(person).answers
    if os.environ.get("WRITE_VISIBILITY") == "1":
        keep(person, found)
    expected = table.read(table.FILE.read_text(encoding="utf-8")).get(person, {})
    assert {key: (expected.get(key), now) for key, now in found.items() if expected.get(key) != now} == {}
    assert set(expected) == set(found), "rows without an address"


@pytest.mark.parametrize("person", PEOPLE)
def test_no_page_shows_the_name_to_who_may_not_read_it(person, walk):
    found = walk(person)
    assert found.opened > (0 if PEOPLE[person] is None else 5)
    assert found.named_on <= (OWN_PAGES if person in MAY_READ else set())
    if person in MAY_READ:
        assert "case" in found.named_on  # so that the canaries are the right ones


def test_the_table_has_a_row_for_every_address_and_no_other():
    expected = table.read(table.FILE.read_text(encoding="utf-8"))
    assert set(expected) == set(PEOPLE)
    for person, column in expected.items():
        assert {key[0] for key in column} == {title(address) for address in ALL}, person


def test_an_auditor_changes_nothing_of_what_is_only_read():
    """Read from the table itself: no answer to an auditor says that something was changed, or may be."""
    column = table.read(table.FILE.read_text(encoding="utf-8"))["auditor"]
    changing = [key for key, answer in column.items() if answer.endswith("!")]
    # An auditor may ask for a review; others decide in it.
    assert changing == [("/uppfoljningar/ny/", "-", "POST")]
    posted = {
        key: answer for key, answer in column.items() if key[2] == "POST" and key[1] not in ("-", "missing")
    }
    assert len(posted) > 20
    for (address, about, _method), answer in posted.items():
        assert answer in REFUSALS_OF.get(address, {"403", "404", "405"}), (address, about)


def test_nobody_sees_what_is_elsewhere_or_missing():
    """Read from the table itself: who has nothing to do with another unit's case finds nothing there."""
    expected = table.read(table.FILE.read_text(encoding="utf-8"))
    strangers = set(PEOPLE) - {"nobody", "other-head", "auditor"}
    for person in strangers:
        for (address, about, method), answer in expected[person].items():
            if about in ("elsewhere", "missing"):
                assert answer in ("404", "405"), (person, address, about, method)


def go_everywhere(person: str, made: World, canaries: Collection[str]) -> Walk:
    """What this person gets everywhere. Each request is undone before the next one."""
    client = Client()
    hsa_id = PEOPLE[person]
    if hsa_id is not None:
        client.force_login(acts.user(hsa_id))
        client.get("/")  # begins the session, which each request would begin anew
    cookies = client.cookies.output(header="", sep=";")
    walk = Walk()
    for address in ALL:
        objects = made.objects(address.about) if address.about else {"-": ""}
        for about, value in objects.items():
            for method in METHODS:
                client.cookies = SimpleCookie(cookies)
                code, response = ask(client, method, address, value)
                walk.answers[title(address), about, method] = code
                if method != "GET":
                    continue
                walk.opened += response.status_code == 200
                assert response.content or response.status_code != 404, (
                    "a refusal without a text is not searched"
                )
                if found_in(response.content.decode(errors="replace"), canaries):
                    walk.named_on.add(address.name)
    return walk


def ask(client: Client, method: str, address: Address, value: Any) -> tuple[str, Any]:
    """The answer as the table writes it, and itself."""
    data = PAYLOADS[address.name](value) if method == "POST" and address.name in PAYLOADS else {}
    send = getattr(client, method.lower())
    with transaction.atomic(), writes() as written:
        response = send(address.path(value), data) if method == "POST" else send(address.path(value))
        transaction.set_rollback(True)
    location = response.headers.get("Location", "")
    code = "login" if location.startswith("/logga-in/?") else str(response.status_code)
    return (f"{code}!" if written else code), response


@contextmanager
def writes() -> Iterator[list[str]]:
    """What is written meanwhile to the tables that people's acts are about."""
    tables = [f'"{model._meta.db_table}"' for model in WATCHED]
    written: list[str] = []

    def watch(execute, sql, params, many, context):
        if sql.startswith(("INSERT", "UPDATE", "DELETE")) and any(f" {name}" in sql[:99] for name in tables):
            written.append(sql)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        yield written


def title(address: Address) -> str:
    return f"/{address.route}"


def keep(person: str, found: Column) -> None:
    """Write one person's answers into the table; rows of addresses that are gone go, too."""
    text = table.FILE.read_text(encoding="utf-8")
    columns = {**table.read(text), person: found}
    ordered = {
        name: {key: answer for key, answer in columns.get(name, {}).items() if key in found}
        for name in PEOPLE
    }
    table.FILE.write_text(table.write(ordered, introduction=table.introduction(text)), encoding="utf-8")
