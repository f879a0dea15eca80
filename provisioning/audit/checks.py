"""System checks of the domain: the event log is anchored somewhere outside the database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register


@register(Tags.security, deploy=True)
def check_checkpoints_go_somewhere(
    app_configs: Sequence[AppConfig] | None, **kwargs: Any
) -> list[CheckMessage]:
    """Without checkpoints nobody can tell that the end of the audit chain was cut off or rewritten."""
    if settings.AUDIT_CHECKPOINT_TARGETS:
        return []
    return [
        Warning(
            "AUDIT_CHECKPOINT_TARGETS is none: the end of the audit chain is written down nowhere else.",
            hint="Name a place that the database's owner cannot write to: syslog:host:port or mail:address.",
            id="provisioning.W001",
        )
    ]
