"""Other systems that use the API: list them, let one in, shut one out, have one told of events.

    python manage.py systems
    python manage.py systems --add CLIENT-ID --name NAME --scope SCOPE [--scope SCOPE …]
    python manage.py systems --revoke CLIENT-ID
    python manage.py systems --subscribe CLIENT-ID --url URL --kind KIND [--kind KIND …] [--with-person]
    python manage.py systems --unsubscribe ID
    python manage.py systems --new-secret ID
    python manage.py systems --replay ID --from DAY-OR-EVENT-NUMBER

A secret is written once, to standard output, and kept nowhere. Exit status: 0 done, 1 not done.
"""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_slug

from provisioning.errors import Invalid, WrongState
from provisioning.models import Subscription, System
from provisioning.rules.event_kinds import EventKind
from provisioning.systems import keep
from provisioning.systems.keep import Scope
from provisioning.webhooks import subscribe


class Command(BaseCommand):
    help = "List the other systems that use the API, let one in (--add), or shut one out (--revoke)."

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--add", metavar="CLIENT-ID", type=_client_id, help="let this system in")
        what.add_argument("--revoke", metavar="CLIENT-ID", help="shut this system out, at once and for good")
        what.add_argument("--subscribe", metavar="CLIENT-ID", help="tell this system of events")
        what.add_argument("--unsubscribe", metavar="ID", type=UUID, help="tell this subscriber nothing more")
        what.add_argument("--new-secret", metavar="ID", type=UUID, help="sign for it by a new secret")
        what.add_argument("--replay", metavar="ID", type=UUID, help="tell it again")
        parser.add_argument("--url", default="", help="the https address that is told")
        parser.add_argument("--kind", action="append", default=[], choices=[one.value for one in EventKind])
        parser.add_argument(
            "--with-person", action="store_true", help="also whom it is about; never protected"
        )
        parser.add_argument("--from", dest="since", help="a day, or the number of an event", type=_since)
        parser.add_argument("--name", default="", help="what people call it")
        parser.add_argument("--scope", action="append", default=[], choices=[one.value for one in Scope])

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["add"]:
                self._add(options["add"], options["name"], options["scope"])
            elif options["revoke"]:
                keep.revoke(options["revoke"])
                self.stdout.write(f"{options['revoke']} is shut out.")
            elif options["subscribe"]:
                self._subscribe(options)
            elif any(options[one] for one in ("unsubscribe", "new_secret", "replay")):
                self._change(options)
            else:
                self._list()
        except (Invalid, WrongState) as exc:
            raise CommandError(str(exc.user_message)) from exc

    def _add(self, client_id: str, name: str, scopes: list[str]) -> None:
        _system, secret = keep.add(client_id, name=name or client_id, scopes=[Scope(one) for one in scopes])
        self.stdout.write(f"client id: {client_id}\nclient secret: {secret}")

    def _subscribe(self, options: dict[str, Any]) -> None:
        system = System.objects.filter(client_id=options["subscribe"]).first()
        if system is None:
            raise CommandError("No system has this id.")
        row, secret = subscribe.begin(
            system,
            url=options["url"],
            kinds=[EventKind(one) for one in options["kind"]],
            tells_person=options["with_person"],
            by=None,
        )
        self.stdout.write(f"subscription: {row.public_id}\nsecret: {secret}")

    def _change(self, options: dict[str, Any]) -> None:
        wanted = options["unsubscribe"] or options["new_secret"] or options["replay"]
        row = Subscription.objects.filter(public_id=wanted).first()
        if row is None:
            raise CommandError("No subscription has this id.")
        if options["unsubscribe"]:
            subscribe.end(row, by=None)
            self.stdout.write("It is told nothing more.")
        elif options["new_secret"]:
            self.stdout.write(f"secret: {subscribe.rotate(row, by=None)}")
        elif options["since"] is None:
            raise CommandError("Say --from which day or which event.")
        else:
            since = options["since"]
            first = subscribe.first_of(since) if isinstance(since, date) else since
            subscribe.replay(row, sequence=first, by=None)
            self.stdout.write(f"It is told again from event {first} on.")

    def _list(self) -> None:
        for system in System.objects.all():
            state = "shut out" if system.revoked_at else "let in"
            trusted = ", trusted" if keep.is_trusted(system) else ""
            self.stdout.write(
                f"{system.client_id} ({system.name}): {state}{trusted}: {' '.join(system.scopes)}"
            )
            for row in system.subscriptions.filter(ended_at=None):
                person = ", with person" if row.tells_person else ""
                self.stdout.write(f"  {row.public_id} {row.url}{person}: {' '.join(row.kinds)}")


def _since(text: str) -> date | int:
    return date.fromisoformat(text) if "-" in text else int(text)


def _client_id(text: str) -> str:
    validate_slug(text)
    return text[:50]
