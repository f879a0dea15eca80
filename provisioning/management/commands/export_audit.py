"""Write the whole audit chain to a file, to be kept or checked elsewhere. That it was done is recorded.

    python manage.py export_audit FILE [--by HSA-ID]

The file must not exist; only its owner can read it. `-` writes to the screen. How to check it:
python3 tools/verify_audit.py FILE --key KEYFILE [--checkpoints FILE]
"""

from __future__ import annotations

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from provisioning.audit import export
from provisioning.models import User
from provisioning.rules.hsa import typed_id


class Command(BaseCommand):
    help = "Write the audit chain to a file."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE", help="a new file, or - for the screen")
        parser.add_argument("--by", metavar="HSA-ID", help="who takes the export; a user of the tool")

    def handle(self, *args: Any, **options: Any) -> None:
        by = None
        if options["by"]:
            by = User.objects.filter(hsa_key=typed_id(options["by"]).folded).first()
            if by is None:
                raise CommandError("No user of the tool has this HSA-id.")
        if options["file"] == "-":
            for line in export.export(by=by):
                self.stdout.write(line, ending="")
            return
        try:
            descriptor = os.open(options["file"], os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError as exc:
            raise CommandError(f"The file cannot be made: {exc.strerror}.") from exc
        with open(descriptor, "w", encoding="utf-8") as file:
            file.writelines(export.export(by=by))
