"""Open reviews of many units at once, instead of waiting for the timetable."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from provisioning import dates
from provisioning.models import User
from provisioning.reviews import campaign
from provisioning.rules.hsa import Service, typed_id


class Command(BaseCommand):
    """`manage.py open_reviews --by HSA-ID (--unit HSA-ID … | --all) [--service …] [--dry-run]`."""

    help = "Open a review for each of many units; those who decide are asked within a quarter of an hour."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--by", metavar="HSA-ID", required=True, help="the auditor who starts them")
        which = parser.add_mutually_exclusive_group(required=True)
        which.add_argument(
            "--unit", metavar="HSA-ID", action="append", help="a unit or care provider; repeat"
        )
        which.add_argument("--all", action="store_true", help="every unit that has rights")
        parser.add_argument(
            "--service", choices=[one.value for one in Service], help="only rights to this one"
        )
        parser.add_argument(
            "--not-reviewed-for",
            metavar="DAYS",
            type=int,
            help="only units whose last review was begun longer ago than this",
        )
        parser.add_argument("--dry-run", action="store_true", help="say what would be opened; write nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        by = User.objects.filter(hsa_key=typed_id(options["by"]).folded).first()
        if by is None or not by.is_auditor:
            raise CommandError("Only an auditor who has logged in at least once can start reviews from here.")
        planned = campaign.plan(
            units=[typed_id(text) for text in options["unit"] or ()],
            service=Service(options["service"]) if options["service"] else None,
            not_reviewed_for_days=options["not_reviewed_for"],
            on=dates.today(),
        )
        for one in planned:
            note = " (is being reviewed already)" if one.is_open_already else ""
            self.stdout.write(f"{one.place.unit_hsa_id}  {one.rights:>5}  {one.place.unit_name}{note}")
        fresh = [one for one in planned if not one.is_open_already]
        total = sum(one.rights for one in fresh)
        if options["dry_run"]:
            self.stdout.write(f"would open {len(fresh)} reviews of {total} rights")
            return
        opened = campaign.begin(fresh, by=by)
        self.stdout.write(f"{len(opened)} reviews opened")
