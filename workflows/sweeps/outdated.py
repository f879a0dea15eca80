"""Looking whether what KIV administrators are to set is still right: units and care providers move and close.

The pulse of `kiv_tasks` asks for values alone. Here it is asked, for all open tasks together, what the values
name; only where that is not as it was is everything read, twice, before a task ends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import count

from django.utils import timezone

from provisioning.cases.evidence import SeenWanted
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError
from provisioning.models import AccessRequest
from provisioning.orders import carry_out, unseen
from provisioning.rules.dates import periods
from provisioning.rules.hsa import Attribute, HsaId, Provider, Unit
from provisioning.rules.states.request import RequestState
from workflows.alone import alone
from workflows.sweeps import kiv_tasks

SHARES = 10  # so many rounds until the commission of every coupling has been read

Places = Mapping[HsaId, Unit | Provider]
_rounds = count()


def look_all() -> int:
    """Look once at what all open tasks name. Returns how many tasks ended by it."""
    tasks = list(AccessRequest.objects.filter(state=RequestState.AWAITING_KIV.value).order_by("pk"))
    if not tasks:
        return 0
    try:
        places = _places_of(tasks)
    except DirectoryError:
        return 0
    share = next(_rounds) % SHARES
    return sum(_look_closer(one) for one in tasks if _is_to_be_read(one, places, share))


def _places_of(tasks: Sequence[AccessRequest]) -> Places:
    """The units and care providers that the wanted values name, as they are now. Raises DirectoryError."""
    ids = {request.unit_id for request in tasks}
    directory = open_directory()
    units = directory.units(ids)
    responsible = {unit.provider_id for unit in units.values() if unit.provider_id is not None}
    return units | directory.providers(responsible | (ids - units.keys()))


def _is_to_be_read(request: AccessRequest, places: Places, share: int) -> bool:
    """One in doubt is read, too: when it is time for its later look, or when it may be doubted no more."""
    if _is_doubtful(request, places):
        return not unseen.is_young(request)
    return request.not_seen_since is not None or _has_turn(request, share)


def _is_doubtful(request: AccessRequest, places: Places) -> bool:
    """Say whether a value may not be right any more: what it names is not there, or not as it was."""
    place = places.get(request.unit_id)
    if place is None or not _is_in_use(place):
        return True
    if isinstance(place, Unit):
        provider = places.get(place.provider_id) if place.provider_id is not None else None
        has_left = request.wanted_unit_hsa_id and HsaId(request.wanted_unit_hsa_id) not in place.member_ids
        if has_left or provider is None or not _is_in_use(provider):
            return True
    roles = (one for one in kiv_tasks.changes_of(request) if one.attribute is Attribute.SYSTEM_ROLE)
    return any(_is_spelled_otherwise(role.value, place.hsa_id) for role in roles)


def _is_spelled_otherwise(value: str, hsa_id: HsaId) -> bool:
    return value.casefold().endswith(hsa_id.folded) and not value.endswith(hsa_id.text)


def _is_in_use(place: Unit | Provider) -> bool:
    state = periods.state(place.period, at=timezone.now())
    return not place.is_archived and state is periods.PeriodState.ACTIVE


def _has_turn(request: AccessRequest, share: int) -> bool:
    """What a commission is for, no look at units tells: those of a share of the couplings are read, too."""
    is_coupling = any(one.attribute is Attribute.COMMISSION_MEMBER for one in kiv_tasks.changes_of(request))
    return is_coupling and request.pk % SHARES == share


def _look_closer(request: AccessRequest) -> bool:
    """Read all of it. Only what two looks agree on ends the task."""
    seen = None
    with alone(f"looking closer at case {request.case_number}"):
        seen = kiv_tasks.look(request)
    if seen is None or (seen.over is None and not seen.is_outdated and request.not_seen_since is None):
        return False
    return kiv_tasks.record_in_flow(request, partial(_record, seen=seen, changes=request.changes))


def _record(row: AccessRequest, *, seen: SeenWanted, changes: list[dict[str, str]]) -> None:
    """The row may have got other values to set since it was read: then the next look does it."""
    if row.changes == changes:
        carry_out.record_values(row, seen=seen)
