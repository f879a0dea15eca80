"""Fields that forms ask for: a line, a text of some lines, a statement that must say something, a day.

Whatever is written by hand is written into one of these: they take no personal identity number.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from provisioning import statements
from provisioning.rules import identity_numbers

MAX_TEXT = statements.MAX_LENGTH
_EXTERNAL = re.compile(r"(?=\D*\d)[\w.\-/#:]{1,40}", re.ASCII)
LOOKS_LIKE_A_NUMBER = gettext_lazy(
    "This looks like a personal identity number. Write the HSA-id instead. The number has been taken out."
)


class NumberTakenOut(str):
    """What is left of a text that held a personal identity number: shown again, but never taken."""


def is_number(value: object) -> bool:
    """Say whether somebody wrote a personal identity number there."""
    return isinstance(value, NumberTakenOut) or (
        isinstance(value, str) and identity_numbers.is_held_by(value)
    )


class _NoNumbers(forms.Field):
    """What every field below has in common."""

    def clean(self, value: Any) -> Any:
        if is_number(value):
            raise forms.ValidationError(LOOKS_LIKE_A_NUMBER, code="identity_number")
        return super().clean(value)


def say_where_numbers_were(form: forms.BaseForm) -> None:
    """On a form that is shown again without being checked: beside which fields a number was taken out."""
    for name, field in form.fields.items():
        if isinstance(field, _NoNumbers) and is_number(form.data.get(form.add_prefix(name))):
            form.add_error(name, str(LOOKS_LIKE_A_NUMBER))


def refuse_unfit_text(text: str) -> None:
    """Raises ValidationError for a text that cannot be kept as it is written."""
    error = statements.unfit_in(text)
    if error:
        raise forms.ValidationError(error)


class ShortText(_NoNumbers, forms.CharField):
    """One line, such as a name or an HSA-id.

    No `maxlength`: a browser cuts with it what is pasted, and says nothing. The server says it.
    """

    default_error_messages = {
        "max_length": gettext_lazy("Write at most %(limit_value)d characters. There are %(show_value)d now.")
    }

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {name: value for name, value in super().widget_attrs(widget).items() if name != "maxlength"}


class ExternalNumber(ShortText):
    """What another system calls an order: a number of one word, so that nobody writes a name there."""

    default_error_messages = {
        "invalid": gettext_lazy(
            "Write the number as one word, with at least one digit: letters, digits and - . _ / # : alone."
        )
    }

    def __init__(self) -> None:
        super().__init__(
            label=gettext_lazy("Number in another system"),
            help_text=gettext_lazy("For example in the ordering portal or of a ticket."),
            max_length=40,
            required=False,
        )

    def clean(self, value: Any) -> str:
        text = str(super().clean(value) or "")
        if text and not _EXTERNAL.fullmatch(text):
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return text


class LongText(ShortText):
    """Some lines of text, counted as one writes.

    `missing`: what is said where nothing is written; without it, nothing need be.
    """

    def __init__(self, *, missing: Any = None, rows: int = 3, **kwargs: Any):
        messages = {"required": missing} if missing is not None else None
        super().__init__(
            required=missing is not None,
            error_messages=messages,
            validators=[refuse_unfit_text],
            widget=forms.Textarea(attrs={"rows": rows}),
            **{"max_length": MAX_TEXT} | kwargs,
        )

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return super().widget_attrs(widget) | {"data-limit": self.max_length}

    def to_python(self, value: Any) -> Any:
        """A new line is one character, as the person who wrote it counts."""
        text = super().to_python(value)
        return text.replace("\r\n", "\n") if isinstance(text, str) else text


class Statement(LongText):
    """Why something is needed, or what its risks are: it must say something."""

    def clean(self, value: Any) -> str:
        text = str(super().clean(value))
        error = statements.error_in(text)
        if error:
            raise forms.ValidationError(error)
        return text


class Day(_NoNumbers, forms.DateField):
    """A calendar day. `missing`: what is said where none is written; without it, none need be."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    default_error_messages = {
        "invalid": gettext_lazy("Write the day as year-month-day, for example 2026-09-01.")
    }

    def __init__(self, *, missing: Any = None, **kwargs: Any):
        messages = {"required": missing} if missing is not None else None
        super().__init__(required=missing is not None, error_messages=messages, **kwargs)

    def offer(self, first: date, last: date) -> None:
        """Let the calendar show these days only. Which of them are right, the rules say."""
        self.widget.attrs |= {"min": first.isoformat(), "max": last.isoformat()}


class Amount(_NoNumbers, forms.IntegerField):
    """How many of something."""


def offer_days(form: forms.BaseForm, first: date, last: date, *names: str) -> None:
    """Let these fields' calendars show these days only."""
    for name in names:
        field = form.fields.get(name)
        if isinstance(field, Day):
            field.offer(first, last)
