"""Which KIV tasks stand in somebody's work list, and of which tasks they may learn how they went."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from django.db.models import Exists, OuterRef, QuerySet
from django.http import Http404

from provisioning.access.cases import find_to_act, to_carry_out
from provisioning.access.parties import reads
from provisioning.access.removals import find_removal_to_act, to_remove
from provisioning.models import AccessRequest, Reader, Removal, User

_WITH = ("handlers", "questions")


@dataclass(frozen=True, slots=True)
class KivWork:
    """What somebody is to set and to remove in KIV."""

    to_set: QuerySet[AccessRequest]
    to_remove: QuerySet[Removal]

    def only(self, *, unit_key: str = "", service: str = "", order: UUID | None = None) -> KivWork:
        """The same of one unit, of one service, of one order: nothing is removed by an order."""
        wanted = {name: value for name, value in (("unit_key", unit_key), ("service", service)) if value}
        to_set, to_remove = self.to_set.filter(**wanted), self.to_remove.filter(**wanted)
        if order is not None:
            return KivWork(to_set.filter(order__submission=order), to_remove.none())
        return KivWork(to_set, to_remove)


def kiv_work(user: User) -> KivWork:
    """The tasks that wait for this KIV administrator."""
    return KivWork(
        to_carry_out(user).filter(_is_reader(user, "request")),
        to_remove(user).filter(_is_reader(user, "removal")),
    )


def tasks_as_listed() -> tuple[QuerySet[AccessRequest], QuerySet[Removal]]:
    """How the tasks of a page are read once it is known which: with all that a line of them says."""
    requests = AccessRequest.objects.select_related("order__orderer", "line", "taken_by")
    removals = Removal.objects.select_related("grant", "taken_by")
    return requests.prefetch_related(*_WITH), removals.prefetch_related(*_WITH)


def _is_reader(user: User, kind: str) -> Exists:
    return Exists(Reader.objects.filter(**{kind: OuterRef("pk")}, reader_key=user.hsa_key))


def tasks_read(user: User, public_ids: Collection[UUID]) -> list[AccessRequest | Removal]:
    """Those of these requests and removals that this person may read, whether they wait or are over."""
    requests = AccessRequest.objects.select_related("order__orderer", "taken_by", "carried_out_by")
    removals = Removal.objects.select_related("taken_by", "carried_out_by")
    return [
        *requests.filter(reads(user, "request"), public_id__in=public_ids).prefetch_related(*_WITH),
        *removals.filter(reads(user, "removal"), public_id__in=public_ids).prefetch_related(*_WITH),
    ]


def find_case_to_act(user: User, public_id: UUID) -> AccessRequest | Removal:
    """The request or removal of that id in which this person has a part. Raises Http404."""
    try:
        return find_to_act(user, public_id)
    except Http404:
        return find_removal_to_act(user, public_id)
