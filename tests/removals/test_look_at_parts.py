"""A part of an attribute proves nothing gone: the removal looks again."""

from __future__ import annotations

import pytest

from provisioning.models import Removal
from provisioning.rules.states.right import RemovalState
from tests import cast
from tests.assessments import partly
from tests.rights import life

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("way", partly.WAYS)
def test_a_removal_never_ends_as_gone_because_of_a_part(directory, kiv, way):
    grant = life.statistics(kiv)
    partly.crowd(directory, cast.COORDINATOR, "Statistik")
    partly.answer(directory, way)
    removal = life.removal_by_head(grant)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.LOOKING
    assert removal.trouble_code == "directory.truncated"
    directory.faults.clear()
    life.acts.make_everything_due()
    life.with_kiv(removal)
    partly.answer(directory, way)
    life.work()
    life.report_done(removal)
    assert Removal.objects.get(pk=removal.pk).current_state is RemovalState.AWAITING_KIV
