"""When a sitting counts as quick (features C2)."""

from __future__ import annotations

import pytest

from provisioning.rules import sitting


@pytest.mark.parametrize(
    ("seconds", "rights", "is_quick"),
    [(14, 5, True), (15, 5, False), (0, 4, False), (0, 5, True), (119, 40, True), (120, 40, False)],
)
def test_many_rights_in_little_time_are_worth_a_question(seconds: int, rights: int, is_quick: bool):
    assert sitting.is_quick(seconds, rights) is is_quick
