"""Dates as directories write them, and what is active when (domain page §2)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from provisioning.rules.dates import periods
from provisioning.rules.dates.periods import PeriodState, Unreadable
from provisioning.rules.hsa import RawPeriod


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("20260318", utc(2026, 3, 17, 23)),
        ("2026-03-18", utc(2026, 3, 17, 23)),
        ("20260718", utc(2026, 7, 17, 22)),
        ("2026-07-18 10:00:00", utc(2026, 7, 18, 8)),
        ("2026-07-18 10:00:00.5", utc(2026, 7, 18, 8, 0, 0, 500000)),
        ("2026-07-18 10:00:00.1234567", utc(2026, 7, 18, 8, 0, 0, 123456)),
        ("20260718100000Z", utc(2026, 7, 18, 10)),
        ("202607181000Z", utc(2026, 7, 18, 10)),
        ("2026071810Z", utc(2026, 7, 18, 10)),
        ("20260718100000.25Z", utc(2026, 7, 18, 10, 0, 0, 250000)),
        ("20260718100000,25Z", utc(2026, 7, 18, 10, 0, 0, 250000)),
        ("2026071810.5Z", utc(2026, 7, 18, 10, 30)),
        ("2026071810,25Z", utc(2026, 7, 18, 10, 15)),
        ("2026071810.5+0200", utc(2026, 7, 18, 8, 30)),
        ("202607181000.5Z", utc(2026, 7, 18, 10, 0, 30)),
        ("202607181000,000001Z", utc(2026, 7, 18, 10, 0, 0, 60)),
        ("2026071810.333333333333333333333333Z", utc(2026, 7, 18, 10, 19, 59, 999999)),
        ("20260718100060Z", utc(2026, 7, 18, 10, 1)),
        ("20260718105960.5Z", utc(2026, 7, 18, 11, 0, 0, 500000)),
        ("20261231235960Z", utc(2027, 1, 1)),
        ("99991231235960Z", periods.LATEST),
        ("9999123123.999999999Z", utc(9999, 12, 31, 23, 59, 59, 999996)),
        ("20260718100000+0200", utc(2026, 7, 18, 8)),
        ("20260718100000-0330", utc(2026, 7, 18, 13, 30)),
        ("20260718100000+02", utc(2026, 7, 18, 8)),
        ("20280229", utc(2028, 2, 28, 23)),
        # The night summer time begins: 02:30 is skipped, and read as winter time.
        ("2026-03-29 01:59:59", utc(2026, 3, 29, 0, 59, 59)),
        ("2026-03-29 02:30:00", utc(2026, 3, 29, 1, 30)),
        ("2026-03-29 03:00:00", utc(2026, 3, 29, 1)),
        ("20260330", utc(2026, 3, 29, 22)),
        # The night it ends: 02:30 comes twice, and the first one is meant.
        ("2026-10-25 02:30:00", utc(2026, 10, 25, 0, 30)),
        ("2026-10-25 03:00:00", utc(2026, 10, 25, 2)),
        ("20261026", utc(2026, 10, 25, 23)),
        ("99991231", utc(9999, 12, 30, 23)),
        ("99991231235959Z", utc(9999, 12, 31, 23, 59, 59)),
        ("00010101", periods.EARLIEST),
        ("99991231235959-0500", periods.LATEST),
    ],
)
def test_every_format_is_read_as_the_instant_it_means(text: str, instant: datetime):
    assert periods.moment(text) == instant


@pytest.mark.parametrize("text", [None, "", " ", "\t "])
def test_nothing_and_blanks_mean_no_date(text: str | None):
    assert periods.moment(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "imorgon",
        "2026",
        "202603",
        "20260230",
        "20270229",
        "2026-13-01",
        "2026-0318",
        "202603-18",
        "2026/03/18",
        "18-03-2026",
        " 20260318",
        "20260318 ",
        "2026-03-18T10:00:00",
        "2026-03-18 10:00",
        "2026-03-18 24:00:00",
        "20260318100000",
        "20260318250000Z",
        "20260318100061Z",
        "20260318106000Z",
        "2026031810.Z",
        "2026031810.5",
        "20260318.5Z",
        "20260318100000+2400",
        "20260318100000+0160",
        "00000000",
        "２０２６０３１８",
        "20260318\n",
    ],
)
def test_everything_else_is_unreadable_and_never_active(text: str):
    with pytest.raises(Unreadable):
        periods.moment(text)
    assert periods.state(RawPeriod(text, None), at=utc(2026, 3, 18, 11)) is PeriodState.UNREADABLE
    assert periods.state(RawPeriod(None, text), at=utc(2026, 3, 18, 11)) is PeriodState.UNREADABLE


AT = utc(2026, 3, 18, 11)
BEFORE, EXACTLY, AFTER = "20260318105959Z", "20260318110000Z", "20260318110001Z"


@pytest.mark.parametrize(
    ("start", "end", "state"),
    [
        (None, None, PeriodState.ACTIVE),
        ("", " ", PeriodState.ACTIVE),
        (BEFORE, None, PeriodState.ACTIVE),
        (EXACTLY, None, PeriodState.NOT_STARTED),
        (AFTER, None, PeriodState.NOT_STARTED),
        (None, AFTER, PeriodState.ACTIVE),
        (None, EXACTLY, PeriodState.ENDED),
        (None, BEFORE, PeriodState.ENDED),
        (BEFORE, AFTER, PeriodState.ACTIVE),
        (AFTER, BEFORE, PeriodState.ENDED),
        ("?", BEFORE, PeriodState.ENDED),
        ("?", AFTER, PeriodState.UNREADABLE),
        (AFTER, "?", PeriodState.NOT_STARTED),
        (BEFORE, "?", PeriodState.UNREADABLE),
        ("20260318", None, PeriodState.ACTIVE),
        (None, "20260318", PeriodState.ENDED),
        (None, "20260319", PeriodState.ACTIVE),
        ("20260319", None, PeriodState.NOT_STARTED),
    ],
)
def test_active_is_strictly_between_start_and_end(start: str | None, end: str | None, state: PeriodState):
    assert periods.state(RawPeriod(start, end), at=AT) is state


def test_the_hour_that_comes_twice_is_compared_as_instants():
    at = datetime(2026, 10, 25, 2, 45, fold=1, tzinfo=periods.STOCKHOLM)  # the second 02:45
    assert periods.state(RawPeriod("2026-10-25 02:50:00", None), at=at) is PeriodState.ACTIVE


@pytest.mark.parametrize(
    ("end", "on", "state"),
    [
        ("20260630", date(2026, 6, 29), PeriodState.ACTIVE),
        ("20260630", date(2026, 6, 30), PeriodState.ACTIVE),
        ("20260630", date(2026, 7, 1), PeriodState.ENDED),
        ("20260630215959Z", date(2026, 7, 1), PeriodState.ENDED),  # still 30 June in Stockholm
        ("20260630220000Z", date(2026, 7, 1), PeriodState.ACTIVE),  # 1 July in Stockholm
        ("20280229", date(2028, 2, 29), PeriodState.ACTIVE),
        ("20280229", date(2028, 3, 1), PeriodState.ENDED),
        ("20261025", date(2026, 10, 25), PeriodState.ACTIVE),
        ("20260329", date(2026, 3, 29), PeriodState.ACTIVE),
        ("20260329", date(2026, 3, 30), PeriodState.ENDED),
        ("99991231235959Z", date(2026, 7, 1), PeriodState.ACTIVE),
        ("snart", date(2026, 7, 1), PeriodState.UNREADABLE),
        (None, date(2026, 7, 1), PeriodState.ACTIVE),
    ],
)
def test_the_last_day_of_an_employment_still_counts(end: str | None, on: date, state: PeriodState):
    assert periods.employment(RawPeriod(None, end), on=on) is state


@pytest.mark.parametrize(
    ("start", "end", "state"),
    [
        ("20260702", None, PeriodState.NOT_STARTED),
        ("20260701", None, PeriodState.ACTIVE),
        ("snart", None, PeriodState.UNREADABLE),
        ("snart", "20260630", PeriodState.ENDED),
    ],
)
def test_an_employment_starts_with_its_first_day(start: str, end: str | None, state: PeriodState):
    assert periods.employment(RawPeriod(start, end), on=date(2026, 7, 1)) is state


def test_noon_is_noon_in_stockholm_in_winter_and_in_summer():
    assert periods.noon(date(2026, 3, 18)) == utc(2026, 3, 18, 11)
    assert periods.noon(date(2026, 7, 18)) == utc(2026, 7, 18, 10)
    assert periods.noon(date(2026, 3, 29)) - periods.noon(date(2026, 3, 28)) == timedelta(hours=23)
    assert periods.noon(date(2026, 10, 25)) - periods.noon(date(2026, 10, 24)) == timedelta(hours=25)
