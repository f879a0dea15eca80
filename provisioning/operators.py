"""Who runs the tool, audits it and answers questions about it: the settings name them, not the directory."""

from __future__ import annotations

from django.conf import settings

from provisioning.rules.hsa import HsaId, typed_id


def operator_ids() -> tuple[HsaId, ...]:
    """Those who are told what no mandate covers."""
    return tuple(typed_id(text) for text in settings.OPERATORS)


def service_desk_ids() -> tuple[HsaId, ...]:
    """Those who may ask what an order would do, for anybody anywhere; each look is recorded."""
    return tuple(typed_id(text) for text in settings.SERVICE_DESK)


def auditor_ids() -> tuple[HsaId, ...]:
    """Those who read everything and change nothing."""
    return tuple(typed_id(text) for text in settings.AUDITORS)
