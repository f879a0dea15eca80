"""The domain app: orders, requests, access rules, audit and outbox."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProvisioningConfig(AppConfig):
    name = "provisioning"
    verbose_name = _("Access orders")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from provisioning.audit import checks  # noqa: F401 - registers system checks
