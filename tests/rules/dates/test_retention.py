"""How long things are kept, counted in calendar years in Stockholm."""

from datetime import date

import pytest

from provisioning.rules.dates.retention import Horizon, Limits, horizon, years_before


@pytest.mark.parametrize(
    ("day", "years", "before"),
    [
        (date(2026, 11, 21), 5, date(2021, 11, 21)),
        (date(2026, 1, 1), 1, date(2025, 1, 1)),
        (date(2028, 2, 29), 4, date(2024, 2, 29)),
        (date(2028, 2, 29), 5, date(2023, 2, 28)),  # never the first of March: a day too early
        (date(2028, 3, 1), 5, date(2023, 3, 1)),
    ],
)
def test_years_are_calendar_years(day, years, before):
    assert years_before(day, years) == before


def test_each_kind_has_its_own_day():
    assert horizon(Limits(5, 10, 30), on=date(2026, 11, 21)) == Horizon(
        cases=date(2021, 11, 21), audit=date(2016, 11, 21), messages=date(2026, 10, 22)
    )


@pytest.mark.parametrize("limits", [(5, 4, 365), (0, 5, 365), (1, 1, 0)])
def test_limits_that_make_no_sense_are_refused(limits):
    with pytest.raises(ValueError, match="kept"):
        Limits(*limits)
