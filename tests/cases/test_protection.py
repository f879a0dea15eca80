"""Whoever becomes protected is so on everything that names them, afterwards too; and back by two looks."""

from __future__ import annotations

import json

import pytest
from django.core.cache import cache
from django.urls import reverse

from provisioning.audit import export, receipt
from provisioning.cases import protection
from provisioning.directory import open_directory
from provisioning.models import (
    AccessRequest,
    AuditEntry,
    Finding,
    Grant,
    Handler,
    OutgoingMessage,
    ProtectionDoubt,
    Removal,
    Reviewer,
    User,
)
from provisioning.rules.mandates import Delegable
from tests import acts, cast
from tests.clock import pinned
from tests.findings import drifting
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)

MARK = "hsaProtectedPerson"


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    cache.clear()
    return pinned(monkeypatch, "2026-03-02")


def protect(kiv, *people):
    for who in people:
        drifting.replace(kiv, drifting.person_dn(who), MARK, ["TRUE"])
    cache.clear()


def open_up(kiv, *people):
    for who in people:
        drifting.replace(kiv, drifting.person_dn(who), MARK, [])
    cache.clear()


def name_of(who):
    return open_directory().person(who).name


def everything_about(kiv, who):
    """A right that has been lost, found so and now removed: each row carries the mark."""
    grant = life.granted(kiv)
    drifting.uncouple(kiv, who, cast.BJORKHAGA)
    drifting.swept()
    life.with_kiv(life.run_out(grant))


def marks(who):
    return {
        table.__name__: set(
            table.objects.filter(subject_key=who.folded).values_list("subject_is_protected", flat=True)
        )
        for table in (AccessRequest, Grant, Removal, Finding)
        if table.objects.filter(subject_key=who.folded).exists()
    }


def test_a_mark_counts_at_once_on_every_row_that_names_the_person(directory, kiv):
    everything_about(kiv, cast.COORDINATOR)
    acts.user(cast.COORDINATOR)
    before = marks(cast.COORDINATOR)
    assert set(before) == {"AccessRequest", "Grant", "Removal", "Finding"}
    assert all(found == {False} for found in before.values())
    protect(kiv, cast.COORDINATOR)
    tasks.sweep_protection()
    assert all(found == {True} for found in marks(cast.COORDINATOR).values())
    assert User.objects.get(pk=cast.COORDINATOR.folded).is_protected
    (entry,) = AuditEntry.objects.filter(action="protection.followed")
    assert entry.data["protected"] >= 4 and entry.data["not_protected"] == 0
    assert cast.COORDINATOR.folded not in json.dumps(entry.data)


def test_the_comparison_with_the_directory_brings_it_up_to_date_too(directory, kiv):
    life.granted(kiv)
    protect(kiv, cast.COORDINATOR)
    drifting.swept()
    assert Grant.objects.get(subject_key=cast.COORDINATOR.folded).subject_is_protected
    assert AccessRequest.objects.get(subject_key=cast.COORDINATOR.folded).subject_is_protected


def test_lists_of_who_has_a_case_lose_the_name_and_get_it_back(directory, kiv, clock):
    delegating.give(kinds=(Delegable.ATTESTING,))
    acts.order(by=cast.COORDINATOR)
    assert set(Handler.objects.values_list("person_name", flat=True)) == {
        name_of(cast.HEAD), name_of(cast.DELEGATE)
    }  # fmt: skip
    acts_for = Handler.objects.get(person_key=cast.DELEGATE.folded)
    assert acts_for.acts_for_name == name_of(cast.HEAD)
    protect(kiv, cast.HEAD, cast.DELEGATE)
    tasks.sweep_protection()
    assert set(Handler.objects.values_list("person_name", flat=True)) == {""}
    acts_for.refresh_from_db()
    assert acts_for.acts_for_name == cast.HEAD.text
    open_up(kiv, cast.HEAD, cast.DELEGATE)
    for at in ("10:00", "11:00"):
        clock.set("2026-03-02", at)
        tasks.sweep_protection()
    acts_for.refresh_from_db()
    assert acts_for.person_name == name_of(cast.DELEGATE)
    assert acts_for.acts_for_name == name_of(cast.HEAD)


def test_reviewers_lose_the_name_too(directory, kiv):
    sitting.opened(life.granted(kiv))
    assert Reviewer.objects.get().person_name == name_of(cast.HEAD)
    protect(kiv, cast.HEAD)
    tasks.sweep_protection()
    assert Reviewer.objects.get().person_name == ""


