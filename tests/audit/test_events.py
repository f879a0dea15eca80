"""Writing the chain: one order of all writers, no gaps, and content that both databases keep alike."""

import threading

import pytest
from django.db import connection, transaction

from provisioning.audit import cut, events, keys, sealing, verify
from provisioning.audit.events import Action
from provisioning.models import AuditEntry, AuditHead, OutgoingMessage, User
from tests.audit.chains import LENGTH, inside, record

TEXT = 'Å, ä och ö; \u2028 “citat” \\ " \t\n 🙂 é e\u0301'


@pytest.mark.django_db
def test_a_row_comes_back_from_the_database_as_it_was_signed():
    with transaction.atomic():
        entry = events.record(
            Action.CHECKED, actor=None, reason=TEXT,
            number=2**60, negative=-1, yes=True, nothing=None, text=TEXT,
            nested={"b": [1, {"z": "å", "a": []}], "a": ()}, level=Action.DONE,
        )  # fmt: skip
    stored = sealing.row_of(AuditEntry.objects.get(pk=entry.pk))
    assert stored == sealing.row_of(entry)
    assert sealing.is_sound(stored, keys.current())
    assert all(sealing.is_sound(row, keys.current()) for row in verify.rows())


@pytest.mark.django_db
@pytest.mark.parametrize("value", [1.5, float("nan"), {1: "a"}, object(), b"x", {"a": [0.1]}])
def test_what_a_database_would_change_is_refused(value):
    with pytest.raises(TypeError), transaction.atomic():
        events.record(Action.CHECKED, actor=None, value=value)
    assert AuditEntry.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_text_that_a_database_cannot_hold_is_refused(text):
    with pytest.raises(ValueError, match="NUL|surrogates"), transaction.atomic():
        events.record(Action.CHECKED, actor=None, reason=text)


@pytest.mark.django_db(transaction=True)
def test_nothing_is_recorded_outside_a_transaction():
    with pytest.raises(RuntimeError):
        events.record(Action.CHECKED, actor=None)


@pytest.mark.django_db
def test_the_principal_is_signed(chain):
    users = [User.objects.create(hsa_key=f"se0000000000-{n}", hsa_id=f"SE0000000000-{n}") for n in "ab"]
    with transaction.atomic():
        entry = events.record(Action.ATTESTED, actor=users[0], principal=users[1])
    row = sealing.row_of(entry)
    assert sealing.is_sound(row, keys.current())
    assert not sealing.is_sound(row._replace(principal=None), keys.current())
    assert not sealing.is_sound(row._replace(actor=row.principal, principal=row.actor), keys.current())


@pytest.mark.django_db(transaction=True)
def test_a_transaction_that_is_rolled_back_leaves_no_gap(chain):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        record(100)
        record(101)
        raise ZeroDivisionError
    entry = record(102)
    assert entry.sequence == LENGTH + 1
    assert verify.verify().is_sound


@pytest.mark.django_db(transaction=True)
def test_a_savepoint_that_is_rolled_back_leaves_no_gap(chain):
    with transaction.atomic():
        record(100)
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            record(101)
            raise ZeroDivisionError
        entry = record(102)
    assert entry.sequence == LENGTH + 2
    assert verify.verify().is_sound


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_keep_one_order_without_gaps():
    writers, each = 8, 15
    start = threading.Barrier(writers)
    failures = []

    def write(number):
        try:
            start.wait(60)
            for turn in range(each):
                try:
                    with transaction.atomic():
                        record(number * 100 + turn)
                        record(number * 100 + turn + 50)
                        if turn % 5 == 4:
                            raise ZeroDivisionError
                except ZeroDivisionError:
                    pass
        except Exception as exc:
            failures.append(exc)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(240)
    assert failures == []
    report = verify.verify()
    assert report.is_sound, report.findings
    assert report.count == report.last_sequence == writers * (each - each // 5) * 2
    pairs = list(AuditEntry.objects.values_list("data__number", flat=True))
    assert all(second == first + 50 for first, second in zip(pairs[::2], pairs[1::2], strict=True))


@pytest.mark.django_db
def test_what_is_left_after_a_cut_is_sound_inside_and_outside(chain, both, checkpoint):
    checkpoint()
    with transaction.atomic():
        assert cut.cut(through=6, reason="fem år") == 6
    assert AuditEntry.objects.order_by("sequence").first().sequence == 7
    assert both() == (set(), set())
    record(100)
    cut.cut(through=8)
    checkpoint()
    assert both() == (set(), set())


@pytest.mark.django_db
def test_a_start_that_was_cut_without_a_record_is_named(chain, both, anybodys_hand):
    AuditEntry.objects.filter(sequence__lte=6).delete()
    assert both() == ({("start_cut", 1, 6)}, {("start_cut", 1, 6)})


@pytest.mark.django_db
def test_a_start_that_was_cut_further_than_recorded_is_named(chain, both, anybodys_hand):
    cut.cut(through=4)
    AuditEntry.objects.filter(sequence__lte=6).delete()
    assert both() == ({("start_cut", 1, 6)}, {("start_cut", 1, 6)})


@pytest.mark.django_db
def test_a_row_that_something_still_refers_to_is_not_cut(chain):
    OutgoingMessage.objects.create(
        cause=AuditEntry.objects.get(sequence=3), kind="x", recipient_key="k", recipient_hsa_id="K"
    )
    with pytest.raises(Exception, match="(?i)foreign key"), transaction.atomic():
        cut.cut(through=5)
        connection.check_constraints()
    assert AuditEntry.objects.count() == LENGTH
    assert AuditHead.objects.get().cut_through == 0


@pytest.mark.django_db
def test_a_new_key_goes_on_where_a_retired_one_ended(chain, settings, tmp_path, checkpoint_file):
    old = tmp_path / "old"
    old.write_text(settings.AUDIT_KEY + "\n")
    settings.AUDIT_KEY = "another key " * 6
    record(100)
    assert ("other_key", 1, LENGTH) in inside(checkpoint_file)
    settings.AUDIT_RETIRED_KEY_FILES = (str(old),)
    assert inside(checkpoint_file) == set()


@pytest.mark.django_db
def test_a_retired_key_signs_nothing_after_the_new_one(chain, settings, tmp_path, checkpoint_file):
    old_key, old = settings.AUDIT_KEY, tmp_path / "old"
    old.write_text(old_key)
    settings.AUDIT_RETIRED_KEY_FILES = (str(old),)
    settings.AUDIT_KEY = "another key " * 6
    record(100)
    settings.AUDIT_KEY = old_key
    record(101)
    settings.AUDIT_KEY = "another key " * 6
    assert inside(checkpoint_file) == {("retired_key", LENGTH + 2, LENGTH + 2)}
