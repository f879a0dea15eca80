"""The tables against the chain: what another hand than the tool's has changed in a row is named."""

import json
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import F

from provisioning import dates
from provisioning.audit import keys, says, verify
from provisioning.audit.tables import Tables
from provisioning.models import (
    AccessRequest,
    AuditEntry,
    Decision,
    Delegation,
    Grant,
    Order,
    Removal,
    Review,
    ReviewItem,
    User,
)
from tests import made_once
from tests.audit.chains import outside
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life

pytestmark = [pytest.mark.django_db]

YEARS = timedelta(days=3650)


def live(kiv):
    """One of each: a delegation, a right, a review of it that is open, and a removal."""
    delegating.give()
    review = sitting.begun(life.granted(kiv))
    life.with_kiv(life.removal_by_head(life.statistics(kiv)))
    return review


@pytest.fixture(scope="module")
def life_once(django_db_setup, django_db_blocker, demo_store):
    with made_once.hold(live, begin_with=demo_store, blocker=django_db_blocker) as review:
        yield review


@pytest.fixture
def served(life_once):
    return life_once.store


@pytest.fixture
def lived(life_once, db, directory):
    """The review that is open; the others stand beside it."""
    return life_once.copy()


def compared():
    tables = Tables()
    report = verify.verify(take=tables.take)
    assert report.is_sound, report.findings
    return tables.compare()


def deviations():
    return {(one.table, one.column) for one in compared().deviations}


def users():
    """Somebody who did nothing of all this."""
    return User.objects.get_or_create(hsa_key="se0000000000-9998", defaults={"hsa_id": "SE0000000000-9998"})[
        0
    ]


def test_what_the_tool_wrote_agrees_and_is_compared_whole(lived):
    agreement = compared()
    assert agreement.deviations == ()
    tables = (AccessRequest, Grant, Removal, Delegation, Review, ReviewItem)
    assert all(table.objects.exists() for table in tables)
    assert (agreement.rows, agreement.older) == (sum(table.objects.count() for table in tables), 0)


TAMPERING = {
    "a request's state": (AccessRequest, {"state": "withdrawn"}, {("request", "state")}),
    "its attester": (AccessRequest, {"attester": "se0000000000-9998"}, {("request", "attester")}),
    "its last day": (AccessRequest, {"ends_on": F("ends_on") + YEARS}, {("request", "ends_on")}),
    "its first day": (AccessRequest, {"starts_on": "2020-01-01"}, {("request", "starts_on")}),
    "when it was attested": (
        AccessRequest,
        {"attested_at": F("attested_at") - timedelta(days=1)},
        {("request", "attested_at")},
    ),
    "whom it is for": (
        AccessRequest,
        {"subject_key": "se0000000000-9997", "subject_hsa_id": "SE0000000000-9997"},
        {("request", "subject")},
    ),
    "its unit": (
        AccessRequest,
        {"unit_key": "se0000000000-9996", "unit_hsa_id": "SE0000000000-9996"},
        {("request", "unit_hsa_id"), ("request", "unit_key")},
    ),
    "who carried it out": (
        AccessRequest,
        {"carried_out_by": "se0000000000-9998"},
        {("request", "carried_out_by")},
    ),
    "for whom it was attested": (
        AccessRequest,
        {"attested_for": "se0000000000-9998"},
        {("request", "attested_for")},
    ),
    "what was written at the attestation": (
        AccessRequest,
        {"attestation_comment": "Godkänd av alla"},
        {("request", "answers")},
    ),
    "the need": (Order, {"need": "Något annat"}, {("request", "words")}),
    "who ordered": (Order, {"orderer": "se0000000000-9998"}, {("request", "orderer")}),
    "a right's last day": (Grant, {"ends_on": F("ends_on") + YEARS}, {("right", "ends_on")}),
    "a right's first day": (Grant, {"starts_on": "2020-01-01"}, {("right", "starts_on")}),
    "a right's state": (
        Grant,
        {"state": "ended", "end_cause": "person", "ended_at": "2026-01-01T00:00:00Z"},
        {("right", "state"), ("right", "end_cause"), ("right", "ended_at")},
    ),
    "a right's review": (Grant, {"next_review_on": "2049-01-01"}, {("right", "next_review_on")}),
    "a right's person": (
        Grant,
        {"subject_key": "se0000000000-9997", "subject_hsa_id": "SE0000000000-9997"},
        {("right", "subject")},
    ),
    "a right's level": (Grant, {"level": "own"}, {("right", "level")}),
    "a removal's state": (Removal, {"state": "withdrawn"}, {("removal", "state")}),
    "a removal's cause": (Removal, {"cause": "expiry"}, {("removal", "cause")}),
    "who started a removal": (Removal, {"started_by": "se0000000000-9998"}, {("removal", "started_by")}),
    "why a removal was started": (Removal, {"reason": "Slutat"}, {("removal", "words")}),
    "a delegation's end": (Delegation, {"ends_on": F("ends_on") + YEARS}, {("delegation", "ends_on")}),
    "a delegation's receiver": (
        Delegation,
        {"delegate": "se0000000000-9998"},
        {("delegation", "delegate")},
    ),
    "a delegation's unit": (
        Delegation,
        {"unit_hsa_id": "SE0000000000-9996"},
        {("delegation", "unit_hsa_id")},
    ),
    "a delegation that was revoked": (
        Delegation,
        {"ended_at": "2026-01-01T00:00:00Z", "end_code": "revoked"},
        {("delegation", "ended_at"), ("delegation", "end_code")},
    ),
    "a review's last day": (Review, {"due_on": "2049-01-01"}, {("review", "due_on")}),
    "a review's end": (
        Review,
        {"state": "closed", "closed_at": "2026-01-01T00:00:00Z"},
        {("review", "state"), ("review", "closed_at")},
    ),
    "an answer that nobody gave": (ReviewItem, {"decision": "ended"}, {("review_item", "all")}),
}


