"""The forms of a reorganisation: which unit becomes which, why, and the decision on it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy

from provisioning.pages.fields import LongText, ShortText
from provisioning.rules.hsa import HsaId, typed_id


class PairForm(forms.Form):
    """Old and new. `closes`: there is no new one."""

    use_required_attribute = False

    old = ShortText(
        label=gettext_lazy("HSA-id of the unit or care provider that was"),
        max_length=64,
        error_messages={"required": gettext_lazy("Write the old HSA-id.")},
    )
    closes = forms.BooleanField(label=gettext_lazy("It closes, and nothing takes over"), required=False)
    new = ShortText(
        label=gettext_lazy("HSA-id of what it has become"),
        help_text=gettext_lazy("Leave it empty if the unit closes."),
        max_length=64,
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if bool(data.get("new", "").strip()) == bool(data.get("closes")):
            self.add_error("new", gettext_lazy("Write the new HSA-id, or say that the unit closes."))
        return data

    def ids(self) -> tuple[HsaId, HsaId | None]:
        new = self.cleaned_data["new"].strip()
        return typed_id(self.cleaned_data["old"]), typed_id(new) if new else None


class ProposalForm(PairForm):
    """The same, with the reason."""

    reason = LongText(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("Those concerned read it."),
        missing=gettext_lazy("Write why the unit is reorganised. Those concerned read it."),
    )


class DeclineForm(forms.Form):
    """Why it is not carried out."""

    use_required_attribute = False

    reason = LongText(label=gettext_lazy("Reason"), missing=gettext_lazy("Write why it is not carried out."))
