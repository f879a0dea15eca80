"""The pages about the tool, open to all; and the read-only records, for auditors."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.admin import site
from provisioning.models import AccessRequest, AuditEntry
from tests import cast
from tests.views.reading import text_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("name", ["about_accessibility", "about_personal_data"])
@pytest.mark.parametrize("language", ["sv", "en"])
def test_anybody_reads_about_the_tool_in_both_languages(name, language) -> None:
    client = Client()
    client.cookies["django_language"] = language
    answer = client.get(reverse(name))
    assert answer.status_code == 200
    assert f'<html lang="{language}">' in answer.content.decode()
    assert "operators@demo.invalid" in text_of(answer)
    assert client.post(reverse(name)).status_code == 405


def test_without_a_configured_log_in_the_page_says_whom_to_ask(settings) -> None:
    assert reverse("demo_login")  # the addresses are settled before the setting is changed
    settings.IS_DEMO = False
    client = Client()
    client.cookies["django_language"] = "en"
    answer = client.get(reverse("login"))
    assert answer.status_code == 503
    assert "Nobody can log in here yet" in text_of(answer)
    assert "mailto:operators@demo.invalid" in answer.content.decode()


@pytest.fixture
def request_with_history(directory) -> AccessRequest:
    from tests.workflows import acts

    request = acts.order(person_id=cast.PROTECTED)
    acts.work()
    request.refresh_from_db()
    return request


def tables() -> list[str]:
    return [model._meta.model_name or "" for model in site._registry]


def test_an_auditor_reads_every_table(request_with_history, enter) -> None:
    browser = enter(cast.AUDITOR)
    assert len(tables()) >= 5
    for model in site._registry:
        name = model._meta.model_name
        listing = browser.get(reverse(f"admin:provisioning_{name}_changelist"))
        assert listing.status_code == 200, name
        row = model._default_manager.first()
        if row is not None:
            page = browser.get(reverse(f"admin:provisioning_{name}_change", args=[row.pk]))
            assert page.status_code == 200, name


def test_no_record_page_names_a_protected_person(request_with_history, enter) -> None:
    browser = enter(cast.AUDITOR)
    for model in site._registry:
        name = model._meta.model_name
        pages = [reverse(f"admin:provisioning_{name}_changelist")]
        rows = model._default_manager.all()
        pages += [reverse(f"admin:provisioning_{name}_change", args=[row.pk]) for row in rows]
        for page in pages:
            assert request_with_history.subject_name not in browser.get(page).content.decode(), page


def test_nothing_can_be_added_changed_or_deleted(request_with_history, enter) -> None:
    browser = enter(cast.AUDITOR)
    before = AuditEntry.objects.count()
    for model in site._registry:
        name, row = model._meta.model_name, model._default_manager.first()
        assert browser.get(reverse(f"admin:provisioning_{name}_add")).status_code == 403
        if row is not None:
            for act in ("change", "delete"):
                address = reverse(f"admin:provisioning_{name}_{act}", args=[row.pk])
                assert browser.post(address, {"post": "yes"}).status_code == 403, (name, act)
            assert model._default_manager.filter(pk=row.pk).exists()
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("who", [cast.HEAD, cast.KIV_ADMINISTRATOR, cast.OUTSIDER])
def test_nobody_else_finds_the_records(who, request_with_history, enter) -> None:
    browser = enter(who)
    for path in (reverse("admin:index"), reverse("admin:provisioning_auditentry_changelist")):
        answer = browser.get(path, follow=True)
        assert answer.status_code == 404


def test_an_operator_sees_messages_and_no_cases(request_with_history, enter) -> None:
    browser = enter(cast.KIV_ADMINISTRATOR_ABOVE)
    assert browser.get(reverse("admin:provisioning_outgoingmessage_changelist")).status_code == 200
    for name in ("accessrequest", "auditentry", "evidence", "order"):
        assert browser.get(reverse(f"admin:provisioning_{name}_changelist")).status_code == 403


def test_the_records_ask_for_our_own_log_in(client) -> None:
    answer = client.get(reverse("admin:index"), follow=True)
    assert answer.request["PATH_INFO"] == reverse("demo_login")
