"""Keeping what a form sends as a draft."""

from __future__ import annotations

from django.http import HttpRequest

from provisioning.login import unsent_forms
from provisioning.models import User


def keep(request: HttpRequest, user: User, *, page: str = "") -> None:
    """Keep it for this page; for the one that it is sent to, where none is named."""
    unsent_forms.keep(
        user,
        page or request.path,
        request.POST,
        opened=request.POST.get("submission", ""),
        continues=request.POST.get("continues", ""),
    )
