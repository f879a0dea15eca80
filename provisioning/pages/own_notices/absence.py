"""The page "My absence": from when to when one is away, and who has it meanwhile."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from provisioning import dates
from provisioning.errors import Invalid
from provisioning.messages import absences
from provisioning.models import User
from provisioning.pages.answers import acting_user
from provisioning.pages.fields import Day, offer_days
from provisioning.rules.dates import deadlines


class AbsenceForm(forms.Form):
    """The days, and one of those who have a delegation from the person."""

    use_required_attribute = False  # the server says what is missing, in words

    starts_on = Day(label=gettext_lazy("First day away"), missing=gettext_lazy("Write the first day."))
    ends_on = Day(label=gettext_lazy("Last day away"), missing=gettext_lazy("Write the last day."))
    substitute = forms.ChoiceField(
        label=gettext_lazy("Who has it meanwhile?"), widget=forms.RadioSelect, required=False
    )

    def __init__(self, *args: Any, able: list[User], **kwargs: Any):
        super().__init__(*args, **kwargs)
        today = dates.today()
        offer_days(self, today, deadlines.latest_end(today), "starts_on", "ends_on")
        named = [(one.pk, _name(one)) for one in able]
        cast(forms.ChoiceField, self.fields["substitute"]).choices = [("", _("Nobody")), *named]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def own_absence(request: HttpRequest) -> HttpResponse:
    """Show and keep the days. Nobody gets a mandate by it."""
    user = acting_user(request)
    able, row = absences.substitutes(user), absences.own(user)
    if request.method != "POST":
        known: dict[str, Any] = {"starts_on": dates.today()}
        if row is not None:
            known = {name: getattr(row, name) for name in ("starts_on", "ends_on")}
            known["substitute"] = row.substitute_key
        return _page(request, user, AbsenceForm(able=able, initial=known))
    form = AbsenceForm(request.POST, able=able)
    if not form.is_valid():
        return _page(request, user, form, status=400)
    data = form.cleaned_data
    try:
        absences.say(
            by=user,
            starts_on=data["starts_on"],
            ends_on=data["ends_on"],
            substitute_key=data["substitute"],
        )
    except Invalid as exc:
        form.add_error(exc.field, str(exc.user_message))
        return _page(request, user, form, status=400)
    messages.success(request, _("Saved. Whoever waits for you reads it."))
    return redirect("own_absence")


@never_cache
@require_POST
def end_absence(request: HttpRequest) -> HttpResponse:
    """Take it back: nobody reads any more that one is away."""
    if absences.take_back(by=acting_user(request)):
        messages.success(request, _("Taken back. Nobody reads any more that you are away."))
    return redirect("own_absence")


def _page(request: HttpRequest, user: User, form: AbsenceForm, *, status: int = 200) -> HttpResponse:
    row, able = absences.own(user), absences.substitutes(user)
    substitute = next((one for one in able if row is not None and one.pk == row.substitute_key), None)
    context = {
        "form": form,
        "absence": row,
        "substitute": _name(substitute) if substitute is not None else "",
        "has_able": bool(able),
    }
    return render(request, "provisioning/own_notices/absence.html", context, status=status)


def _name(user: User) -> str:
    return user.hsa_id if user.is_protected or not user.name else user.name
