"""Who may see and do what. Every view, list, file and link asks here; objects are fetched only here.

Not visible means not there: `visible_*` leave the row out and `find_*` raise Http404. What somebody may
*do* is asked again, with mandates read fresh from the directory, by the operation itself.
Source: domain §7.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.shortcuts import get_object_or_404

from provisioning import dates, grants, mandates
from provisioning.finding_models import Finding
from provisioning.grant_models import Grant, GrantQuerySet, Notice, Removal
from provisioning.mandates import Mandates
from provisioning.models import (
    AccessRequest,
    AuditEntry,
    Delegation,
    Handler,
    HandlerRole,
    OutgoingMessage,
    User,
)
from provisioning.notifications import Kind
from provisioning.review_models import Review, ReviewItem
from provisioning.rules import deadlines
from provisioning.rules.drift import Owner
from provisioning.rules.hsa import HsaId, Level
from provisioning.rules.lifecycle import UNATTESTED, State
from provisioning.rules.mandates import Kind as Delegable
from provisioning.rules.right_lifecycle import GrantState, RemovalState

# The first notice may move over days off.
ENDS_WITHIN = timedelta(days=max(deadlines.NOTICE_DAYS) + 14)
_ASKING = (Kind.ATTEST.value, Kind.KIV.value, Kind.KIV_RETURNED.value, Kind.REMINDER.value)


def visible_requests(user: User) -> QuerySet[AccessRequest]:
    """The requests this person may read."""
    return _with_people() if user.is_auditor else _of_own(user)


def find_request(user: User, public_id: UUID) -> AccessRequest:
    """The request, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_requests(user), public_id=public_id)


def find_to_act(user: User, public_id: UUID) -> AccessRequest:
    """The request, if this person has a part in it: who reads it only as an auditor finds no page to act on.

    Raises Http404.
    """
    return get_object_or_404(_of_own(user), public_id=public_id)


def sent_before(user: User, submission: UUID) -> AccessRequest | None:
    """The first request of the order this form made when it was sent before; None if it never was."""
    rows = visible_requests(user).filter(order__orderer=user, order__submission=submission)
    return rows.order_by("position").first()


def own_requests(user: User) -> QuerySet[AccessRequest]:
    """Requests the person ordered or is the subject of."""
    return visible_requests(user).filter(Q(order__orderer=user) | Q(subject_key=user.hsa_key))


def to_attest(user: User) -> QuerySet[AccessRequest]:
    """Requests that wait for this person's decision."""
    roles = (HandlerRole.ATTESTER, HandlerRole.SECOND_ATTESTER)
    return _handled(user, *roles).filter(state__in=UNATTESTED)


def to_carry_out(user: User) -> QuerySet[AccessRequest]:
    """KIV tasks this person may carry out."""
    return _handled(user, HandlerRole.KIV_ADMINISTRATOR).filter(state=State.AWAITING_KIV.value)


def to_choose(user: User) -> QuerySet[AccessRequest]:
    """Requests in which this orderer must choose how to go on."""
    return visible_requests(user).filter(order__orderer=user, state=State.AWAITING_CHOICE.value)


def may_read_name(user: User, request: AccessRequest) -> bool:
    """Say whether the subject's name is shown: a protected person's only to who handles the case."""
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
    if not actor.is_protected or user.hsa_key == actor.hsa_key:
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


def may_withdraw(user: User, request: AccessRequest) -> bool:
    """The orderer and the subject may withdraw a request for as long as it is open."""
    return request.is_open and user.hsa_key in (request.order.orderer_id, request.subject_key)


def may_remind(user: User, request: AccessRequest) -> bool:
    """The orderer and the subject may remind whoever else has the request."""
    if user.hsa_key not in (request.order.orderer_id, request.subject_key):
        return False
    if request.current_state is State.AWAITING_CHOICE:
        return user.hsa_key != request.order.orderer_id
    return any(handler.person_key != user.hsa_key for handler in request.handlers.all())


