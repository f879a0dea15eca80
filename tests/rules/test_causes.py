"""Codes of causes: each has somebody who mends it, and they are shown in one order."""

from __future__ import annotations

from provisioning.rules.causes import MENDER_OF, Cause, Code, Mender, in_order


def test_every_code_has_a_mender_and_every_mender_has_a_code():
    assert set(MENDER_OF) == set(Code)
    assert set(MENDER_OF.values()) == set(Mender)
    assert Cause(Code.ROLE_MISSING).mender is Mender.KIV_ADMINISTRATOR


def test_causes_are_shown_in_the_order_of_the_codes_and_once():
    first, second = Cause(Code.PERSON_ENDED, "a"), Cause(Code.ROLE_MISSING)
    assert in_order([second, first, second]) == (first, second)
