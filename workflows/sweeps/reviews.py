"""The timetable of reviews: opened when due, those who decide kept up to date, told, asked again, ended."""

from __future__ import annotations

import contextlib
import logging
import time
from typing import Any

from django.db.models import Exists, OuterRef

from provisioning import dates
from provisioning.directory import Directory, open_directory
from provisioning.errors import DirectoryError, Invalid, WrongState
from provisioning.mandates.current import Mandates
from provisioning.models import Removal, Review, Reviewer, ReviewState, User
from provisioning.reviews import ask, end, news, reviewers
from provisioning.reviews import begin as reviews_begin
from provisioning.reviews import decide as reviews_decide
from provisioning.reviews.decide import Given
from provisioning.reviews.said import Said
from provisioning.rules.hsa import HsaId
from workflows.alone import alone
from workflows.removals.flow import RemovalFlow

log = logging.getLogger(__name__)

ROUND_SECONDS = 120  # well below the time limit of tasks


def sweep() -> None:
    """One round. A silent directory ends nothing; what is written is told all the same."""
    today = dates.today()
    open_due()
    try:
        ask_around(open_directory())
    except DirectoryError as exc:
        log.warning("reviews not compared with the directory (%s)", exc.code)
        ask.send_notices(today)
        return
    ask.send_notices(today)
    for pk in end.due_to_end(today):
        try:
            with alone(f"ending review {pk}"):
                end.end(pk, on=today, start=_start)
        except WrongState:
            continue  # a right is being taken away for another cause: the next round settles it


def open_due() -> int:
    """Open a review for each unit where a right's time has come. Returns how many.

    Nobody is asked yet: who decides is looked up right after, at the pace that the directory bears.
    """
    count = 0
    for place in reviews_begin.places_due(dates.today()):
        with alone("opening a review"), contextlib.suppress(WrongState, Invalid):  # somebody was faster
            reviews_begin.begin(place, ())
            count += 1
    return count


def begin(directory: Directory, place: Review, *, by: User | None = None) -> Review:
    """Look up who is asked, then open the review. Raises DirectoryError, WrongState, Invalid."""
    subjects = [grant.subject_id for grant in reviews_begin.rights_of(place, on=dates.today())]
    return reviews_begin.begin(place, reviewers.look_up(directory, place, subjects, rungs=0), by=by)


def ask_around(directory: Directory) -> None:
    """Read again who may decide in each open review, one rung further up where it is time.

    Those where nobody is asked yet come first. What there is no time for comes in a later round.
    """
    until = time.monotonic() + ROUND_SECONDS
    rows = Review.objects.filter(state=ReviewState.OPEN)
    asked = Exists(Reviewer.objects.filter(review=OuterRef("pk")))
    for review in rows.annotate(is_asked=asked).order_by("is_asked", "?"):
        if time.monotonic() > until:
            return
        keys = review.items.undecided().values_list("grant__subject_hsa_id", flat=True).distinct()
        climbs = ask.is_escalation_due(review, on=dates.today())
        rungs = review.escalation_level + climbs
        with alone(f"asking around for review {review.pk}"):
            found = reviewers.look_up(directory, review, [HsaId(text) for text in keys], rungs=rungs)
            ask.ask(review, found, climbs=climbs)
            news.mark(review)


def decide(
    review: Review, answers: list[Given], *, by: User, mandates: Mandates, said: dict[int, Said], seconds: int
) -> int:
    """Save answers; what is not kept starts its removal, all or nothing. Raises as `reviews.decide`."""
    return reviews_decide.decide(
        review.pk, answers, by=by, mandates=mandates, said=said, seconds=seconds, start=_start
    )


def _start(removal: Removal) -> Any:
    return RemovalFlow.start.run(removal=removal)
