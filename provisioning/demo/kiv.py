"""Playing the KIV administrator's own tool: system roles and couplings, changed by LDAP in the mock.

It is no part of the case: the tool never hears of what is done here but by reading the directory. Who is
shown is kept in the session, so that no HSA-id stands in an address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.demo.directory.changes import Kiv
from provisioning.directory import Directory, open_directory
from provisioning.errors import DirectoryError, DirectoryRefused
from provisioning.mandates import current
from provisioning.pages.answers import acting_user
from provisioning.pages.fields import ShortText
from provisioning.rules.hsa import Attribute, Commission, Coupling, HsaId, Person, Unit

PERSON_KEY, UNIT_KEY = "demo_kiv_person", "demo_kiv_unit"


class FindForm(forms.Form):
    """A person to look for."""

    text = ShortText(
        label=gettext_lazy("The person's name or HSA-id"),
        max_length=100,
        error_messages={"required": gettext_lazy("Write whom or what to search for.")},
    )


class FindUnitForm(FindForm):
    """A unit to look for."""

    text = ShortText(
        label=gettext_lazy("The unit's name or HSA-id"),
        max_length=100,
        error_messages={"required": gettext_lazy("Write whom or what to search for.")},
    )


class RoleForm(forms.Form):
    """A system role, taken as it is typed: a blank too many is kept, as in the real tool."""

    value = ShortText(
        label=gettext_lazy("New value in HSA system role"),
        help_text=gettext_lazy("Kept exactly as you write it. Paste the value from the task."),
        max_length=200,
        strip=False,
        error_messages={"required": gettext_lazy("Write the value to add.")},
    )


@dataclass(frozen=True, slots=True)
class Membership:
    """A commission of a unit, and how the person shown is coupled to it (perhaps not at all)."""

    commission: Commission
    unit: Unit | None
    couplings: tuple[Coupling, ...]


@dataclass(slots=True)
class Screen:
    """What the page shows."""

    find_person: FindForm
    find_unit: FindUnitForm
    role: RoleForm
    person: Person | None = None
    unit: Unit | None = None
    persons: tuple[Person, ...] | None = None
    units: tuple[Unit, ...] | None = None
    coupled: tuple[Membership, ...] = ()
    offered: tuple[Membership, ...] = ()
    is_cut: bool = False


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """Show one person's values and change them."""
    user = acting_user(request)
    screen = _screen(request)
    try:
        if not current.read(user.identity).is_kiv_administrator:
            return render(request, "provisioning/demo/kiv_closed.html", status=403)
        directory = open_directory()
        if request.method == "POST":
            act = ACTS.get(request.POST.get("act", ""))
            if act is not None and act(request, screen, directory):
                return redirect("demo_kiv")
        _read_shown(request, screen, directory)
    except DirectoryError as exc:
        messages.error(request, str(exc.user_message))
        return render(request, "provisioning/demo/kiv.html", {"screen": screen}, status=503)
    status = 400 if screen.role.errors or screen.find_person.errors or screen.find_unit.errors else 200
    return render(request, "provisioning/demo/kiv.html", {"screen": screen}, status=status)


def _screen(request: HttpRequest) -> Screen:
    def bound(act: str) -> dict[str, object]:
        is_mine = request.method == "POST" and request.POST.get("act") == act
        return {"data": request.POST if is_mine else None, "auto_id": f"{act}_%s"}

    return Screen(
        find_person=FindForm(**bound("find_person")),  # type: ignore[arg-type]
        find_unit=FindUnitForm(**bound("find_unit")),  # type: ignore[arg-type]
        role=RoleForm(**bound("add_role")),  # type: ignore[arg-type]
    )


def _read_shown(request: HttpRequest, screen: Screen, directory: Directory) -> None:
    """The chosen person and unit as the directory has them now."""
    if PERSON_KEY not in request.session:
        return
    unit_id = HsaId(request.session[UNIT_KEY]) if UNIT_KEY in request.session else None
    reading = directory.read(HsaId(request.session[PERSON_KEY]), unit_ids=[unit_id] if unit_id else [])
    screen.person = reading.person
    screen.unit = reading.units.get(unit_id) if unit_id else None
    everything = tuple(
        Membership(
            commission,
            reading.units.get(commission.unit_id) if commission.unit_id else None,
            tuple(one for one in commission.couplings if one.person_id == reading.person_id),
        )
        for commission in reading.commissions
    )
    screen.coupled = tuple(one for one in everything if one.couplings)
    screen.offered = tuple(one for one in everything if unit_id and one.commission.unit_id == unit_id)