@pytest.mark.parametrize("what", TAMPERING)
def test_what_is_changed_by_sql_is_named(lived, what):
    users()
    table, values, expected = TAMPERING[what]
    changed = table.objects.order_by("pk").filter(pk=table.objects.order_by("pk").first().pk).update(**values)
    assert changed == 1
    assert deviations() == expected


def test_a_decision_that_was_changed_is_named(lived):
    users()
    item = ReviewItem.objects.order_by("pk").first()
    sitting.decide(lived, {item.grant: Decision.KEEP})
    assert deviations() == set()
    for values, column in (
        ({"decision": "remove"}, "decision"),
        ({"reviewer": "se0000000000-9998"}, "reviewer"),
        ({"reason": "Något annat"}, "answers"),
        ({"relation": "above"}, "relation"),
        ({"decided_at": F("decided_at") - timedelta(days=1)}, "decided_at"),
    ):
        before = ReviewItem.objects.filter(pk=item.pk).values().get()
        ReviewItem.objects.filter(pk=item.pk).update(**values)
        assert deviations() == {("review_item", column)}
        ReviewItem.objects.filter(pk=item.pk).update(**before)
    assert deviations() == set()


def copy_of(row, **others):
    row.pk, row._state.adding, row.public_id = None, True, uuid4()
    for name, value in others.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def test_a_row_that_was_added_is_named(lived):
    added = copy_of(Delegation.objects.get(), ends_on=dates.today() + YEARS)
    request = copy_of(AccessRequest.objects.order_by("pk").first(), position=7)
    right = copy_of(Grant.objects.order_by("pk").first(), origin=request, subject_key="x", subject_hsa_id="X")
    found = compared().deviations
    assert {(one.table, one.column, one.id) for one in found} == {
        ("delegation", "added", added.public_id),
        ("request", "added", request.public_id),
        ("right", "added", right.public_id),
    }


@pytest.mark.parametrize("table", [Delegation, ReviewItem, Removal, Grant, AccessRequest])
def test_a_row_that_was_deleted_is_named(lived, table):
    row = table.objects.order_by("pk").first()
    name = next(kind.word for kind in says.KINDS if kind.model is table)
    with connection.constraint_checks_disabled() if connection.vendor == "sqlite" else transaction.atomic():
        remove_children(row)
        table.objects.filter(pk=row.pk)._raw_delete(using="default")
    gone = {(one.table, one.id) for one in compared().deviations if one.column == "gone"}
    assert (name, row.public_id) in gone


