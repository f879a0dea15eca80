"""The form by which a head of unit delegates ordering or attesting."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, cast

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from provisioning import dates
from provisioning.mandates.delegations import Wish
from provisioning.pages.fields import Day, LongText, ShortText, offer_days
from provisioning.pages.order.choices import Option
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import HsaId
from provisioning.rules.mandates import Delegable

Text = str | Promise

KINDS: list[tuple[str, Text]] = [
    (Delegable.ORDERING.value, gettext_lazy("Ordering access for others. The order is approved as usual.")),
    (Delegable.ATTESTING.value, gettext_lazy("Approving orders, also those that wait for you now.")),
]


class DelegationForm(forms.Form):
    """Who, where, what, when and why. `units` and `persons` are what the page has found until now."""

    use_required_attribute = False  # the server says what is missing, in words

    who = ShortText(
        label=gettext_lazy("To whom do you delegate?"),
        help_text=gettext_lazy("Name or HSA-id."),
        max_length=100,
        error_messages={"required": gettext_lazy("Write to whom you delegate.")},
    )
    person = forms.ChoiceField(
        label=gettext_lazy("Which one of them?"), widget=forms.RadioSelect, required=False
    )
    unit = forms.ChoiceField(
        label=gettext_lazy("Where?"),
        widget=forms.RadioSelect,
        help_text=gettext_lazy("A care unit's sub-units are included."),
        error_messages={"required": gettext_lazy("Choose a unit.")},
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("What do you delegate?"),
        widget=forms.CheckboxSelectMultiple,
        choices=KINDS,
        help_text=gettext_lazy(
            "Whoever has both does not need to approve what they order themselves. That goes for you, too."
        ),
        error_messages={"required": gettext_lazy("Choose what you delegate.")},
    )
    starts_on = Day(
        label=gettext_lazy("First day"),
        missing=gettext_lazy("Write the first day."),
    )
    ends_on = Day(
        label=gettext_lazy("Last day"),
        help_text=gettext_lazy("At most one year. The delegation ends by itself."),
        missing=gettext_lazy("Write the last day."),
    )
    reason = LongText(
        label=gettext_lazy("Why do you delegate?"),
        help_text=gettext_lazy(
            "For example: Vacation in weeks 28 to 31. Write nothing about health: "
            "everybody concerned reads it."
        ),
        missing=gettext_lazy("Write why you delegate."),
    )

    def __init__(self, *args: Any, units: Iterable[Option], persons: Iterable[Option] = (), **kwargs: Any):
        super().__init__(*args, **kwargs)
        today = dates.today()
        offer_days(self, today, deadlines.latest_end(today), "starts_on")
        offer_days(self, today, deadlines.latest_end(deadlines.latest_end(today)), "ends_on")
        self.person_options = tuple(persons)
        cast(forms.ChoiceField, self.fields["unit"]).choices = [option.choice for option in units]
        cast(forms.ChoiceField, self.fields["person"]).choices = [
            option.choice for option in self.person_options
        ]

    def wish(self) -> Wish | None:
        """The valid form as a wish; None where it is not yet said which person is meant."""
        data = self.cleaned_data
        only = self.person_options[0].value if len(self.person_options) == 1 else ""
        person = data["person"] or only
        if not person:
            return None
        return Wish(
            delegate_id=HsaId(person),
            unit_id=HsaId(data["unit"]),
            kinds=tuple(Delegable(kind) for kind in data["kinds"]),
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            reason=data["reason"],
        )
