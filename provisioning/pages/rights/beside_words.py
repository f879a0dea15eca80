"""Rights beside the directory in words: one person after another, for a unit or for one person."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.urls import reverse

from provisioning import access
from provisioning.models import Finding, User
from provisioning.pages import words as pages_words
from provisioning.pages.findings import words as findings_words
from provisioning.pages.rights import words as rights_words
from provisioning.pages.rights.words import GrantLine
from provisioning.rights import find
from provisioning.rights.beside_directory import PersonBeside
from provisioning.rules.drift.differences import Drift
from provisioning.rules.hsa import HsaId


@dataclass(frozen=True, slots=True)
class RightLine:
    """A right, and what the directory says of it. `lost`: why it does not stand there, if so."""

    grant: GrantLine
    lost: str


@dataclass(frozen=True, slots=True)
class OutsideLine:
    """A role value that no right here explains. `url`: the finding about it; empty while there is none."""

    service: str
    value: str
    sentence: str
    url: str


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person with rights here, roles in the directory, or both."""

    name: str
    hsa_id: str  # empty where the person is not to be told apart
    rights: tuple[RightLine, ...]
    outside: tuple[OutsideLine, ...]
    undecided: tuple[str, ...]
    is_read: bool
    agrees: bool
    url: str  # the page of this person's rights; empty where there is no right to read


def lines(viewer: User, people: Collection[PersonBeside]) -> list[PersonLine]:
    """In the order given. Names of protected persons are masked for everybody but themselves."""
    keys = [one.person_id.folded for one in people]
    rows = access.visible_findings(viewer).filter(subject_key__in=keys).exclude(state=Finding.State.OVER)
    known = {(row.subject_key, row.kind, row.value): row for row in rows}
    renewed = find.being_renewed([right.grant for one in people for right in one.rights])
    return [_line(viewer, one, known, renewed) for one in people]


def _line(
    viewer: User,
    one: PersonBeside,
    known: Mapping[tuple[str, str, str], Finding],
    renewed: Collection[int],
) -> PersonLine:
    is_hidden = one.is_protected and viewer.hsa_key != one.person_id.folded
    first = one.rights[0].grant if one.rights else None
    return PersonLine(
        name=str(pages_words.MASKED) if is_hidden else one.name or one.person_id.text,
        hsa_id="" if is_hidden else one.person_id.text,
        rights=tuple(
            RightLine(
                rights_words.grant_line(viewer, right.grant, right.now, renewed),
                findings_words.sentence(right.lost) if right.lost else "",
            )
            for right in one.rights
        ),
        outside=tuple(_outside(one.person_id, drift, known) for drift in one.outside),
        undecided=one.undecided,
        is_read=one.is_read,
        agrees=one.agrees,
        url=reverse("beside_person", args=[first.public_id]) if first else "",
    )


def _outside(person_id: HsaId, drift: Drift, known: Mapping[tuple[str, str, str], Finding]) -> OutsideLine:
    row = known.get((person_id.folded, drift.kind.value, drift.value[:300]))
    return OutsideLine(
        service=pages_words.service_name(drift.service.value),
        value=drift.value,
        sentence=findings_words.sentence(drift.kind),
        url=reverse("finding", args=[row.public_id]) if row else "",
    )
