"""The form by which somebody settles a finding. No step is chosen beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy

from provisioning import dates
from provisioning.pages.fields import Day, LongText, offer_days
from provisioning.pages.findings.words import STEPS
from provisioning.pages.forms import offer_signed_day, signed_day
from provisioning.rules.dates import deadlines
from provisioning.rules.drift.differences import ORDERING, NextStep


class SettleForm(forms.Form):
    """What to do and why; for an order also the risks and the last day. `steps`: what this person may do."""

    use_required_attribute = False  # the server says what is missing, in words

    step = forms.ChoiceField(
        label=gettext_lazy("What do you want to do?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what to do.")},
    )
    reason = LongText(
        label=gettext_lazy("Why?"),
        help_text=gettext_lazy("If you approve or order: the need. Those who review the access read it."),
        missing=gettext_lazy("Write why."),
    )
    risk_statement = LongText(
        label=gettext_lazy("Which risks does the access bring, and how are they kept small?"),
        help_text=gettext_lazy("Only if you approve or order."),
    )
    ends_on = Day(
        label=gettext_lazy("Last day"),
        help_text=gettext_lazy("Only if you approve or order. At most one year."),
    )

    signed_assignment_on = signed_day()

    def __init__(self, *args: Any, steps: Iterable[NextStep], **kwargs: Any):
        super().__init__(*args, **kwargs)
        offered = tuple(steps)
        cast(forms.ChoiceField, self.fields["step"]).choices = [(one.value, STEPS[one]) for one in offered]
        if not ORDERING.intersection(offered):
            del self.fields["risk_statement"], self.fields["ends_on"], self.fields["signed_assignment_on"]
            return
        offer_signed_day(self, "signed_assignment_on", is_asked=bool(settings.SIGNED_ASSIGNMENT_FOR))
        if "signed_assignment_on" in self.fields:
            self.fields["signed_assignment_on"].help_text = gettext_lazy(
                "Only if you order an access that takes a signed assignment here."
            )
        today = dates.today()
        offer_days(self, today, deadlines.latest_end(today), "ends_on")

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        if data.get("step") in ORDERING:
            if not data.get("risk_statement"):
                self.add_error("risk_statement", gettext_lazy("Write which risks the access brings."))
            if not data.get("ends_on") and "ends_on" not in self.errors:
                self.add_error("ends_on", gettext_lazy("Write the last day."))
        return data
