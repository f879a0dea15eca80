"""Pages about the tool, open to everybody: how accessible it is, and what it does with personal data."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@login_not_required
@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    """The accessibility statement. Source: DOS-lagen (2018:1937) and its regulation's content."""
    return render(request, "provisioning/about/accessibility.html", {"contacts": settings.OPERATORS_MAIL})


@login_not_required
@require_safe
def personal_data(request: HttpRequest) -> HttpResponse:
    """Which personal data is stored, who sees it, and where to ask."""
    return render(request, "provisioning/about/personal_data.html", {"contacts": settings.OPERATORS_MAIL})
