"""When something that stands in the way is a habit of the unit, and when it has been fixed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from provisioning.rules import sticking

DAY_ONE = datetime(2026, 3, 2, 9, tzinfo=UTC)


def day(number: int) -> datetime:
    return DAY_ONE + timedelta(days=number)


def met(*days: int, code: str = "a") -> list[tuple[str, datetime, int]]:
    return [(code, day(number), number) for number in days]


def test_three_cases_that_are_a_fifth_of_the_orders_are_a_habit():
    approved = [day(number) for number in range(15)]
    [habit] = sticking.habits(met(11, 13, 14), approved)
    assert (habit.code, habit.count, habit.out_of) == ("a", 3, 15)
    assert habit.latest == (14, 13, 11)
    assert sticking.habits(met(13, 14), approved) == []
    assert sticking.habits(met(12, 13, 14), [*approved, day(15)]) == []


def test_five_orders_without_it_mean_that_it_is_fixed():
    approved = [day(number) for number in range(9)]
    assert sticking.habits(met(1, 2, 3), approved) == []
    assert len(sticking.habits(met(1, 2, 4), approved)) == 1


def test_the_most_frequent_comes_first():
    approved = [day(number) for number in range(5)]
    found = sticking.habits([*met(1, 2, 3, code="b"), *met(0, 1, 2, 3, code="a")], approved)
    assert [habit.code for habit in found] == ["a", "b"]
    assert sticking.habits([], approved) == []
