"""Compare all rights with the directory now, instead of waiting for the timetable."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from provisioning.directory import open_directory
from provisioning.errors import DirectoryError
from provisioning.mandates import delegations
from provisioning.models import Sweep
from provisioning.orders import unseen
from provisioning.removals import not_seen
from workflows.sweeps import directory


class Command(BaseCommand):
    """`manage.py sweep [--dry-run] [--full] [--believe-losses]`; ends with 1 if it is not to be relied on."""

    help = "Compare all rights and open orders with the directory, and record what does not agree."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be found; write nothing")
        parser.add_argument(
            "--full", action="store_true", help="look at everybody, not only at what was changed"
        )
        parser.add_argument(
            "--believe-losses",
            action="store_true",
            help="go on although very much seems to be lost at once: you have checked that it is true",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        result = directory.sweep(
            is_full=True if options["full"] else None,
            is_dry=options["dry_run"],
            believes_losses=options["believe_losses"],
        )
        if result is None:
            raise CommandError("Another comparison is under way.")
        row = result.sweep
        scope = "everybody" if row.is_full else "what was changed"
        self.stdout.write(f"{row.outcome}: {scope}, {row.persons} persons, {row.unread} not readable")
        if options["dry_run"]:
            for _person_id, drift in result.would:
                self.stdout.write(f"would find {drift.kind.value} on {drift.unit_id}")
            self.stdout.write(f"would end {result.leaving} open orders of persons who have left")
        else:
            self.stdout.write(f"{row.found} found, {row.ended} over")
        if options["believe_losses"] and not options["dry_run"]:
            _believe_of_delegations()
            self.stdout.write(f"{unseen.believe()} orders go back at the next look if it shows the same")
            self.stdout.write(f"{not_seen.believe()} removals end at the next look if their values are gone")
        if row.outcome in (Sweep.Outcome.FAILED, Sweep.Outcome.STOPPED):
            raise CommandError(f"Nothing can be relied on: {row.code}")


def _believe_of_delegations() -> None:
    """Delegations that have lost their ground end, too."""
    try:
        delegations.sweep(open_directory(), believes_losses=True)
    except DirectoryError as exc:
        raise CommandError(f"Nothing can be relied on: {exc.code}") from exc
