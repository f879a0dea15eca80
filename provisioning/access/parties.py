"""Who is party to a case, and which names a party may read. Source: domain §7."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.models import (
    AccessRequest,
    AccessRequestQuerySet,
    AuditEntry,
    Grant,
    Handler,
    HandlerRole,
    Reader,
    Removal,
    User,
)

FEW = 5_000  # so many numbers a query bears to be told


def may_read_name(user: User, request: AccessRequest) -> bool:
    """Say whether the subject's name and HSA-id are shown, and what was written about the person.

    A protected person's only to who handles the case: need, risks and reasons tell of the person, too.
    """
    if not request.subject_is_protected:
        return True
    if user.hsa_key == request.subject_key:
        return True
    if user.hsa_key in (request.order.orderer_id, request.attester_id, request.second_attester_id):
        return True
    if user.hsa_key in (request.carried_out_by_id, request.ordered_for_id, request.attested_for_id):
        return True
    return any(handler.person_key == user.hsa_key for handler in request.handlers.all())


def may_read_actor(user: User, actor: User, request: AccessRequest) -> bool:
    """Say whether an actor's name is shown: a protected person's only to the case's own people."""
    if user.hsa_key == actor.hsa_key:
        return True
    if actor.hsa_key == request.subject_key:
        return may_read_name(user, request)
    if not actor.is_protected:
        return True
    own = {
        request.order.orderer_id,
        request.attester_id,
        request.second_attester_id,
        request.carried_out_by_id,
        request.ordered_for_id,
        request.attested_for_id,
    }
    return user.hsa_key in own or any(
        handler.person_key == user.hsa_key for handler in request.handlers.all()
    )


def is_handler(user: User, request: AccessRequest, *roles: HandlerRole) -> bool:
    """Say whether the request waits for this person in one of these roles."""
    return request.handlers.filter(person_key=user.hsa_key, role__in=roles).exists()


def handled(user: User, *roles: HandlerRole) -> QuerySet[AccessRequest]:
    rows = Handler.objects.filter(request=OuterRef("pk"), person_key=user.hsa_key, role__in=roles)
    return AccessRequest.objects.select_related("order__orderer", "line").filter(Exists(rows))


def with_people() -> AccessRequestQuerySet:
    return AccessRequest.objects.select_related(
        *("order__orderer", "line", "ordered_for", "attester", "attested_for", "second_attester"),
        "carried_out_by",
    )


def of_own(user: User) -> AccessRequestQuerySet:
    """What somebody has a part in, or is head of the unit of."""
    return with_people().filter(reads(user, "request"))


def reads(user: User, kind: str) -> Exists:
    """Say of a request, removal or grant that this person reads it: a part in it, or head of its unit."""
    return Exists(Reader.objects.filter(**{kind: OuterRef("pk")}, reader_key__in=reader_keys(user)))


def owns(user: User, kind: str) -> Exists:
    """Say of it that this person ordered or began it, or that it is about them."""
    own = Reader.objects.filter(**{kind: OuterRef("pk")}, reader_key=user.hsa_key, is_own=True)
    return Exists(own)


def reads_of_many(user: User, kind: str) -> Q:
    """The same where many are searched or listed, whatever else narrows or orders them.

    Few are named by their numbers. More are one set, made once: asked row by row, a database that guesses
    wrong how many there are passes by all that are not this person's.
    """
    rows = Reader.objects.filter(**{f"{kind}__isnull": False}, reader_key__in=reader_keys(user))
    numbers = rows.order_by().values_list(f"{kind}_id", flat=True)
    return Q(pk__in=few_or(numbers, numbers.filter(is_open=True).union(numbers.filter(is_open=False))))


def few_or(numbers: QuerySet[Any, Any], many: QuerySet[Any, Any]) -> QuerySet[Any, Any] | list[int]:
    """These numbers where they are few; else `many`, which asks for the same in a query of its own."""
    found = list(numbers[: FEW + 1])
    return found if len(found) <= FEW else many


def reader_keys(user: User) -> list[str]:
    """As whom somebody reads: themselves, and the units and care providers whose head they are now."""
    mandates = current.for_display(user)
    return [user.hsa_key, *sorted(one.folded for one in mandates.unit_ids | mandates.provider_ids(user))]


def listed(user: User, kind: str, *, is_open: bool, only_own: bool) -> QuerySet[Any, Any]:
    """The numbers of what this person reads, each once, under the name `<kind>_id`."""
    rows: Any = Reader.objects.filter(**{f"{kind}__isnull": False}, is_open=is_open)
    if only_own:
        rows = rows.filter(reader_key=user.hsa_key, is_own=True)
    elif len(keys := reader_keys(user)) == 1:
        rows = rows.filter(reader_key=keys[0])
    else:
        rows = rows.filter(reader_key__in=keys).distinct()
    numbers: QuerySet[Any, Any] = rows.values(f"{kind}_id")
    return numbers


def reads_more(user: User, kind: str) -> bool:
    """Say whether there is anything that this person reads and that is not their own."""
    rows = Reader.objects.filter(**{f"{kind}__isnull": False})
    if rows.filter(reader_key=user.hsa_key, is_own=False).exists():
        return True
    own = Reader.objects.filter(**{kind: OuterRef(kind)}, reader_key=user.hsa_key, is_own=True)
    of_units = rows.filter(reader_key__in=reader_keys(user)[1:])
    return of_units.exclude(Exists(own)).exists()


def is_there_about_others(user: User, rows: QuerySet[Any, Any]) -> bool:
    """Say whether any row is about somebody else: two looks that an index answers, as “not” has none."""
    others = Q(subject_key__lt=user.hsa_key), Q(subject_key__gt=user.hsa_key)
    return any(rows.filter(one).exists() for one in others)


def is_head(user: User, mandates: Mandates) -> Q:
    return Q(unit_key__in=[one.folded for one in mandates.unit_ids | mandates.provider_ids(user)])


def history_of(about: Grant | Removal) -> QuerySet[AuditEntry]:
    """The facts about a right with all its removals, or about one removal."""
    ids = [about.public_id]
    if isinstance(about, Grant):
        ids += about.removals.values_list("public_id", flat=True)
    return AuditEntry.objects.filter(about__in=ids).select_related("actor", "principal")
