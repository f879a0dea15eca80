"""The read-only records: for auditors, without the names that are protected."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.models import AccessRequest, AuditEntry, Finding, KnownPerson
from provisioning.pages.admin import site
from provisioning.rules.hsa import Attribute
from tests import cast

pytestmark = pytest.mark.django_db


@pytest.fixture
def request_with_history(directory) -> AccessRequest:
    from tests import acts

    request = acts.order(person_id=cast.PROTECTED)
    acts.work()
    request.refresh_from_db()
    return request


@pytest.fixture
def every_table(directory, kiv) -> str:
    """A row about the same protected person in each table; returns the person's name."""
    from provisioning.directory import open_directory
    from provisioning.models import Grant
    from provisioning.rights import notices as expiry
    from tests.findings import drifting
    from tests.mandates import delegating
    from tests.reviews import sitting
    from tests.rights import life

    kept, gone = life.granted(kiv, person_id=cast.PROTECTED), life.statistics(kiv, person_id=cast.PROTECTED)
    removal = life.with_kiv(life.removal_by_head(gone))
    delegating.give(to=cast.PROTECTED)
    soon = timezone.localdate() + timedelta(days=10)
    Grant.objects.filter(pk=kept.pk).update(ends_on=soon, noticed_on=None)
    expiry.give_notices(open_directory())
    sitting.begun(kept)
    kiv.remove_value(kept.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    drifting.swept(believes_losses=True)
    assert removal.subject_is_protected
    assert Finding.objects.filter(subject_key=kept.subject_key).exists()
    for model in site._registry:
        assert model._default_manager.exists(), model
    return kept.subject_name


def tables() -> list[str]:
    return [model._meta.model_name or "" for model in site._registry]


def has_pages(name: str | None) -> bool:
    """Rows whose key is an HSA-id stand in a list only."""
    return name != "knownperson"


def test_an_auditor_reads_every_table(request_with_history, enter) -> None:
    browser = enter(cast.AUDITOR)
    assert len(tables()) >= 5
    for model in site._registry:
        name = model._meta.model_name
        listing = browser.get(reverse(f"admin:provisioning_{name}_changelist"))
        assert listing.status_code == 200, name
        row = model._default_manager.first()
        if row is not None and has_pages(name):
            page = browser.get(reverse(f"admin:provisioning_{name}_change", args=[row.pk]))
            assert page.status_code == 200, name


def test_no_record_page_names_a_protected_person(request_with_history, enter) -> None:
    browser = enter(cast.AUDITOR)
    for model in site._registry:
        name = model._meta.model_name
        pages = [reverse(f"admin:provisioning_{name}_changelist")]
        rows = model._default_manager.all() if has_pages(name) else ()
        pages += [reverse(f"admin:provisioning_{name}_change", args=[row.pk]) for row in rows]
        for page in pages:
            assert request_with_history.subject_name not in browser.get(page).content.decode(), page


@pytest.mark.django_db(transaction=True)
def test_a_protected_persons_name_stands_in_no_table_at_all(every_table, enter) -> None:
    browser = enter(cast.AUDITOR)
    for model in site._registry:
        name = model._meta.model_name
        listing = browser.get(reverse(f"admin:provisioning_{name}_changelist"))
        assert listing.status_code == 200, name
        assert every_table not in listing.content.decode(), name
        for row in model._default_manager.all() if has_pages(name) else ():
            page = browser.get(reverse(f"admin:provisioning_{name}_change", args=[row.pk]))
            assert page.status_code == 200, name
            assert every_table not in page.content.decode(), name


def test_who_was_known_has_no_page_as_its_address_would_hold_an_hsa_id(enter) -> None:
    KnownPerson.objects.create(subject_key=cast.DOCTOR.folded, is_doctor=True)
    browser = enter(cast.AUDITOR)
    listing = browser.get(reverse("admin:provisioning_knownperson_changelist"))
    assert cast.DOCTOR.folded in listing.content.decode()
    assert f"{cast.DOCTOR.folded}/change" not in listing.content.decode()
    assert browser.get(listing.request["PATH_INFO"] + f"{cast.DOCTOR.folded}/change/").status_code == 404


def test_nothing_can_be_added_changed_or_deleted(request_with_history, enter) -> None:
    browser = enter(cast.AUDITOR)
    before = AuditEntry.objects.count()
    for model in site._registry:
        name, row = model._meta.model_name, model._default_manager.first()
        if not has_pages(name):
            continue
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
    for name in ("accessrequest", "auditentry", "evidence", "order", "grant", "finding", "reviewitem"):
        assert browser.get(reverse(f"admin:provisioning_{name}_changelist")).status_code == 403


def test_the_records_ask_for_our_own_log_in(client) -> None:
    answer = client.get(reverse("admin:index"), follow=True)
    assert answer.request["PATH_INFO"] == reverse("demo_login")
