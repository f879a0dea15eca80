"""Somebody whose rights are compared with the directory, with everything the tool has about them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from django.conf import settings

from provisioning.models import AccessRequest, Finding, Grant, KnownPerson
from provisioning.rules.drift import compare
from provisioning.rules.drift.compare import Comparison
from provisioning.rules.hsa import HsaId, Reading, Service
from provisioning.rules.removal import Right
from provisioning.rules.states.request import UNATTESTED
from provisioning.rules.states.right import GrantState


@dataclass(slots=True)
class Tracked:
    """One person to look at, with everything the tool has about them."""

    person_id: HsaId
    grants: list[Grant] = field(default_factory=list)  # living
    requests: list[AccessRequest] = field(default_factory=list)  # open
    findings: list[Finding] = field(default_factory=list)  # not over
    was_doctor: bool | None = None

    @property
    def rights(self) -> list[Right]:
        return [grant.right for grant in self.grants if grant.current_state is GrantState.ACTIVE]

    @property
    def explained(self) -> list[Right]:
        """Being taken away, or attested and being given: their values belong to them."""
        ending = [grant.right for grant in self.grants if grant.current_state is not GrantState.ACTIVE]
        return ending + [one.right for one in self.requests if one.state not in UNATTESTED]

    @property
    def place_ids(self) -> set[HsaId]:
        sub_units = {HsaId(one.wanted_unit_hsa_id) for one in self.grants if one.wanted_unit_hsa_id}
        return {one.unit_id for one in self.grants} | sub_units | {one.unit_id for one in self.findings}

    def compare(self, reading: Reading) -> Comparison:
        return compare.compare(
            reading,
            self.rights,
            at=reading.read_at,
            explained=self.explained,
            was_doctor=self.was_doctor,
            services=frozenset(map(Service, settings.SERVICES)),
        )


def load(ids: Collection[HsaId]) -> list[Tracked]:
    """What the tool has about these persons, in four queries."""
    keys = [one.folded for one in ids]
    tracked = {one.folded: Tracked(one) for one in ids}
    for grant in Grant.objects.living().filter(subject_key__in=keys):
        tracked[grant.subject_key].grants.append(grant)
    for request in AccessRequest.objects.open().filter(subject_key__in=keys):
        tracked[request.subject_key].requests.append(request)
    rows = Finding.objects.not_over().filter(subject_key__in=keys).select_related("removal", "request")
    for row in rows:
        tracked[row.subject_key].findings.append(row)
    for known in KnownPerson.objects.filter(pk__in=keys):
        tracked[known.pk].was_doctor = known.is_doctor
    return list(tracked.values())
