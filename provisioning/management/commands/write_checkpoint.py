"""Sign where the audit chain ends and write it to every target of AUDIT_CHECKPOINT_TARGETS.

    python manage.py write_checkpoint [--print]

The timetable does this every hour. `--print` writes it to the screen instead, to be kept by hand.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from provisioning.audit import checkpoints
from provisioning.audit.checkpoints import ChainBroken, NotDelivered


class Command(BaseCommand):
    help = "Write a checkpoint of the audit chain outside the database."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--print", action="store_true", help="to the screen instead of the targets")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["print"]:
                self.stdout.write(checkpoints.take().line)
                return
            checkpoint = checkpoints.write()
        except ChainBroken as exc:
            raise CommandError(
                "The end of the chain is broken; nothing was signed. Run verify_audit."
            ) from exc
        except NotDelivered as exc:
            raise CommandError(f"Not delivered to: {', '.join(exc.failed)}.") from exc
        self.stdout.write(f"Checkpoint of row {checkpoint.sequence} written.")