def visible_delegations(user: User) -> QuerySet[Delegation]:
    """Delegations this person may read: given, received, and those on units the person is head of now."""
    rows = Delegation.objects.select_related("principal", "delegate", "ended_by")
    if user.is_auditor:
        return rows
    keys = [unit_id.folded for unit_id in mandates.for_display(user).unit_ids]
    return rows.filter(Q(principal=user) | Q(delegate=user) | Q(unit_key__in=keys))


def find_delegation(user: User, public_id: UUID) -> Delegation:
    """The delegation, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_delegations(user), public_id=public_id)


def may_revoke(user: User, delegation: Delegation) -> bool:
    """Say whether a way to end it is shown. The operation asks again, with mandates read fresh."""
    if delegation.ended_at is not None:
        return False
    if user.hsa_key in (delegation.principal_id, delegation.delegate_id):
        return True
    return delegation.unit_id in mandates.for_display(user).unit_ids


def may_read_party(user: User, person: User, delegation: Delegation) -> bool:
    """Say whether a name in a delegation is shown: a protected person's only to the two it is between."""
    return not person.is_protected or user.hsa_key in (delegation.principal_id, delegation.delegate_id)


def visible_history(user: User, request: AccessRequest) -> QuerySet[AuditEntry]:
    """The facts about a request that its readers see: everything that happened to it and to its order."""
    return AuditEntry.objects.filter(
        Q(request=request) | Q(order=request.order, request=None)
    ).select_related("actor", "principal")


def visible_reviews(user: User) -> QuerySet[Review]:
    """Reviews this person may read: asked in, decided in, or of units the person is head of now."""
    rows = Review.objects.select_related("opened_by")
    if user.is_auditor:
        return rows
    is_party = Q(reviewers__person_key=user.hsa_key) | Q(items__reviewer=user) | Q(items__reviewed_for=user)
    return rows.filter(is_party | _is_head(user, mandates.for_display(user))).distinct()


def find_review(user: User, public_id: UUID) -> Review:
    """The review, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_reviews(user), public_id=public_id)


def overseen_reviews(user: User) -> QuerySet[Review]:
    """Reviews whose course this person may follow: all, for auditors and operators; else those started."""
    rows = Review.objects.select_related("opened_by")
    return rows if user.is_auditor or user.is_operator else rows.filter(opened_by=user)


def find_overseen_review(user: User, public_id: UUID) -> Review:
    """The review, if this person may follow its course. Raises Http404."""
    return get_object_or_404(overseen_reviews(user), public_id=public_id)


def to_review(user: User) -> QuerySet[ReviewItem]:
    """Rights that wait for this person's decision in a review: never the person's own."""
    return ReviewItem.objects.undecided().waiting_for(user.hsa_key)


def visible_items(user: User, review: Review) -> QuerySet[ReviewItem]:
    """What of a review this person may read: all as auditor, head or reviewer of it all; else own part."""
    rows = review.items.select_related("grant__origin__order", "reviewer", "reviewed_for")
    held = mandates.for_display(user)
    is_head = review.unit_id in held.unit_ids | held.provider_ids(user)
    has_all = review.reviewers.filter(person_key=user.hsa_key, only_subject_key="").exists()
    if user.is_auditor or is_head or has_all:
        return rows
    own = Q(reviewer=user) | Q(reviewed_for=user) | Q(pk__in=to_review(user).values("pk"))
    return rows.filter(own)


def may_begin_review(user: User) -> bool:
    """Say whether a way to start one is shown. The operation asks again, with mandates read fresh."""
    held = mandates.for_display(user)
    return user.is_auditor or held.is_head_of_unit or bool(held.provider_ids(user))


def rights_to_review(user: User, held: Mandates) -> QuerySet[Grant]:
    """The rights whose units this person may start a review of, with the mandates read just now."""
    rows = Grant.objects.active()
    return rows if user.is_auditor else rows.filter(_is_head(user, held))


def visible_findings(user: User) -> QuerySet[Finding]:
    """Findings this person may read: those to settle, by the mandates held now. Never about oneself."""
    rows = Finding.objects.select_related("request__order", "removal", "grant")
    if user.is_auditor:
        return rows
    held = mandates.for_display(user)
    keys = [one.folded for one in held.unit_ids]
    providers = [one.folded for one in held.provider_ids(user)]
    mine = Q(unit_key__in=keys) | Q(level=Level.PROVIDER.value, unit_key__in=providers)
    for dn in held.managed_dns:
        mine |= Q(owner=Owner.KIV_ADMINISTRATOR.value) & _at_or_below(dn)
    for dn in held.headed_dns:
        mine |= Q(passed_to=Finding.PassedTo.ABOVE.value) & _at_or_below(dn)
    whose = ~Q(owner=Owner.OPERATORS.value) & mine
    if user.is_operator:
        whose |= Q(owner=Owner.OPERATORS.value) | Q(passed_to=Finding.PassedTo.OPERATORS.value)
    return rows.filter(whose).exclude(subject_key__in=[one.folded for one in held.ids_of(user.identity)])


def _at_or_below(dn: str) -> Q:
    return Q(unit_dn__iexact=dn) | Q(unit_dn__iendswith="," + dn)


def find_finding(user: User, public_id: UUID) -> Finding:
    """The finding, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_findings(user), public_id=public_id)


