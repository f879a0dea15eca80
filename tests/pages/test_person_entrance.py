"""“Does the person get in?” about somebody else, from the side of who may ask and of who may not."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.models import AuditEntry
from provisioning.rules.hsa import HsaId
from tests import acts, cast
from tests.mandates import delegating
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def desk(settings):
    settings.SERVICE_DESK = (cast.OUTSIDER.text,)
    return cast.OUTSIDER


def ask(client, person: HsaId, unit: HsaId | None = None):
    sent = {"person": person.text, "unit": unit.text if unit else ""}
    return client.post(reverse("person_entrance"), sent)


def answer_about(response, service: str) -> str:
    _before, _heading, cards = text_of(response).partition("The answer")
    _before, _name, one = cards.partition(f"{service} ")
    return one.partition("read ")[0]


# -- who may -------------------------------------------------------------------------------------------------


def test_the_desk_sees_the_broken_link_and_who_mends_it(enter, desk):
    client = enter(desk)
    assert reverse("person_entrance") in client.get(reverse("start")).content.decode()

    answer = answer_about(ask(client, cast.COORDINATOR), "Rehabstöd")
    assert answer.startswith("No")
    assert "Person In place Commission In place System role Missing or wrong" in answer
    assert "Service Does not let the person in" in answer
    assert "The KIV administrator can fix this." in answer
    assert "KIV administrator here: " in answer
    assert "Order access" not in answer


def test_the_desk_sees_yes_and_do_not_know(enter, desk):
    client = enter(desk)
    assert answer_about(ask(client, cast.DOCTOR), "Rehabstöd").startswith("Yes")
    unknown = answer_about(ask(client, cast.DATE_UNREADABLE), "Rehabstöd")
    assert unknown.startswith("Don't know")
    assert "whether the person gets in" in unknown


def test_the_desk_may_name_the_unit_where_the_person_has_no_commission(enter, desk):
    client = enter(desk)
    assert "Write the unit, too" in answer_about(ask(client, cast.COORDINATOR_UNCOUPLED), "Rehabstöd")
    there = answer_about(ask(client, cast.COORDINATOR_UNCOUPLED, cast.BJORKHAGA), "Rehabstöd")
    assert "Commission Missing or wrong" in there


@pytest.mark.parametrize("by", [cast.HEAD, cast.KIV_ADMINISTRATOR, cast.DELEGATE])
def test_own_units_are_asked_about_and_nothing_elsewhere_is_told(enter, by):
    delegating.give()
    client = enter(by)
    assert answer_about(ask(client, cast.DOCTOR, cast.BJORKHAGA), "Rehabstöd").startswith("Yes")
    assert ask(client, cast.DOCTOR, cast.EKLIDEN).status_code == 400
    assert "Write the unit's HSA-id." in text_of(ask(client, cast.DOCTOR))


def test_a_doctor_of_another_unit_does_not_get_in_on_the_own_one(enter):
    answer = answer_about(ask(enter(cast.HEAD), cast.DOCTOR, cast.ALMBY), "Rehabstöd")
    assert answer.startswith("No")
    assert "Björkhaga" not in answer


def test_an_open_order_is_shown_to_who_may_read_it_only(enter, desk):
    request = acts.order(by=cast.HEAD)
    said = f"The order {request.case_number} is under way"
    assert said in text_of(ask(enter(cast.HEAD), cast.COORDINATOR, cast.BJORKHAGA))
    assert request.case_number not in text_of(ask(enter(desk), cast.COORDINATOR))


# -- who may not ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", [cast.OUTSIDER, cast.DOCTOR, cast.COORDINATOR])
def test_who_has_no_business_there_has_no_page_and_no_link(enter, by):
    client = enter(by)
    assert reverse("person_entrance") not in client.get(reverse("start")).content.decode()
    assert client.get(reverse("person_entrance")).status_code == 404
    assert ask(client, cast.COORDINATOR, cast.BJORKHAGA).status_code == 404


def test_who_may_not_ask_gets_one_answer_before_anything_is_read(enter, read_about):
    client = enter(cast.HEAD)
    client.get(reverse("start"))
    read_about.clear()
    people = (cast.COORDINATOR, cast.PROTECTED, cast.NOBODY, cast.DOCTOR)
    for one in people:
        response = ask(client, one, cast.EKLIDEN)
        assert response.status_code == 400
        assert "No answer is given here about this HSA-id." in text_of(response)
    assert not set(read_about) & set(people)
    assert all(one.folded not in str(entry.data) for entry in AuditEntry.objects.all() for one in people)


def test_a_protected_person_is_answered_as_one_who_is_not_there(enter, desk):
    client = enter(desk)

    def said(person):
        return text_of(ask(client, person)).replace(person.text, "ID")

    assert said(cast.PROTECTED) == said(cast.NOBODY)
    assert "No answer is given" in said(cast.PROTECTED)


def test_what_is_no_whole_hsa_id_is_asked_for_again(enter, desk):
    for text in ("", "Sagolund", "SE0000000000", "x" * 500):
        response = enter(desk).post(reverse("person_entrance"), {"person": text, "unit": ""})
        assert response.status_code == 400
        assert "The answer" not in text_of(response)


def test_a_silent_directory_keeps_what_was_written(enter, desk, directory):
    client = enter(desk)
    client.get(reverse("start"))
    directory.faults.drop_connections = -1
    response = ask(client, cast.COORDINATOR)
    assert response.status_code == 503
    assert cast.COORDINATOR.text in response.content.decode()


# -- the record and the limit --------------------------------------------------------------------------------


def test_each_look_at_somebody_else_is_an_event_and_at_oneself_is_none(enter, desk):
    client = enter(desk)
    ask(client, desk)
    assert not AuditEntry.objects.filter(action="person.looked_at").exists()
    ask(client, cast.COORDINATOR)
    ask(client, cast.PROTECTED)
    looks = AuditEntry.objects.filter(action="person.looked_at").order_by("pk")
    assert [entry.data["subject"] for entry in looks] == [cast.COORDINATOR.folded, cast.PROTECTED.folded]
    assert {entry.actor_id for entry in looks} == {desk.folded}


def test_a_refused_question_is_an_event_without_the_person(enter):
    ask(enter(cast.HEAD), cast.COORDINATOR, cast.EKLIDEN)
    entry = AuditEntry.objects.get(action="refused")
    assert entry.data["code"] == "entrance.may_not_ask"


def test_asking_counts_as_searching(enter, desk, settings):
    settings.LIMIT_SEARCHES_PER_MINUTE = 2
    client = enter(desk)
    assert [ask(client, cast.COORDINATOR).status_code for _ in range(3)] == [200, 200, 429]
