"""Show what reorganisations of units would touch, and propose them to the heads who attest."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from provisioning.errors import DirectoryError, Invalid
from provisioning.reorganisation import decide, preview
from provisioning.reorganisation.preview import Preview
from provisioning.rules.hsa import HsaId, typed_id

CLOSED = "closed"


class Command(BaseCommand):
    """`manage.py reorganise (OLD NEW | OLD closed | --csv FILE) [--propose --reason TEXT]`."""

    help = (
        "Show every right, order, removal, delegation and review that a reorganisation would touch. "
        "Writes nothing without --propose; then the head of the new unit attests on the page."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("old", nargs="?", help="HSA-id of the unit or care provider that was")
        parser.add_argument("new", nargs="?", help=f"HSA-id of what it becomes, or '{CLOSED}'")
        parser.add_argument("--csv", metavar="FILE", help="many pairs: two columns, by semicolon or comma")
        parser.add_argument("--propose", action="store_true", help="write the proposals down")
        parser.add_argument("--reason", default="", help="why; those concerned read it")

    def handle(self, *args: Any, **options: Any) -> None:
        pairs = self._pairs(options)
        previews = [self._look(old, new) for old, new in pairs]
        if not options["propose"]:
            self.stdout.write("Dry run: nothing is written.")
            return
        if None in previews:
            raise CommandError("Nothing is written: mend the lines above first.")
        for one in previews:
            if one is not None and one.moves_anything:
                self._propose(one, options["reason"])

    def _pairs(self, options: dict[str, Any]) -> list[tuple[HsaId, HsaId | None]]:
        if bool(options["csv"]) == bool(options["old"]):
            raise CommandError("Give either two ids or --csv.")
        lines = _read(options["csv"]) if options["csv"] else [(options["old"], options["new"] or "")]
        if any(not old or not new for old, new in lines):
            raise CommandError(f"Each line takes an old id and a new one, or '{CLOSED}'.")
        olds = [typed_id(old) for old, _new in lines]
        if len(set(olds)) < len(olds):
            raise CommandError("An old id stands twice.")
        return [(typed_id(old), None if new.casefold() == CLOSED else typed_id(new)) for old, new in lines]

    def _look(self, old: HsaId, new: HsaId | None) -> Preview | None:
        try:
            found = preview.look(old, new)
        except Invalid as exc:
            self.stderr.write(f"{old} -> {new or CLOSED}: {exc.user_message}")
            return None
        except DirectoryError as exc:
            raise CommandError(str(exc.user_message)) from exc
        self.stdout.write(f"{old} -> {new or CLOSED}")
        for what in ("rights", "orders", "removals", "delegations", "reviews"):
            self.stdout.write(f"  {len(getattr(found, what)):>5} {what}")
        for right in found.rights:
            self.stdout.write(
                f"        right {right.public_id} {right.service} {right.level} {right.ends_on}"
            )
        for order in found.orders:
            self.stdout.write(f"        order {order.case_number} {order.state}")
        return found

    def _propose(self, found: Preview, reason: str) -> None:
        try:
            decide.propose(found, by=None, mandates=None, reason=reason)
        except Invalid as exc:
            raise CommandError(f"{found.old.hsa_id}: {exc.user_message}") from exc
        self.stdout.write(f"{found.old.hsa_id}: proposed; its head attests on the page")


def _read(path: str) -> list[tuple[str, str]]:
    """The pairs of a file as spreadsheets write it; a first line without ids is a heading."""
    text = Path(path).read_text(encoding="utf-8-sig")
    rows = csv.reader(text.splitlines(), delimiter=";" if ";" in text else ",")
    lines = [(row[0].strip(), row[1].strip() if len(row) > 1 else "") for row in rows if any(row)]
    has_heading = bool(lines) and "-" not in lines[0][0]
    return lines[1:] if has_heading else lines