def to_settle(user: User) -> QuerySet[Finding]:
    """Findings that wait for this person. An auditor reads them and settles none."""
    rows = visible_findings(user).filter(state=Finding.State.OPEN)
    return rows.none() if user.is_auditor and not user.is_operator else rows


def may_read_messages(user: User) -> bool:
    """The list of messages is for those who run the tool, and for auditors."""
    return user.is_operator or user.is_auditor


def visible_messages(user: User) -> QuerySet[OutgoingMessage]:
    """Messages with their delivery state: for operators and auditors."""
    rows = OutgoingMessage.objects.select_related("request__order", "removal", "cause")
    return rows if may_read_messages(user) else rows.none()


def find_message(user: User, uuid: UUID) -> OutgoingMessage:
    """The message, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_messages(user), uuid=uuid)


def may_resend(user: User) -> bool:
    """Operators send failed messages again; auditors change nothing."""
    return user.is_operator


def _handled(user: User, *roles: HandlerRole) -> QuerySet[AccessRequest]:
    return (
        AccessRequest.objects.select_related("order__orderer")
        .filter(handlers__person_key=user.hsa_key, handlers__role__in=roles)
        .distinct()
    )


def _with_people() -> QuerySet[AccessRequest]:
    return AccessRequest.objects.select_related(
        "order__orderer", "ordered_for", "attester", "attested_for", "second_attester", "carried_out_by"
    )


def _of_own(user: User) -> QuerySet[AccessRequest]:
    """What somebody has a part in, or is head of the unit of."""
    return _with_people().filter(_is_party(user) | _is_head(user, mandates.for_display(user))).distinct()


def _is_party(user: User) -> Q:
    return (
        Q(order__orderer=user)
        | Q(subject_key=user.hsa_key)
        | Q(attester=user)
        | Q(ordered_for=user)
        | Q(attested_for=user)
        | Q(second_attester=user)
        | Q(carried_out_by=user)
        | Q(handlers__person_key=user.hsa_key)
        | Q(pk__in=_asked_for(user))
    )


def _asked_for(user: User) -> QuerySet[OutgoingMessage, Any]:
    """Requests somebody was asked to act on: the mail's link must not end when another one was faster."""
    messages = OutgoingMessage.objects.filter(recipient_key=user.hsa_key, kind__in=_ASKING)
    return messages.exclude(request=None).values("request")


def _is_head(user: User, held: Mandates) -> Q:
    return Q(unit_key__in=[one.folded for one in held.unit_ids | held.provider_ids(user)])


# -- rights and their removals -------------------------------------------------------------------------------


