"""The domain app: orders, requests, access rules, audit and outbox."""

from typing import Any

from django.apps import AppConfig
from django.db import connections
from django.db.models.signals import post_migrate, pre_migrate
from django.utils.translation import gettext_lazy as _


class ProvisioningConfig(AppConfig):
    name = "provisioning"
    verbose_name = _("Access orders")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from provisioning.audit import checks  # noqa: F401 - registers system checks

        pre_migrate.connect(_before_migrating, sender=self)
        post_migrate.connect(_after_migrating, sender=self)


def _before_migrating(*, using: str, plan: Any = (), **kwargs: Any) -> None:
    """SQLite cannot rebuild a table that a trigger names."""
    from provisioning.access import readers

    if plan and connections[using].vendor == "sqlite":
        readers.remove(connections[using])


def _after_migrating(*, using: str, apps: Any = None, **kwargs: Any) -> None:
    """The table of readers is kept from the migration on that makes it."""
    from provisioning.access import readers

    if apps is not None and "reader" in apps.all_models["provisioning"]:
        readers.keep(connections[using])
