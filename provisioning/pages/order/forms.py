"""The order form: it checks shape and offers what can be chosen. Rules decide, operations write."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from datetime import date
from typing import Any, cast

from django import forms
from django.conf import settings
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning import dates
from provisioning.orders.draft import Choice, Draft, Refusal, asks_for_signed_assignment
from provisioning.pages.fields import Day, ExternalNumber, offer_days
from provisioning.pages.forms import (
    SearchField,
    StatementForm,
    explained,
    offer_signed_day,
    signed_day,
)
from provisioning.pages.order.choices import Option, PlaceKind, fits
from provisioning.pages.restoring import unchecked
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.services import catalogue


def offered() -> dict[str, tuple[Service, Level]]:
    """Service and level as one question, so that only combinations that exist can be chosen."""
    return {
        f"{service.value}:{level.value}": (service, level)
        for service in map(Service, settings.SERVICES)
        for level in catalogue.words(service).levels
    }


def _choice(service: Service, level: Level) -> SafeString:
    words = catalogue.words(service).levels[level]
    return explained(_(words.choice), _(words.hint))


def access_choices() -> list[tuple[str, SafeString]]:
    """Every access with what it is for."""
    return [(value, _choice(*access)) for value, access in offered().items()]


def choices_if_missing() -> list[tuple[str, SafeString]]:
    """What can be chosen where the commission is missing, each with what it means."""
    couple = explained(
        _("Have the commission coupled, too"),
        _("The KIV administrator couples the person to the unit's commission and sets the access."),
    )
    wait = explained(
        _("Wait until somebody has fixed it"),
        _("You ask for it yourself, outside this tool. The case goes on by itself when it is in place."),
    )
    return [(Choice.COUPLE.value, couple), (Choice.WAIT.value, wait)]


def access_name(service: str, level: str) -> str:
    """What a choice of the form is called; empty where there is none."""
    known = offered().get(f"{service}:{level}")
    return _(catalogue.words(known[0]).levels[known[1]].choice) if known else ""


# Where a refusal of the order is shown, when the form asks the same thing under another name.
_FIELD_OF = {"service": "access", "level": "access"}


def kind_of(access: str) -> PlaceKind | None:
    """What kind of place the access is given for; None where none is chosen."""
    chosen = offered().get(access)
    if chosen is None:
        return None
    return PlaceKind.PROVIDERS if chosen[1] is Level.PROVIDER else PlaceKind.UNITS


class OrderForm(StatementForm):
    """The whole order on one page. `persons` and `units` are what the page has found until now."""

    use_required_attribute = False  # the server says what is missing, in words
    # As on the page, so that the summary of errors follows it; the statement comes last.
    field_order = (
        *("submission", "person", "person_search", "access"),
        *("units", "unit_search", "starts_on", "ends_on", "signed_assignment_on", "external_number"),
    )

    submission = forms.UUIDField(widget=forms.HiddenInput, required=False)
    person = forms.ChoiceField(
        label=gettext_lazy("Who is the access for?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose who the access is for, or search for the person first.")
        },
    )
    person_search = SearchField(
        label=gettext_lazy("Search for somebody else"),
        help_text=gettext_lazy(
            "Name, mail address or HSA-id. "
            "Somebody with protected identity is found by the exact HSA-id only."
        ),
        max_length=100,
    )
    access = forms.ChoiceField(
        label=gettext_lazy("What access is needed?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what access is needed.")},
    )
    units = forms.MultipleChoiceField(
        label=gettext_lazy("Where?"),
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("You can choose several. Each becomes a case of its own."),
        error_messages={"required": gettext_lazy("Choose at least one unit.")},
    )
    unit_search = SearchField(
        label=gettext_lazy("Search for another unit"),
        help_text=gettext_lazy("The unit's name or HSA-id."),
        max_length=100,
    )
    if_missing = forms.ChoiceField(
        label=gettext_lazy("The commission is missing. What is to happen?"),
        widget=forms.RadioSelect,
        required=False,
    )
    starts_on = Day(
        label=gettext_lazy("First day"),
        help_text=gettext_lazy("Nothing is set in KIV before it."),
        missing=gettext_lazy("Write the first day."),
    )
    ends_on = Day(
        label=gettext_lazy("Last day"),
        missing=gettext_lazy("Write the last day."),
    )
    signed_assignment_on = signed_day()
    external_number = ExternalNumber()

    def __init__(self, *args: Any, persons: Iterable[Option], units: Iterable[Option], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.unit_options = {option.value: option for option in units}
        self._choices("person").choices = [option.choice for option in persons]
        self._choices("units").choices = [option.choice for option in self.unit_options.values()]
        self.let_choose(may_couple=True)
        today = dates.today()
        offer_days(self, today, deadlines.latest_end(today), "starts_on")
        offer_days(self, today, deadlines.latest_end(deadlines.latest_end(today)), "ends_on")
        self._choices("access").choices = access_choices()
        chosen = offered().get(self["access"].value() or "")
        is_asked = chosen is not None and asks_for_signed_assignment(*chosen)
        offer_signed_day(self, "signed_assignment_on", is_asked=is_asked)

    def narrow(self) -> None:
        """Show the places that fit the chosen access, and what is chosen although it does not."""
        kind, chosen = kind_of(self["access"].value() or ""), self["units"].value() or []
        self._choices("units").choices = [
            option.choice
            for option in self.unit_options.values()
            if fits(option, kind) or option.value in chosen
        ]

    def let_choose(self, *, may_couple: bool) -> None:
        """What can be chosen where something is missing."""
        both = choices_if_missing()
        self._choices("if_missing").choices = both if may_couple else both[1:]

    def _choices(self, name: str) -> forms.ChoiceField:
        return cast(forms.ChoiceField, self.fields[name])

    def clean(self) -> dict[str, Any]:
        """Units for every level but the process leader's, who gets a care provider."""
        data = super().clean() or {}
        if "access" not in data or "units" not in data:
            return data
        wants_provider = offered()[data["access"]][1] is Level.PROVIDER
        chosen = [self.unit_options[value] for value in data["units"]]
        wrong = [option for option in chosen if option.is_provider != wants_provider]
        if not wrong:
            return data
        if wants_provider:
            message = _("%(unit)s is a unit. A process leader gets a care provider: choose that instead.")
        else:
            message = _("%(unit)s is a care provider. This access is for units: choose the unit instead.")
        self.add_error("units", message % {"unit": wrong[0].label})
        return data

    def draft(self) -> Draft:
        """The valid form as a draft."""
        data = self.cleaned_data
        service, level = offered()[data["access"]]
        return Draft(
            person_id=HsaId(data["person"]),
            service=service,
            level=level,
            unit_ids=tuple(HsaId(value) for value in data["units"]),
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            need=data["need"],
            risk_statement=data["risk_statement"],
            submission=data["submission"] or uuid.uuid4(),
            if_missing=Choice(data["if_missing"]) if data.get("if_missing") else None,
            signed_assignment_on=data.get("signed_assignment_on"),
            external_number=data.get("external_number", ""),
        )

    def glanced(self) -> Draft | None:
        """What is chosen until now, where that is enough to ask the directory; the reasons may be missing."""
        unasked = {"need", "risk_statement", "signed_assignment_on", "person_search", "unit_search"}
        if not self.errors.keys() <= unasked:
            return None
        self.cleaned_data = {"need": "", "risk_statement": "", "submission": None} | self.cleaned_data
        return self.draft()

    def without_checks(self) -> OrderForm:
        """The form as it was filled in, before it is whole: a search needs no complaints about the rest."""
        return unchecked(self)

    def show(self, refusals: Iterable[Refusal]) -> None:
        """Put each refusal beside the field it belongs to."""
        for refusal in dict.fromkeys((refusal.field, refusal.message) for refusal in refusals):
            name, message = refusal
            self.add_error(_FIELD_OF.get(name, name), message)


def first_order(today: date, last_day: date, **known: Any) -> dict[str, Any]:
    """What an empty order form holds."""
    return {"submission": uuid.uuid4(), "starts_on": today, "ends_on": last_day} | known
