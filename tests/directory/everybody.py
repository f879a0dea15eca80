"""The HSA-ids of all persons with a name in the demo and among the oddities."""

from __future__ import annotations

from provisioning.rules.hsa import HsaId
from tests import cast
from tests.directory import oddities

PEOPLE = sorted(
    {
        value
        for place in (cast, oddities)
        for value in vars(place).values()
        if isinstance(value, HsaId) and "-E" not in value.text
    }
    | {*oddities.THREE},
    key=str,
)
