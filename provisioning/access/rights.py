"""Who may see, end and prolong a right. Source: domain §7."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from django.db.models import Exists, OuterRef
from django.shortcuts import get_object_or_404

from provisioning import dates
from provisioning.access import parties
from provisioning.access.parties import (
    few_or,
    is_there_about_others,
    listed,
    reads,
    reads_more,
    reads_of_many,
)
from provisioning.mandates import current
from provisioning.models import AccessRequest, Grant, GrantQuerySet, Notice, Removal, User
from provisioning.rights import may
from provisioning.rights.find import RIGHT
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import Level
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.right import GrantState

# The first notice may move over days off.
ENDS_WITHIN = timedelta(days=max(deadlines.NOTICE_DAYS) + 14)


def visible_grants(user: User) -> GrantQuerySet:
    """The rights this person may read: own ones, those on own units, those one ordered or attested."""
    return _with_people() if user.is_auditor else _with_people().filter(reads(user, "grant"))


def searched_grants(user: User) -> GrantQuerySet:
    """The same, to be searched or listed among all."""
    return _with_people() if user.is_auditor else _with_people().filter(reads_of_many(user, "grant"))


def _with_people() -> GrantQuerySet:
    return Grant.objects.select_related("origin__order__orderer", "origin__line", "let_end_by")


def listed_grants(user: User, *, lives: bool, only_own: bool) -> GrantQuerySet:
    """The rights of a list: those that live, or those that have ended."""
    rows = _with_people()
    rows = rows.living() if lives else rows.filter(state=GrantState.ENDED.value)
    if user.is_auditor and not only_own:
        return rows
    numbers = listed(user, "grant", is_open=lives, only_own=only_own)
    return rows.filter(pk__in=few_or(numbers.values_list("grant_id", flat=True), numbers))


def reads_more_grants(user: User) -> bool:
    """Say whether the person may read rights beside their own."""
    if not user.is_auditor:
        return reads_more(user, "grant")
    return is_there_about_others(user, Grant.objects.all())


def find_grant(user: User, public_id: UUID) -> Grant:
    """The right, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_grants(user), public_id=public_id)


def ending_soon(user: User) -> GrantQuerySet:
    """Rights in force that end soon, that nobody has decided on, and that this person may order anew or end.

    Own ones, those on units the person is head of, those where a head has delegated ordering, and those of a
    provider whose mandate the person holds; also those that the person ordered and was told of. Not those
    that are let to end, nor those that an open order would prolong.
    """
    mandates = current.for_display(user)
    today = dates.today()
    unit_ids = mandates.unit_ids.union(
        *(one.unit_ids for one in mandates.delegated if one.kind is Delegable.ORDERING)
    )
    providers = [one.folded for one in mandates.provider_ids(user)]
    told = Notice.objects.filter(recipient_key=user.hsa_key)
    ordered = AccessRequest.objects.exclude(grant=None).filter(order__orderer=user)
    renewal = AccessRequest.objects.open().filter(**{name: OuterRef(name) for name in RIGHT})
    ends = (
        Grant.objects.active()
        .order_by()
        .filter(let_end_at=None, ends_on__gte=today, ends_on__lte=today + ENDS_WITHIN)
    )
    # Each part is answered by an index of its own; by one condition with “or” all that end are read.
    mine = ends.filter(subject_key=user.hsa_key).values("pk")
    mine = mine.union(
        ends.filter(unit_key__in=[one.folded for one in unit_ids])
        .exclude(level=Level.PROVIDER.value)
        .values("pk"),
        ends.filter(unit_key__in=providers, level=Level.PROVIDER.value).values("pk"),
        ends.filter(pk__in=told.values("grant")).filter(pk__in=ordered.values("grant")).values("pk"),
    )
    return Grant.objects.filter(pk__in=mine).exclude(Exists(renewal)).order_by("ends_on", "pk")


def may_order_anew(user: User, grant: Grant) -> bool:
    """Say whether pages offer to prolong the right: its holder, and those who order there. Domain §7."""
    if user.hsa_key == grant.subject_key:
        return True
    mandates = current.for_display(user)
    if grant.level == Level.PROVIDER.value:
        return mandates.heads_unit_of(grant.unit_id)
    is_delegate = mandates.delegated_for(Delegable.ORDERING, grant.unit_id) is not None
    return is_delegate or grant.unit_id in mandates.unit_ids


def may_end(user: User, grant: Grant) -> bool:
    """Say whether pages offer to end the right: to the person, and to the head of its unit."""
    return grant.current_state is GrantState.ACTIVE and is_theirs_to_end(user, grant)


def is_theirs_to_end(user: User, grant: Grant) -> bool:
    """Whose act it is, be it too late or not."""
    return user.hsa_key == grant.subject_key or may.may_manage(grant, current.for_display(user), user)


def may_read(user: User, about: AccessRequest | Grant | Removal) -> bool:
    """What a document about one person may show this reader of the person: name, HSA-id and free text."""
    if isinstance(about, AccessRequest):
        return parties.may_read_name(user, about)
    return may_read_subject(user, about)


def may_read_subject(user: User, about: Grant | Removal) -> bool:
    """Say whether the person's name is shown: a protected person's only to who handles the right."""
    if not about.subject_is_protected or user.hsa_key == about.subject_key:
        return True
    grant = about if isinstance(about, Grant) else about.grant
    if grant is not None and any(parties.may_read_name(user, request) for request in grant.requests.all()):
        return True
    if isinstance(about, Grant):
        return False
    is_handler = about.handlers.filter(person_key=user.hsa_key).exists()
    return is_handler or user.hsa_key in (about.started_by_id, about.carried_out_by_id)
