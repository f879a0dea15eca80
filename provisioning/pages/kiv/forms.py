"""What a KIV administrator answers about a task, to set or to remove: it is done, or it cannot be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, cast

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning.pages.fields import LongText

Text = str | Promise


@dataclass(frozen=True, slots=True)
class WorkChoices:
    """The units and services that the tasks of one administrator are about, by key, in reading order."""

    units: tuple[tuple[str, str], ...]
    services: tuple[tuple[str, str], ...]


class WorkFilter(forms.Form):
    """Which of the tasks the work list shows."""

    enhet = forms.ChoiceField(label=gettext_lazy("Unit"), required=False)
    tjanst = forms.ChoiceField(label=gettext_lazy("Service"), required=False)
    bestallning = forms.UUIDField(required=False, widget=forms.HiddenInput)  # an order's own page leads here

    def __init__(self, data: QueryDict, *, choices: WorkChoices):
        super().__init__(data)
        for name, found, everything in (
            ("enhet", choices.units, _("All units")),
            ("tjanst", choices.services, _("All services")),
        ):
            cast(forms.ChoiceField, self.fields[name]).choices = [("", everything), *found]

    @property
    def wanted(self) -> dict[str, Any]:
        """What is asked for, as `KivWork.only` takes it. What is no choice narrows nothing."""
        self.is_valid()
        asked = {"unit_key": self.cleaned_data.get("enhet"), "service": self.cleaned_data.get("tjanst")}
        asked["order"] = self.cleaned_data.get("bestallning")
        return {name: value for name, value in asked.items() if value}


def is_filled(data: QueryDict | None, answer: str) -> bool:
    """Whether something was written or chosen in the form of this answer."""
    return data is not None and any(
        data.get(name) for name in (f"{answer}-note", f"{answer}-why", f"{answer}-items")
    )


class DoneForm(forms.Form):
    """It is done now, or it was already. The directory is asked at once whether it agrees."""

    prefix = "done"
    note = LongText(
        label=gettext_lazy("Note"),
        help_text=gettext_lazy("Only if there is something that others need to know."),
        rows=2,
    )


class CannotForm(forms.Form):
    """It cannot be done: why, and in the administrator's own words."""

    reasons: ClassVar[Sequence[tuple[str, Text]]]
    what_to_tell: ClassVar[Any]

    prefix = "cannot"
    why = forms.ChoiceField(
        label=gettext_lazy("What stands in the way?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose what stands in the way.")},
    )
    note = LongText(
        label=gettext_lazy("Tell the next person"),
        rows=4,
        missing=gettext_lazy("Write what stands in the way, so that the next person knows."),
    )

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        cast(forms.ChoiceField, self.fields["why"]).choices = list(self.reasons)
        self.fields["note"].help_text = self.what_to_tell
