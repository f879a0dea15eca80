"""What the directory holds now of rights that exist: there, gone, or not known. Decides nothing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection

from provisioning.assessments import reading as assessments_reading
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError
from provisioning.models import Grant
from provisioning.rules import removal
from provisioning.rules.hsa import Answer, Attribute, HsaId
from provisioning.rules.removal import StoredValue
from provisioning.rules.services import catalogue


def held_now(grants: Collection[Grant]) -> dict[int, Answer]:
    """For each grant whether what it rests on stands in the directory. All are read in one go."""
    with_role = [grant for grant in grants if _rests_on_role(grant)]
    found = _roles(with_role)
    return found | _by_readings([grant for grant in grants if grant.pk not in found])


def _rests_on_role(grant: Grant) -> bool:
    right = grant.right
    return right.level is catalogue.entitlement(right.service).role_level


def _roles(grants: Collection[Grant]) -> dict[int, Answer]:
    places = {(grant.person_dn, Attribute.SYSTEM_ROLE) for grant in grants if grant.person_dn}
    if not places:
        return {}
    try:
        values = open_directory().values(places)
    except DirectoryError:
        return {grant.pk: Answer.UNKNOWN for grant in grants}
    answers = {}
    for grant in grants:
        held = values.get((grant.person_dn, Attribute.SYSTEM_ROLE))
        roles = [StoredValue(grant.person_dn, Attribute.SYSTEM_ROLE, value) for value in held or ()]
        # Otherwise it is read by its ids: the entry may have moved, or the unit's id be spelled anew.
        if any(removal.needs(grant.right, role) for role in roles):
            answers[grant.pk] = Answer.YES
    return answers


def _by_readings(grants: Collection[Grant]) -> dict[int, Answer]:
    wanted: defaultdict[HsaId, set[HsaId]] = defaultdict(set)
    for grant in grants:
        wanted[grant.subject_id].add(grant.unit_id)
    read = assessments_reading.read_together(wanted)
    readings = {grant.pk: read[grant.subject_id] for grant in grants}
    return {
        grant.pk: removal.stands(grant.right, readings[grant.pk], at=readings[grant.pk].read_at)
        for grant in grants
    }
