"""What an order that came to nothing has left in the directory gets a removal of its own, and so an owner.

A withdrawal, a "cannot", a last day or a unit that is gone can come after a value was set. Source: domain §8
(removal with the same proof as any other).
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning.assessments import reading as assessments_reading
from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.cases import moves
from provisioning.errors import WrongState
from provisioning.models import AccessRequest, Evidence, Grant, Removal
from provisioning.removals import begin
from provisioning.removals.begin import Loose, Start
from provisioning.rights import find
from provisioning.rules import removal
from provisioning.rules.hsa import Attribute, Change, Level, Part, Reading, Service, Unit
from provisioning.rules.removal import StoredValue
from provisioning.rules.states.right import EndCause

# A value can still be set a while after the case has ended: from a page that was open.
LOOKED_FOR = timedelta(days=1)


def watch(request: AccessRequest) -> None:
    """From now on it is looked whether a value stands that was set for it, and is not wanted any more."""
    if request.was_with_kiv:
        request.next_poll_at = timezone.now()
        request.save(update_fields=["next_poll_at"])


def left_by(request: AccessRequest, reading: Reading) -> tuple[StoredValue, ...] | None:
    """The values that were set for it, still stand, and nothing else needs; None: the directory did not tell.

    What another attested order of the person needs is that order's.
    """
    changes = _ever_wanted(request)
    if not reading.is_readable(*_parts(changes)):
        return None
    found = removal.set_for(changes, reading, before=_stood_before(request), at=reading.read_at)
    others = find.attested_orders(request.subject_key).exclude(pk=request.pk)
    needed = [
        *(grant.right for grant in Grant.objects.active().filter(subject_key=request.subject_key)),
        *(order.right for order in others),
    ]
    return tuple(held for held in found if not any(removal.needs(right, held) for right in needed))


@transaction.atomic
def begin_removal(
    pk: int, left: tuple[StoredValue, ...], reading: Reading, *, start: Start
) -> Removal | None:
    """Begin to remove what it has left; None where nothing is left, or somebody is at it already.

    Raises WrongState when the case has gone on meanwhile.
    """
    request = moves.lock(AccessRequest, pk)
    if not is_watched(request):
        raise WrongState
    request.next_poll_at = None
    request.save(update_fields=["next_poll_at"])
    if reading.person is None or not left:
        return None
    unit = reading.units.get(request.unit_id)
    loose = Loose(reading.person, Service(request.service), Level(request.level), unit, request.unit_id, left)
    reason = _("It was set for case %(case)s, which came to nothing.") % {"case": request.case_number}
    dn = _administered_dn(request, unit, reading)
    try:
        with transaction.atomic():
            made = begin.begin_for_values(
                loose, EndCause.ORDER_ENDED, by=None, reason=reason, administered_dn=dn,
                tell=request.starters, start=start,
            )  # fmt: skip
    except WrongState:
        return None  # it is being removed already
    events.record(
        Action.VALUES_LEFT,
        actor=None,
        request=request,
        changes=made.asked,
        removal=str(made.public_id),
    )
    return made


def is_watched(request: AccessRequest) -> bool:
    """Say whether it is looked for what it has left, and no KIV administrator has it."""
    return request.next_poll_at is not None and not request.is_with_kiv


def _administered_dn(request: AccessRequest, unit: Unit | None, reading: Reading) -> str:
    provider = reading.providers.get(request.unit_id)
    entry = unit or provider
    return entry.dn if entry is not None else request.unit_dn


def _ever_wanted(request: AccessRequest) -> tuple[Change, ...]:
    """Everything that was ever handed to a KIV administrator for it, and what it wants now."""
    handed = request.entries.filter(action=Action.KIV_NEEDED.value).values_list("data", flat=True)
    wanted = [*request.changes, *(change for data in handed for change in data.get("changes", []))]
    return tuple(dict.fromkeys(assessments_reading.change_from(data) for data in wanted))


def _stood_before(request: AccessRequest) -> set[tuple[str, str, str]]:
    """What stood in each place before it was handed over for the first time."""
    first: dict[tuple[str, str], list[str]] = {}
    for row in request.evidence.filter(moment=Evidence.Moment.BEFORE.value).order_by("pk"):
        for place in row.values:
            first.setdefault((place["dn"], place["attribute"]), place["values"] or [])
    return {(dn, attribute, value) for (dn, attribute), values in first.items() for value in values}


def _parts(changes: tuple[Change, ...]) -> set[Part]:
    parts = {Part.PERSON}
    for change in changes:
        is_role = change.attribute is Attribute.SYSTEM_ROLE
        parts |= {Part.SYSTEM_ROLES} if is_role else {Part.COMMISSIONS, Part.UNITS}
    return parts
