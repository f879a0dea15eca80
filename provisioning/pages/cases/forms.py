"""The forms of a case: attest or reject, choose how to go on, withdraw."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning.orders.draft import Choice
from provisioning.pages.fields import LongText
from provisioning.pages.forms import explained


class AttestForm(forms.Form):
    """Attest or reject. Nothing is chosen beforehand: the decision is the attester's own."""

    decision = forms.ChoiceField(
        label=gettext_lazy("Your decision"),
        widget=forms.RadioSelect,
        choices=[
            ("attest", gettext_lazy("I approve: the person needs this access and the risks are acceptable.")),
            ("reject", gettext_lazy("I reject the order. It ends, and the orderer reads why.")),
        ],
        error_messages={"required": gettext_lazy("Choose whether you approve or reject.")},
    )
    reason = LongText(
        label=gettext_lazy("Your reason"),
        help_text=gettext_lazy("Needed when you reject. Everybody who may read the case reads it."),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("decision") == "reject" and not data.get("reason", "").strip():
            self.add_error("reason", _("Write why you reject the order. The orderer reads it."))
        return data


class ChooseForm(forms.Form):
    """How the orderer goes on when something is missing in the directory."""

    choice = forms.ChoiceField(
        label=gettext_lazy("How do you want to go on?"),
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose how to go on.")},
    )

    def __init__(self, *args: Any, may_couple: bool, wait_until: str, **kwargs: Any):
        super().__init__(*args, **kwargs)
        couple = (
            Choice.COUPLE.value,
            explained(
                gettext_lazy("Ask the KIV administrator to couple the commission, too"),
                gettext_lazy(
                    "The task then holds both the coupling and the system role, where one is needed."
                ),
            ),
        )
        wait = (
            Choice.WAIT.value,
            explained(
                gettext_lazy("Wait until somebody has fixed it"),
                _(
                    "You ask for it yourself, outside this tool. The directory is read again and again "
                    "until %(date)s, and the case goes on by itself when it is in place."
                )
                % {"date": wait_until},
            ),
        )
        withdraw = (
            "withdraw",
            explained(
                gettext_lazy("Withdraw the order"), gettext_lazy("The case ends and no access is given.")
            ),
        )
        field = cast(forms.ChoiceField, self.fields["choice"])
        field.choices = [*([couple] if may_couple else []), wait, withdraw]


class WithdrawForm(forms.Form):
    """Why an order is taken back."""

    reason = LongText(
        label=gettext_lazy("Why do you withdraw it?"),
        help_text=gettext_lazy("Everybody who has the case now reads it."),
    )
