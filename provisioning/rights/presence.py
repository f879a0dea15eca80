"""What the directory holds now of rights that exist: there, gone, or not known. Decides nothing."""

from __future__ import annotations

from collections.abc import Collection

from provisioning.assessments import reading as assessments_reading
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError
from provisioning.models import Grant
from provisioning.rules import removal
from provisioning.rules.hsa import Answer, Attribute
from provisioning.rules.removal import StoredValue
from provisioning.rules.services import catalogue


def held_now(grants: Collection[Grant]) -> dict[int, Answer]:
    """For each grant whether what it rests on stands in the directory. System roles are read in one go."""
    with_role = [grant for grant in grants if _rests_on_role(grant)]
    found = _roles(with_role)
    for grant in grants:
        if grant.pk not in found:
            found[grant.pk] = _by_reading(grant)
    return found


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


def _by_reading(grant: Grant) -> Answer:
    reading = assessments_reading.read_for(grant.ordered_access)
    return removal.stands(grant.right, reading, at=reading.read_at)
