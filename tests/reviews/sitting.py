"""What people and time do in a review, through the real operations."""

from __future__ import annotations

from datetime import date, timedelta

from provisioning import access, dates
from provisioning.directory import open_directory
from provisioning.mandates import current
from provisioning.models import AccessRequest, Decision, Grant, Review, ReviewItem, ReviewScope
from provisioning.reviews import said as reviews_said
from provisioning.reviews.begin import place_of
from provisioning.reviews.decide import Given
from provisioning.rules.hsa import HsaId
from tests import acts, cast
from workflows.sweeps import reviews

WHY = "Behövs fortfarande för samordningen."


def own_right_of_the_head(kiv) -> Grant:
    """The head of unit's own access, attested by the head above."""
    request = acts.order(by=cast.HEAD, person_id=cast.HEAD)
    acts.attest(request, cast.HEAD_ABOVE)
    acts.work()
    return _carried_out(kiv, request)


def process_leader(kiv, person_id: HsaId = cast.PROCESS_LEADER, by: HsaId = cast.HEAD) -> Grant:
    """A right to a whole care provider's statistics, attested by two."""
    request = acts.order_for_process_leader(by=by, person_id=person_id)
    second = HsaId(request.handlers.order_by("pk")[0].person_hsa_id)
    acts.attest(request, second)
    acts.work()
    return _carried_out(kiv, request)


def _carried_out(kiv, request: AccessRequest) -> Grant:
    acts.couple_where_asked(request)
    acts.set_values(request, kiv)
    acts.work()
    request.refresh_from_db()
    assert request.grant is not None, (request.state, request.assessment)
    return request.grant


def is_due(*grants: Grant) -> None:
    """As if the time for their review had come."""
    pks = [grant.pk for grant in grants]
    Grant.objects.filter(pk__in=pks).update(next_review_on=dates.today())


def opened(*grants: Grant) -> Review:
    """The timetable has opened the review of these rights."""
    is_due(*grants)
    assert reviews.open_due() == 1
    reviews.ask_around(open_directory())
    return Review.objects.get()


def begun(grant: Grant, by: HsaId = cast.HEAD) -> Review:
    """Somebody has started a review of the right's whole unit."""
    place = place_of(grant)
    place.scope = ReviewScope.ALL
    return reviews.begin(open_directory(), place, by=acts.user(by))


def decide(
    review: Review,
    answers: dict[Grant, Decision],
    by: HsaId = cast.HEAD,
    reason: str = WHY,
    seconds: int = 90,
) -> int:
    user = acts.user(by)
    items = {item.grant_id: item for item in review.items.all()}
    given = [Given(items[grant.pk].pk, decision, reason) for grant, decision in answers.items()]
    mandates = current.read(user.identity)
    said = reviews_said.look(answers)
    return reviews.decide(review, given, by=user, mandates=mandates, said=said, seconds=seconds)


def item(review: Review, grant: Grant) -> ReviewItem:
    return review.items.get(grant=grant)


def waits_for(person: HsaId) -> set[int]:
    """Keys of the rights that this person is to decide upon."""
    return set(access.to_review(acts.user(person)).values_list("grant_id", flat=True))


def has_lasted(review: Review) -> None:
    """As if the last day were yesterday, and everybody had been told long ago."""
    yesterday = dates.today() - timedelta(days=1)
    Review.objects.filter(pk=review.pk).update(due_on=yesterday)
    told(review, yesterday - timedelta(days=30))


def told(review: Review, on: date) -> None:
    review.reviewers.update(asked_on=on, told_on=on)