def visible_grants(user: User) -> GrantQuerySet:
    """The rights this person may read: own ones, those on own units, those one ordered or attested."""
    rows = Grant.objects.select_related("origin__order__orderer", "let_end_by")
    if user.is_auditor:
        return rows
    acted = AccessRequest.objects.exclude(grant=None).filter(
        Q(order__orderer=user) | Q(attester=user) | Q(attested_for=user) | Q(second_attester=user)
    )
    mine = Q(subject_key=user.hsa_key) | Q(pk__in=acted.values("grant"))
    return rows.filter(mine | _is_head(user, mandates.for_display(user)))


def find_grant(user: User, public_id: UUID) -> Grant:
    """The right, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_grants(user), public_id=public_id)


def ending_soon(user: User) -> GrantQuerySet:
    """Rights in force that end soon, that nobody has decided on, and that this person may order anew or end.

    Own ones, those on units the person is head of, those where a head has delegated ordering, and those of a
    provider whose mandate the person holds; also those that the person ordered and was told of. Not those
    that are let to end, nor those that an open order would prolong.
    """
    held = mandates.for_display(user)
    today = dates.today()
    unit_ids = held.unit_ids.union(
        *(one.unit_ids for one in held.delegated if one.kind is Delegable.ORDERING)
    )
    providers = [one.folded for one in held.provider_ids(user)]
    on_units = Q(unit_key__in=[one.folded for one in unit_ids]) & ~Q(level=Level.PROVIDER.value)
    mine = Q(subject_key=user.hsa_key) | on_units
    mine |= Q(unit_key__in=providers, level=Level.PROVIDER.value)
    told = Notice.objects.filter(recipient_key=user.hsa_key)
    ordered = AccessRequest.objects.exclude(grant=None).filter(order__orderer=user)
    mine |= Q(pk__in=told.values("grant")) & Q(pk__in=ordered.values("grant"))
    renewal = AccessRequest.objects.open().filter(**{name: OuterRef(name) for name in grants.RIGHT})
    rows = Grant.objects.active().filter(
        let_end_at=None, ends_on__gte=today, ends_on__lte=today + ENDS_WITHIN
    )
    return rows.filter(mine).exclude(Exists(renewal)).order_by("ends_on", "pk")


def may_order_anew(user: User, grant: Grant) -> bool:
    """Say whether pages offer to prolong the right: to whom it is, and to who orders there. Domain §7."""
    if user.hsa_key == grant.subject_key:
        return True
    held = mandates.for_display(user)
    if grant.level == Level.PROVIDER.value:
        return held.heads_unit_of(grant.unit_id)
    is_delegate = held.delegated_for(Delegable.ORDERING, grant.unit_id) is not None
    return is_delegate or grant.unit_id in held.unit_ids


def may_read_place(user: User, place_id: HsaId) -> bool:
    """Say whether this person may read all rights on a unit or care provider: its head now, or an auditor."""
    held = mandates.for_display(user)
    return user.is_auditor or place_id in held.unit_ids or held.is_of_provider(place_id, user)


@dataclass(frozen=True, slots=True)
class Place:
    """A unit or care provider in a menu."""

    hsa_id: HsaId
    name: str


def places_to_read(user: User) -> tuple[Place, ...]:
    """The units and care providers whose rights are this person's to follow, for a menu of them."""
    held = mandates.for_display(user)
    units = [Place(unit.hsa_id, unit.name) for unit in held.units]
    providers = {provider.hsa_id: provider.name for provider in held.providers}
    ids = sorted(held.provider_ids(user), key=str)
    return (*units, *(Place(one, providers.get(one) or _name_known_here(one)) for one in ids))


def _name_known_here(place_id: HsaId) -> str:
    """By the latest right there; the HSA-id where there has been none."""
    latest = Grant.objects.filter(unit_key=place_id.folded).first()
    return latest.unit_name if latest is not None and latest.unit_name else place_id.text


