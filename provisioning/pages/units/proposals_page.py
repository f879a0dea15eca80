"""Proposals for a unit's next order, expanded and chosen beforehand: one click fills in an order for many.

Nothing is written here but that somebody looked; the order is read through and sent on its own page.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access, dates
from provisioning.audit import events
from provisioning.directory import Directory, open_directory
from provisioning.errors import DirectoryError, Invalid
from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.models import User
from provisioning.pages import words
from provisioning.pages.answers import acting_user
from provisioning.pages.fields import ShortText
from provisioning.pages.order.forms import access_name
from provisioning.pages.units import matrix
from provisioning.pages.units.matrix import Matrix
from provisioning.rules import proposals
from provisioning.rules.alphabet import place_of
from provisioning.rules.hsa import HsaId, Level, OrderedAccess, Person, Reading, Service, Unit, typed_id

MOST_UNITS = 500  # looked at for one question
AT_ONCE = 200  # proposals to choose among; the next ones come when these are ordered
LIKE, BELOW = "like", "below"


@dataclass(frozen=True, slots=True)
class Proposal:
    """One thing that could be ordered. `value`: as the order for many reads it."""

    value: str
    name: str
    access: str
    unit: str


@dataclass(frozen=True, slots=True)
class AskedProposals:
    """What was asked for, and what it came to; `is_cut`: there are more units than were looked at."""

    heading: str
    proposals: tuple[Proposal, ...]
    is_cut: bool = False


class _About(forms.Form):
    """About whom. The HSA-ids are sent, and stand in no address."""

    use_required_attribute = False

    person = ShortText(
        label=gettext_lazy("The person's HSA-id"),
        max_length=64,
        widget=forms.TextInput(attrs={"list": "unit-people", "autocomplete": "off"}),
    )


class LikeForm(_About):
    """The same as a colleague has on one's units."""

    colleague = ShortText(
        label=gettext_lazy("The colleague's HSA-id"),
        max_length=64,
        widget=forms.TextInput(attrs={"list": "unit-people", "autocomplete": "off"}),
    )


