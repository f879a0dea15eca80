"""Caps: counted by persons, said before a decision, and passed only with a reason that stays."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from config import access_caps
from provisioning.audit.events import Action
from provisioning.errors import Invalid
from provisioning.models import AuditEntry
from provisioning.rights import caps
from provisioning.rules.hsa import Level, Service
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.reading import form_of, text_of
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

PLACE = (Service.REHABSTOD, Level.UNIT, cast.BJORKHAGA)


@pytest.fixture
def one_is_enough(settings):
    settings.ACCESS_CAPS = {"rehabstod:unit": 1}


@pytest.fixture
def wish(kiv, one_is_enough):
    """One has it, and another asks for it."""
    life.granted(kiv)
    return acts.order(by=cast.PROVIDER_ROLE, person_id=cast.PROVIDER_ROLE)


def test_other_persons_count_once_and_oneself_never(kiv, one_is_enough):
    assert caps.of(cast.SETTLED, *PLACE) == caps.Cap(1, 0)
    life.granted(kiv)
    assert caps.of(cast.SETTLED, *PLACE) == caps.Cap(1, 1)
    assert caps.of(cast.COORDINATOR, *PLACE) == caps.Cap(1, 0), "who has it prolongs it freely"
    assert caps.of(cast.SETTLED, Service.REHABSTOD, Level.UNIT, cast.EKLIDEN) == caps.Cap(1, 0)
    assert caps.of(cast.SETTLED, Service.REHABSTOD, Level.OWN, cast.BJORKHAGA) is None


def test_approved_orders_count_and_others_do_not(directory, one_is_enough):
    acts.order(by=cast.PROVIDER_ROLE, person_id=cast.PROVIDER_ROLE)
    assert caps.of(cast.SETTLED, *PLACE) == caps.Cap(1, 0)
    acts.order()
    assert caps.of(cast.SETTLED, *PLACE) == caps.Cap(1, 1)


def test_above_the_cap_nobody_approves_without_a_reason(wish):
    with pytest.raises(Invalid) as caught:
        acts.attest(wish, cast.HEAD)
    assert caught.value.field == "reason"
    wish.refresh_from_db()
    assert wish.current_state is RequestState.AWAITING_ATTESTATION


def test_the_page_says_it_and_takes_the_reason(client, wish):
    client.force_login(acts.user(cast.HEAD))
    address = reverse("attest", args=[wish.public_id])
    page = client.get(address)
    assert "taket är 1" in text_of(page)
    answered = form_of(page) | {"decision": ["attest"]}
    refused = client.post(address, answered)
    assert refused.status_code == 400
    assert "varför en till behövs" in text_of(refused)
    client.post(address, answered | {"reason": ["Två delar på tjänsten från och med i höst."]})
    wish.refresh_from_db()
    assert wish.attester_id == cast.HEAD.folded
    event = AuditEntry.objects.get(action=Action.ATTESTED.value, request=wish)
    assert (event.data["cap"], event.data["others"]) == (1, 1)
    assert event.reason == "Två delar på tjänsten från och med i höst."


def test_below_the_cap_no_reason_is_asked_for(kiv, settings):
    settings.ACCESS_CAPS = {"rehabstod:unit": 2}
    life.granted(kiv)
    wish = acts.order(by=cast.PROVIDER_ROLE, person_id=cast.PROVIDER_ROLE)
    acts.attest(wish, cast.HEAD)
    assert "cap" not in AuditEntry.objects.get(action=Action.ATTESTED.value, request=wish).data


def test_places_above_the_cap_are_listed_for_who_answers(kiv, client, settings):
    life.granted(kiv)
    life.granted(kiv, person_id=cast.SETTLED)
    settings.ACCESS_CAPS, settings.AUDITORS = {"rehabstod:unit": 1}, (cast.AUDITOR.text,)
    for who in (cast.HEAD, cast.AUDITOR):
        client.force_login(acts.user(who))
        assert "Björkhaga" in text_of(client.get(reverse("above_cap"))), who
    settings.ACCESS_CAPS = {"rehabstod:unit": 2}
    assert "Ingenstans över taket" in text_of(client.get(reverse("above_cap")))
    client.force_login(acts.user(cast.OUTSIDER))
    assert client.get(reverse("above_cap")).status_code == 404


@pytest.mark.parametrize(
    "given",
    [{"rehabstod": 1}, {"nothing:unit": 1}, {"rehabstod:unit": 0}, {"rehabstod:unit": "2"}],
)
def test_a_cap_that_makes_no_sense_stops_the_start(given):
    with pytest.raises(ImproperlyConfigured):
        access_caps.read(given, services=["rehabstod"])
