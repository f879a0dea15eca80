"""The search field of every page, and what it finds. Sent, so that no name stands in an address."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access
from provisioning.audit import events
from provisioning.pages import words as pages_words
from provisioning.pages.answers import acting_user
from provisioning.pages.fields import ShortText
from provisioning.pages.rights import words as rights_words
from provisioning.rights.find import being_renewed


class SearchForm(forms.Form):
    """What was written in the field."""

    sought = ShortText(max_length=100)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """What one may read of what was written; an auditor's search is an event."""
    user = acting_user(request)
    form = SearchForm(request.POST if request.method == "POST" else None)
    context: dict[str, Any] = {"sought": "", "is_sent": form.is_bound, "is_wrong": form.is_bound}
    if form.is_valid():
        found = access.search(user, form.cleaned_data["sought"])
        if user.is_auditor:
            events.record_search(by=user, sought_by=found.by.value, subject_key=found.key, hits=found.count)
        renewed = being_renewed(found.grants)
        context |= {
            "sought": form.cleaned_data["sought"],
            "is_wrong": found.by is access.SoughtBy.TOO_LITTLE,
            "has_more": found.has_more,
            "count": found.count,
            "cases": [pages_words.line(user, row) for row in found.requests],
            "rights": [rights_words.grant_line(user, row, None, renewed) for row in found.grants],
            "removals": [
                replace(rights_words.as_line(user, row), url=reverse("removal", args=[row.public_id]))
                for row in found.removals
            ],
        }
    return render(request, "provisioning/search.html", context)
