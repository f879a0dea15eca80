"""Who is asked in a review: found in the directory, kept as rows so that everybody can see who has it.

Sources: domain §7 (the head of unit or her attesting delegate; for their own rights the head of the nearest
unit above or that head's delegate, never a delegate of their own), §5 and §7 (a process leader: the
provider's mandate).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from provisioning.cases import candidates
from provisioning.cases.candidates import Asked
from provisioning.directory import Directory
from provisioning.mandates import delegates
from provisioning.models import Delegation, Review, Reviewer, ReviewItem
from provisioning.rules.hsa import HsaId


@dataclass(frozen=True, slots=True)
class AskedAbout:
    """Somebody who is asked about everything but their own rights, or about one person's rights alone.

    `is_barred`: never asked about that person's rights: the same human's by another HSA-id, or those of
    somebody who has delegated to them.
    """

    asked: Asked
    only_subject_key: str = ""
    is_barred: bool = False

    @property
    def key(self) -> tuple[str, str]:
        return self.asked.person.hsa_id.folded, self.only_subject_key


def look_up(
    directory: Directory, place: Review, subjects: Iterable[HsaId], *, rungs: int
) -> tuple[AskedAbout, ...]:
    """Who the directory says may review these persons' rights. `rungs`: how many heads further up.

    Raises DirectoryError. An empty answer means that nobody may, and then nothing is decided either.
    """
    if place.is_provider:
        provider = directory.provider(place.unit_id)
        holders = candidates.mandate_holders(directory, provider) if provider else ()
        everybody = candidates.by_own_mandate(holders)
        return (*map(AskedAbout, everybody), *_barred(_own_subjects(directory, everybody, subjects)))
    unit = directory.unit(place.unit_id)
    if unit is None:
        return ()
    everybody = candidates.attesters(directory, unit, subject_id=None, rungs=rungs)
    own = _own_subjects(directory, everybody, subjects)
    ids = {one.person.hsa_id for one in everybody}
    found = [*map(AskedAbout, everybody), *_barred(own)]
    for subject_id in dict.fromkeys(subject_id for _asked, subject_id in own):
        others = candidates.attesters(directory, unit, subject_id=subject_id, rungs=rungs)
        found += [AskedAbout(one, subject_id.folded) for one in others if one.person.hsa_id not in ids]
    return tuple(found)


def _own_subjects(
    directory: Directory, everybody: Iterable[Asked], subjects: Iterable[HsaId]
) -> list[tuple[Asked, HsaId]]:
    """Who of those asked is one of the persons it is about, or their delegate, by whichever HSA-id."""
    reviewed, asked = set(subjects), list(everybody)
    own_ids = directory.identities(one.person.hsa_id for one in asked)
    return [
        (one, subject_id)
        for one in asked
        for subject_id in sorted(_about_whom_not(directory, own_ids[one.person.hsa_id]) & reviewed, key=str)
    ]


def _about_whom_not(directory: Directory, own_ids: frozenset[HsaId]) -> frozenset[HsaId]:
    return own_ids | delegates.givers(directory, own_ids)


def _barred(own: Iterable[tuple[Asked, HsaId]]) -> Iterator[AskedAbout]:
    """The same HSA-id needs no row: nobody decides upon that anyway."""
    for one, subject_id in own:
        if one.person.hsa_id != subject_id:
            yield AskedAbout(one, subject_id.folded, is_barred=True)


def assign(review: Review, found: Sequence[AskedAbout]) -> tuple[int, int]:
    """Bring the rows up to date; returns how many were added and removed. Inside the review's operation.

    An empty answer removes no reviewer. A delegation that was ended since it was looked up gives no row.
    """
    if not found:
        return 0, 0
    pks = [one.asked.delegation.pk for one in found if one.asked.delegation]
    ended = set(Delegation.objects.filter(pk__in=pks).exclude(ended_at=None).values_list("pk", flat=True))
    wanted = {
        one.key: one for one in found if one.asked.delegation is None or one.asked.delegation.pk not in ended
    }
    rows = {(row.person_key, row.only_subject_key): row for row in review.reviewers.all()}
    gone = [row.pk for key, row in rows.items() if key not in wanted or _is_other(row, wanted[key])]
    kept = {key for key, row in rows.items() if row.pk not in gone}
    added = [_row(review, one) for key, one in wanted.items() if key not in kept]
    Reviewer.objects.filter(pk__in=gone).delete()
    Reviewer.objects.bulk_create(added)
    return len(added), len(gone)


def _is_other(row: Reviewer, one: AskedAbout) -> bool:
    delegation_id = one.asked.delegation.pk if one.asked.delegation else None
    return (row.delegation_id, row.is_barred) != (delegation_id, one.is_barred)


def _row(review: Review, one: AskedAbout) -> Reviewer:
    person = one.asked.person
    return Reviewer(
        review=review,
        person_key=person.hsa_id.folded,
        person_hsa_id=person.hsa_id.text,
        person_name="" if person.is_protected else person.name,
        only_subject_key=one.only_subject_key,
        is_barred=one.is_barred,
        delegation=one.asked.delegation,
    )


def row_for(rows: Sequence[Reviewer], item: ReviewItem, person_key: str) -> Reviewer | None:
    """By which row this person may decide on the item, if by any: a mandate of one's own comes first."""
    fitting = [row for row in rows if row.person_key == person_key and may_decide(row, item, rows)]
    return min(fitting, key=lambda row: row.delegation_id is not None, default=None)


def may_decide(row: Reviewer, item: ReviewItem, rows: Iterable[Reviewer]) -> bool:
    """Say whether this row lets its person decide on the item; `rows`: all rows of the review."""
    if item.subject_key == row.person_key or row.only_subject_key not in ("", item.subject_key):
        return False
    return not any(
        other.is_barred and (other.person_key, other.only_subject_key) == (row.person_key, item.subject_key)
        for other in rows
    )


def with_something_left() -> QuerySet[Reviewer]:
    """The rows of those who still have something to decide in an open review."""
    left = ReviewItem.objects.undecided().filter(review=OuterRef("review"))
    barred = Reviewer.objects.filter(
        review=OuterRef("review"), only_subject_key=OuterRef("subject_key"), is_barred=True
    )
    left = left.exclude(subject_key=OuterRef("person_key"))
    left = left.exclude(Exists(barred.filter(person_key=OuterRef(OuterRef("person_key")))))
    about_one = left.filter(subject_key=OuterRef("only_subject_key"))
    return Reviewer.objects.filter(
        Q(only_subject_key="") & Exists(left) | ~Q(only_subject_key="") & Exists(about_one),
        review__state="open",
        is_barred=False,
    ).order_by(F("person_key"), "pk")