def places_of_grant_subject(user: User, grant: Grant) -> frozenset[HsaId] | None:
    """Where this person may read about the holder of a right; None: everywhere."""
    if user.is_auditor or user.hsa_key == grant.subject_key:
        return None
    held = mandates.for_display(user)
    return held.unit_ids | held.provider_ids(user)


def visible_removals(user: User) -> QuerySet[Removal]:
    """The removals this person may read: who it concerns, who has or had to do with it, the head of unit."""
    return _removals() if user.is_auditor else _removals_of_own(user)


def find_removal_to_act(user: User, public_id: UUID) -> Removal:
    """The removal, if this person has a part in it: an auditor finds no page to act on. Raises Http404."""
    return get_object_or_404(_removals_of_own(user), public_id=public_id)


def _removals() -> QuerySet[Removal]:
    return Removal.objects.select_related("grant__origin__order__orderer", "started_by", "carried_out_by")


def _removals_of_own(user: User) -> QuerySet[Removal]:
    """What somebody has or had to do with, or is head of the unit of."""
    told = OutgoingMessage.objects.filter(recipient_key=user.hsa_key).exclude(removal=None)
    part = (
        Q(subject_key=user.hsa_key)
        | Q(started_by=user)
        | Q(carried_out_by=user)
        | Q(pk__in=Handler.objects.filter(person_key=user.hsa_key).exclude(removal=None).values("removal"))
        | Q(pk__in=told.values("removal"))
    )
    return _removals().filter(part | _is_head(user, mandates.for_display(user)))


def find_removal(user: User, public_id: UUID) -> Removal:
    """The removal, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_removals(user), public_id=public_id)


def to_remove(user: User) -> QuerySet[Removal]:
    """Removal tasks that this KIV administrator may carry out."""
    waiting = Handler.objects.filter(person_key=user.hsa_key).exclude(removal=None)
    return Removal.objects.filter(state=RemovalState.AWAITING_KIV.value, pk__in=waiting.values("removal"))


def may_end(user: User, grant: Grant) -> bool:
    """Say whether pages offer to end the right: to the person, and to the head of its unit."""
    return grant.current_state is GrantState.ACTIVE and is_theirs_to_end(user, grant)


def is_theirs_to_end(user: User, grant: Grant) -> bool:
    """Whose act it is, be it too late or not."""
    return user.hsa_key == grant.subject_key or grants.may_manage(grant, mandates.for_display(user), user)


def may_take_back(user: User, removal: Removal) -> bool:
    """Say whether pages offer to take the removal back: who started it; where a sweep did, the head."""
    if removal.current_state not in (RemovalState.LOOKING, RemovalState.AWAITING_KIV):
        return False
    if removal.grant is not None and deadlines.has_ended(removal.grant.ends_on, on=dates.today()):
        return False
    return is_theirs_to_take_back(user, removal)


def is_theirs_to_take_back(user: User, removal: Removal) -> bool:
    """Whose act it is, be it too late or not."""
    held = mandates.for_display(user)
    if not held.is_known:
        return removal.started_by_id == user.hsa_key  # the act asks the directory itself, and says so
    return grants.may_take_back(removal, held, user)


def may_read_subject(user: User, about: Grant | Removal) -> bool:
    """Say whether the person's name is shown: a protected person's only to who handles the right."""
    if not about.subject_is_protected or user.hsa_key == about.subject_key:
        return True
    grant = about if isinstance(about, Grant) else about.grant
    if grant is not None and any(may_read_name(user, request) for request in grant.requests.all()):
        return True
    if isinstance(about, Grant):
        return False
    is_handler = about.handlers.filter(person_key=user.hsa_key).exists()
    return is_handler or user.hsa_key in (about.started_by_id, about.carried_out_by_id)


def history_of(about: Grant | Removal) -> QuerySet[AuditEntry]:
    """The facts about a right with all its removals, or about one removal."""
    ids = [about.public_id]
    if isinstance(about, Grant):
        ids += about.removals.values_list("public_id", flat=True)
    return AuditEntry.objects.filter(about__in=ids).select_related("actor", "principal")
