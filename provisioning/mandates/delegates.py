"""Who acts for a head of unit: delegations in force whose giver the directory still names as head there.

Looked up whenever it is asked, one step and no further: what a delegate may do comes from a head of unit and
never from another delegate. What a delegate may *not* do goes along the whole chain: the delegate of a head
who is delegate of somebody decides nothing about that somebody. Source: domain §7.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from provisioning import dates
from provisioning.directory import Directory
from provisioning.models import Delegation
from provisioning.rules.hsa import HsaId, Unit
from provisioning.rules.mandates import Delegable, has_left


def delegations_of(
    directory: Directory, principal_id: HsaId, kind: Delegable, *, on_units: Collection[HsaId]
) -> list[Delegation]:
    """The delegations of this head that count today on any of these units, oldest first.

    Raises DirectoryError. Asks the directory nothing where nothing is delegated.
    """
    rows = Delegation.objects.usable(dates.today()).filter(principal_id=principal_id.folded, kind=kind.value)
    found = list(rows.select_related("principal", "delegate").order_by("pk"))
    if not found:
        return []
    headed = directory.headed_by(principal_id).units
    return [row for row in found if not reach(row, headed).isdisjoint(on_units)]


def received(directory: Directory, delegate_id: HsaId) -> list[tuple[Delegation, frozenset[HsaId]]]:
    """What this person may do today for somebody else who has not left, and on which units.

    Raises DirectoryError.
    """
    rows = Delegation.objects.usable(dates.today()).filter(delegate_id=delegate_id.folded)
    found = list(rows.select_related("principal").order_by("pk"))
    principals = dict.fromkeys(row.principal_id for row in found)
    present = directory.persons([HsaId(key) for key in principals]) if principals else {}
    headed = {
        key: ()
        if has_left(present.get(HsaId(key)), on=dates.today())
        else directory.headed_by(HsaId(key)).units
        for key in principals
    }
    return [(row, units) for row in found if (units := reach(row, headed.get(row.principal_id, ())))]


def givers(directory: Directory, own_ids: Iterable[HsaId]) -> frozenset[HsaId]:
    """Everybody who delegates to this human today, and who delegates to them, and so on.

    By all their HSA-ids, of any kind and for any unit, whether the giver still is head there or not. Raises
    DirectoryError.
    """
    return _along(directory, own_ids, "delegate_id", "principal_id")


def takers(directory: Directory, own_ids: Iterable[HsaId]) -> frozenset[HsaId]:
    """Everybody this human delegates to today, everybody those delegate to, and so on. As `givers`."""
    return _along(directory, own_ids, "principal_id", "delegate_id")


def _along(directory: Directory, own_ids: Iterable[HsaId], near: str, far: str) -> frozenset[HsaId]:
    """Nobody is met twice. Asks the directory nothing where nothing is delegated."""
    found: set[HsaId] = set()
    edge = set(own_ids)
    while edge:
        rows = Delegation.objects.in_force(dates.today()).filter(
            **{f"{near}__in": [one.folded for one in edge]}
        )
        reached = [HsaId(key) for key in rows.values_list(far, flat=True).distinct()]
        humans = directory.identities(reached) if reached else {}
        edge = {one for ids in humans.values() for one in ids} - found
        found |= edge
    return frozenset(found)


def reach(delegation: Delegation, headed: Iterable[Unit]) -> frozenset[HsaId]:
    """The units it concerns: the delegated one with its sub-units; empty where its giver is not head.

    `headed`: the units whose head the giver is now. A head of a care unit may delegate one sub-unit of it.
    """
    units = list(headed)
    for unit in units:
        if unit.hsa_id == delegation.unit_id:
            return frozenset((unit.hsa_id, *unit.member_ids))
    is_sub_unit = any(delegation.unit_id in unit.member_ids for unit in units)
    return frozenset((delegation.unit_id,)) if is_sub_unit else frozenset()
