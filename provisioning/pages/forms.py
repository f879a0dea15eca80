"""What several forms share: the statement of need and risk, a search, the longest text."""

from __future__ import annotations

from django import forms
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy

from provisioning import dates
from provisioning.pages.fields import Day, ShortText, Statement, offer_days
from provisioning.rules.dates import deadlines

Text = str | Promise


def explained(label: Text, explanation: Text) -> SafeString:
    return format_html('{}<span class="app-choice__note">{}</span>', label, explanation)


class SearchField(ShortText):
    """What is searched for on the way: never missing, and never marked as optional."""

    def validate(self, value: str) -> None:
        """Nothing searched for is nothing wrong."""


def signed_day() -> Day:
    """When the person's assignment for quality work was signed. The rules say whether one is missing."""
    return Day(
        label=gettext_lazy("When was the person's assignment for quality work signed?"),
        help_text=gettext_lazy(
            "You confirm with the day that the signed assignment exists. This access takes one here."
        ),
    )


def offer_signed_day(form: forms.BaseForm, name: str, *, is_asked: bool) -> None:
    """Let the calendar show the days that count today; leave the field out where it is not asked for."""
    if not is_asked:
        del form.fields[name]
        return
    today = dates.today()
    offer_days(form, deadlines.oldest_signed(today), today, name)


class StatementForm(forms.Form):
    """Why an access is needed and what its risks are: both must say something."""

    need = Statement(
        label=gettext_lazy("Why is the access needed?"),
        help_text=gettext_lazy("What in the person's work takes it. Write nothing about patients."),
        missing=gettext_lazy("Write why the access is needed."),
    )
    risk_statement = Statement(
        label=gettext_lazy("What are the risks, and how are they met?"),
        help_text=gettext_lazy(
            "The law asks for an analysis of need and risk. "
            "For example: who could see more than they need, and why that is acceptable."
        ),
        missing=gettext_lazy("Write what the risks are and how they are met."),
    )
