"""The migration leaves no digest of a personal identity number, and takes nothing else."""

from datetime import date

import pytest

from tests.migrations.test_audit_guards import leaves, move_to

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["leaves"]
BEFORE = [("provisioning", "0010_protection_doubts")]
AFTER = [("provisioning", "0011_no_digests_of_numbers")]
OLD = {"key": "k", "numbers": ["0f" * 32], "names": ["a", "b"]}


def test_digests_of_numbers_go_and_those_of_names_stay(leaves):
    apps = move_to(BEFORE)
    users = apps.get_model("provisioning", "User").objects
    giver, taker = (users.create(hsa_key=f"se0-{n}", hsa_id=f"SE0-{n}") for n in (1, 2))
    rows = apps.get_model("provisioning", "Delegation").objects
    for marks in (OLD, {}, {"key": "k", "names": ["c"]}):
        rows.create(
            principal=giver,
            delegate=taker,
            unit_key="se0-3",
            unit_hsa_id="SE0-3",
            unit_name="Björkhaga",
            kind="order",
            starts_on=date(2026, 1, 1),
            ends_on=date(2026, 2, 1),
            reason="Semester i juli.",
            delegate_marks=marks,
        )
    apps = move_to(AFTER)
    kept = apps.get_model("provisioning", "Delegation").objects.order_by("pk")
    expected = [{"key": "k", "names": ["a", "b"]}, {}, {"key": "k", "names": ["c"]}]
    assert list(kept.values_list("delegate_marks", flat=True)) == expected
    move_to(BEFORE)
    assert kept.count() == 3
