"""Giving a page's form back as it was left."""

from __future__ import annotations

from typing import TypeVar

from django.forms import Form
from django.forms.utils import ErrorDict
from django.http import HttpRequest, QueryDict

from provisioning.login import unsent_forms
from provisioning.models import User
from provisioning.pages.fields import say_where_numbers_were

AnyForm = TypeVar("AnyForm", bound=Form)


def filled_in(request: HttpRequest) -> QueryDict | None:
    """What this page's form held when it was left; None where nothing is kept. The page says so by itself."""
    if not isinstance(request.user, User):
        return None
    row = unsent_forms.latest(request.user, request.path)
    request.restored = row  # type: ignore[attr-defined]
    return None if row is None else unsent_forms.filled_in(row)


def unchecked(form: AnyForm) -> AnyForm:
    """The form as it was filled in, without complaints: it was not sent."""
    if form.is_bound:
        form._errors = ErrorDict(renderer=form.renderer)  # type: ignore[attr-defined]
        form.cleaned_data = {}
        say_where_numbers_were(form)
    return form
