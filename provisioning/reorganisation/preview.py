"""What a reorganisation touches: every right, case, delegation and review of the old unit. Writes nothing.

Source: HSA's own guides on archiving units (an old id stands in values long after its unit is gone).
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from provisioning import dates
from provisioning.directory import Directory, open_directory
from provisioning.errors import Invalid
from provisioning.models import AccessRequest, Delegation, Grant, Removal, Review, ReviewState
from provisioning.rules.dates import periods
from provisioning.rules.hsa import HsaId, Provider, Unit


@dataclass(frozen=True, slots=True)
class OldPlace:
    """The unit or care provider that was, as the directory has it or as it is known from its rights."""

    hsa_id: HsaId
    name: str
    dn: str
    is_provider: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """Everything that is touched. `new` None: it closes."""

    old: OldPlace
    new: Unit | Provider | None
    rights: tuple[Grant, ...]
    orders: tuple[AccessRequest, ...]
    removals: tuple[Removal, ...]
    delegations: tuple[Delegation, ...]
    reviews: tuple[Review, ...]

    @property
    def moves_anything(self) -> bool:
        return bool(self.rights or self.orders)


def look(old_id: HsaId, new_id: HsaId | None) -> Preview:
    """Look up what would be touched. Raises Invalid (nothing there, or no such new unit), DirectoryError."""
    directory = open_directory()
    here = Q(unit_key=old_id.folded) | Q(wanted_unit_hsa_id__iexact=old_id.text)
    rights = tuple(Grant.objects.active().filter(here).select_related("origin__order").order_by("pk"))
    orders = tuple(AccessRequest.objects.open().filter(here).select_related("order__orderer").order_by("pk"))
    old = _old(directory, old_id, rights, orders)
    if new_id is not None and new_id == old_id:
        raise Invalid(_("The old and the new HSA-id are the same."), field="new")
    new = None if new_id is None else _new(directory, new_id, is_provider=old.is_provider)
    in_unit = {"unit_key": old_id.folded}
    return Preview(
        old,
        new,
        rights,
        orders,
        tuple(Removal.objects.open().filter(here).order_by("pk")),
        tuple(Delegation.objects.in_force(dates.today()).filter(**in_unit).select_related("principal")),
        tuple(Review.objects.filter(state=ReviewState.OPEN, **in_unit)),
    )


def _old(
    directory: Directory, old_id: HsaId, rights: tuple[Grant, ...], orders: tuple[AccessRequest, ...]
) -> OldPlace:
    found: Unit | Provider | None = directory.unit(old_id) or directory.provider(old_id)
    if found is not None:
        return OldPlace(found.hsa_id, found.name, found.dn, isinstance(found, Provider))
    known = next((one for one in (*rights, *orders) if one.unit_id == old_id), None)
    if known is None:
        message = _("Neither the directory nor any right or order here has the HSA-id %(id)s.")
        raise Invalid(message % {"id": old_id}, field="old")
    return OldPlace(known.unit_id, known.unit_name, known.unit_dn, known.level == "provider")


def _new(directory: Directory, new_id: HsaId, *, is_provider: bool) -> Unit | Provider:
    found = directory.provider(new_id) if is_provider else directory.unit(new_id)
    if found is None:
        raise Invalid(_("The directory has nothing of the same kind with the new HSA-id."), field="new")
    state = periods.employment(found.period, on=dates.today())
    if found.is_archived or state is periods.PeriodState.ENDED:
        raise Invalid(_("The new unit is closed. Choose one that is in use."), field="new")
    return found
