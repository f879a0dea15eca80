"""A review is begun: by the timetable with what is due, or by hand; and one at a time for a unit."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning import dates
from provisioning.errors import NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import Review
from provisioning.reviews import begin
from provisioning.rules.hsa import Level
from tests import acts, cast
from tests.reviews import sitting
from tests.rights import life
from workflows.sweeps import reviews

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_timetable_opens_one_review_per_unit_with_what_is_due(directory, kiv):
    due = life.granted(kiv)
    other = life.granted(kiv, person_id=cast.DOCTOR, level=Level.OWN)
    review = sitting.opened(due)
    assert [item.grant_id for item in review.items.all()] == [due.pk]
    assert (review.opened_by, review.unit_key) == (None, cast.BJORKHAGA.folded)
    sitting.is_due(other)
    assert reviews.open_due() == 0, "one is open already"
    assert Review.objects.count() == 1


def test_rights_soon_due_are_taken_along_and_others_are_not(directory, kiv, settings):
    settings.REVIEW_GATHER_DAYS = 30
    due, soon = life.granted(kiv), life.granted(kiv, person_id=cast.DOCTOR, level=Level.OWN)
    late = life.statistics(kiv)
    type(soon).objects.filter(pk=soon.pk).update(next_review_on=dates.today() + timedelta(days=30))
    type(late).objects.filter(pk=late.pk).update(next_review_on=dates.today() + timedelta(days=31))
    review = sitting.opened(due)
    assert {item.grant_id for item in review.items.all()} == {due.pk, soon.pk}


def test_the_head_and_an_auditor_start_a_review_and_nobody_else(directory, kiv, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    place = begin.place_of(life.granted(kiv))
    for person, may in (
        (cast.HEAD, True),
        (cast.AUDITOR, True),
        (cast.HEAD_ABOVE, False),
        (cast.KIV_ADMINISTRATOR, False),
        (cast.OUTSIDER, False),
    ):
        user, mandates = acts.user(person), current.read(person)
        if may:
            begin.require_may_begin(place, by=user, mandates=mandates)
        else:
            with pytest.raises(NotAllowed):
                begin.require_may_begin(place, by=user, mandates=mandates)


def test_a_second_review_of_the_unit_is_refused_while_one_is_open(directory, kiv):
    grant = life.granted(kiv)
    sitting.begun(grant)
    with pytest.raises(WrongState):
        sitting.begun(grant)
    assert Review.objects.count() == 1
