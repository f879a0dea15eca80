"""The order page: searches, the look into the directory, every bad input, and sending once."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from provisioning import directory as provisioning_directory
from provisioning.cases import obstacles
from provisioning.models import AccessRequest, AuditEntry, Order
from provisioning.rules.hsa import Attribute, Service
from provisioning.rules.states.request import RequestState
from provisioning.rules.sticking import Habit
from tests import acts, cast
from tests.pages.reading import beside, form_of, text_of

pytestmark = pytest.mark.django_db


ROLE = "INTYG;Rehab-" + cast.BJORKHAGA.text


def fill(client, person=cast.COORDINATOR, access="rehabstod:unit", units=(cast.BJORKHAGA,), **changed):
    """Open the page, find the person and the units as a browser would, and fill the form in."""
    page = client.get(reverse("order"))
    if person is not None and client.session["_auth_user_id"] != person.folded:
        page = press(client, form_of(page) | {"person_search": [person.text]}, "search_person")
    filled = form_of(page)
    for unit in units:
        if unit.text not in page.content.decode():
            page = press(client, filled | {"unit_search": [unit.text]}, "search_unit")
            filled = form_of(page)
    return filled | {
        "person": [person.text] if person is not None else [],
        "access": [access],
        "units": [unit.text for unit in units],
        "need": [acts.NEED],
        "risk_statement": [acts.RISK],
        **{name: [value] for name, value in changed.items()},
    }


def press(client, filled, action):
    return client.post(reverse("order"), filled | {"action": [action]})


def preview(client, **filling):
    return press(client, fill(client, **filling), "preview")


def send(client, **filling):
    """Look, and send what was shown. Returns the last answer."""
    seen = preview(client, **filling)
    return press(client, form_of(seen), "send")


def test_a_head_of_unit_orders_for_a_coordinator_and_comes_to_the_case(enter):
    answer = send(enter(cast.HEAD))

    [request] = AccessRequest.objects.all()
    assert answer.status_code == 302
    assert answer["Location"] == reverse("case", args=[request.public_id])
    assert request.current_state is RequestState.CHECKING
    assert request.attester_id == cast.HEAD.folded
    assert request.order.need == acts.NEED
    assert request.ends_on == request.starts_on.replace(year=request.starts_on.year + 1) - timedelta(days=1)


def test_the_preview_says_what_is_there_missing_and_next(enter):
    page = preview(enter(cast.HEAD))

    words = text_of(page)
    assert page.status_code == 200
    assert "The person lacks the system role that the service asks for." in words
    assert f"hsaSystemRole: {ROLE}" in words
    assert "as a rehabilitation coordinator, who sees the whole unit" in words
    assert "The order is approved when you send it" in words
    assert "David Demoström" in words  # the KIV administrator who gets it
    assert "Send the order" in words
    assert not Order.objects.exists()


def test_the_number_in_another_system_is_optional_and_shown_on_the_case(enter):
    client = enter(cast.HEAD)
    answer = send(client, external_number="INC-0042")
    assert Order.objects.get().external_number == "INC-0042"
    assert "INC-0042" in text_of(client.get(answer.url))


@pytest.mark.parametrize("typed", ["Anna Andersson", "utan", "å1", "x" * 40 + "1", "19121212-1212"])
def test_a_number_in_another_system_is_one_word_with_a_digit(enter, typed):
    answer = preview(enter(cast.HEAD), external_number=typed)
    assert answer.status_code == 400 and beside(answer, "external_number")
    assert not Order.objects.exists()


def test_nothing_is_sent_that_has_not_been_looked_at(enter):
    client = enter(cast.HEAD)
    page = press(client, fill(client), "send")

    assert page.status_code == 200
    assert "Nothing has been sent yet" in text_of(page)
    assert not Order.objects.exists()


def test_what_was_changed_after_the_look_is_shown_again_before_it_is_sent(enter):
    client = enter(cast.HEAD)
    seen = form_of(preview(client))
    page = press(client, seen | {"need": [acts.NEED + " Och mer."]}, "send")

    assert not Order.objects.exists()
    assert "Something has changed since you last looked" in text_of(page)
    press(client, form_of(page), "send")
    assert Order.objects.get().need == acts.NEED + " Och mer."


def test_a_change_after_the_look_is_shown_before_sending(enter, kiv):
    client = enter(cast.HEAD)
    seen = form_of(preview(client))
    kiv.add_value("cn=demo1005,ou=Personal,o=Demoregionen", Attribute.SYSTEM_ROLE, ROLE)
    page = press(client, seen, "send")

    assert not Order.objects.exists()
    assert "Nothing has to be set in KIV" in text_of(page)


def test_a_form_sent_twice_is_one_order(enter):
    client = enter(cast.HEAD)
    seen = form_of(preview(client))
    first, second = press(client, seen, "send"), press(client, seen, "send")

    assert Order.objects.count() == 1
    assert first["Location"] == second["Location"]
    assert AuditEntry.objects.filter(action="order.placed").count() == 1


def test_several_units_become_several_cases_of_one_order(enter):
    send(enter(cast.HEAD), units=(cast.BJORKHAGA, cast.ALMBY), if_missing="wait")

    assert Order.objects.count() == 1
    assert set(AccessRequest.objects.values_list("unit_hsa_id", flat=True)) == {
        cast.BJORKHAGA.text,
        cast.ALMBY.text,
    }


def test_without_a_mandate_own_access_is_ordered_and_attested(enter):
    client = enter(cast.COORDINATOR)
    page = preview(client, person=cast.COORDINATOR)

    assert "Bertil Exempelsson approves." in text_of(page)
    press(client, form_of(page), "send")
    assert AccessRequest.objects.get().current_state is RequestState.AWAITING_ATTESTATION


def test_a_doctors_own_cases_take_nothing_in_kiv_and_the_preview_says_so(enter):
    page = preview(enter(cast.HEAD), person=cast.DOCTOR, access="rehabstod:own")

    words = text_of(page)
    assert "No system role is needed for this" in words
    assert "Nothing has to be set in KIV" in words


def test_the_preview_warns_of_a_doctor_becoming_coordinator(enter):
    page = preview(enter(cast.HEAD), person=cast.DOCTOR)

    assert "With this role the person acts as rehabilitation coordinator" in text_of(page)


def test_a_process_leader_needs_a_provider_and_two_attesters(enter):
    client = enter(cast.HEAD)
    page = preview(
        client, person=cast.PROCESS_LEADER, access="intygsstatistik:provider", units=(cast.PROVIDER,)
    )

    words = text_of(page)
    assert "A process leader sees statistics for the whole care provider." in words
    assert "A process leader needs a second approver" in words


def test_a_search_by_name_lists_those_who_match_and_keeps_what_was_typed(enter):
    client = enter(cast.HEAD)
    filled = form_of(client.get(reverse("order"))) | {
        "person_search": ["folke sago"],
        "need": ["Halvskriven"],
        "starts_on": ["2027-13-45"],
    }
    page = press(client, filled, "search_person")

    assert page.status_code == 200
    assert "Folke Sagolund" in text_of(page)
    kept = form_of(page)
    assert kept["need"] == ["Halvskriven"]
    assert kept["starts_on"] == ["2027-13-45"]
    assert kept["person"] == [cast.COORDINATOR.text]  # the only one who matches is chosen
    assert beside(page, "starts_on") == ""  # a search complains about nothing else


def test_enter_in_a_search_field_searches_and_elsewhere_looks(enter):
    client = enter(cast.HEAD)
    filled = fill(client)
    assert "What the directory says now" in text_of(press(client, filled, ""))
    searched = press(client, filled | {"person_search": ["Sagolund"]}, "")
    assert "What the directory says now" not in text_of(searched)
    assert "This is what the directory has for “Sagolund”" in text_of(searched)


def test_a_protected_person_is_found_by_exact_id_without_a_name(enter, directory):
    protected = provisioning_directory.open_directory().person(cast.PROTECTED)
    client = enter(cast.HEAD)
    empty = form_of(client.get(reverse("order")))
    by_name = press(client, empty | {"person_search": [protected.surname]}, "search_person")
    assert cast.PROTECTED.text not in by_name.content.decode()

    by_id = press(client, empty | {"person_search": [cast.PROTECTED.text]}, "search_person")
    words = text_of(by_id)
    assert protected.name not in words
    assert "Person with protected identity" in words
    assert "gets no mail" in words
    looked = preview(client, person=cast.PROTECTED)
    assert protected.name not in looked.content.decode()
    assert protected.given_name not in looked.content.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("SE0000000000-9999", "Nobody in the directory has the HSA-id SE0000000000-9999"),
        ("SE12", "This is not an HSA-id"),
        ("Ingen Alls Finnsej", "Nobody in the directory matches “Ingen Alls Finnsej”"),
        ("", "Write at least two letters"),
    ],
)
def test_a_search_that_finds_nobody_says_why_beside_the_field(enter, typed, sentence):
    client = enter(cast.HEAD)
    page = press(client, fill(client) | {"person_search": [typed]}, "search_person")

    assert sentence in beside(page, "person_search")
    assert form_of(page)["person_search"] == [typed]
    assert form_of(page)["need"] == [acts.NEED]


def test_a_search_for_an_identity_number_is_refused_unshown(enter):
    client = enter(cast.HEAD)
    page = press(client, fill(client) | {"person_search": ["19121212-1212"]}, "search_person")
    assert "This looks like a personal identity number" in beside(page, "person_search")
    assert "19121212-1212" not in page.content.decode()
    assert form_of(page)["person_search"] == [""]


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("Finnsintehuset", "No unit in the directory matches “Finnsintehuset”"),
        ("Avd 12, Finnsintehuset", "No unit in the directory matches"),  # a name may hold digits
        (cast.NOWHERE.text, "The directory has no unit with this HSA-id"),
        ("SE00-1", "This is not an HSA-id. It looks like SE0000000000-AB12"),
        ("SE0000000000-E0000 00001", "This is not an HSA-id"),
    ],
)
def test_a_search_that_finds_no_unit_says_why_beside_the_field(enter, typed, sentence):
    client = enter(cast.HEAD)
    page = press(client, fill(client) | {"unit_search": [typed]}, "search_unit")

    assert sentence in beside(page, "unit_search")
    assert form_of(page)["unit_search"] == [typed]
    assert form_of(page)["units"] == [cast.BJORKHAGA.text]


@pytest.mark.parametrize(
    "pasted",
    [
        cast.COORDINATOR.text.lower(),
        f"\u200b{cast.COORDINATOR}\u00a0",
        cast.COORDINATOR.text.replace("-", "\u2013"),
        f"\u202a{cast.COORDINATOR.text.replace('-', chr(0x2011))}\u202c",
    ],
    ids=["lower case", "zero width and hard blank", "en dash", "embedding and hard hyphen"],
)
def test_a_pasted_id_that_looks_right_is_right_in_the_strict_form(enter, settings, pasted):
    settings.HSA_ID_FORM = "strict"
    client = enter(cast.HEAD)
    page = press(client, fill(client) | {"person_search": [pasted]}, "search_person")
    assert form_of(page)["person"] == [cast.COORDINATOR.text]
    place = pasted.replace(pasted.strip("\u200b\u00a0\u202a\u202c")[-4:], cast.BJORKHAGA.text[-4:])
    assert (
        cast.BJORKHAGA.text
        in press(client, form_of(page) | {"unit_search": [place]}, "search_unit").content.decode()
    )


def test_a_search_can_find_a_unit_the_person_is_not_head_of(enter):
    client = enter(cast.HEAD)
    page = press(client, fill(client) | {"unit_search": ["Ekliden"]}, "search_unit")

    assert cast.EKLIDEN.text in page.content.decode()
    assert cast.BJORKHAGA.text in form_of(page)["units"]


def later(days):
    return (timezone.localdate() + timedelta(days=days)).isoformat()


def days_written(changed):
    """The same, with each number of days as the day that is so far away."""
    return {name: later(value) if isinstance(value, int) else value for name, value in changed.items()}


@pytest.mark.parametrize(
    ("changed", "field", "sentence"),
    [
        ({"starts_on": 10, "ends_on": 5}, "ends_on", "The last day is before the first day."),
        ({"ends_on": 800}, "ends_on", "at most 12 months"),
        ({"starts_on": -20, "ends_on": -10}, "ends_on", "The last day has already passed."),
        ({"starts_on": "i morgon"}, "starts_on", "year-month-day"),
        ({"ends_on": ""}, "ends_on", "Write the last day."),
        ({"need": "."}, "need", "Write at least 15 characters"),
        ({"need": "test"}, "need", "Write at least 15 characters"),
        ({"need": ""}, "need", "Write why the access is needed."),
        ({"risk_statement": "xxxxxxxxxxxxxxxxxxxxx"}, "risk_statement", "Write at least 15 characters"),
        ({"access": ""}, "access", "Choose what access is needed."),
    ],
)
def test_bad_input_is_told_beside_its_field_and_nothing_is_lost(enter, changed, field, sentence):
    client = enter(cast.HEAD)
    filled = fill(client, **days_written(changed))
    page = press(client, filled, "preview")

    assert page.status_code == 400
    assert sentence in beside(page, field)
    kept = form_of(page)
    for name in ("person", "units", "need", "risk_statement", "starts_on", "ends_on", "submission"):
        assert kept[name] == filled[name], name
    assert not Order.objects.exists()


def test_an_order_without_person_or_unit_says_so_beside_both(enter):
    client = enter(cast.HEAD)
    page = press(client, fill(client) | {"person": [], "units": []}, "preview")

    assert "Choose who the access is for" in beside(page, "person")
    assert beside(page, "units") == "Error: Choose at least one unit."


def test_a_unit_one_is_not_head_of_is_refused_beside_the_units(enter):
    page = preview(enter(cast.HEAD), units=(cast.EKLIDEN,))

    assert "You are not head of" in beside(page, "units")
    assert form_of(page)["units"] == [cast.EKLIDEN.text]


def test_a_closed_unit_is_refused_beside_the_units(enter):
    page = preview(enter(cast.HEAD), person=cast.HEAD, units=(cast.CLOSED_UNIT,))

    assert "The unit is closed." in beside(page, "units")


def test_somebody_with_no_business_there_is_shown_nothing_of_the_directory(enter):
    page = preview(enter(cast.HEAD), units=(cast.EKLIDEN,))

    assert "hsaSystemRole" not in text_of(page)
    assert [entry.action for entry in AuditEntry.objects.all()] == ["refused"]


def test_a_look_at_somebody_on_an_own_unit_is_recorded(enter):
    preview(enter(cast.HEAD))

    [entry] = AuditEntry.objects.all()
    assert (entry.action, entry.data["subject"]) == ("person.looked_at", cast.COORDINATOR.folded)


def test_somebody_whose_employment_has_ended_is_refused_beside_the_person(enter):
    page = preview(enter(cast.HEAD), person=cast.ENDED)

    assert "employment has ended" in beside(page, "person")


def test_own_cases_for_a_non_doctor_is_refused_beside_the_access(enter):
    page = preview(enter(cast.HEAD), access="rehabstod:own")

    assert "Own cases are for doctors" in beside(page, "access")


def test_levels_of_provider_and_unit_take_no_other_kind_of_place(enter):
    client = enter(cast.HEAD)
    unit = preview(client, access="intygsstatistik:provider", units=(cast.BJORKHAGA,))
    provider = preview(client, access="intygsstatistik:unit", units=(cast.PROVIDER,))

    assert "choose that instead" in beside(unit, "units")
    assert "choose the unit instead" in beside(provider, "units")


def test_a_second_open_order_is_refused_beside_the_units(enter):
    client = enter(cast.HEAD)
    send(client)
    page = preview(client)

    assert "There is already an open order" in beside(page, "units")
    assert reverse("case", args=[AccessRequest.objects.get().public_id]) in page.content.decode()
    assert Order.objects.count() == 1


def test_a_silent_directory_loses_nothing_and_says_so(enter, directory):
    client = enter(cast.HEAD)
    filled = fill(client)
    directory.faults.drop_connections = -1
    page = press(client, filled, "preview")

    assert page.status_code == 503
    assert "The directory does not answer right now" in text_of(page)
    kept = form_of(page)
    for name in ("person", "access", "units", "need", "risk_statement", "starts_on", "ends_on"):
        assert kept[name] == filled[name], name


def test_the_empty_page_opens_although_the_directory_is_silent(enter, directory):
    client = enter(cast.HEAD)
    directory.faults.drop_connections = -1
    page = client.get(reverse("order"))

    assert page.status_code == 200
    assert "The directory does not answer right now" in text_of(page)


def test_own_units_are_there_as_soon_as_the_directory_answers_again(enter, directory):
    client = enter(cast.HEAD)
    directory.faults.drop_connections = -1
    opened = form_of(client.get(reverse("order")))
    assert cast.BJORKHAGA.text not in press(client, opened, "preview").content.decode()
    directory.faults.drop_connections = 0

    page = press(client, opened | {"need": ["Typed meanwhile."]}, "preview")

    assert cast.BJORKHAGA.text in page.content.decode()
    assert form_of(page)["need"] == ["Typed meanwhile."]


def test_choices_that_somebody_forged_are_not_offered(enter):
    client = enter(cast.HEAD)
    forged = signing.dumps({"persons": [["SE0000000000-1", "Falsk"]], "units": []}, salt="another")
    page = press(client, fill(client) | {"shown": [forged], "person_search": [""]}, "preview")

    assert page.status_code == 400
    assert "Choose who the access is for" not in beside(page, "person")
    assert "is not one of the available choices" in beside(page, "person")
    assert "Falsk" not in page.content.decode()


def test_an_ended_request_can_be_copied_with_everything_but_the_dates(enter):
    request = acts.order()
    acts.steps.withdraw(request, by=acts.user(cast.HEAD), reason="Fel person")
    page = enter(cast.HEAD).get(reverse("order"), {"kopia": str(request.public_id)})

    kept = form_of(page)
    assert kept["person"] == [cast.COORDINATOR.text]
    assert kept["access"] == ["rehabstod:unit"]
    assert kept["units"] == [cast.BJORKHAGA.text]
    assert kept["need"] == [acts.NEED]
    assert kept["submission"] != [str(request.order.submission)]


def test_somebody_elses_request_cannot_be_copied(enter):
    request = acts.order()
    page = enter(cast.OUTSIDER).get(reverse("order"), {"kopia": str(request.public_id)})

    assert page.status_code == 404


def test_the_order_page_asks_for_a_log_in(client):
    answer = client.get(reverse("order"))

    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("login"))


def test_the_order_page_is_there_in_swedish(enter):
    page = enter(cast.HEAD, language="sv").get(reverse("order"))

    assert '<html lang="sv"' in page.content.decode()


def test_no_page_address_holds_anything_personal(enter):
    client = enter(cast.HEAD)
    answer = send(client)

    for personal in (cast.COORDINATOR.text, cast.BJORKHAGA.text, "Sagolund"):
        assert personal not in answer["Location"]


def test_levels_and_services_of_the_form_are_those_of_the_catalogue(settings):
    settings.SERVICES = list(Service)
    from provisioning.pages.order.forms import offered
    from provisioning.rules.services import catalogue as services

    assert set(offered().values()) == {
        (service, level) for service in Service for level in services.levels(service)
    }
    assert all(key == f"{service}:{level}" for key, (service, level) in offered().items())


def test_only_the_services_of_the_settings_are_offered(settings):
    from provisioning.pages.order.forms import offered

    settings.SERVICES = ["intygsstatistik"]

    assert set(offered()) == {"intygsstatistik:unit", "intygsstatistik:provider"}


def test_an_id_of_the_wrong_kind_is_named_in_both_searches(enter):
    client = enter(cast.HEAD)
    page = client.get(reverse("order"))

    of_unit = press(client, form_of(page) | {"person_search": [cast.BJORKHAGA.text]}, "search_person")
    of_provider = press(client, form_of(page) | {"person_search": [cast.PROVIDER.text]}, "search_person")
    of_person = press(client, form_of(page) | {"unit_search": [cast.COORDINATOR.text]}, "search_unit")

    assert [answer.status_code for answer in (of_unit, of_provider, of_person)] == [400, 400, 400]
    assert "not of a person. Choose the place further down." in beside(of_unit, "person_search")
    assert "not of a person" in beside(of_provider, "person_search")
    assert "not of a place. Choose the person further up." in beside(of_person, "unit_search")


def test_whoever_orders_reads_where_the_unit_s_orders_usually_stick(enter, monkeypatch):
    client = enter(cast.HEAD)
    assert "often stick" not in text_of(preview(client))
    habit = Habit("order.no_administrator", 4, 9, (uuid4(),))
    met = {cast.BJORKHAGA.folded: [habit]}
    monkeypatch.setattr(obstacles, "habits_of", lambda unit_keys: met)
    words = text_of(preview(client))
    assert "Orders for this unit often stick" in words
    assert "No KIV administrator could carry out the order. In 4 of the latest 9 orders here." in words
