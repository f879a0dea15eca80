"""“Does the person get in?”: for the service desk about anybody, for others about people on their units.

Sent, so that no HSA-id stands in an address.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, Invalid
from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.models import User
from provisioning.orders import ask, ask_entrance
from provisioning.pages import entrance
from provisioning.pages.answers import acting_user, refusal
from provisioning.pages.fields import ShortText
from provisioning.pages.restoring import filled_in, unchecked
from provisioning.rules.hsa import HsaId, typed_id

_NOT_AN_ID = gettext_lazy("This is not an HSA-id. Write it whole: SE, ten digits, a hyphen and what follows.")


class AskAboutForm(forms.Form):
    """Whom and where. The service desk may leave out where."""

    use_required_attribute = False

    person = ShortText(
        label=gettext_lazy("HSA-id of the person"),
        help_text=gettext_lazy("The whole HSA-id. Names are not searched for here."),
        max_length=64,
        error_messages={"required": gettext_lazy("Write the person's HSA-id.")},
    )
    unit = ShortText(
        label=gettext_lazy("HSA-id of the unit"),
        max_length=64,
        error_messages={"required": gettext_lazy("Write the unit's HSA-id.")},
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any):
        super().__init__(*args, **kwargs)
        if user.is_service_desk:
            self.fields["unit"].required = False
            self.fields["unit"].help_text = gettext_lazy(
                "Leave it empty to look where the person has commissions."
            )
        else:
            self.fields["unit"].help_text = gettext_lazy("One of your units.")

    def clean_person(self) -> HsaId:
        return _whole_id(self.cleaned_data["person"])

    def clean_unit(self) -> HsaId | None:
        text = self.cleaned_data["unit"]
        return _whole_id(text) if text else None


def _whole_id(text: str) -> HsaId:
    found = typed_id(text)
    if not found.has_form(strict=settings.HSA_ID_FORM == "strict"):
        raise forms.ValidationError(_NOT_AN_ID)
    return found


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def person_entrance(request: HttpRequest) -> HttpResponse:
    """Ask, and show each service's answer with the broken link and who can mend it."""
    user = acting_user(request)
    mandates = current.for_display(user)
    if mandates.is_known and not ask.may_ask_about_others(user, mandates):
        raise Http404
    if request.method != "POST":
        kept = filled_in(request)
        form = (
            AskAboutForm(kept, user=user)
            if kept is not None
            else AskAboutForm(initial=_own(mandates), user=user)
        )
        return _page(request, unchecked(form), mandates)
    form = AskAboutForm(request.POST, user=user)
    if not form.is_valid():
        return _page(request, form, mandates, status=400)
    person_id, place_id = form.cleaned_data["person"], form.cleaned_data["unit"]
    try:
        directory = open_directory()
        looked = ask_entrance.look(directory, person_id, place_id, by=user)
        if looked is None:
            raise Invalid(_no_answer(), code="entrance.no_answer", field="person")
        cards = entrance.cards_about(user, directory, person_id, looked.entrances)
    except (Invalid, DirectoryError) as exc:
        return _page(request, form, mandates, status=refusal(form, exc))
    facts = [(_("Person"), looked.person.name), (_("HSA-id"), looked.person.hsa_id.text)]
    return _page(request, form, mandates, cards=cards, facts=facts)


def _own(mandates: Mandates) -> dict[str, str]:
    """The unit of whoever has only one."""
    return {"unit": mandates.units[0].hsa_id.text} if len(mandates.units) == 1 else {}


def _no_answer() -> str:
    """One for every reason: nothing in it depends on what the directory holds."""
    return _(
        "No answer is given here about this HSA-id. Check the person's id and the unit's. You can ask about "
        "people on your own units, and nobody is told about a person with protected identity. Otherwise ask "
        "the head of the unit."
    )


def _page(
    request: HttpRequest, form: AskAboutForm, mandates: Mandates, *, status: int = 200, **more: Any
) -> HttpResponse:
    context = {"form": form, "own_units": mandates.units} | more
    return render(request, "provisioning/entrance/person.html", context, status=status)
