"""A care provider's mandate by the provider's entry or by name in the settings: both see and do the same."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning import access
from provisioning.errors import NotAllowed
from provisioning.mandates import current
from provisioning.models import Grant
from provisioning.reviews import begin
from provisioning.rules.hsa import HsaId
from tests import acts, cast
from tests.findings import drifting
from tests.reviews import sitting
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

ELSEWHERE = cast.OTHER_PROVIDER


@pytest.fixture(params=["entry", "name", "name of another provider", "nothing"])
def reader(request, directory, kiv, settings) -> tuple[HsaId, bool]:
    """Somebody, and whether that person holds the provider's mandate."""
    named = {"name": cast.PROVIDER, "name of another provider": ELSEWHERE}.get(request.param)
    if named is not None:
        settings.PROVIDER_MANDATES = {named.text: [cast.OUTSIDER.text]}
    who = cast.PROVIDER_HEAD if request.param == "entry" else cast.OUTSIDER
    return who, request.param in ("entry", "name")


@pytest.fixture
def grant(directory, kiv) -> Grant:
    """A process leader's right that ends soon; and somebody else's, on a unit of the provider."""
    life.nearly_over(life.granted(kiv), 20)
    return life.nearly_over(sitting.process_leader(kiv), 20)


def test_its_holder_follows_only_the_process_leaders_rights(kiv, grant, reader, client):
    who, holds_it = reader
    user = acts.user(who)
    seen = {grant} if holds_it else set()
    assert set(access.visible_grants(user)) == seen
    assert set(access.ending_soon(user)) == seen
    assert set(access.visible_requests(user)) == set(grant.requests.all() if holds_it else ())
    places = {place.hsa_id: place.name for place in access.places_to_read(user)}
    assert (cast.PROVIDER in places) is holds_it
    client.force_login(user)
    client.cookies["django_language"] = "en"
    assert client.get(reverse("grant", args=[grant.public_id])).status_code == (200 if holds_it else 404)
    answer = client.get(reverse("beside_place", args=[cast.PROVIDER.text]))
    assert answer.status_code == (200 if holds_it else 404)
    if holds_it:
        assert places[cast.PROVIDER] == grant.unit_name
        page = answer.content.decode()
        assert reverse("grant", args=[grant.public_id]) in page
        assert grant.subject_name in client.get(reverse("grants") + "?vems=alla").content.decode()
        assert access.places_of_grant_subject(user, grant) == {cast.PROVIDER}


def test_its_holder_may_end_the_right_and_start_a_review(grant, reader):
    who, holds_it = reader
    user, mandates = acts.user(who), current.read(who)
    place = begin.place_of(grant)
    assert access.may_begin_review(user) is (holds_it or bool(mandates.provider_ids(user)))
    assert set(access.rights_to_review(user, mandates)) == ({grant} if holds_it else set())
    if not holds_it:
        with pytest.raises(NotAllowed):
            begin.require_may_begin(place, by=user, mandates=mandates)
        with pytest.raises(NotAllowed):
            life.removal_by_head(grant, by=who)
        return
    begin.require_may_begin(place, by=user, mandates=mandates)
    removal = life.removal_by_head(grant, by=who)
    assert removal in access.visible_removals(user)


def test_findings_about_the_provider_are_read_by_both(kiv, grant, reader):
    who, holds_it = reader
    kiv.remove_value(grant.person_dn, drifting.ROLE, f"INTYG;Statistik-{cast.PROVIDER}")
    drifting.swept()
    rows = access.visible_findings(acts.user(who)).filter(subject_key=grant.subject_key)
    assert rows.exists() is holds_it


def test_the_setting_means_the_provider_however_its_id_is_written(directory, settings):
    settings.PROVIDER_MANDATES = {cast.PROVIDER.text.lower(): [cast.OUTSIDER.text.lower()]}
    mandates = current.read(cast.OUTSIDER)
    assert mandates.is_of_provider(cast.PROVIDER, acts.user(cast.OUTSIDER))
    assert current.named_for(cast.PROVIDER) == (cast.OUTSIDER,)
