"""The sweep draws nothing from a part of an attribute."""

from __future__ import annotations

import pytest

from provisioning.rules.drift.differences import DriftKind
from tests import cast
from tests.assessments import partly
from tests.findings import drifting
from tests.rights import life

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("way", partly.WAYS)
def test_a_part_alone_is_no_finding_of_a_sweep(directory, kiv, way):
    grant = life.granted(kiv)
    partly.crowd(directory, cast.COORDINATOR)
    partly.answer(directory, way)
    sweep = drifting.swept()
    assert DriftKind.COMMISSION_MISSING not in drifting.found_of(grant.subject_id)
    assert sweep.unread > 0
    directory.faults.clear()
    drifting.swept()
    assert drifting.found_of(grant.subject_id) == []
