"""A sweep of all tracked persons against a directory of 115 000 entries or more, at the background's pace.

Each person has a right that rests on a commission and a system role. One in a hundred has lost the role
behind the tool's back, one in five hundred has left, one in three hundred is protected, and a few hundred
strangers hold a role. Bars at the default pace, all that follows included (second looks, findings, removals
begun, owners told): five minutes for 50 000 persons, fifteen for 200 000 (`--large`, or SWEEP_PERSONS), and
250 MB that the sweep adds to the process.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import logging
import os
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks import apart, region, server, tables
from benchmarks.tables import Table

USUAL = 50_000
PERSONS = int(os.environ.get("SWEEP_PERSONS", str(USUAL)))
BAR_SECONDS, BAR_MEGABYTES = 300.0 if PERSONS <= USUAL else 900.0, 250.0
LOST_ONE_IN, LEFT_ONE_IN, PROTECTED_ONE_IN, STRANGER_ONE_IN = 100, 500, 300, 200
FIRST = 1_000  # the first persons head units and are in very many commissions
_COMMISSION = re.compile(r"dn: cn=Uppdrag 0,ou=Enhet (\d+),")
_PERSON = re.compile(r"hsaIdentity: (SE0000000000-[0-9A-F]{5})$")


def run() -> Table:
    """Three sweeps: the first, one with nothing new, and one of what was changed."""
    before = tables.load_average()
    found = apart.measured("benchmarks.sweep")
    table = Table(
        f"A sweep of {PERSONS} tracked persons among {found['entries']} entries "
        f"(bars {BAR_SECONDS:.0f} s, {BAR_MEGABYTES:.0f} MB)",
        ("sweep", "of", "persons", "found", "over", "questions", "seconds", "added MB"),
    )
    for row in found["sweeps"]:
        is_met = row["seconds"] <= BAR_SECONDS and row["megabytes"] <= BAR_MEGABYTES
        cells = [row["name"], "all" if row["is_full"] else "changed"]
        cells += [str(row[name]) for name in ("persons", "found", "ended", "questions")]
        cells += [f"{row['seconds']:.1f}", f"{row['megabytes']:.0f}"]
        table.add(*cells, is_met=is_met and row["outcome"] == "complete")
        if row["outcome"] != "complete":
            table.notes.append(f"{row['name']}: {row['outcome']} {row['code']}")
    table.notes.append(f"At most {found['pace']:g} questions a second. {tables.surroundings(before)}")
    return tables.explained(table, before)


def measure() -> dict[str, Any]:
    """One run, in this process."""
    import django

    django.setup()
    logging.disable(logging.CRITICAL)  # there is no broker to nudge
    from django.conf import settings
    from django.core.management import call_command

    from workflows.sweeps import directory as comparing

    call_command("migrate", verbosity=0)
    entries = region.ENTRIES + max(0, PERSONS - USUAL)
    original = region.make
    region.make = lambda: _drifted(original(entries))  # type: ignore[assignment]
    _settle_in(server.shared())
    _track()
    # All of this directory has just been loaded: by its own clock everything would have been changed.
    comparing.OVERLAP = timedelta(0)
    asked = _count_questions()
    looks = (("first", True), ("nothing new", True), ("what was changed", None))
    sweeps = [_timed(name, is_full, asked) for name, is_full in looks]
    return {
        "entries": entries,
        "pace": settings.DIRECTORY_BACKGROUND_SEARCHES_PER_SECOND,
        "sweeps": sweeps,
    }


def _timed(name: str, is_full: bool | None, asked: list[float]) -> dict[str, Any]:
    from workflows.sweeps import directory as comparing

    asked.clear()
    Path("/proc/self/clear_refs").write_text("5")  # from here on the peak is the sweep's own
    memory = _megabytes("VmRSS")
    begun_at = time.perf_counter()
    result = comparing.sweep(is_full=is_full)
    seconds = time.perf_counter() - begun_at
    assert result is not None
    row = result.sweep
    return {
        "name": name,
        "is_full": row.is_full,
        "outcome": row.outcome,
        "code": row.code,
        "persons": row.persons,
        "found": row.found,
        "ended": row.ended,
        "questions": len(asked),
        "seconds": seconds,
        "megabytes": _megabytes("VmHWM") - memory,
    }


def _megabytes(name: str) -> float:
    """How much of memory this process holds (VmRSS), or has held at most (VmHWM)."""
    status = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith(name)) / 1024


def _count_questions() -> list[float]:
    """When each search, page and compare was asked, from now on."""
    from provisioning.directory.ldap import pacing

    asked: list[float] = []
    wait = pacing.Pace.wait

    def count(pace: pacing.Pace) -> None:
        wait(pace)
        asked.append(time.perf_counter())

    pacing.Pace.wait = count  # type: ignore[method-assign]
    return asked


def _drifted(made: region.Region) -> region.Region:
    """The region in which the tracked persons have what their rights rest on, or have lost it."""
    return dataclasses.replace(made, ldif="\n".join(_lines(made.ldif)))


def _lines(ldif: str) -> Iterator[str]:
    is_person, unit = False, None
    numbers = itertools.count()
    for line in ldif.split("\n"):
        if line.startswith("hsaSystemRole: INTYG;"):
            continue
        if line.startswith("dn: "):
            found = _COMMISSION.match(line)
            is_person, unit = line.startswith("dn: cn=anv"), int(found[1]) if found else None
        yield line
        if line == "objectClass: hsaPerson" and next(numbers) % PROTECTED_ONE_IN == 0:
            yield "objectClass: hsaConfidentialPerson"
        if is_person and (match := _PERSON.match(line)):
            yield from _of_person(int(match[1].rpartition("-")[2], 16))
        if unit is not None and line.startswith("hsaCommissionPurpose: "):
            numbers = range(FIRST, FIRST + PERSONS)
            yield from (
                f"hsaCommissionMember: {region.PREFIX}{number:05X};20230101;"
                for number in numbers[(unit - FIRST) % region.UNITS :: region.UNITS]
            )


def _of_person(number: int) -> Iterator[str]:
    if FIRST <= number < FIRST + PERSONS:
        if number % LOST_ONE_IN:
            yield f"hsaSystemRole: INTYG;Rehab-{_unit_of(number)}"
        if number % LEFT_ONE_IN == 1:
            yield "hsaEndDate: 20200101000000Z"
    elif number >= FIRST and number % STRANGER_ONE_IN == 0:
        yield f"hsaSystemRole: INTYG;Rehab-{_unit_of(number)}"


def _unit_of(number: int) -> str:
    return region._unit_id(number % region.UNITS)


def _settle_in(served: server.Served) -> None:
    """Point the settings at the slapd of this run."""
    from django.conf import settings

    settings.DIRECTORY_URL = served.url
    settings.DIRECTORY_CA_FILE = served.ca_file
    settings.DIRECTORY_BIND_DN, settings.DIRECTORY_BIND_PASSWORD = region.READER, region.PASSWORD
    settings.DIRECTORY_PERSON_BASE, settings.DIRECTORY_UNIT_BASE = region.PERSONS, region.ORGANISATION
    settings.DIRECTORY_RECEIVE_TIMEOUT_SECONDS = 60


def _track() -> None:
    """One right for each tracked person, as finished orders leave them."""
    from django.utils import timezone

    from provisioning.models import AccessRequest, Grant, Order, User

    head = User.objects.create(hsa_key="se0000000000-head", hsa_id="SE0000000000-HEAD")
    today = timezone.localdate()
    for begin in range(FIRST, FIRST + PERSONS, 10_000):
        numbers = range(begin, min(begin + 10_000, FIRST + PERSONS))
        order = Order.objects.create(
            case_number=f"B-{begin}", orderer=head, need="Measured.", risk_statement="None."
        )
        requests = AccessRequest.objects.bulk_create(
            [
                AccessRequest(
                    order=order,
                    position=position,
                    attester=head,
                    state="done",
                    verified_at=timezone.now(),
                    **_right(number),
                    starts_on=today,
                    ends_on=today + timedelta(days=300),
                )
                for position, number in enumerate(numbers)
            ],
            batch_size=500,
        )
        Grant.objects.bulk_create(
            [
                Grant(
                    origin=request,
                    **_right(number),
                    starts_on=today,
                    ends_on=today + timedelta(days=300),
                    next_review_on=today + timedelta(days=300),
                )
                for request, number in zip(requests, numbers, strict=True)
            ],
            batch_size=500,
        )


def _right(number: int) -> dict[str, str]:
    person, unit = f"{region.PREFIX}{number:05X}", _unit_of(number)
    return {
        "subject_key": person.lower(),
        "subject_hsa_id": person,
        "subject_name": "Exempel",
        "service": "rehabstod",
        "level": "unit",
        "unit_key": unit.lower(),
        "unit_hsa_id": unit,
        "unit_name": "Enhet",
        "unit_dn": f"ou=Enhet {number % region.UNITS:05d},{region._area(number % region.UNITS)}",
    }


if __name__ == "__main__":
    # Written at once: nothing else may come after it.
    print(json.dumps(measure()))
