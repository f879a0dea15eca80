"""The forms of a subscription to events: which system is told what and where, and from where on again."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from provisioning import dates
from provisioning.models import System
from provisioning.pages.fields import Amount, Day, ShortText, offer_days
from provisioning.rules.event_kinds import EventKind

KIND_WORDS: Mapping[EventKind, Promise] = {
    EventKind.CASE_STARTED: gettext_lazy("an order has come in"),
    EventKind.CASE_ATTESTED: gettext_lazy("an order is approved"),
    EventKind.CASE_REJECTED: gettext_lazy("an order is rejected"),
    EventKind.CASE_WITHDRAWN: gettext_lazy("an order is withdrawn"),
    EventKind.CASE_CHOICE_NEEDED: gettext_lazy("an order waits for a choice"),
    EventKind.CASE_DONE: gettext_lazy("the access works"),
    EventKind.CASE_CANNOT_BE_DONE: gettext_lazy("an order cannot be carried out"),
    EventKind.CASE_GAVE_UP: gettext_lazy("an order has ended without access"),
    EventKind.RIGHT_CREATED: gettext_lazy("a right begins"),
    EventKind.RIGHT_PROLONGED: gettext_lazy("a right is prolonged"),
    EventKind.RIGHT_EXPIRED: gettext_lazy("the last day of a right has passed"),
    EventKind.RIGHT_ENDED: gettext_lazy("a right has ended"),
    EventKind.REMOVAL_STARTED: gettext_lazy("a removal begins"),
    EventKind.REMOVAL_DONE: gettext_lazy("a removal is done"),
    EventKind.REMOVAL_WITHDRAWN: gettext_lazy("a removal is taken back"),
    EventKind.FINDING_FOUND: gettext_lazy("a difference is found"),
    EventKind.FINDING_OVER: gettext_lazy("a difference is resolved"),
    EventKind.REVIEW_OPENED: gettext_lazy("a review begins"),
    EventKind.REVIEW_CLOSED: gettext_lazy("a review is over"),
    EventKind.KIV_TASK_OPENED: gettext_lazy("the KIV administrators get a task"),
    EventKind.KIV_TASK_CLOSED: gettext_lazy("a task for the KIV administrators is over"),
}


class SubscriptionForm(forms.Form):
    """A new subscription."""

    system = forms.ChoiceField(
        label=gettext_lazy("System"),
        error_messages={"required": gettext_lazy("Choose a system.")},
    )
    url = ShortText(
        label=gettext_lazy("Address that is told"),
        help_text=gettext_lazy("Begins with https://. Ask those who run the other system."),
        max_length=500,
        error_messages={"required": gettext_lazy("Write the address.")},
    )
    kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Tell when"),
        choices=[(kind.value, words) for kind, words in KIND_WORDS.items()],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose what is told.")},
    )
    tells_person = forms.BooleanField(
        label=gettext_lazy("Also tell whom it is about, and on which unit"),
        help_text=gettext_lazy("Only if the other system may know that. Protected persons are never named."),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        systems = System.objects.in_force()
        self.fields["system"].choices = [("", "—"), *((one.client_id, one.name) for one in systems)]  # type: ignore[attr-defined]

    @property
    def kinds_wished(self) -> list[EventKind]:
        return [EventKind(one) for one in self.cleaned_data["kinds"]]


class ReplayForm(forms.Form):
    """From where on everything is told again: a day, or the number of an event."""

    day = Day(label=gettext_lazy("From day"))
    sequence = Amount(
        label=gettext_lazy("Or from event number"), required=False, min_value=1, max_value=10**15
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        today = dates.today()
        offer_days(self, today - timedelta(days=366 * settings.RETENTION_AUDIT_YEARS), today, "day")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not self.errors and (data.get("day") is None) == (data.get("sequence") is None):
            raise ValidationError(gettext_lazy("Write a day or the number of an event."), code="which")
        return data
