"""Other systems that use the API: list them, let one in, shut one out.

    python manage.py systems
    python manage.py systems --add CLIENT-ID --name NAME --scope SCOPE [--scope SCOPE …]
    python manage.py systems --revoke CLIENT-ID

The secret is written once, to standard output, and kept nowhere. Exit status: 0 done, 1 not done.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_slug

from provisioning.errors import Invalid, WrongState
from provisioning.models import System
from provisioning.systems import keep
from provisioning.systems.keep import Scope


class Command(BaseCommand):
    help = "List the other systems that use the API, let one in (--add), or shut one out (--revoke)."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--add", metavar="CLIENT-ID", type=_client_id, help="let this system in")
        what.add_argument("--revoke", metavar="CLIENT-ID", help="shut this system out, at once and for good")
        parser.add_argument("--name", default="", help="what people call it")
        parser.add_argument("--scope", action="append", default=[], choices=[one.value for one in Scope])

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["add"]:
                self._add(options["add"], options["name"], options["scope"])
            elif options["revoke"]:
                keep.revoke(options["revoke"])
                self.stdout.write(f"{options['revoke']} is shut out.")
            else:
                self._list()
        except (Invalid, WrongState) as exc:
            raise CommandError(str(exc.user_message)) from exc

    def _add(self, client_id: str, name: str, scopes: list[str]) -> None:
        _system, secret = keep.add(client_id, name=name or client_id, scopes=[Scope(one) for one in scopes])
        self.stdout.write(f"client id: {client_id}\nclient secret: {secret}")

    def _list(self) -> None:
        for system in System.objects.all():
            state = "shut out" if system.revoked_at else "let in"
            trusted = ", trusted" if keep.is_trusted(system) else ""
            self.stdout.write(
                f"{system.client_id} ({system.name}): {state}{trusted}: {' '.join(system.scopes)}"
            )


def _client_id(text: str) -> str:
    validate_slug(text)
    return text[:50]