class BelowForm(_About):
    """One access on every unit below."""

    access = forms.ChoiceField(label=gettext_lazy("Which access?"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["access"]
        field.choices = [
            (_key(service, level), access_name(service.value, level.value))
            for service, level in matrix.accesses()
        ]


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def unit_proposals(request: HttpRequest, hsa_id: str) -> HttpResponse:
    """For the head of the unit. What is sent is what to look for, and is answered on the same page."""
    user = acting_user(request)
    unit_id = HsaId(hsa_id)
    mandates = current.for_display(user)
    if unit_id not in mandates.unit_ids:
        raise Http404
    kind = request.POST.get("kind", "")
    like = LikeForm(request.POST if kind == LIKE else None, prefix=LIKE)
    below = BelowForm(request.POST if kind == BELOW else None, prefix=BELOW)
    chosen: LikeForm | BelowForm = below if kind == BELOW else like
    asked = None
    if chosen.is_valid():
        try:
            asked = _asked(user, mandates, unit_id, chosen)
        except Invalid as exc:
            chosen.add_error(exc.field, str(exc.user_message))
        except DirectoryError as exc:
            chosen.add_error(None, str(exc.user_message))
    found = matrix.of_unit(user, unit_id, may_order=True)
    events.record_look(by=user, places=[unit_id.folded])
    context = {
        "unit_id": unit_id.text,
        "unit_name": found.unit_name,
        "is_read": found.is_read,
        "without_role": _without_role(found),
        "at_once": AT_ONCE,
        "people": [(row.hsa_id, row.name) for row in found.rows if row.hsa_id],
        "like": like,
        "below": below,
        "chosen": chosen,
        "asked": asked,
    }
    is_wrong = request.method == "POST" and asked is None
    return render(request, "provisioning/units/proposals.html", context, status=400 if is_wrong else 200)


def _key(service: Service, level: Level) -> str:
    return f"{service.value}:{level.value}"


def _without_role(found: Matrix) -> list[Proposal]:
    """People with the commission but not the role.

    Not those who get in already with less: for a doctor the role is a widening, which nobody proposes.
    """
    rows = []
    for row in found.rows:
        inside = {
            service
            for (service, _level), cell in zip(matrix.accesses(), row.cells, strict=True)
            if cell.state == matrix.GETS_IN
        }
        rows += [
            Proposal(cell.wanted, row.name, cell.access, found.unit_name)
            for (service, _level), cell in zip(matrix.accesses(), row.cells, strict=True)
            if cell.lacks_role and cell.wanted and service not in inside
        ]
    return rows


def _asked(user: User, mandates: Mandates, unit_id: HsaId, form: LikeForm | BelowForm) -> AskedProposals:
    """What the person lacks of what was asked for. Raises Invalid, DirectoryError."""
    directory = open_directory()
    person_id = typed_id(form.cleaned_data["person"])
    if person_id in mandates.ids_of(user.identity):
        raise Invalid(_("You cannot approve your own access. Order it for yourself instead."), field="person")
    if isinstance(form, LikeForm):
        return _like(directory, user, mandates, person_id, typed_id(form.cleaned_data["colleague"]))
    service, _colon, level = form.cleaned_data["access"].partition(":")
    return _below(directory, user, mandates, unit_id, person_id, (Service(service), Level(level)))


def _like(
    directory: Directory, user: User, mandates: Mandates, person_id: HsaId, colleague_id: HsaId
) -> AskedProposals:
    if person_id == colleague_id:
        raise Invalid(_("Choose two different persons."), field="colleague")
    units = {unit.hsa_id: unit for unit in mandates.units[:MOST_UNITS]}
    wanted = [(one, tuple(units)) for one in (person_id, colleague_id)]
    readings = {one.person_id: one for one in directory.read_many(wanted)}
    person = _shown(readings[person_id], "person")
    colleague = _shown(readings[colleague_id], "colleague")
    if colleague.is_protected:
        raise Invalid(_NOBODY, field="colleague")
    for one in (person_id, colleague_id):
        events.record_look(by=user, subject_key=one.folded, places=[unit.folded for unit in units])
    reading = readings[colleague_id]
    held = proposals.held(
        reading, matrix.accesses(), units, on=dates.today(reading.read_at), at=reading.read_at
    )
    heading = _("%(person)s as %(colleague)s") % {"person": _name(person), "colleague": colleague.name}
    found = _lacking(user, readings[person_id], person, held, units)
    return AskedProposals(heading, found, len(mandates.units) > MOST_UNITS)


def _below(
    directory: Directory,
    user: User,
    mandates: Mandates,
    unit_id: HsaId,
    person_id: HsaId,
    wanted: tuple[Service, Level],
) -> AskedProposals:
    here = next((one for one in mandates.units if one.hsa_id == unit_id), None) or directory.unit(unit_id)
    ids = directory.units_below(here.dn) if here is not None else ()
    units = {
        one.hsa_id: one
        for one in directory.units(ids[:MOST_UNITS]).values()
        if mandates.may_order_at(one.hsa_id, one.dn, user)
    }
    reading = next(iter(directory.read_many([(person_id, tuple(units))])))
    person = _shown(reading, "person")
    events.record_look(by=user, subject_key=person_id.folded, places=[one.folded for one in units])
    heading = _("%(person)s on every unit below") % {"person": _name(person)}
    found = _lacking(user, reading, person, [(wanted, one) for one in units], units)
    return AskedProposals(heading, found, len(ids) > MOST_UNITS)


_NOBODY = gettext_lazy("The directory shows nobody with this HSA-id. Check every character.")


def _shown(reading: Reading, field: str) -> Person:
    """The person's entry. Raises Invalid where the directory has none to choose."""
    if reading.person is None:
        raise Invalid(_NOBODY, field=field)
    return reading.person


def _name(person: Person) -> str:
    return str(words.MASKED) if person.is_protected else person.name


def _lacking(
    user: User,
    reading: Reading,
    person: Person,
    wanted: Iterable[tuple[tuple[Service, Level], HsaId]],
    units: Mapping[HsaId, Unit],
) -> tuple[Proposal, ...]:
    """What the person lacks of it and nobody has ordered yet, by the name of the unit."""
    orders = proposals.lacking(
        reading,
        wanted,
        on=dates.today(reading.read_at),
        at=reading.read_at,
        under_way=_under_way(user, reading.person_id),
    )
    rows = [_proposal(order, person, units[order.unit_id].name) for order in orders]
    return tuple(sorted(rows, key=lambda row: (place_of(row.unit), row.access)))


def _under_way(user: User, person_id: HsaId) -> Sequence[OrderedAccess]:
    rows = access.visible_requests(user).open().filter(subject_key=person_id.folded)
    return [
        OrderedAccess(person_id, Service(service), Level(level), HsaId(unit))
        for service, level, unit in rows.order_by().values_list("service", "level", "unit_hsa_id")
    ]


def _proposal(order: OrderedAccess, person: Person, unit: str) -> Proposal:
    value = f"{order.person_id.text}|{_key(order.service, order.level)}|{order.unit_id.text}"
    return Proposal(value, _name(person), access_name(order.service.value, order.level.value), unit)
