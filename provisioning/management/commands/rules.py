"""`manage.py rules`: what is asked of each order, by which version of the service's own rule, as a table."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.utils.translation import gettext as _

from provisioning.pages.services import tables


class Command(BaseCommand):
    """Reads nothing and writes nothing."""

    help = "Print what each service asks for: purpose, system role, and where the rule was read."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        for service in tables():
            self.stdout.write(f"{service.name}  {service.source}")
            for rule in service.rules:
                self.stdout.write(f"  {rule}")
            for level in service.levels:
                self.stdout.write(f"  {level.name}")
                self.stdout.write(f"    {_('Purpose')}: {level.purpose}")
                self.stdout.write(f"    {_('System role')}: {level.role}")
            self.stdout.write("")
