"""The form of an order for many: who, by text or file, and what is said once for all rows."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning import dates, statements
from provisioning.errors import Invalid
from provisioning.orders.many import lines, sheet_texts
from provisioning.orders.many.lines import WantedLine
from provisioning.orders.many.look_up import ForAll
from provisioning.pages.fields import Day, LongText, offer_days
from provisioning.pages.forms import offer_signed_day, signed_day
from provisioning.pages.order.choices import Option
from provisioning.pages.order.forms import access_choices, choices_if_missing
from provisioning.rules.dates import deadlines

MOST_PASTED = 150_000


class ManyForm(forms.Form):
    """Either a text or a file. What the rows say themselves goes before what is said for all."""

    use_required_attribute = False

    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)
    pasted = LongText(
        label=gettext_lazy("Paste HSA-ids or rows"),
        help_text=gettext_lazy(
            "One or more HSA-ids, with anything between them. Names and e-mail addresses may stand beside. "
            "Rows copied from a spreadsheet with headings work, too."
        ),
        rows=8,
        max_length=MOST_PASTED,
    )
    file = forms.FileField(
        label=gettext_lazy("Or choose a file"),
        help_text=gettext_lazy("CSV or Excel (.xlsx), at most 1 MB. The first sheet is read."),
        required=False,
        error_messages={"empty": gettext_lazy("The file is empty.")},
    )
    access = forms.MultipleChoiceField(
        label=gettext_lazy("Which access?"),
        help_text=gettext_lazy("For the rows that do not say it themselves."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    units = forms.MultipleChoiceField(
        label=gettext_lazy("Where?"),
        help_text=gettext_lazy("For the rows that do not say it themselves. You can choose several."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    starts_on = Day(label=gettext_lazy("First day"))
    ends_on = Day(label=gettext_lazy("Last day"))
    signed = signed_day()
    choice = forms.ChoiceField(
        label=gettext_lazy("If the commission is missing"),
        help_text=gettext_lazy("For the rows that do not say it themselves."),
        widget=forms.RadioSelect,
        required=False,
    )
    need = LongText(
        label=gettext_lazy("Why is the access needed?"),
        help_text=gettext_lazy(
            "For the rows that do not say it themselves. What in the persons' work takes it. Write nothing "
            "about patients."
        ),
    )
    risk = LongText(
        label=gettext_lazy("What are the risks, and how are they met?"),
        help_text=gettext_lazy(
            "For the rows that do not say it themselves. The law asks for an analysis of need and risk."
        ),
    )

    def __init__(self, *args: Any, units: tuple[Option, ...], **kwargs: Any):
        super().__init__(*args, **kwargs)
        today = dates.today()
        offer_days(self, today, deadlines.latest_end(today), "starts_on")
        offer_days(self, today, deadlines.latest_end(deadlines.latest_end(today)), "ends_on")
        offer_signed_day(self, "signed", is_asked=bool(settings.SIGNED_ASSIGNMENT_FOR))
        if "signed" in self.fields:
            self.fields["signed"].help_text = _(
                "For the rows that do not say it themselves and whose access takes a signed assignment here."
            )
        self._units = {option.value: option for option in units}
        cast(forms.MultipleChoiceField, self.fields["units"]).choices = [one.choice for one in units]
        cast(forms.MultipleChoiceField, self.fields["access"]).choices = access_choices()
        cast(forms.ChoiceField, self.fields["choice"]).choices = choices_if_missing()

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        for name in ("need", "risk"):
            text = data.get(name, "")
            if text and (error := statements.error_in(text)) is not None:
                self.add_error(name, error)
        if not self.errors:
            try:
                data["lines"] = self._read(data)
            except Invalid as exc:
                self.add_error("file" if data.get("file") else "pasted", str(exc.user_message))
        return data

    def _read(self, data: dict[str, Any]) -> list[WantedLine]:
        file = data.get("file")
        pasted = data.get("pasted", "")
        if file is not None and pasted.strip():
            raise Invalid(_("Send either a file or a text, not both at once."), code="many.both")
        if file is not None:
            content = file.read(sheet_texts.MOST_BYTES + 1)
            return lines.lines(sheet_texts.from_file(content))
        if not pasted.strip():
            raise Invalid(_("Paste HSA-ids, or choose a file."), code="many.empty")
        return lines.lines(sheet_texts.from_text(pasted))

    def for_all(self) -> ForAll:
        """What the valid form says once."""
        data = self.cleaned_data
        chosen = [self._units[value] for value in data["units"]]
        return ForAll(
            accesses=tuple(data["access"]),
            units=tuple(one.value for one in chosen if not one.is_provider),
            providers=tuple(one.value for one in chosen if one.is_provider),
            starts_on=data["starts_on"].isoformat() if data["starts_on"] else "",
            ends_on=data["ends_on"].isoformat() if data["ends_on"] else "",
            need=data["need"],
            risk=data["risk"],
            signed=data["signed"].isoformat() if data.get("signed") else "",
            choice=data["choice"],
        )
