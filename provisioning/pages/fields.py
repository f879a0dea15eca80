"""Fields that several forms ask for: a text of some lines, a statement that must say something, a day."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from provisioning import statements

MAX_TEXT = 2000


def refuse_unfit_text(text: str) -> None:
    """Raises ValidationError for a text that cannot be kept as it is written."""
    error = statements.unfit_in(text)
    if error:
        raise forms.ValidationError(error)


class LongText(forms.CharField):
    """Some lines of text. `missing`: what is said where nothing is written; without it, nothing need be."""

    def __init__(self, *, missing: Any = None, rows: int = 3, **kwargs: Any):
        messages = {"required": missing} if missing is not None else None
        super().__init__(
            required=missing is not None,
            error_messages=messages,
            validators=[refuse_unfit_text],
            widget=forms.Textarea(attrs={"rows": rows}),
            **{"max_length": MAX_TEXT} | kwargs,
        )


class Statement(LongText):
    """Why something is needed, or what its risks are: it must say something."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        error = statements.error_in(text)
        if error:
            raise forms.ValidationError(error)
        return text


class Day(forms.DateField):
    """A calendar day. `missing`: what is said where none is written; without it, none need be."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {
        "invalid": gettext_lazy("Write the day as year-month-day, for example 2026-09-01.")
    }

    def __init__(self, *, missing: Any = None, **kwargs: Any):
        messages = {"required": missing} if missing is not None else None
        super().__init__(required=missing is not None, error_messages=messages, **kwargs)
