"""Tokens: for whoever has the secret, for a short time, and worth nothing once the system is shut out."""

import base64

import pytest
from django.core.management import CommandError, call_command

from provisioning.models import System
from provisioning.pages.middleware import limits
from provisioning.systems import keep, tokens
from provisioning.systems.keep import Scope
from tests import cast
from tests.api.calling import PATH, portal

pytestmark = pytest.mark.django_db


def test_the_secret_opens_by_form_and_by_header_and_nothing_else_does(client):
    caller = portal(scopes=(Scope.READ_CASES, Scope.READ_ORDERS))
    assert caller.ask_for_token(scope="cases.read").json()["scope"] == "cases.read"
    pair = base64.b64encode(f"{caller.client_id}:{caller.secret}".encode()).decode()
    header = {"Authorization": f"Basic {pair}"}
    answer = client.post(f"{PATH}token", {"grant_type": "client_credentials"}, headers=header)
    assert answer.json()["expires_in"] == 600
    assert caller.ask_for_token(client_secret="guessed").json() == {"error": "invalid_client"}
    assert caller.ask_for_token(client_id="nobody").status_code == 401
    assert caller.ask_for_token(scope="orders.write").json() == {"error": "invalid_scope"}
    assert caller.ask_for_token(grant_type="password").json() == {"error": "unsupported_grant_type"}


def test_the_secret_stands_in_no_table():
    caller = portal()
    assert caller.secret not in str(list(System.objects.values()))


def test_a_token_ends_with_its_time_and_with_its_system(monkeypatch):
    caller = portal()
    assert caller.get("orders").status_code == 200
    monkeypatch.setattr(tokens, "LASTS_SECONDS", -1)
    assert caller.get("orders").status_code == 401
    monkeypatch.undo()
    keep.revoke("portal")
    answer = caller.get("orders")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert caller.ask_for_token().status_code == 401


def test_too_many_calls_and_too_many_wrong_secrets_are_stopped(settings, monkeypatch):
    monkeypatch.setattr(limits.time, "time", lambda: 1_800_000_000.0)
    monkeypatch.setattr(tokens, "LASTS_SECONDS", 10**10)
    caller = portal()
    settings.LIMIT_CALLS_PER_MINUTE = 1
    assert [caller.get("orders").status_code for _time in range(2)] == [200, 429]
    settings.LIMIT_LOGINS_PER_MINUTE = 1
    wrong = [caller.ask_for_token(client_secret="x").status_code for _time in range(2)]
    assert wrong == [401, 429]


def test_an_operator_lets_systems_in_and_out(capsys):
    call_command("systems", "--add", "portal", "--scope", "orders.write", "--name", "The portal")
    secret = capsys.readouterr().out.rpartition(": ")[2].strip()
    assert keep.known("portal", secret) is not None
    call_command("systems")
    assert capsys.readouterr().out == "portal (The portal): let in: orders.write\n"
    call_command("systems", "--revoke", "portal")
    assert keep.known("portal", secret) is None
    with pytest.raises(CommandError):
        call_command("systems", "--revoke", "portal")
    with pytest.raises(CommandError):
        call_command("systems", "--add", "portal", "--scope", "orders.write")
    with pytest.raises(CommandError):
        call_command("systems", "--add", "other")


def test_the_page_of_systems_is_for_those_who_run_or_audit_the_tool(enter, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    portal()
    page = enter(cast.AUDITOR).get("/drift/andra-system/")
    assert "The portal" in page.content.decode()
    assert "hand over orders and take them back" in page.content.decode()
    assert enter(cast.HEAD).get("/drift/andra-system/").status_code == 404
