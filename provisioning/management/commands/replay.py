"""`manage.py replay`: which open cases and rights the rules of today answer otherwise. Writes nothing."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from provisioning.orders.replay import Replayed, replay
from provisioning.rules.hsa import Service


class Command(BaseCommand):
    """Exit status 0 when every answer is as it was, 1 when one is another, 2 when nothing could be read."""

    help = "Say which open cases and rights the rules answer otherwise now than when they were stored."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--service", choices=[one.value for one in Service], default="", help="only this one"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object a line")

    def handle(self, *args: Any, **options: Any) -> None:
        counts, differing = Replayed(), 0
        for one in replay(service=options["service"], counts=counts):
            differing += 1
            if options["json"]:
                self.stdout.write(json.dumps(asdict(one), ensure_ascii=False))
                continue
            changed = [f"-{code}" for code in one.gone] + [f"+{code}" for code in one.new]
            self.stdout.write(
                f"{one.what} {one.name}  {one.service}  {one.was} → {one.now}  {' '.join(changed)}".rstrip()
            )
        said = _("%(asked)d asked about, %(differing)d answered otherwise, %(untold)d not told.")
        said = _("%(asked)d asked about, %(differing)d answered otherwise, %(untold)d not told.")
        self.stderr.write(said % {"asked": counts.asked, "differing": differing, "untold": counts.untold})
        if counts.asked and counts.untold == counts.asked:
            sys.exit(2)
        sys.exit(1 if differing else 0)
