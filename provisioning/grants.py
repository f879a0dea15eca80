"""Rights that exist: made and prolonged by finished requests, let to run out, ended.

A finished request gives the right, or prolongs the one that stands: from its old last day, never
shorter. Each operation locks the grant before it records anything, and asks nobody: what the
directory said is an argument. Sources: domain §8 (an end date on every right, at most 12 months).
"""

from __future__ import annotations

from datetime import date, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning import audit, dates
from provisioning.audit import Action
from provisioning.errors import NotAllowed, WrongState
from provisioning.grant_models import Grant, Removal
from provisioning.mandates import Mandates
from provisioning.models import AccessRequest, AccessRequestQuerySet, User
from provisioning.right_models import PersonAndPlace
from provisioning.rules import deadlines
from provisioning.rules.hsa import HsaId, Level, Reading, Service
from provisioning.rules.lifecycle import UNATTESTED
from provisioning.rules.mandates import Kind
from provisioning.rules.right_lifecycle import EndCause, GrantState
from provisioning.worker import wake

RIGHT = ("subject_key", "service", "level", "unit_key")  # the columns that tell one right from another


def lock(pk: int) -> Grant:
    """The row, locked until the transaction ends."""
    return Grant.objects.select_for_update(of=("self",)).select_related("origin__order__orderer").get(pk=pk)


def in_force(person_id: HsaId, service: Service, level: Level, unit_id: HsaId) -> Grant | None:
    """The right as it stands, if there is one that is not being ended: what a new order prolongs.

    Not one whose last day has passed, though no sweep has been there yet: the order then begins today.
    """
    right = {"service": service.value, "level": level.value, "unit_key": unit_id.folded}
    rows = Grant.objects.active().filter(subject_key=person_id.folded, **right)
    return rows.filter(ends_on__gte=dates.today()).first()


# -- a finished request --------------------------------------------------------------------------------------


def lock_for(request: AccessRequest) -> Grant | None:
    """The living grant of the request's right, locked. Before anything is recorded in the transaction."""
    return Grant.objects.living().select_for_update().filter(**right_of(request)).first()


def stands(request: AccessRequest) -> bool:
    """Say whether the right that is asked for is in force until then, so that the request prolongs it.

    Not one that is being ended: what is ordered from a later day must not stop its removal today.
    """
    day_before = request.starts_on - timedelta(days=1)
    return Grant.objects.active().filter(**right_of(request), ends_on__gte=day_before).exists()


def record_done(request: AccessRequest, *, reading: Reading) -> Grant:
    """Give the right, or prolong the one that stands. Inside the request's operation, after `lock_for`.

    A right whose time had just run out goes on as if it never had; one that somebody has ended is a
    thing of the past, and the finished request gives a new one.
    """
    standing = lock_for(request)
    person_dn = reading.person.dn if reading.person else ""
    if standing is not None and _goes_on(standing):
        grant = _prolong(standing, request, person_dn)
    else:
        if standing is not None:
            _end(standing)
        grant = _create(request, person_dn)
    request.grant = grant
    request.save(update_fields=["grant"])
    _look_again_at_removals(request)
    return grant


def _goes_on(grant: Grant) -> bool:
    return grant.current_state is GrantState.ACTIVE or grant.end_cause == EndCause.EXPIRY.value


def _prolong(grant: Grant, request: AccessRequest, person_dn: str) -> Grant:
    old_end = grant.ends_on
    grant.ends_on = max(old_end, request.ends_on)
    grant.state, grant.end_cause, grant.state_since = GrantState.ACTIVE.value, "", timezone.now()
    grant.let_end_by, grant.let_end_at, grant.let_end_reason = None, None, ""
    grant.noticed_on = dates.today()
    grant.next_review_on = next_review_on(grant.unit_key, standing=grant)
    grant.unit_hsa_id, grant.unit_name = request.unit_hsa_id, request.unit_name
    grant.unit_dn, grant.person_dn = request.unit_dn, person_dn
    if not request.wanted_unit_hsa_id:
        # For the care unit itself from now on, whatever it was ordered for first.
        grant.wanted_unit_hsa_id, grant.wanted_unit_name = "", ""
    grant.save()
    audit.record(
        Action.GRANT_PROLONGED,
        actor=None,
        request=request,
        about=grant,
        old=old_end.isoformat(),
        new=grant.ends_on.isoformat(),
    )
    return grant


