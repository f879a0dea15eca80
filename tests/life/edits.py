"""What is done to the directory behind the tool's back, by name: to one person, or where everybody works."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial

from django.utils import timezone

from provisioning.rules.hsa import HsaId
from tests import cast
from tests.life.world import END, MEMBER, ROLE, World

SUB_UNITS = "hsaHealthCareUnitMember"
CARE, STATISTICS = "Vård och behandling", "Statistik"
PAST, FUTURE, SOME_DAY = "20200101000000Z", "20990101000000Z", "i våras"

Edit = Callable[[World, HsaId], None]


def role(world: World, who: HsaId, *, value: str, is_there: bool) -> None:
    if (person := world.truth.persons.get(who.folded)) is not None:
        change = world.add_value if is_there else world.remove_value
        change(person.dn, ROLE, value)


def all_roles_go(world: World, who: HsaId) -> None:
    if (person := world.truth.persons.get(who.folded)) is not None:
        world.replace(person.dn, ROLE, [])


def coupling(
    world: World,
    who: HsaId,
    *,
    purpose: str,
    dates: str | None,
    unit: HsaId = cast.BJORKHAGA,
    leaves: bool = False,
) -> None:
    """None: uncoupled there. `leaves`: and everywhere else, too; a move, where there are dates."""
    for commission in list(world.truth.commissions):
        is_here = world.truth.unit_of(commission.dn) == unit.folded
        if world.truth.purpose_of(commission.dn) != purpose.casefold() or not (is_here or leaves):
            continue
        members = [one for one in commission.values(MEMBER) if one.split(";")[0] != who.text]
        if is_here and dates is not None:
            members.append(who.text + dates)
        if members != list(commission.values(MEMBER)):
            world.replace(commission.dn, MEMBER, members)


def employment(world: World, who: HsaId, *, ends: Callable[[], str]) -> None:
    if (person := world.truth.persons.get(who.folded)) is not None:
        world.replace(person.dn, END, [ends()] if ends() else [])


def _in_three_days() -> str:
    return f"{timezone.localdate() + timedelta(days=3):%Y%m%d}000000Z"


def archived(world: World, who: HsaId, *, is_archived: bool) -> None:
    if (person := world.truth.persons.get(who.folded)) is not None:
        change = world.add_value if is_archived else world.remove_value
        change(person.dn, "objectClass", "hsaArchivedObject")


def gone(world: World, who: HsaId) -> None:
    if (person := world.truth.persons.get(who.folded)) is not None:
        world.entries_away[who.folded] = world.take_entry_away(person.dn)


def employed_anew(world: World, who: HsaId) -> None:
    """Under another name in the tree, with the HSA-id and everything else as it was."""
    if who.folded in world.entries_away:
        number = who.text.rpartition("-")[2]
        world.put_entry(f"cn=ny{number},ou=Personal,o=Demoregionen", world.entries_away.pop(who.folded))


def licence(world: World, who: HsaId, *, title: str) -> None:
    if (person := world.truth.persons.get(who.folded)) is not None:
        world.replace(person.dn, "hsaTitle", [title])


def unit(world: World, _who: HsaId, *, attribute: str, value: str) -> None:
    """Björkhaga's own entry."""
    world.replace(world.truth.places[cast.BJORKHAGA.folded].dn, attribute, [value] if value else [])


def sub_unit(world: World, _who: HsaId, *, of: HsaId) -> None:
    """Björkhaga's child health centre belongs to this care unit now; the tree stays as it is."""
    for care_unit in (cast.BJORKHAGA, cast.EKLIDEN):
        place = world.truth.places[care_unit.folded]
        members = [one for one in place.values(SUB_UNITS) if one != cast.BJORKHAGA_BVC.text]
        if care_unit == of:
            members.append(cast.BJORKHAGA_BVC.text)
        if set(members) != set(place.values(SUB_UNITS)):
            world.replace(place.dn, SUB_UNITS, members)


def unit_archived(world: World, _who: HsaId, *, is_archived: bool) -> None:
    change = world.add_value if is_archived else world.remove_value
    change(world.truth.places[cast.BJORKHAGA.folded].dn, "objectClass", "hsaArchivedObject")


def provider(world: World, _who: HsaId, *, ends: str) -> None:
    world.replace(world.truth.places[cast.PROVIDER.folded].dn, END, [ends] if ends else [])


