"""After a lawful restore: record which checkpoints saw rows that it lost, and write a new checkpoint.

    python manage.py reanchor_audit [--checkpoints FILE …] [--by HSA-ID --reason TEXT]

Without `--by` and `--reason` it only shows what would be given up. It refuses where anything else is wrong
with the chain. Whoever answers for it must be an operator or an auditor of the settings. The act is an entry
of the event log, with who typed it on the machine; verify_audit names it ever after.
Exit status: 0 done or shown, 1 refused, 2 the checkpoints cannot be read.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.core.management.base import BaseCommand, CommandError, CommandParser

from provisioning.audit import checkpoints, reanchor
from provisioning.audit.checkpoints import NotDelivered
from provisioning.audit.reanchor import NotOnlyRestored
from provisioning.errors import Invalid
from provisioning.models import User
from provisioning.rules.hsa import typed_id


class Command(BaseCommand):
    help = "Record that a restore lost what later checkpoints saw, and anchor the chain anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--checkpoints", action="append", default=[], metavar="FILE", type=Path)
        parser.add_argument("--by", metavar="HSA-ID", help="who answers for it: an operator or an auditor")
        parser.add_argument("--reason", default="", help="which backup, when, and who decided it")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            paths = [*checkpoints.configured_files(), *options["checkpoints"]]
            known = [one for path in paths for one in checkpoints.read(path)]
            points = reanchor.lost(known)
        except NotOnlyRestored as exc:
            raise CommandError(
                "Something else is wrong with the chain than a restore: run verify_audit without these files."
            ) from exc
        except (OSError, ImproperlyConfigured) as exc:
            raise CommandError(str(exc), returncode=2) from exc
        for one in points:
            self.stdout.write(f"The checkpoint of {one.at} saw row {one.sequence}, which is not there.")
        if not options["by"]:
            self.stdout.write(f"{len(points)} checkpoints would be given up: say --by and --reason.")
            return
        by = User.objects.filter(hsa_key=typed_id(options["by"]).folded).first()
        if by is None:
            raise CommandError("No user of the tool has this HSA-id.")
        try:
            entry = reanchor.reanchor(points, by=by, reason=options["reason"], os_user=os_user())
            checkpoints.write()
        except Invalid as exc:
            raise CommandError(str(exc.user_message)) from exc
        except NotDelivered as exc:
            raise CommandError(f"Recorded, but no checkpoint reached: {', '.join(exc.failed)}.") from exc
        self.stdout.write(f"Row {entry.sequence} gives up {len(points)} checkpoints; a new one is written.")


def os_user() -> str:
    """Who typed this on the machine: the account, and whose it was before `sudo`."""
    try:
        name = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container without a list of accounts
        name = str(os.getuid())
    before = os.environ.get("SUDO_USER", "")
    return f"{name} (sudo by {before})" if before and before != name else name
