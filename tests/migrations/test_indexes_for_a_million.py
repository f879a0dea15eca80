"""The migration leaves out names that no index bears, so that the index can be made, and no others."""

import pytest

from tests.migrations.test_audit_guards import leaves, move_to

pytestmark = pytest.mark.django_db(transaction=True)
__all__ = ["leaves"]
BEFORE = [("provisioning", "0044_ticket_mails")]
AFTER = [("provisioning", "0045_indexes_for_a_million")]
LONG, USUAL = "ou=" + "å" * 2_000 + ",o=Regionen", "ou=" + "a" * 900 + ",o=Regionen"


def test_names_that_no_index_bears_are_left_out(leaves):
    apps = move_to(BEFORE)
    for number, unit_dn in enumerate((LONG, USUAL, "")):
        apps.get_model("provisioning", "Finding").objects.create(
            kind="commission.missing",
            owner="kiv_administrator",
            subject_key=f"se0-{number}",
            subject_hsa_id=f"SE0-{number}",
            service="rehabstod",
            level="unit",
            unit_key="se0-9",
            unit_hsa_id="SE0-9",
            unit_dn=unit_dn,
            situation="x",
        )
    apps = move_to(AFTER)
    kept = apps.get_model("provisioning", "Finding").objects.order_by("pk")
    assert list(kept.values_list("unit_dn", flat=True)) == ["", USUAL, ""]
