"""What is taken for a personal identity number, and what is not. No number here is a person's.

Birth numbers from 980 to 999 are given to nobody: Skatteverket keeps them for tests.
"""

from __future__ import annotations

import pytest

from provisioning.rules import identity_numbers
from tests.numbers import OF_PERSONS, OTHERS, with_check_digit


@pytest.mark.parametrize("text", OF_PERSONS)
def test_what_looks_like_a_persons_number_is_seen(text: str):
    assert identity_numbers.is_held_by(text)
    assert identity_numbers.is_held_by(f"Gäller {text}, i går.")
    assert identity_numbers.is_held_by(f"pnr:{text}\nmer")


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_something_else_is_let_through(text: str):
    assert not identity_numbers.is_held_by(text)
    assert not identity_numbers.is_held_by(f"Gäller {text}, i går.")


def test_a_wrong_check_digit_is_no_such_number():
    right = with_check_digit("850709980")
    assert identity_numbers.is_held_by(right)
    for digit in set("0123456789") - {right[-1]}:
        assert not identity_numbers.is_held_by(right[:-1] + digit)


def test_a_line_of_a_log_loses_the_number_alone():
    number = with_check_digit("850709980")
    line = f"Not Found: /a/{number}/ SE2321000016-1003 2026-000123 {number[:6]}-{number[6:]}"
    taken = identity_numbers.taken_out(line, instead="[removed]")
    assert taken == "Not Found: /a/[removed]/ SE2321000016-1003 2026-000123 [removed]"
