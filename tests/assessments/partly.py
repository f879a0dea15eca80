"""A directory that answers with a part of a long list of members, and keeps the rest or hides it."""

from __future__ import annotations

from tests import cast
from tests.findings import drifting

IN_ONE_ANSWER = 1500
WAYS = ("the rest withheld", "an unknown option")


def crowd(directory, person_id=cast.SETTLED, purpose: str = "Vård och behandling") -> str:
    """3200 members come before the person: in the third part of the list."""
    commission = drifting.commission_of(person_id, cast.BJORKHAGA, purpose)
    held = directory.store.get(commission.dn).values("hsacommissionmember")
    others = [f"SE0000000000-9{number:05d};;".encode() for number in range(3200)]
    directory.store.modify(commission.dn, [(2, "hsaCommissionMember", others + held)])
    return commission.dn


def answer(directory, way: str) -> None:
    """From now on only a part comes, and no way leads to the rest."""
    if way == "the rest withheld":
        directory.faults.range_size, directory.faults.withholds_rest = IN_ONE_ANSWER, True
    else:
        directory.faults.options = {"hsaCommissionMember": "x-part"}
