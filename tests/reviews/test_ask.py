"""Who is asked in a review, when again, and who is asked next."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning import dates
from provisioning.models import Decision, OutgoingMessage, Review
from provisioning.reviews import ask
from tests import cast
from tests.reviews import sitting
from tests.rights import life
from workflows.sweeps import reviews

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def a_working_day(monkeypatch):
    """Notices go out on working days only; these tests are not about which day it is."""
    monkeypatch.setattr("provisioning.rules.dates.deadlines.is_working_day", lambda day: True)


def test_only_the_undecided_are_told_and_again_after_some_working_days(directory, kiv, a_working_day):
    own, other = sitting.own_right_of_the_head(kiv), life.granted(kiv)
    review = sitting.opened(own, other)
    today = dates.today()
    assert ask.send_notices(today) == 2
    assert ask.send_notices(today) == 0
    told = OutgoingMessage.objects.filter(kind="review_waits").values_list("recipient_key", flat=True)
    assert set(told) == {cast.HEAD.folded, cast.HEAD_ABOVE.folded}
    sitting.decide(review, {other: Decision.KEEP})
    sitting.told(review, today - timedelta(days=30))
    assert ask.send_notices(today) == 1
    latest = OutgoingMessage.objects.filter(kind="review_waits").order_by("-pk").first()
    assert latest is not None and latest.recipient_key == cast.HEAD_ABOVE.folded


def test_nobody_is_told_on_a_day_off(directory, kiv, monkeypatch):
    sitting.opened(life.granted(kiv))
    monkeypatch.setattr("provisioning.rules.dates.deadlines.is_working_day", lambda day: False)
    assert ask.send_notices(dates.today()) == 0
    assert not OutgoingMessage.objects.filter(kind="review_waits").exists()


def test_one_message_whatever_the_number_of_rights(directory, kiv, a_working_day):
    sitting.opened(life.granted(kiv), life.statistics(kiv))
    assert ask.send_notices(dates.today()) == 1


def test_the_next_head_up_is_asked_when_nobody_decides(directory, kiv):
    grant = life.granted(kiv)
    review = sitting.opened(grant)
    reviews.ask_around(_directory())
    assert sitting.waits_for(cast.HEAD_ABOVE) == set()
    Review.objects.update(escalated_on=dates.today() - timedelta(days=40))
    reviews.ask_around(_directory())
    assert sitting.waits_for(cast.HEAD_ABOVE) == sitting.waits_for(cast.HEAD) == {grant.pk}
    review.refresh_from_db()
    assert review.escalation_level == 1
    sitting.decide(review, {grant: Decision.KEEP}, by=cast.HEAD_ABOVE)
    assert sitting.item(review, grant).reviewer_id == cast.HEAD_ABOVE.folded


def _directory():
    from provisioning.directory import open_directory

    return open_directory()
