"""Who runs the tool and who audits it: the settings name them, not the directory."""

from __future__ import annotations

from django.conf import settings

from provisioning.rules.hsa import HsaId, typed_id


def operator_ids() -> tuple[HsaId, ...]:
    """Those who are told what no mandate covers."""
    return tuple(typed_id(text) for text in settings.OPERATORS)


def auditor_ids() -> tuple[HsaId, ...]:
    """Those who read everything and change nothing."""
    return tuple(typed_id(text) for text in settings.AUDITORS)
