"""What a finding holds of the directory fits into the table and its indexes."""

from __future__ import annotations

import pytest

from provisioning.findings import record
from provisioning.models import Finding
from tests.findings import drifting
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_place_whose_name_no_index_bears_is_not_known(directory, kiv, monkeypatch):
    long_name = "ou=" + "å" * 2_000 + ",o=Demoregionen"
    grant = life.granted(kiv)
    monkeypatch.setattr(record, "_place", lambda reading, drift: ("Björkhaga", long_name))
    life.kiv_removes_role(kiv, grant)
    drifting.swept()
    found = Finding.objects.get(grant=grant)
    assert found.unit_name == "Björkhaga"
    assert found.unit_dn == ""


def test_where_a_unit_stands_is_kept_as_the_directory_has_it(directory, kiv):
    grant = life.granted(kiv)
    life.kiv_removes_role(kiv, grant)
    drifting.swept()
    assert Finding.objects.get(grant=grant).unit_dn == drifting.unit_dn(grant.unit_id)