def _create(request: AccessRequest, person_dn: str) -> Grant:
    today = dates.today()
    grant = Grant.objects.create(
        **right_of(request),
        subject_hsa_id=request.subject_hsa_id,
        subject_name=request.subject_name,
        subject_is_protected=request.subject_is_protected,
        unit_hsa_id=request.unit_hsa_id,
        unit_name=request.unit_name,
        unit_dn=request.unit_dn,
        wanted_unit_hsa_id=request.wanted_unit_hsa_id,
        wanted_unit_name=request.wanted_unit_name,
        person_dn=person_dn,
        origin=request,
        starts_on=request.starts_on,
        ends_on=request.ends_on,
        next_review_on=next_review_on(request.unit_key),
        noticed_on=today,
    )
    audit.record(
        Action.GRANT_CREATED,
        actor=None,
        request=request,
        about=grant,
        starts=grant.starts_on.isoformat(),
        ends=grant.ends_on.isoformat(),
    )
    return grant


def right_of(about: PersonAndPlace) -> dict[str, str]:
    """The columns that tell the right it is about from others, to look rows up by."""
    return {name: getattr(about, name) for name in RIGHT}


def _look_again_at_removals(request: AccessRequest) -> None:
    """An open removal of the person's must see at once that its value is needed: of this right, or of none.

    After the commit: the removal's own lock comes before the grant's, so it cannot be touched in here.
    """
    person = request.subject_key
    if Removal.objects.open().filter(subject_key=person).exists():
        transaction.on_commit(lambda: _make_removals_due(person), robust=True)
        wake("workflows.poll_kiv_tasks")


def _make_removals_due(person_key: str) -> None:
    rows = Removal.objects.open().filter(subject_key=person_key, next_poll_at__isnull=False)
    rows.update(next_poll_at=timezone.now())


def next_review_on(unit_key: str, *, standing: Grant | None = None) -> date:
    """When a right on the unit that is given or prolonged today is reviewed: with the unit's other rights.

    `standing`: the right that is prolonged; a review that is far enough away stays where it is. A care
    provider is the unit of its process leaders' rights. See docs/decisions/0010.
    """
    today, settled_days = dates.today(), settings.REVIEW_SETTLED_DAYS
    planned = set(Grant.objects.active().filter(unit_key=unit_key).values_list("next_review_on", flat=True))
    if standing is not None:
        if deadlines.is_settled(standing.next_review_on, on=today, settled_days=settled_days):
            return standing.next_review_on
        planned.add(standing.next_review_on)
    return deadlines.joined_review(
        planned, on=today, settled_days=settled_days, months=settings.REVIEW_EVERY_MONTHS
    )


# -- let it run out ------------------------------------------------------------------------------------------


@transaction.atomic
def let_end(grant_pk: int, *, by: User, held: Mandates, reason: str = "") -> Grant:
    """Decide that the right may run out on its last day: no more notices. Raises NotAllowed, WrongState.

    It takes nothing away before that day, and an order prolongs the right as before.
    """
    grant = lock(grant_pk)
    if by.pk != grant.subject_key and not may_manage(grant, held, by):
        raise NotAllowed(_("Only the head of unit, or the person it concerns, can let the access end."))
    if grant.current_state is not GrantState.ACTIVE or grant.let_end_at is not None:
        raise WrongState
    grant.let_end_by, grant.let_end_at, grant.let_end_reason = by, timezone.now(), reason.strip()
    grant.save(update_fields=["let_end_by", "let_end_at", "let_end_reason"])
    audit.record(
        Action.GRANT_LET_END, actor=by, about=grant, reason=reason.strip(), ends=grant.ends_on.isoformat()
    )
    return grant


def may_manage(grant: Grant, held: Mandates, by: User) -> bool:
    """Say whether the right is this person's to end: head of its unit, or holder of its provider's mandate.

    Never one's own: that is giving a right back, which everybody may. Source: domain §7.
    """
    if by.pk == grant.subject_key:
        return False
    if grant.level == Level.PROVIDER.value:
        return held.is_of_provider(grant.unit_id, by)
    return grant.unit_id in held.unit_ids


def may_take_back(removal: Removal, held: Mandates, by: User) -> bool:
    """Say whether keeping the right after all is this person's: who gave it back, or ended it.

    Whoever ended somebody's right must still hold a mandate there: it is a decision like the first. Where a
    sweep began it because the person seemed to have left or moved, it is the head of unit's. Domain §7.
    """
    grant = removal.grant
    if by.pk == removal.subject_key:
        return removal.started_by_id == by.pk
    if removal.subject_id in held.ids_of(by.identity):
        return False
    if removal.started_by_id is None:
        return grant is not None and is_a_leavers(removal) and may_manage(grant, held, by)
    return removal.started_by_id == by.pk and _may_decide_there(removal, held, by)


def is_a_leavers(removal: Removal) -> bool:
    """Say whether a sweep began it, because the person seemed to have left or moved."""
    return removal.started_by_id is None and removal.cause == EndCause.LEAVER.value


