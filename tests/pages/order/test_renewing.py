"""The order page as it is filled in: what fits, what is usual, what is ready to be used, what is missing."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.models import AccessRequest, AuditEntry, Order
from provisioning.orders import ready_reasons
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.order.test_page import fill, press, preview
from tests.pages.reading import beside, form_of, text_of

pytestmark = pytest.mark.django_db


def opened(client, text=cast.COORDINATOR.text):
    return form_of(
        press(client, form_of(client.get(reverse("order"))) | {"person_search": [text]}, "search_person")
    )


def test_the_place_where_the_person_works_is_chosen_once(enter):
    client = enter(cast.HEAD)
    filled = opened(client)
    assert filled["units"] == [cast.BJORKHAGA.text]

    filled = form_of(press(client, filled | {"units": []}, "glance"))
    assert filled.get("units", []) == []


def test_of_others_nothing_is_looked_up_beyond_own_units(enter):
    filled = opened(enter(cast.HEAD), cast.COORDINATOR_UNCOUPLED.text)
    assert filled.get("units", []) == []


def test_who_orders_for_nobody_else_begins_with_themselves_where_they_work(enter):
    filled = form_of(enter(cast.COORDINATOR).get(reverse("order")))
    assert filled["person"] == [cast.COORDINATOR.text]
    assert filled["units"] == [cast.BJORKHAGA.text]


def test_persons_are_told_apart_and_found_by_address_and_in_either_order(enter):
    client = enter(cast.HEAD)
    names = "Folke Sagolund", "sagolund folke", "folke.sagolund@demo.invalid"
    for text in names:
        page = press(
            client, form_of(client.get(reverse("order"))) | {"person_search": [text]}, "search_person"
        )
        assert cast.COORDINATOR.text in page.content.decode(), text
        assert f"Björkhaga vårdcentral, {cast.COORDINATOR}" in text_of(page), text


def test_only_places_that_fit_the_access_are_shown(enter):
    client = enter(cast.HEAD)
    filled = fill(client)
    unit = press(client, filled | {"need": [""]}, "glance")
    assert f'value="{cast.PROVIDER}"' not in unit.content.decode()
    assert "app-error__line" not in unit.content.decode()  # nothing is complained about

    provider = press(client, filled | {"access": ["intygsstatistik:provider"]}, "glance")
    assert f'value="{cast.BJORKHAGA}"' not in provider.content.decode()
    assert f'value="{cast.PROVIDER}"' in provider.content.decode()


def test_a_glance_shows_what_the_directory_says_and_is_recorded_once(enter):
    client = enter(cast.HEAD)
    page = press(client, fill(client) | {"need": [""], "risk_statement": [""]}, "glance")
    assert "What the directory says now" in text_of(page)
    press(client, form_of(page), "glance")

    assert AuditEntry.objects.filter(action="person.looked_at").count() == 1
    assert not Order.objects.exists()


def test_ready_sentences_fill_in_what_is_empty_and_nothing_else(enter):
    client = enter(cast.HEAD)
    filled = fill(client) | {"need": [""], "risk_statement": ["Egna ord om riskerna på enheten."]}
    after = form_of(press(client, filled, "ready"))

    assert after["need"] == [ready_reasons.find("rehabstod:unit", title="").need]
    assert after["risk_statement"] == ["Egna ord om riskerna på enheten."]


def test_a_doctor_gets_a_doctors_sentences_and_a_region_its_own(settings):
    everybodys = ready_reasons.find("rehabstod:unit", title="Fysioterapeut")
    assert ready_reasons.find("rehabstod:unit", title="Läkare") != everybodys

    settings.READY_REASONS = (
        {"access": "rehabstod:unit", "need": "Vårt eget behov.", "risk": "Vår risk.", "professions": ()},
    )
    assert ready_reasons.find("rehabstod:unit", title="Läkare").need == "Vårt eget behov."
    assert ready_reasons.find("rehabstod:own", title="Läkare") is None


def test_what_happens_without_a_commission_is_chosen_before_it_is_sent(enter):
    client = enter(cast.HEAD)
    seen = form_of(preview(client, person=cast.COORDINATOR_UNCOUPLED))
    refused = press(client, seen, "send")
    assert refused.status_code == 400
    assert "Choose what is to happen." in beside(refused, "if_missing")

    press(client, form_of(refused) | {"if_missing": ["couple"]}, "send")
    acts.work()
    assert AccessRequest.objects.get().current_state is RequestState.AWAITING_KIV


def test_an_order_that_cannot_be_approved_never_says_who_approves(enter):
    page = preview(
        enter(cast.PROCESS_LEADER), person=None, access="intygsstatistik:provider", units=(cast.PROVIDER,)
    )
    assert "What happens when you send it" not in text_of(page)
