"""What a register is narrowed by. All that is given must hold; an address holds it and can be sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.conf import settings
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning import dates
from provisioning.models import User
from provisioning.models.columns import service_choices
from provisioning.pages.fields import Amount, Day, ShortText, offer_days
from provisioning.pages.register import sealed_ids
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import HsaId, typed_id

Text = str | Promise
Choices = tuple[tuple[str, Text], ...]

PERSONS = ("person", "actor")
_EVERY: tuple[str, Text] = ("", gettext_lazy("All"))
NEWEST, OLDEST, LONGEST, ENDS_FIRST = "newest", "oldest", "longest", "ends"
ORDERS: Mapping[str, Text] = {
    NEWEST: gettext_lazy("Newest first"),
    OLDEST: gettext_lazy("Oldest first"),
    LONGEST: gettext_lazy("Longest in the same state first"),
    ENDS_FIRST: gettext_lazy("Ends first"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """The filters, checked. Empty or None: not narrowed by that. Persons and places by their keys."""

    state: str = ""
    service: str = ""
    unit: HsaId | None = None
    below: bool = False
    person: HsaId | None = None
    actor: HsaId | None = None
    since: date | None = None
    until: date | None = None
    cause: str = ""
    age: int | None = None
    order: str = NEWEST

    def as_told(self) -> dict[str, Any]:
        """The filters as an event holds them."""
        told = {
            "state": self.state, "service": self.service, "cause": self.cause, "age": self.age,
            "unit": self.unit.folded if self.unit else "", "below": self.below,
            "subject": self.person.folded if self.person else "",
            "by": self.actor.folded if self.actor else "",
            "since": self.since.isoformat() if self.since else "",
            "until": self.until.isoformat() if self.until else "",
        }  # fmt: skip
        return {name: value for name, value in told.items() if value not in ("", None, False)}


class RegisterFilter(forms.Form):
    """The filters of one register. `fields_used`: those that it has, in this order."""

    use_required_attribute = False

    state = forms.ChoiceField(label=gettext_lazy("State"), required=False)
    cause = forms.ChoiceField(label=gettext_lazy("Cause"), required=False)
    service = forms.ChoiceField(label=gettext_lazy("Service"), required=False)
    unit = ShortText(
        label=gettext_lazy("Unit or care provider (HSA-id)"), max_length=64, required=False, strip=True
    )
    below = forms.BooleanField(label=gettext_lazy("Also units below it"), required=False)
    person = ShortText(label=gettext_lazy("Person (HSA-id)"), max_length=64, required=False, strip=True)
    actor = ShortText(label=gettext_lazy("Who acted (HSA-id)"), max_length=64, required=False, strip=True)
    since = Day(label=gettext_lazy("From day"))
    until = Day(label=gettext_lazy("Until day"))
    age = Amount(
        label=gettext_lazy("At least so many days in the same state"),
        required=False,
        min_value=0,
        max_value=3650,
    )
    order = forms.ChoiceField(label=gettext_lazy("Sorted"), required=False)
    # What stood sealed in an address that somebody else has sent: kept, and not shown.
    kept_person = forms.CharField(widget=forms.HiddenInput, required=False, max_length=400)
    kept_actor = forms.CharField(widget=forms.HiddenInput, required=False, max_length=400)

    def __init__(
        self,
        data: QueryDict | None,
        *,
        fields_used: tuple[str, ...],
        states: Choices,
        causes: Choices,
        cause_label: Text,
        orders: tuple[str, ...],
    ):
        super().__init__(data)
        for name in set(self.fields) - set(fields_used) - {f"kept_{one}" for one in PERSONS}:
            del self.fields[name]
        self._offer("state", (_EVERY, *states))
        self._offer("cause", (_EVERY, *causes))
        self._offer("service", (_EVERY, *service_choices()))
        self._offer("order", tuple((name, ORDERS[name]) for name in orders))
        if "cause" in self.fields:
            self.fields["cause"].label = str(cause_label)
        today = dates.today()
        years = max(settings.RETENTION_CASES_YEARS, settings.RETENTION_AUDIT_YEARS) + 1
        last = deadlines.latest_end(deadlines.latest_end(today))  # of a right ordered a year ahead
        offer_days(self, date(today.year - years, 1, 1), last, "since", "until")

    def _offer(self, name: str, choices: Choices) -> None:
        field = self.fields.get(name)
        if isinstance(field, forms.ChoiceField):
            field.choices = list(choices)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day is before the first."))
        for name in PERSONS:
            if name not in self.fields or data.get(name):
                continue
            if kept := data.get(f"kept_{name}"):
                found = sealed_ids.opened(kept)
                if found is None:
                    self.add_error(name, _("The address is not whole. Write the HSA-id instead."))
                else:
                    data[name] = found[0].text
        return data

    def wanted(self) -> Wanted:
        """The filters of a valid form."""
        data = self.cleaned_data

        def an_id(name: str) -> HsaId | None:
            return typed_id(data[name]) if data.get(name) else None

        return Wanted(
            state=data.get("state", ""),
            service=data.get("service", ""),
            unit=an_id("unit"),
            below=bool(data.get("below")),
            person=an_id("person"),
            actor=an_id("actor"),
            since=data.get("since"),
            until=data.get("until"),
            cause=data.get("cause", ""),
            age=data.get("age"),
            order=data.get("order") or NEWEST,
        )

    def query(self, by: User) -> str:
        """The valid form as the address holds it: persons sealed, nothing that is empty."""
        found = QueryDict(mutable=True)
        for name, value in self.cleaned_data.items():
            if name.startswith("kept_") or value in ("", None, False):
                continue
            if name in PERSONS:
                kept = self.cleaned_data.get(f"kept_{name}", "")
                is_kept = bool(kept) and not self.data.get(name)
                found[name] = kept if is_kept else sealed_ids.seal(typed_id(value), by)
            else:
                found[name] = value.isoformat() if isinstance(value, date) else str(value)
        if found.get("order") == NEWEST:
            del found["order"]
        return found.urlencode()


def from_address(query: QueryDict, reader: User) -> QueryDict:
    """What the address says, as the form takes it: one's own sealed persons opened, others' kept."""
    data = query.copy()
    for name in PERSONS:
        sealed = data.pop(name, [""])[-1]
        if not isinstance(sealed, str) or not sealed:
            continue
        found = sealed_ids.opened(sealed)
        if found is not None and found[1] == reader.hsa_key:
            data[name] = found[0].text
        else:
            data[f"kept_{name}"] = sealed
    return data