def purpose(world: World, _who: HsaId, *, named: str) -> None:
    """Of Björkhaga's commission of care."""
    above = world.truth.places[cast.BJORKHAGA.folded].dn
    care = next(
        one for one in world.truth.commissions if one.parent_dn == above and one.dn.startswith("cn=Vård")
    )
    world.replace(care.dn, "hsaCommissionPurpose", [named] if named else [])


def _own(unit_id: HsaId) -> str:
    return f"INTYG;Rehab-{unit_id}"


EDITS: Mapping[str, Edit] = {
    "role comes": partial(role, value=_own(cast.BJORKHAGA), is_there=True),
    "role goes": partial(role, value=_own(cast.BJORKHAGA), is_there=False),
    "role of another unit comes": partial(role, value=_own(cast.EKLIDEN), is_there=True),
    "role of another unit goes": partial(role, value=_own(cast.EKLIDEN), is_there=False),
    "role of a sub-unit comes": partial(role, value=_own(cast.BJORKHAGA_BVC), is_there=True),
    "role in the wrong case comes": partial(role, value=_own(cast.BJORKHAGA).lower(), is_there=True),
    "role of nothing comes": partial(role, value=_own(cast.NOWHERE), is_there=True),
    "process leader's role comes": partial(role, value=f"INTYG;Statistik-{cast.PROVIDER}", is_there=True),
    "a unit in Statistik comes": partial(role, value=f"INTYG;Statistik-{cast.BJORKHAGA}", is_there=True),
    "all roles go": all_roles_go,
    "care: coupled": partial(coupling, purpose=CARE, dates=";;"),
    "care: uncoupled": partial(coupling, purpose=CARE, dates=None),
    "care: over": partial(coupling, purpose=CARE, dates=";;20200101"),
    "care: over later": partial(coupling, purpose=CARE, dates=f";;{FUTURE}"),
    "care: not begun": partial(coupling, purpose=CARE, dates=f";{FUTURE};"),
    "care: unreadable": partial(coupling, purpose=CARE, dates=f";{SOME_DAY};"),
    "care: moves": partial(coupling, purpose=CARE, unit=cast.EKLIDEN, dates=";;", leaves=True),
    "care: comes back": partial(coupling, purpose=CARE, dates=";;", leaves=True),
    "care: also elsewhere": partial(coupling, purpose=CARE, unit=cast.EKLIDEN, dates=";;"),
    "statistics: coupled": partial(coupling, purpose=STATISTICS, dates=";;"),
    "statistics: uncoupled": partial(coupling, purpose=STATISTICS, dates=None),
    "statistics: over": partial(coupling, purpose=STATISTICS, dates=";;20200101"),
    "statistics: not begun": partial(coupling, purpose=STATISTICS, dates=f";{FUTURE};"),
    "statistics: unreadable": partial(coupling, purpose=STATISTICS, dates=f";{SOME_DAY};"),
    "statistics: moves": partial(coupling, purpose=STATISTICS, unit=cast.EKLIDEN, dates=";;", leaves=True),
    "employment ends": partial(employment, ends=lambda: PAST),
    "employment ends soon": partial(employment, ends=_in_three_days),
    "employment goes on": partial(employment, ends=lambda: ""),
    "archived": partial(archived, is_archived=True),
    "not archived": partial(archived, is_archived=False),
    "gone": gone,
    "employed anew": employed_anew,
    "is a doctor": partial(licence, title="Läkare"),
    "is no doctor": partial(licence, title="Arbetsterapeut"),
    "unit closes": partial(unit, attribute=END, value=PAST),
    "unit opens": partial(unit, attribute=END, value=""),
    "unit has another head": partial(unit, attribute="hsaHealthCareUnitManager", value=cast.HEAD_ABOVE.text),
    "unit has its head": partial(unit, attribute="hsaHealthCareUnitManager", value=cast.HEAD.text),
    "unit has no head": partial(unit, attribute="hsaHealthCareUnitManager", value=""),
    "unit archived": partial(unit_archived, is_archived=True),
    "unit not archived": partial(unit_archived, is_archived=False),
    "sub-unit moves": partial(sub_unit, of=cast.EKLIDEN),
    "sub-unit moves back": partial(sub_unit, of=cast.BJORKHAGA),
    "provider closes": partial(provider, ends=PAST),
    "provider opens": partial(provider, ends=""),
    "purpose blanked": partial(purpose, named=""),
    "purpose named": partial(purpose, named=CARE),
}