def test_a_mark_that_is_gone_opens_nothing_before_a_second_look(directory, kiv, clock):
    life.granted(kiv)
    protect(kiv, cast.COORDINATOR)
    tasks.sweep_protection()
    open_up(kiv, cast.COORDINATOR)
    for at, is_protected in (("10:00", True), ("10:59", True), ("11:00", False)):
        clock.set("2026-03-02", at)
        tasks.sweep_protection()
        assert Grant.objects.get().subject_is_protected is is_protected, at
    assert not ProtectionDoubt.objects.exists()


def test_a_mark_that_comes_back_ends_the_doubt(directory, kiv, clock):
    life.granted(kiv)
    protect(kiv, cast.COORDINATOR)
    tasks.sweep_protection()
    open_up(kiv, cast.COORDINATOR)
    clock.set("2026-03-02", "10:00")
    tasks.sweep_protection()
    protect(kiv, cast.COORDINATOR)
    clock.set("2026-03-02", "10:30")
    tasks.sweep_protection()
    open_up(kiv, cast.COORDINATOR)
    clock.set("2026-03-02", "11:00")
    tasks.sweep_protection()
    assert Grant.objects.get().subject_is_protected


def test_all_marks_gone_at_once_open_nothing_and_the_operators_are_told(directory, kiv, clock, settings):
    settings.OPERATORS = (cast.AUDITOR.text,)
    people = [cast.COORDINATOR, cast.DOCTOR, cast.DOCTOR_UNCOUPLED, cast.COORDINATOR_UNCOUPLED, cast.SETTLED]
    for one in people:
        acts.user(one)
    protect(kiv, *people)
    tasks.sweep_protection()
    open_up(kiv, *people)
    for at in ("10:00", "11:00", "12:00"):
        clock.set("2026-03-02", at)
        tasks.sweep_protection()
    assert User.objects.filter(is_protected=True).count() == len(people)
    assert OutgoingMessage.objects.filter(kind="sweep_stopped").count() == 1


def test_somebody_who_is_not_seen_stays_as_they_are(directory, kiv):
    life.granted(kiv)
    protect(kiv, cast.COORDINATOR)
    tasks.sweep_protection()
    directory.store.delete(drifting.person_dn(cast.COORDINATOR))
    tasks.sweep_protection()
    assert Grant.objects.get().subject_is_protected
    assert not ProtectionDoubt.objects.exists()


def test_a_silent_directory_changes_nothing(directory, kiv):
    life.granted(kiv)
    protect(kiv, cast.COORDINATOR)
    directory.faults.is_busy = True
    tasks.sweep_protection()
    assert not Grant.objects.get().subject_is_protected


def test_nothing_is_written_where_nothing_has_changed(directory, kiv):
    life.granted(kiv)
    assert protection.sweep(open_directory()) == 0
    assert not AuditEntry.objects.filter(action="protection.followed").exists()


def test_pages_receipts_lists_and_exports_keep_the_name_out_afterwards(
    directory, kiv, enter, settings, tmp_path
):
    """What was made before the mark is made anew without the name."""
    settings.AUDITORS = (cast.AUDITOR.text,)
    settings.OPERATORS = (cast.KIV_ADMINISTRATOR_ABOVE.text,)
    who = cast.COORDINATOR
    removal = life.with_kiv(life.run_out(life.granted(kiv)))
    life.take_away(kiv, removal)
    life.work()
    name = name_of(who)
    request = AccessRequest.objects.get(subject_key=who.folded)
    grant, removal = request.grant, Removal.objects.get(pk=removal.pk)
    assert not request.is_open and not removal.is_open
    browser = enter(cast.AUDITOR)
    addresses = [
        reverse("case", args=[request.public_id]),
        reverse("receipt", args=[request.public_id]),
        reverse("grant", args=[grant.public_id]),
        reverse("removal", args=[removal.public_id]),
        reverse("removal_receipt", args=[removal.public_id]),
        reverse("cases"),
        reverse("grants"),
        reverse("findings"),
    ]
    before = "".join(browser.get(address).content.decode() for address in addresses)
    assert name in before
    assert name in json.dumps(receipt.content(request), ensure_ascii=False)
    protect(kiv, who)
    tasks.sweep_protection()
    cache.clear()
    for address in addresses:
        answer = browser.get(address)
        assert answer.status_code == 200, address
        assert name not in answer.content.decode(), address
    for case in (AccessRequest.objects.get(pk=request.pk), Removal.objects.get(pk=removal.pk)):
        anew = json.dumps(receipt.issue(case, by=acts.user(cast.AUDITOR)), ensure_ascii=False)
        assert name not in anew and json.loads(anew)["masked"]
    hidden = export.hidden()
    assert request.order.case_number in hidden.cases
    assert {grant.public_id, removal.public_id} <= hidden.things
