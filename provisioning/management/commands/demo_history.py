"""Give the demo a history, so that every page has something to show."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from provisioning.demo import history


class Command(BaseCommand):
    """`manage.py demo_history`: once, by the demo's own people; nothing where anything has been ordered."""

    help = "Make cases, rights, a removal, findings and a review in the demo, by the tool's own acts."

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.IS_DEMO:
            raise CommandError("demo_history is for the demo.")
        if history.make():
            self.stdout.write("The demo has a history now.")
        else:
            self.stdout.write("Something has been ordered already: nothing was made.")
