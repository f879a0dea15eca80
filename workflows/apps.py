"""The orchestration app: viewflow flows that carry requests through their steps."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class WorkflowsConfig(AppConfig):
    name = "workflows"
    verbose_name = _("Workflows")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from workflows.engine import scrubbing  # noqa: F401 - registers system checks and the receiver
