"""Say whether an ordered access works as things stand in the directory. Reads; writes nothing.

    python manage.py assess HSA-ID --service rehabstod|intygsstatistik --level own|unit|provider
                            --unit HSA-ID [--on YYYY-MM-DD] [--json]

Exit status: 0 yes, 1 no, 2 unknown, 64 wrong usage. The interface is stable: docs/assess.md.
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentTypeError
from datetime import date
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation

from provisioning import dates
from provisioning.assessments import reading as assessments_reading
from provisioning.assessments.causes import explain
from provisioning.rules.assessment import assess
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.hsa import Answer, HsaId, Level, OrderedAccess, Service, typed_id

EXIT_STATUS = {Answer.YES: 0, Answer.NO: 1, Answer.UNKNOWN: 2}
WRONG_USAGE = 64


class Command(BaseCommand):
    help = "Say whether an ordered access works as things stand in the directory (0 yes, 1 no, 2 unknown)."
    requires_system_checks: list[str] = []  # noqa: RUF012 - nothing but the directory is used

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        parser = super().create_parser(prog_name, subcommand, **kwargs)

        def refuse(message: str) -> NoReturn:
            if not parser.called_from_command_line:
                raise CommandError(message, returncode=WRONG_USAGE)
            parser.print_usage(sys.stderr)
            sys.stderr.write(f"{parser.prog}: {message}\n")
            sys.exit(WRONG_USAGE)

        parser.error = refuse  # type: ignore[method-assign]  # argparse would exit with status 2: "unknown"
        return parser

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", metavar="HSA-ID", type=_hsa_id, help="the person")
        parser.add_argument("--service", required=True, choices=[service.value for service in Service])
        parser.add_argument("--level", required=True, choices=[level.value for level in Level])
        parser.add_argument(
            "--unit",
            required=True,
            metavar="HSA-ID",
            type=_hsa_id,
            help="the unit; for level provider the care provider",
        )
        parser.add_argument(
            "--on", type=_day, default=None, metavar="YYYY-MM-DD", help="the day asked about (today)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        order = OrderedAccess(
            options["person"], Service(options["service"]), Level(options["level"]), options["unit"]
        )
        reading = assessments_reading.read_for(order)
        on = options["on"] or dates.today()
        at = timezone.now() if on == dates.today() else None
        found = assess.assess(order, reading, on=on, at=at)
        if options["json"]:
            self.stdout.write(json.dumps(as_object(found), ensure_ascii=False))
        else:
            with translation.override("sv"):
                self.stdout.write(as_text(found))
        if found.answer is not Answer.YES:
            sys.exit(EXIT_STATUS[found.answer])


def as_object(found: Assessment) -> dict[str, Any]:
    """The documented JSON object."""
    return {
        "person": found.order.person_id.text,
        "service": found.order.service.value,
        "level": found.order.level.value,
        "unit": found.order.unit_id.text,
        "on": found.on.isoformat(),
    } | assessments_reading.verdict(found)


def as_text(found: Assessment) -> str:
    """The same for a person to read."""
    order, login = found.order, found.login
    lines = [
        f"{order.person_id} · {order.service.value} · {order.level.value} · {order.unit_id} · {found.on}",
        f"answer: {found.answer.value}   login: {login.answer.value} {login.refusal or ''}".rstrip(),
    ]
    lines += [f"  {unit.role}  {unit.id}" for unit in found.login.units]
    for title, causes in (("causes", found.causes), ("warnings", found.warnings)):
        for cause in causes:
            words = explain(cause)
            about = f" [{words.about}]" if words.about else ""
            lines.append(f"{title}: {words.code}{about}: {words.sentence} {words.mender}")
    lines += [f"set: {change.attribute.value} += {change.value}  on {change.dn}" for change in found.changes]
    return "\n".join(lines)


def _hsa_id(text: str) -> HsaId:
    hsa_id = typed_id(text)
    if not hsa_id.has_form(strict=False):
        raise ArgumentTypeError(f"{text!r} does not have the form of an HSA-id, such as SE0000000000-AB12")
    return hsa_id


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as exc:
        raise ArgumentTypeError(f"{text!r} is not a day written YYYY-MM-DD") from exc
