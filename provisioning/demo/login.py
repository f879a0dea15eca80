"""Choosing who to be: a log-in without proof, so it exists in the demo alone."""

from __future__ import annotations

from django import forms
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning.demo import cast
from provisioning.demo.cast import CastChoice
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, NotAllowed
from provisioning.login import facts
from provisioning.pages.fields import ShortText
from provisioning.pages.login.page import begin_session, go_to, wanted_address
from provisioning.rules.hsa import HsaId


class PersonForm(forms.Form):
    """Somebody by HSA-id: a button of the list, or what was typed."""

    person = ShortText(label=_("HSA-id"), max_length=64, help_text=_("Anybody in the demo directory."))
    next = forms.CharField(required=False, widget=forms.HiddenInput)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def choose_person(request: HttpRequest) -> HttpResponse:
    """List the cast; log in as the one chosen."""
    if request.method != "POST":
        return _page(request, PersonForm(initial={"next": request.GET.get("next", "")}))
    form = PersonForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=400)
    try:
        user = facts.accept(HsaId(form.cleaned_data["person"]), how="demo")
    except NotAllowed as exc:
        form.add_error("person", str(exc.user_message))
        return _page(request, form, status=400)
    except DirectoryError as exc:
        form.add_error(None, str(exc.user_message))
        return _page(request, form, status=503)
    begin_session(request, user)
    return go_to(wanted_address(request, form.cleaned_data["next"]))


def _page(request: HttpRequest, form: PersonForm, status: int = 200) -> HttpResponse:
    groups = []
    is_silent = False
    try:
        groups = cast.choices(open_directory().persons(cast.ids()))
    except DirectoryError:
        is_silent = True
    context = {
        "form": form,
        "first": [one for _heading, people in groups for one in people if one.is_first],
        "groups": [(heading, rest) for heading, people in groups if (rest := _others(people))],
        "is_silent": is_silent,
        "wanted": form["next"].value() or "",
    }
    return render(request, "provisioning/demo/login.html", context, status=status)


def _others(people: list[CastChoice]) -> list[CastChoice]:
    return [one for one in people if not one.is_first]