def remove_children(row):
    """What refers to the row goes first, where the database insists on it."""
    for relation in row._meta.related_objects:
        children = relation.related_model._base_manager.filter(**{relation.field.name: row.pk})
        if relation.related_model is AuditEntry:
            continue
        if relation.field.null and relation.related_model is AccessRequest:
            children.update(**{relation.field.name: None})
            continue
        if relation.related_model._meta.app_label != "provisioning":
            children.delete()  # with all that the engine keeps of it
            continue
        for child in children:
            remove_children(child)
        children._raw_delete(using="default")


def test_who_is_meant_is_in_no_entry_of_theirs(lived):
    """The person and the free texts are compared by a digest; an open word about them is in no entry."""
    request = AccessRequest.objects.select_related("order").order_by("pk").first()
    said = [
        one
        for entry in AuditEntry.objects.all()
        for one in entry.data.get("says", ())
        if one["id"] == request.public_id.hex
    ]
    assert said
    for secret in (request.subject_hsa_id, request.subject_name, request.order.need):
        assert (
            secret.casefold()
            not in json.dumps(
                [{**one, "orderer": "", "attester": ""} for one in said], ensure_ascii=False
            ).casefold()
        )
    assert all(len(one["subject"]) == 32 for one in said)


def test_a_changed_entry_cannot_make_a_changed_row_right(lived, anybodys_hand):
    """Whoever changes the row and what the entry says of it has an entry that nobody signed."""
    grant = Grant.objects.order_by("pk").first()
    Grant.objects.filter(pk=grant.pk).update(ends_on=grant.ends_on + YEARS)
    for entry in AuditEntry.objects.order_by("sequence"):
        for one in entry.data.get("says", ()):
            if one["id"] == grant.public_id.hex:
                one["ends_on"] = (grant.ends_on + YEARS).isoformat()
        AuditEntry.objects.filter(pk=entry.pk).update(data=entry.data)
    tables = Tables()
    assert not verify.verify(take=tables.take).is_sound
    assert ("right", grant.public_id) in {(one.table, one.id) for one in tables.compare().deviations}


def test_what_is_written_while_it_is_compared_counts(lived):
    """Between the reading of the chain and that of the tables the tool goes on."""
    tables = Tables()
    verify.verify(take=tables.take)
    delegating.revoke(Delegation.objects.get())
    assert tables.compare().deviations == ()


def test_after_the_key_was_changed_it_still_agrees(lived, settings, tmp_path):
    old = tmp_path / "old"
    old.write_text(settings.AUDIT_KEY)
    settings.AUDIT_RETIRED_KEY_FILES = (str(old),)
    settings.AUDIT_KEY = "another key, long enough to sign with: 0123456789"
    assert keys.current().id not in {entry.key_id for entry in AuditEntry.objects.all()}
    delegating.revoke(Delegation.objects.get())
    assert deviations() == set()


def test_the_command_names_the_row_and_gives_1(lived, settings, capsys):
    settings.AUDIT_CHECKPOINT_TARGETS = ()
    call_command("verify_audit", "--tables")
    assert "0 deviations" in capsys.readouterr().out
    request = AccessRequest.objects.select_related("order").order_by("pk").first()
    AccessRequest.objects.filter(pk=request.pk).update(ends_on=request.ends_on + YEARS)
    with pytest.raises(SystemExit) as caught:
        call_command("verify_audit", "--tables")
    assert caught.value.code == 1
    output = capsys.readouterr().out
    assert f"deviates: request {request.case_number}: ends_on is {request.ends_on + YEARS}" in output
    call_command("verify_audit")  # the chain alone is sound
    with pytest.raises(SystemExit):
        call_command("verify_audit", "--tables", "--json")
    report = json.loads(capsys.readouterr().out.splitlines()[-1])
    (one,) = report["tables"]["deviations"]
    assert (one["row"], one["column"], one["should_be"]) == (
        request.case_number,
        "ends_on",
        request.ends_on.isoformat(),
    )
    assert UUID(one["id"]) == request.public_id


def test_an_export_of_it_is_checked_outside_as_ever(lived, tmp_path, key_file):
    file = tmp_path / "export.jsonl"
    call_command("export_audit", str(file))
    assert outside(file, key_file) == set()
