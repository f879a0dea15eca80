"""The storm itself. Reads Django's settings, so it is imported when the surroundings are set."""

from __future__ import annotations

import argparse
import random
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import django

django.setup()

from django.db import Error as DatabaseTrouble  # noqa: E402 - after setup
from django.db import connection  # noqa: E402
from django.db.models import Q  # noqa: E402

from provisioning import heartbeats  # noqa: E402
from provisioning.models import Heartbeat, OutgoingMessage  # noqa: E402
from tests.workflows.storm import judge, parts, people  # noqa: E402
from tests.workflows.storm.parts import Part  # noqa: E402

if TYPE_CHECKING:
    from tests.workflows.storm.__main__ import Installation

SETTLE_SECONDS = 1200.0  # after so long what has not settled is called unsettled
MAIL_SECONDS = 600.0  # how long is waited for the mails after that
BREATH_SECONDS = 0.25


def storm(
    installation: Installation, everything: Sequence[Part], wanted: argparse.Namespace
) -> dict[str, Any]:
    """People work while parts are killed one after the other; then everybody finishes, and it is judged."""
    for kind in Heartbeat.Process:
        parts.wait_until(lambda kind=kind: heartbeats.lives(heartbeats.last(kind)), f"the {kind.value} lives")  # type: ignore[misc]
    town = people.Town(wanted.people, wanted.at_once, installation.address)
    threads = town.begin()
    town.is_working.set()
    begun = time.monotonic()
    _kill(everything, wanted, lambda: len(town.acknowledged) + len(town.removals))
    seconds, done = time.monotonic() - begun, asked(judge.completed)
    town.is_working.clear()
    settled = _settle(lambda: asked(judge.under_way) == 0, SETTLE_SECONDS)
    mailed = _settle(lambda: asked(_mails_on_their_way) == 0, MAIL_SECONDS)
    town.is_over.set()
    for thread in threads:
        thread.join(timeout=60)
    starts = {part.name: part.starts - 1 - part.kills for part in everything}
    return {
        "kills": parts.counts(everything),
        "ended by itself": {name: times for name, times in starts.items() if times > 0},
        "seconds": round(seconds, 1),
        "completed in the storm": done,
        "orders": len(town.acknowledged),
        "ordered by web": town.by_web,
        "removals": len(town.removals),
        "misfortunes": town.misfortunes,
        "settled after seconds": settled,
        "mails after seconds": mailed,
        "mails": judge.mails(installation.post),
        "errors": sorted(set(town.errors)),
        "troubles": judge.troubles(town.acknowledged, town.removals, installation.post),
    }


def _kill(everything: Sequence[Part], wanted: argparse.Namespace, begun: Callable[[], int]) -> None:
    """So many kills, spread over so many seconds; goes on until enough cases have been begun."""
    pause = wanted.seconds / max(wanted.kills, 1)
    started, kills, left = time.monotonic(), 0, [*everything]
    while kills < wanted.kills or begun() < wanted.cases or time.monotonic() - started < wanted.seconds:
        time.sleep(min(pause, 1.0) if not wanted.kills else pause * random.uniform(0.5, 1.5))  # noqa: S311
        if kills < wanted.kills:
            if not left:
                left = [*everything]
            part = left.pop(random.randrange(len(left)))  # noqa: S311
            kills += part.kill()


def _settle(is_over: Callable[[], bool], seconds: float) -> float | None:
    """After how many seconds it was over; None where it is not."""
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if is_over():
            return round(time.monotonic() - begun, 1)
        time.sleep(BREATH_SECONDS)
    return None


def _mails_on_their_way() -> int:
    """Those that may have reached the mail server when they were interrupted are left out: ten minutes."""
    queued = Q(state__in=(OutgoingMessage.Delivery.QUEUED, OutgoingMessage.Delivery.WAITING))
    claimed = Q(state=OutgoingMessage.Delivery.SENDING, sent_at=None)
    return OutgoingMessage.objects.filter(queued | claimed).count()


def asked(question: Callable[[], int]) -> int:
    """The answer, as soon as the database gives one."""
    while True:
        try:
            return question()
        except DatabaseTrouble:
            connection.close()
            time.sleep(BREATH_SECONDS)
