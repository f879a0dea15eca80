"""Numbers to try fields and places with: those of persons, in all shapes, and others that only look alike."""

from __future__ import annotations


def with_check_digit(nine: str) -> str:
    """Ten digits, reckoned otherwise than the tool does it."""
    total = 0
    for place, digit in enumerate(nine):
        product = int(digit) * (1 if place % 2 else 2)
        total += product - 9 if product > 9 else product
    return f"{nine}{(10 - total % 10) % 10}"


_TEN = with_check_digit("850709980")
_LEAP = with_check_digit("000229981")
_COORDINATED = with_check_digit("850769982")
_DAY, _END = _TEN[:6], _TEN[6:]

OF_PERSONS = (
    _TEN,
    f"{_DAY}-{_END}",
    f"{_DAY}+{_END}",
    f"{_DAY} {_END}",
    f"{_DAY} - {_END}",
    f"19{_TEN}",
    f"19{_DAY}-{_END}",
    f"18{_DAY}+{_END}",
    f"19{_DAY} {_END}",
    f"19 {_DAY}-{_END}",
    f"1985-07-09-{_END}",
    f"1985-07-09 {_END}",
    f"85-07-09 {_END}",
    f"85 07 09 {_END}",
    f"85 07 09 {_END[:2]} {_END[2:]}",
    f"{_DAY}\u2013{_END}",
    f"{_DAY}\u2212{_END}",
    f"{_DAY}\u00a0{_END}",
    f"{_DAY}\u200b{_END}",
    "".join(chr(ord(digit) + 0xFEE0) for digit in _TEN),  # full width
    "".join(chr(ord(digit) - ord("0") + 0x0660) for digit in _TEN),  # Arabic digits
    f"20{_LEAP}",
    # coordination numbers
    _COORDINATED,
    f"{_COORDINATED[:6]}-{_COORDINATED[6:]}",
    f"19{_COORDINATED}",
    # reserve numbers: the national one, with and without known birth, and regions' own
    "22850709AB12",
    "22850709-ABC1",
    "22850709 AB12",
    "00852045AB14",
    "991985123456",
    "19850709M067",
    "19850709K123",
    "19850709-SF1A",
    "19850709TA1B",
    "850709EA1B",
    "19850709-DA0B",
    "19850709AB1C",
    "19850709123R",
    "18500101M001",
    "19850709R123",
    "19850709-12M3",
    "198507451234",
    "19850709k123",
)

OTHERS = (
    # HSA-ids and organisation numbers
    "SE2321000016-1003",
    "SE2321000016-E000000000001",
    f"SE{_TEN}-AB12",
    "TSTNMT2321000156-103P",
    "se2321000016-1a2b",
    "232100-0016",
    "2321000016",
    "165560269986",
    # case numbers
    "2026-000123",
    "2026-850709",
    "R2026-123456",
    # telephone numbers, as they are written
    "070-123 45 67",
    "070-1234567",
    "0701-23 45 67",
    "070 123 45 67",
    "+46 70 123 45 67",
    "+46701234567",
    with_check_digit("070110123"),
    "0046701234567",
    "08-123 456 78",
    "031-12 34 56",
    "0611-22 33 44",
    "0611 22 33 44",
    # days, times, amounts, keys
    "2026-09-01",
    "2026-09-01–2026-12-31",
    "2026-09-01 2026-12-31",
    "20260901-20261231",
    "20260901 kl08",
    "2026-09-01 08:15",
    "1234567890123456",
    "12345",
    "f3b6c7a0-0000-4000-8000-850709980512",
    "a" * 31 + _TEN + "f",
    _DAY,
    f"{_DAY}-{_END[:3]}",
    "I10.9, F32.1",
    "Björkhaga vårdcentral 2",
)
