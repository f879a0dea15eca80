"""Remove what has been kept longer than RETENTION_* say. The timetable does this every night.

    python manage.py retention [--dry-run]

With --dry-run it says what is due and writes nothing. It can be stopped and run again at any time.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from workflows.sweeps import retention
from workflows.sweeps.retention import Removed


class Command(BaseCommand):
    help = "Remove cases, messages and events that have been kept long enough."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what is due; write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["dry_run"]:
            self.stdout.write(f"Due: {as_text(retention.plan())}. Nothing was written.")
        else:
            self.stdout.write(f"Removed: {as_text(retention.sweep_all())}.")


def as_text(removed: Removed) -> str:
    span = f" ({removed.first_case} to {removed.last_case})" if removed.cases else ""
    others = removed.others
    return (
        f"{removed.cases} cases{span} with {removed.requests} requests, "
        f"{removed.removals} other removals, {others.messages} messages, "
        f"{others.delegations} delegations, {others.reviews} reviews, {others.findings} findings, "
        f"{others.incidents} incidents, {others.team_tasks} tasks in teams, "
        f"{others.names} names, {removed.events} events"
    )