# Each act answers True when it has changed something or chosen somebody: the page is then opened anew.


def _find_person(request: HttpRequest, screen: Screen, directory: Directory) -> bool:
    if screen.find_person.is_valid():
        found = directory.find_persons(screen.find_person.cleaned_data["text"])
        screen.persons, screen.is_cut = found.items, found.is_cut
    return False


def _open_person(request: HttpRequest, screen: Screen, directory: Directory) -> bool:
    request.session[PERSON_KEY] = request.POST.get("person", "")
    request.session.pop(UNIT_KEY, None)
    return True


def _find_unit(request: HttpRequest, screen: Screen, directory: Directory) -> bool:
    if screen.find_unit.is_valid():
        found = directory.find_units(screen.find_unit.cleaned_data["text"])
        screen.units, screen.is_cut = found.items, found.is_cut
    return False


def _open_unit(request: HttpRequest, screen: Screen, directory: Directory) -> bool:
    request.session[UNIT_KEY] = request.POST.get("unit", "")
    return True


def _add_role(request: HttpRequest, screen: Screen, directory: Directory) -> bool:
    _read_shown(request, screen, directory)
    if screen.person is None or not screen.role.is_valid():
        return False
    return _change(request, screen.person.dn, Attribute.SYSTEM_ROLE, add=screen.role.cleaned_data["value"])


def _remove_role(request: HttpRequest, screen: Screen, directory: Directory) -> bool:
    _read_shown(request, screen, directory)
    value = request.POST.get("value", "")
    if screen.person is None or value not in screen.person.system_roles:
        return True
    return _change(request, screen.person.dn, Attribute.SYSTEM_ROLE, remove=value)


def _couple(request: HttpRequest, screen: Screen, directory: Directory) -> bool:
    _read_shown(request, screen, directory)
    dn = request.POST.get("commission", "")
    if screen.person is None or dn not in {one.commission.dn for one in screen.offered}:
        return True
    return _change(request, dn, Attribute.COMMISSION_MEMBER, add=f"{screen.person.hsa_id};;")


def _uncouple(request: HttpRequest, screen: Screen, directory: Directory) -> bool:
    _read_shown(request, screen, directory)
    dn, value = request.POST.get("commission", ""), request.POST.get("value", "")
    raw = {coupling.raw for one in screen.coupled if one.commission.dn == dn for coupling in one.couplings}
    if value not in raw:
        return True
    return _change(request, dn, Attribute.COMMISSION_MEMBER, remove=value)


ACTS: dict[str, Callable[[HttpRequest, Screen, Directory], bool]] = {
    "find_person": _find_person,
    "open_person": _open_person,
    "find_unit": _find_unit,
    "open_unit": _open_unit,
    "add_role": _add_role,
    "remove_role": _remove_role,
    "couple": _couple,
    "uncouple": _uncouple,
}


def _change(request: HttpRequest, dn: str, attribute: Attribute, *, add: str = "", remove: str = "") -> bool:
    """Change one value by LDAP and keep the fact. What the directory does not take is told."""
    kiv = Kiv()
    try:
        if add:
            kiv.add_value(dn, attribute, add)
        else:
            kiv.remove_value(dn, attribute, remove)
    except DirectoryRefused:
        sentence = _("The directory does not take this. It may count it as a value that is there already.")
        messages.error(request, sentence)
        return True
    finally:
        kiv.close()
    with transaction.atomic():
        events.record(
            Action.DEMO_VALUE_CHANGED,
            actor=acting_user(request),
            dn=dn,
            attribute=attribute.value,
            add=add,
            remove=remove,
        )
    messages.success(request, _("Saved in the directory.") if add else _("Removed from the directory."))
    return True
