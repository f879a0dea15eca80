"""`manage.py check_directory`: try everything the tool needs of the directory, in plain words."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from provisioning.directory import Which, address, has_national_directory, open_directory
from provisioning.directory.check import SENTENCES
from provisioning.directory.ldap.troubles import trouble_of
from provisioning.errors import DirectoryError
from provisioning.rules.hsa import typed_id


class Command(BaseCommand):
    """Exit status 0 when all is well, 1 when something must be mended."""

    help = "Connect to the directory, log in, read a person and a unit, and check what we may read."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--second", action="store_true", help="the national HSA (HSA_DIRECTORY_*) instead of DIRECTORY_*"
        )
        parser.add_argument("--person", metavar="HSA-ID", help="the person to read (default: any)")
        parser.add_argument("--unit", metavar="HSA-ID", help="the unit to read (default: any)")

    def handle(self, *args: Any, **options: Any) -> None:
        person, unit = options["person"], options["unit"]
        which = Which.NATIONAL if options["second"] else Which.OWN
        if which is Which.NATIONAL and not has_national_directory():
            raise CommandError(_("HSA_DIRECTORY_URL is not set: there is no second directory to check."))
        self.stdout.write(address(which))
        try:
            report = open_directory(which).check(
                person_id=typed_id(person) if person else None, unit_id=typed_id(unit) if unit else None
            )
        except DirectoryError as error:
            self.stderr.write(str(SENTENCES[trouble_of(error)]))
            sys.exit(1)
        for step in report.steps:
            mark = self.style.SUCCESS("OK ") if step.is_ok else self.style.ERROR("!! ")
            self.stdout.write(f"{mark} {step.milliseconds:7.1f} ms  {step.name}  {step.detail}".rstrip())
            if step.sentence:
                self.stdout.write(f"{'':15}{step.sentence}")
        if not report.is_ok:
            self.stderr.write(_("The directory cannot be used as it is: see the lines marked !!."))
            sys.exit(1)
        self.stdout.write(_("The directory can be used."))
