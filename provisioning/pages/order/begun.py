"""An order that was begun and not sent: found, filled in, and thrown away.

Of what the page offered nothing is kept: persons and places are read anew, so that whoever has become
protected meanwhile has no name here either.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils.translation import gettext as _

from provisioning.directory import Directory, open_directory
from provisioning.errors import DirectoryError
from provisioning.login import unsent_forms
from provisioning.models import UnsentForm, User
from provisioning.pages.order import choices
from provisioning.pages.order.choices import Option
from provisioning.rules.hsa import HsaId


def wanted(request: HttpRequest, user: User) -> UnsentForm | None:
    """The draft that the address names, or the latest; none where the address asks for something else."""
    if not request.GET:
        return unsent_forms.latest(user, reverse("order"))
    return _named(user, request.GET.get("utkast", ""))


def throw_away(request: HttpRequest, user: User) -> None:
    """Throw away the one that the page was filled in from."""
    public_id, _blank, _at = request.POST.get("continues", "").partition(" ")
    row = _named(user, public_id) or unsent_forms.latest(user, reverse("order"))
    if row is not None:
        row.delete()


def _named(user: User, text: str) -> UnsentForm | None:
    try:
        return unsent_forms.own(user).filter(page=reverse("order"), public_id=UUID(text)).first()
    except ValueError:
        return None


def filled_in(row: UnsentForm, initial: dict[str, Any]) -> QueryDict:
    """What was filled in, in an opening of its own that goes on with the draft."""
    data = unsent_forms.filled_in(row).copy()
    handed = row.handed_orders.filter(withdrawn_at=None).first()
    # What another system handed over is known to it by this, when it is sent.
    data["submission"] = str(handed.submission if handed else initial["submission"])
    data["continues"] = unsent_forms.version(row)
    return data


def chosen(
    data: QueryDict, user: User, *, offered: Collection[str]
) -> tuple[tuple[Option, ...], tuple[Option, ...]]:
    """The person and the places that were chosen, where the page does not offer them by itself."""
    person = data.get("person", "")
    places = [value for value in data.getlist("units") if value not in offered]
    persons = (person,) if person and HsaId(person).folded != user.hsa_key else ()
    try:
        directory = open_directory()
        return (
            tuple(_person(directory, value) for value in persons),
            tuple(_place(directory, value) for value in places),
        )
    except DirectoryError:
        return tuple(Option(value, value) for value in persons), tuple(Option(one, one) for one in places)


def _person(directory: Directory, value: str) -> Option:
    person = directory.person(HsaId(value))
    return Option(value, value) if person is None else choices.person_option(person)


def _place(directory: Directory, value: str) -> Option:
    group = _("From your draft")
    unit = directory.unit(HsaId(value))
    if unit is not None:
        return choices.unit_option(unit, group)
    provider = directory.provider(HsaId(value))
    return Option(value, value, group=group) if provider is None else choices.provider_option(provider)