def _may_decide_there(removal: Removal, held: Mandates, by: User) -> bool:
    """By any of the mandates that let somebody end a right: as head, reviewer, delegate or for a finding."""
    if removal.cause == EndCause.FINDING.value and held.administers(removal.unit_dn):
        return True
    if removal.level == Level.PROVIDER.value:
        return held.is_of_provider(removal.unit_id, by)
    if held.delegated_for(Kind.ATTESTING, removal.unit_id) is not None:
        return True
    return held.heads_at_or_above(removal.unit_id, removal.unit_dn)


def record_reviewed(grant: Grant, *, opened_on: date) -> None:
    """Kept at a review that was opened that day. Inside the review's operation, the row locked.

    The next is counted from the opening, so that all that is kept comes up together again, whichever day each
    was decided; from today where the review has lasted so long that the next would come at once.
    """
    today, months = dates.today(), settings.REVIEW_EVERY_MONTHS
    together = deadlines.next_review(opened_on, months=months)
    if deadlines.is_settled(together, on=today, settled_days=settings.REVIEW_SETTLED_DAYS):
        grant.next_review_on = together
    else:
        grant.next_review_on = deadlines.next_review(today, months=months)
    grant.save(update_fields=["next_review_on"])


# -- the end -------------------------------------------------------------------------------------------------


def due_to_end(on: date) -> list[int]:
    """Keys of grants whose last day has passed, or whose removal must be (re)started."""
    passed = Grant.objects.active().filter(ends_on__lt=on)
    left = Grant.objects.filter(state=GrantState.ENDING.value).exclude(
        pk__in=Removal.objects.open().exclude(grant=None).values("grant")
    )
    return [*passed.order_by("ends_on").values_list("pk", flat=True), *left.values_list("pk", flat=True)]


def expire(grant: Grant, *, on: date) -> None:
    """The last day has passed: the right does not count any more. Inside an operation, the row locked."""
    if grant.current_state is not GrantState.ACTIVE or not deadlines.has_ended(grant.ends_on, on=on):
        raise WrongState
    grant.state, grant.end_cause = GrantState.ENDING.value, EndCause.EXPIRY.value
    grant.state_since = timezone.now()
    grant.save(update_fields=["state", "end_cause", "state_since"])
    audit.record(Action.GRANT_EXPIRED, actor=None, about=grant, ends=grant.ends_on.isoformat())


def waits_for_renewal(grant: Grant, *, on: date) -> bool:
    """Say whether removal waits a little because an attested order for the same right is under way.

    The right has ended all the same; what waits is the KIV administrator's work, so that a value is not
    taken away one day and set again the next. At most so many days, and not for an order whose first day is
    still to come: see docs/decisions.
    """
    orders = open_renewals(grant).exclude(state__in=UNATTESTED).filter(starts_on__lte=on)
    return on <= waits_until(grant) and orders.exists()


def waits_until(grant: Grant) -> date:
    """The last day on which removal waits for such an order."""
    return grant.ends_on + timedelta(days=settings.RENEWAL_GRACE_DAYS)


def open_renewals(grant: Grant) -> AccessRequestQuerySet:
    """Orders for the same right that are not finished."""
    return AccessRequest.objects.open().filter(**right_of(grant))


def attested_orders(subject_key: str) -> AccessRequestQuerySet:
    """Orders for the person that are attested and not finished: what they need is being set."""
    return AccessRequest.objects.open().filter(subject_key=subject_key).exclude(state__in=UNATTESTED)


def record_gone(grant: Grant) -> None:
    """Nothing is left of the right in the directory, or nothing was to be removed. The row is locked."""
    if grant.current_state is GrantState.ENDING:
        _end(grant)


def _end(grant: Grant) -> None:
    grant.state, grant.state_since = GrantState.ENDED.value, timezone.now()
    grant.ended_at = grant.state_since
    grant.save(update_fields=["state", "state_since", "ended_at"])
    audit.record(Action.GRANT_ENDED, actor=None, about=grant, cause=grant.end_cause)


def keep(grant: Grant, *, by: User | None) -> None:
    """The decision to end it was taken back: it counts again. Raises WrongState: its last day has passed."""
    if grant.current_state is not GrantState.ENDING:
        raise WrongState
    if deadlines.has_ended(grant.ends_on, on=dates.today()):
        raise WrongState(_("The last day of the right has passed. If it is needed, order it anew."))
    grant.state, grant.end_cause, grant.state_since = GrantState.ACTIVE.value, "", timezone.now()
    grant.save(update_fields=["state", "end_cause", "state_since"])
    audit.record(Action.GRANT_KEPT, actor=by, about=grant, state=grant.state)
