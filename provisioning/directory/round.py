"""A directory that is asked about the same thing only once: for one round over many cases.

Hundreds of open cases wait for the same few people on the same units. What a round remembers is as old as
the round, and goes with it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from provisioning.directory.gateway import Directory, Headed
from provisioning.rules.hsa import HsaId, Person, Provider, Unit

T = TypeVar("T")


class Round(Directory):
    """Made for one round and thrown away. That something is not there is remembered, too; an error is not."""

    def __init__(self, directory: Directory):
        """Asks over the connections of `directory`."""
        self._connections = directory._connections
        self._lookups = directory._lookups
        self._readability = directory._readability
        self._persons: dict[HsaId, Person | None] = {}
        self._units: dict[HsaId, Unit | None] = {}
        self._providers: dict[HsaId, Provider | None] = {}
        self._humans: dict[HsaId, frozenset[HsaId] | None] = {}
        self._headed: dict[HsaId, Headed] = {}
        self._above: dict[str, tuple[Unit, ...]] = {}
        self._administrators: dict[str, tuple[Person, ...]] = {}

    def persons(self, ids: Iterable[HsaId]) -> dict[HsaId, Person]:
        return _looked_up(self._persons, ids, super().persons)

    def units(self, ids: Iterable[HsaId]) -> dict[HsaId, Unit]:
        return _looked_up(self._units, ids, super().units)

    def providers(self, ids: Iterable[HsaId]) -> dict[HsaId, Provider]:
        return _looked_up(self._providers, ids, super().providers)

    def identities(self, ids: Iterable[HsaId]) -> dict[HsaId, frozenset[HsaId]]:
        return _looked_up(self._humans, ids, super().identities)

    def headed_by(self, hsa_id: HsaId) -> Headed:
        if hsa_id not in self._headed:
            self._headed[hsa_id] = super().headed_by(hsa_id)
        return self._headed[hsa_id]

    def units_above(self, dn: str) -> tuple[Unit, ...]:
        if dn not in self._above:
            self._above[dn] = super().units_above(dn)
        return self._above[dn]

    def administrators_of(self, dn: str) -> tuple[Person, ...]:
        if dn not in self._administrators:
            self._administrators[dn] = super().administrators_of(dn)
        return self._administrators[dn]


def _looked_up(
    known: dict[HsaId, T | None], ids: Iterable[HsaId], look_up: Callable[[Iterable[HsaId]], dict[HsaId, T]]
) -> dict[HsaId, T]:
    wanted = list(dict.fromkeys(ids))
    new = [one for one in wanted if one not in known]
    if new:
        known |= dict.fromkeys(new) | look_up(new)
    return {one: value for one in wanted if (value := known[one]) is not None}
