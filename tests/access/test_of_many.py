"""What somebody reads of many is the same, however many that is and however it is asked for."""

from __future__ import annotations

import pytest

from provisioning import access
from provisioning.access import parties
from provisioning.models import AccessRequest, Grant, Removal
from tests import acts, cast
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

READERS = (
    *(cast.HEAD, cast.HEAD_ABOVE, cast.COORDINATOR, cast.DOCTOR, cast.KIV_ADMINISTRATOR),
    *(cast.KIV_ADMINISTRATOR_ABOVE, cast.OUTSIDER, cast.AUDITOR),
)


@pytest.mark.parametrize("few", [0, 1, 5_000])
def test_who_searches_finds_what_they_may_read_and_no_more(directory, kiv, monkeypatch, few, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    life.removal_by_head(life.granted(kiv))
    life.statistics(kiv)
    acts.order(by=cast.DOCTOR, person_id=cast.DOCTOR)
    monkeypatch.setattr(parties, "FEW", few)
    pairs = (
        (access.visible_requests, access.searched_requests),
        (access.visible_grants, access.searched_grants),
        (access.visible_removals, access.searched_removals),
    )
    seen = 0
    for who in READERS:
        user = acts.user(who)
        for one, many in pairs:
            read = set(one(user).values_list("pk", flat=True))
            assert set(many(user).values_list("pk", flat=True)) == read, (who, one)
            seen += len(read)
        listed = [access.listed_grants(user, lives=lives, only_own=False) for lives in (True, False)]
        read = set(access.visible_grants(user).values_list("pk", flat=True))
        assert {grant.pk for rows in listed for grant in rows} == read, who
    assert seen > AccessRequest.objects.count() + Grant.objects.count() + Removal.objects.count()


def test_whether_there_is_more_than_ones_own_is_seen_by_an_auditor(directory, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    assert not access.reads_more_requests(acts.user(cast.AUDITOR))
    acts.order()
    assert access.reads_more_requests(acts.user(cast.AUDITOR))
    assert not access.reads_more_requests(acts.user(cast.COORDINATOR))
