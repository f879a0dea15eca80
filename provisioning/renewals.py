"""The order that prolongs a right from its old last day."""

from __future__ import annotations

import uuid

from provisioning import prolongation
from provisioning.grant_models import Grant
from provisioning.models import User
from provisioning.orders import Draft
from provisioning.rules.hsa import HsaId, Level, Service

_SUBMISSIONS = uuid.UUID("6f3c1d0a-4f1e-5c55-9a53-7f2a3c5a1f10")  # a name space of our own


def draft(grant: Grant, *, need: str, risk_statement: str, by: User) -> Draft:
    """From its old last day, as far as it may. Sent twice, it is one order."""
    ends_on = prolongation.next_last_day(grant)
    return Draft(
        person_id=grant.subject_id,
        service=Service(grant.service),
        level=Level(grant.level),
        unit_ids=(HsaId(grant.wanted_unit_hsa_id or grant.unit_hsa_id),),
        starts_on=prolongation.next_first_day(grant),
        ends_on=ends_on,
        need=need,
        risk_statement=risk_statement,
        submission=uuid.uuid5(_SUBMISSIONS, f"{grant.public_id} {ends_on} {by.pk}"),
    )
