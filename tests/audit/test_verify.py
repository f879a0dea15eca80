"""Whatever somebody with the database does to the chain is found and named, by both verifiers alike."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from provisioning.audit import keys, sealing
from provisioning.models import AuditEntry, AuditHead
from tests.audit.chains import LENGTH, change, record

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chain", "anybodys_hand")]


def shift_numbers(*, above, by):
    """Renumber the rows above a number, in an order in which no two ever have the same."""
    rows = AuditEntry.objects.filter(sequence__gt=above).order_by("-sequence" if by > 0 else "sequence")
    for number in list(rows.values_list("sequence", flat=True)):
        change("UPDATE provisioning_auditentry SET sequence = %s WHERE sequence = %s", number + by, number)


def forge(number, *, previous, reason="forged", mac="" * 64):
    entry = AuditEntry(
        sequence=number, at=timezone.now(), action="login.accepted", reason=reason, data={},
        version=1, key_id=keys.current().id, previous=previous, mac=mac,
    )  # fmt: skip
    entry.save(force_insert=True)
    return entry


def mac_of(number):
    return AuditEntry.objects.get(sequence=number).mac


def point_head_at(number):
    AuditHead.objects.update(sequence=number, mac=mac_of(number))


def test_an_untouched_chain_is_sound(both, checkpoint):
    checkpoint()
    assert both() == (set(), set())


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("action", "login.ended"),
        ("reason", "another"),
        ("data", {"code": "another"}),
        ("order_id", "2026-000001"),
        ("request_id", "00000000000000000000000000000001"),
        ("version", 1),
        ("about", "00000000000000000000000000000002"),
        ("previous", "0" * 64),
        ("at", datetime(2020, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_changed_field_is_named(both, column, value):
    AuditEntry.objects.filter(sequence=5).update(**{column: value})
    assert both() == ({("changed", 5, 5)}, {("changed", 5, 5)})


def test_a_replaced_mac_is_named(both):
    change("UPDATE provisioning_auditentry SET reason = 'another', mac = %s WHERE sequence = 5", "a" * 64)
    assert both() == ({("changed", 5, 5)}, {("changed", 5, 5)})


def test_a_changed_first_row_is_named(both):
    change("UPDATE provisioning_auditentry SET reason = 'another' WHERE sequence = 1")
    assert both() == ({("changed", 1, 1)}, {("changed", 1, 1)})


def test_a_changed_last_row_is_named(both):
    change("UPDATE provisioning_auditentry SET reason = 'another' WHERE sequence = %s", LENGTH)
    named = {("changed_or_inserted", LENGTH, LENGTH)}
    assert both() == (named, named)


def test_a_deleted_row_is_named(both):
    change("DELETE FROM provisioning_auditentry WHERE sequence IN (4, 5)")
    assert both() == ({("missing", 4, 5)}, {("missing", 4, 5)})


def test_a_deleted_row_is_named_though_the_later_ones_are_renumbered(both):
    change("DELETE FROM provisioning_auditentry WHERE sequence = 5")
    shift_numbers(above=5, by=-1)
    point_head_at(LENGTH - 1)
    named = {("missing", 5, 5), ("moved", 5, LENGTH - 1)}
    assert both() == (named, named)


def test_a_row_put_in_is_named(both):
    shift_numbers(above=4, by=1)
    forge(5, previous=mac_of(4))
    point_head_at(LENGTH + 1)
    named = {("inserted", 5, 5), ("moved", 6, LENGTH + 1)}
    assert both() == (named, named)


def test_a_row_put_in_at_the_end_is_named(both):
    forge(LENGTH + 1, previous=mac_of(LENGTH))
    named = {("inserted", LENGTH + 1, LENGTH + 1)}
    assert both() == (named, named)


def test_a_row_put_in_at_the_end_with_the_head_moved_is_named(both):
    forge(LENGTH + 1, previous=mac_of(LENGTH))
    point_head_at(LENGTH + 1)
    named = {("changed_or_inserted", LENGTH + 1, LENGTH + 1)}
    assert both() == (named, named)


def test_a_row_before_the_first_is_named(both):
    forge(0, previous=AuditHead.NOTHING)
    assert both() == ({("inserted", 0, 0)}, {("inserted", 0, 0)})


def test_rows_that_changed_places_are_named(both):
    for number, other in ((5, -1), (6, 5), (-1, 6)):
        change("UPDATE provisioning_auditentry SET sequence = %s WHERE sequence = %s", other, number)
    named = {("moved", 5, 5), ("moved", 6, 6)}
    assert both() == (named, named)


def test_a_tail_that_was_cut_is_named_by_the_head(both):
    change("DELETE FROM provisioning_auditentry WHERE sequence > 7")
    assert both() == ({("tail_cut", 8, LENGTH)}, {("tail_cut", 8, LENGTH)})


def test_a_checkpoint_names_a_tail_that_was_cut_with_the_head(both, checkpoint):
    checkpoint()
    change("DELETE FROM provisioning_auditentry WHERE sequence > 7")
    point_head_at(7)
    assert both() == ({("tail_cut", 8, LENGTH)}, {("tail_cut", 8, LENGTH)})


def test_a_chain_that_was_emptied_is_named_by_a_checkpoint(both, checkpoint):
    checkpoint()
    change("DELETE FROM provisioning_auditentry")
    AuditHead.objects.update(sequence=0, mac=AuditHead.NOTHING)
    assert both() == ({("tail_cut", 1, LENGTH)}, {("tail_cut", 1, LENGTH)})


def recompute(first, key):
    """Write the chain anew from a row on, as its owner would, with this key."""
    previous = mac_of(first - 1)
    for entry in AuditEntry.objects.filter(sequence__gte=first):
        row = sealing.row_of(entry)._replace(previous=previous, reason="rewritten")
        previous_of_this, previous = previous, key.sign(keys.ENTRY, sealing.content(row, key))
        change(
            "UPDATE provisioning_auditentry SET reason = 'rewritten', previous = %s, mac = %s"
            " WHERE sequence = %s",
            previous_of_this, previous, entry.sequence,
        )  # fmt: skip
    point_head_at(LENGTH)


def test_a_chain_recomputed_without_the_key_is_named(both):
    recompute(5, keys.Key(keys.current().id, b"guessed"))
    assert both() == ({("recomputed", 5, LENGTH)}, {("recomputed", 5, LENGTH)})


def test_a_chain_recomputed_with_the_key_is_named_by_a_checkpoint(both, checkpoint):
    checkpoint()
    recompute(5, keys.current())
    assert both() == ({("rewritten", LENGTH, LENGTH)}, {("rewritten", LENGTH, LENGTH)})


def test_a_chain_signed_with_an_unknown_key_is_named(both):
    change("UPDATE provisioning_auditentry SET key_id = 'deadbeef'")
    assert both() == ({("other_key", 1, LENGTH)}, {("other_key", 1, LENGTH)})


def test_a_backup_continued_over_lost_rows_is_named(both):
    lost = [sealing.row_of(entry) for entry in AuditEntry.objects.filter(sequence__gte=9)]
    change("DELETE FROM provisioning_auditentry WHERE sequence > 8")
    point_head_at(8)
    record(100)
    change("DELETE FROM provisioning_auditentry WHERE sequence = 10")
    AuditEntry(**dict(zip(sealing.COLUMNS, lost[1], strict=True))).save(force_insert=True)
    point_head_at(10)
    assert both() == ({("forked", 10, 10)}, {("forked", 10, 10)})


def test_a_forged_checkpoint_is_named_and_changes_nothing_else(both, checkpoint, checkpoint_file):
    checkpoint()
    text = checkpoint_file.read_text()
    checkpoint_file.write_text(text.replace(f'"sequence":{LENGTH}', '"sequence":7'))
    named_inside, named_outside = both()
    assert ("checkpoint_forged", 7, 7) in named_inside
    assert ("checkpoint_forged", 7, 7) in named_outside


def test_several_things_at_once_are_each_named(both):
    change("UPDATE provisioning_auditentry SET reason = 'another' WHERE sequence = 2")
    change("DELETE FROM provisioning_auditentry WHERE sequence = 4")
    change("UPDATE provisioning_auditentry SET reason = 'another' WHERE sequence IN (6, 7)")
    named = {("changed", 2, 2), ("missing", 4, 4), ("changed", 6, 7)}
    assert both() == (named, named)
