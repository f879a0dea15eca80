"""The page and the lists of cases: who sees what, in words."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.urls import reverse

from provisioning import directory as provisioning_directory
from provisioning.audit.events import Action
from provisioning.pages import words as pages_words
from provisioning.pages.cases import timeline
from provisioning.rules.hsa import Attribute, Level
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.reading import link_to, text_of

pytestmark = pytest.mark.django_db(transaction=True)


ROLE = "INTYG;Rehab-" + cast.BJORKHAGA.text


def page_of(request):
    return reverse("case", args=[request.public_id])


def done(kiv, person_id=cast.COORDINATOR):
    """A case that has come all the way."""
    request = acts.order(person_id=person_id)
    acts.work()
    request.refresh_from_db()
    kiv.add_value(request.changes[0]["dn"], Attribute.SYSTEM_ROLE, ROLE)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    return request


def test_a_waiting_case_says_who_has_it_since_when_and_what_comes_next(enter):
    request = acts.order()
    acts.work()
    words = text_of(enter(cast.HEAD).get(page_of(request)))

    assert f"Case {request.case_number}" in words
    assert "Who has it: David Demoström" in words
    assert "(KIV administrator)" in words
    assert "The KIV administrator sets the value in KIV." in words
    assert "since" in words


def test_a_case_on_its_way_to_hsa_shows_three_levels_and_promises_nothing(enter, directory, hsa, kiv, sync):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    change = request.changes[0]
    kiv.add_value(change["dn"], Attribute.SYSTEM_ROLE, ROLE)
    sync.add_value(change["dn"], Attribute.SYSTEM_ROLE, ROLE.lower())
    acts.work()
    acts.make_everything_due()
    acts.work()
    words = text_of(enter(cast.HEAD).get(page_of(request)))

    assert "On its way to HSA" in words
    assert "Set in KIV" in words and "Arrived in HSA" in words and "The person can log in" in words
    assert "HSA usually shows a change within 10 minutes." in words
    assert "Not yet, by what HSA held at the last look." in words
    assert "Rehabstöd refuses the login" in words
    assert f"It says “{ROLE.lower()}”." in words  # what stands in HSA instead
    assert "lets the person in" not in words

    sync.remove_value(change["dn"], Attribute.SYSTEM_ROLE, ROLE.lower())
    sync.add_value(change["dn"], Attribute.SYSTEM_ROLE, ROLE)
    acts.make_everything_due()
    acts.work()
    words = text_of(enter(cast.HEAD).get(page_of(request)))
    assert "The service's own login rule says yes to what HSA holds." in words


def test_without_a_second_directory_the_page_says_that_nobody_has_looked(enter, kiv):
    words = text_of(enter(cast.COORDINATOR).get(page_of(done(kiv))))
    assert "The national HSA is not read here, so nobody has seen it arrive." in words
    assert "HSA usually shows a change within 10 minutes." in words


def test_a_case_that_is_done_shows_the_services_yes_and_the_evidence(enter, kiv):
    request = done(kiv)
    words = text_of(enter(cast.COORDINATOR).get(page_of(request)))

    assert "as a rehabilitation coordinator, who sees the whole unit" in words
    assert "Verified: the service's login rule lets the person in." in words
    assert f"{ROLE} the ordered value Not there There" in words
    assert "Log in with your SITHS card." in words and "log out and in again" in words


@pytest.mark.parametrize("person", [cast.HEAD, cast.COORDINATOR, cast.KIV_ADMINISTRATOR, cast.AUDITOR])
def test_those_concerned_and_auditors_read_the_case(enter, settings, person):
    settings.AUDITORS = (cast.AUDITOR.text,)
    request = acts.order()
    acts.work()

    assert enter(person).get(page_of(request)).status_code == 200


@pytest.mark.parametrize("person", [cast.OUTSIDER, cast.DOCTOR, cast.PROVIDER_HEAD])
def test_for_everybody_else_the_case_is_not_there(enter, person):
    request = acts.order()

    assert enter(person).get(page_of(request)).status_code == 404


def test_a_case_that_does_not_exist_is_not_there_either(enter):
    assert enter(cast.HEAD).get(reverse("case", args=[uuid4()])).status_code == 404


def test_pages_that_show_are_not_posted_to(enter):
    request = acts.order()
    client = enter(cast.HEAD)

    assert client.post(page_of(request)).status_code == 405
    assert client.post(reverse("start")).status_code == 405
    assert client.post(reverse("cases")).status_code == 405


def test_a_protected_persons_name_is_for_the_cases_own_people_only(enter, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    request = acts.order(person_id=cast.PROTECTED)
    acts.work()
    request.refresh_from_db()
    own = enter(cast.HEAD).get(page_of(request)).content.decode()
    assert request.subject_name in own

    auditor = enter(cast.AUDITOR)
    for address in (page_of(request), reverse("cases") + "?vems=alla", reverse("start")):
        page = auditor.get(address)
        assert page.status_code == 200
        assert request.subject_name not in page.content.decode()
    assert "Person with protected identity" in text_of(auditor.get(page_of(request)))


def test_a_silent_directory_is_told_on_the_case(enter, directory):
    request = acts.order()
    directory.faults.is_busy = True
    acts.work()
    directory.faults.clear()
    request.refresh_from_db()
    assert request.trouble_since is not None

    assert "nobody can say what it holds" in text_of(enter(cast.HEAD).get(page_of(request)))


def test_the_items_of_one_order_lead_to_each_other(enter):
    first = acts.order(units=(cast.BJORKHAGA, cast.ALMBY))
    second = first.order.requests.get(position=2)
    page = enter(cast.HEAD).get(page_of(first))

    assert page_of(second) in page.content.decode()
    assert "Ordered at the same time" in text_of(page)


def test_only_orderer_and_subject_are_offered_to_withdraw_or_to_copy(enter):
    request = acts.order()
    acts.work()
    withdraw = reverse("withdraw", args=[request.public_id])
    assert withdraw in enter(cast.HEAD).get(page_of(request)).content.decode()
    assert withdraw not in enter(cast.KIV_ADMINISTRATOR).get(page_of(request)).content.decode()

    acts.steps.withdraw(request, by=acts.user(cast.HEAD), reason="")
    ended = enter(cast.HEAD).get(page_of(request)).content.decode()
    assert withdraw not in ended
    assert f"?kopia={request.public_id}" in ended


def test_other_system_roles_of_the_person_are_nobodys_business(enter, kiv):
    dn = provisioning_directory.open_directory().person(cast.COORDINATOR).dn
    kiv.add_value(dn, Attribute.SYSTEM_ROLE, "ANNAT;Hemligt-uppdrag")
    request = done(kiv)

    assert "Hemligt" not in enter(cast.HEAD).get(page_of(request)).content.decode()


def test_a_protected_persons_name_stands_in_no_list_not_even_the_orderers(enter):
    request = acts.order(person_id=cast.PROTECTED)
    acts.work()
    for person in (cast.HEAD, cast.KIV_ADMINISTRATOR):
        client = enter(person)
        for name in ("start", "cases", "kiv_tasks"):
            assert request.subject_name not in client.get(reverse(name)).content.decode()


def test_a_case_with_nothing_to_set_does_not_say_that_it_was_set(enter):
    request = acts.order(person_id=cast.DOCTOR, level=Level.OWN)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    words = text_of(enter(cast.HEAD).get(page_of(request)))

    assert "Nothing to set in KIV" in words
    assert "The one who orders can fix this" not in words  # a remark is no fault


def test_every_action_has_a_sentence_in_the_timeline():
    assert set(timeline.SENTENCE_OF) == set(Action)


def test_every_state_has_a_tone_and_a_next_step():
    assert set(pages_words.TONE_OF) == set(pages_words.NEXT_STEP) == set(RequestState)


def test_no_word_of_the_engine_or_the_database_reaches_the_case_page(enter, kiv):
    request = done(kiv)
    words = text_of(enter(cast.HEAD).get(page_of(request)))

    for inner in ("awaiting_", "SCHEDULED", "request.", "role.missing", "rehabkoordinator ", "None"):
        assert inner not in words


def test_open_and_ended_cases_are_listed_apart(enter):
    request = acts.order()
    client = enter(cast.HEAD)
    assert request.case_number in text_of(client.get(reverse("cases")))
    acts.steps.withdraw(request, by=acts.user(cast.HEAD), reason="")

    assert request.case_number not in text_of(client.get(reverse("cases")))
    assert "No open cases" in text_of(client.get(reverse("cases")))
    assert request.case_number in text_of(client.get(reverse("cases"), {"visa": "avslutade"}))


def test_a_long_list_has_pages_of_twenty(enter):
    acts.order(units=(cast.BJORKHAGA,))
    request = acts.user(cast.HEAD).orders.get().requests.get()
    for position in range(2, 26):
        request.pk, request.public_id, request.position = None, uuid4(), position
        request.state, request.unit_key = RequestState.WITHDRAWN.value, f"se0000000000-e{position}"
        request._state.adding = True
        request.save()
    client = enter(cast.HEAD)
    first = client.get(reverse("cases"), {"visa": "avslutade"})

    assert len(first.context["lines"]) == 20
    assert "Next page" in text_of(first) and "Previous page" not in text_of(first)
    second = client.get(reverse("cases") + link_to(first, "Next page"))
    assert len(second.context["lines"]) == 4
    assert "Next page" not in text_of(second)
    again = client.get(reverse("cases") + link_to(second, "Previous page"))
    assert again.context["lines"] == first.context["lines"]
    assert client.get(reverse("cases"), {"visa": "avslutade", "efter": "nonsense"}).status_code == 200


def test_an_outsider_lists_nobody_elses_cases_even_when_asking_for_all(enter):
    request = acts.order()
    page = enter(cast.OUTSIDER).get(reverse("cases"), {"vems": "alla"})

    assert request.case_number not in text_of(page)


def test_the_list_opens_on_the_units_cases_for_its_head(enter):
    request = acts.order(by=cast.COORDINATOR)
    client = enter(cast.HEAD)

    assert request.case_number in text_of(client.get(reverse("cases")))
    assert request.case_number in text_of(client.get(reverse("cases"), {"vems": "alla"}))
    assert request.case_number not in text_of(client.get(reverse("cases"), {"vems": "mina"}))
