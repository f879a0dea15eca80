"""Rights beside what the directory holds now, person by person: for a unit, a care provider, or one person.

Shows, and decides nothing. A page makes the same comparison as the sweep (`rules.drift`), so that it shows a
right that has lost its ground before anybody has been told.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from provisioning.directory import Directory
from provisioning.models import Grant
from provisioning.rights import tracked_person
from provisioning.rights.tracked_person import Tracked
from provisioning.rules import removal
from provisioning.rules.drift.compare import PARTS
from provisioning.rules.drift.differences import Drift, DriftKind
from provisioning.rules.hsa import Answer, Attribute, HsaId, Reading
from provisioning.rules.removal import StoredValue
from provisioning.rules.services import catalogue


@dataclass(frozen=True, slots=True)
class RightBeside:
    """One right: whether what it rests on is in the directory, and what has taken its ground away."""

    grant: Grant
    now: Answer
    lost: DriftKind | None


@dataclass(frozen=True, slots=True)
class PersonBeside:
    """One person's rights beside the directory.

    `outside`: role values that no right here explains, and what is the matter with each; `undecided`: those
    of which that cannot be said, because a date or an entry they rest on could not be read.
    """

    person_id: HsaId
    name: str  # empty where neither knows it
    is_protected: bool
    rights: tuple[RightBeside, ...]
    outside: tuple[Drift, ...]
    undecided: tuple[str, ...]
    is_read: bool  # False: something of this person could not be read, so that nothing is known of it
    read_at: datetime

    @property
    def agrees(self) -> bool:
        return (
            self.is_read
            and not (self.outside or self.undecided)
            and all(one.lost is None for one in self.rights)
        )


def holders(directory: Directory, place_ids: Collection[HsaId]) -> list[HsaId]:
    """Whom the directory gives a role that names one of these units or providers. Raises DirectoryError."""
    return list(dict.fromkeys(one for place in place_ids for one in directory.holders_naming(place)))


def beside(
    directory: Directory,
    person_ids: Collection[HsaId],
    *,
    grants: Collection[Grant],
    place_ids: Collection[HsaId] | None,
) -> list[PersonBeside]:
    """Read these persons now. `grants`: the rights to show; all others they have explain values all the same.

    `place_ids`: of role values outside the tool only those that name one of these; None: all of them.
    Raises DirectoryError when the directory does not answer.
    """
    tracked = {one.person_id: one for one in tracked_person.load(person_ids)}
    readings = directory.read_many((one.person_id, one.place_ids) for one in tracked.values())
    return [_beside(tracked[reading.person_id], reading, grants, place_ids) for reading in readings]


def _beside(
    one: Tracked, reading: Reading, grants: Collection[Grant], place_ids: Collection[HsaId] | None
) -> PersonBeside:
    found = one.compare(reading)
    shown = [grant for grant in grants if grant.subject_key == one.person_id.folded]
    lost = {
        (drift.service.value, drift.level.value, drift.unit_id): drift.kind
        for drift in found.found
        if drift.right is not None
    }
    outside = tuple(
        drift
        for drift in found.found
        if drift.right is None and (place_ids is None or drift.unit_id in place_ids)
    )
    unexplained = _unexplained(one, reading, place_ids)
    person = reading.person
    known = next(iter(one.grants), None)
    return PersonBeside(
        person_id=one.person_id,
        name=person.name if person else (known.subject_name if known else ""),
        is_protected=person.is_protected if person else bool(known and known.subject_is_protected),
        rights=tuple(
            RightBeside(
                grant,
                removal.stands(grant.right, reading, at=reading.read_at),
                lost.get((grant.service, grant.level, grant.unit_id)),
            )
            for grant in shown
        ),
        outside=outside,
        undecided=tuple(sorted(unexplained - {drift.value for drift in outside})),
        is_read=reading.is_readable(*PARTS),
        read_at=reading.read_at,
    )


def _unexplained(one: Tracked, reading: Reading, place_ids: Collection[HsaId] | None) -> set[str]:
    """Role values of these services (for these places) that belong to no right, whatever is the matter."""
    person = reading.person
    if person is None:
        return set()
    rights = [*one.rights, *one.explained]
    return {
        value
        for value in person.system_roles
        if any(place_ids is None or named in place_ids for named in catalogue.ids_named_in(value))
        and not any(
            removal.needs(right, StoredValue(person.dn, Attribute.SYSTEM_ROLE, value)) for right in rights
        )
    }


def silent(grants: Collection[Grant], person_ids: Collection[HsaId], *, at: datetime) -> list[PersonBeside]:
    """What can be shown while the directory does not answer: the rights, and that nothing is known."""
    found = []
    for person_id in person_ids:
        shown = [grant for grant in grants if grant.subject_key == person_id.folded]
        found.append(
            PersonBeside(
                person_id=person_id,
                name=next((grant.subject_name for grant in shown), ""),
                is_protected=any(grant.subject_is_protected for grant in shown),
                rights=tuple(RightBeside(grant, Answer.UNKNOWN, None) for grant in shown),
                outside=(),
                undecided=(),
                is_read=False,
                read_at=at,
            )
        )
    return found
