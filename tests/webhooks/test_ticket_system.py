"""The contract with a ticket system: it opens and closes tickets, and only the directory closes tasks."""

import pytest
from django.urls import reverse

from provisioning.models import AuditEntry, System, Ticket
from provisioning.rules.event_kinds import EventKind
from provisioning.rules.states.request import RequestState
from provisioning.systems.keep import Scope
from provisioning.webhooks import forget, subscribe
from tests import acts, cast
from tests.api.calling import portal
from tests.pages.reading import text_of
from tests.webhooks.receiving import sweep

pytestmark = pytest.mark.django_db
KINDS = (EventKind.KIV_TASK_OPENED, EventKind.KIV_TASK_CLOSED)


class FakeTicketSystem:
    """Opens a ticket for each task it is told of, and answers as a ticket system does."""

    def __init__(self, heard):
        self.heard, self.caller = heard, portal("desk", scopes=(Scope.WRITE_TICKETS,))
        system = System.objects.get(client_id="desk")
        subscribe.begin(system, url=heard.url, kinds=KINDS, tells_person=False, by=None)

    @property
    def tickets(self):
        """The case's id, by which it answers, for each ticket that is open with it."""
        opened = [one["data"]["case_id"] for one in self.heard.said if one["type"] == "kiv-task.opened"]
        over = [one["data"]["case_id"] for one in self.heard.said if one["type"] == "kiv-task.closed"]
        return [one for one in opened if one not in over]

    def say(self, case_id, **more):
        return self.caller.post(f"kiv-tasks/{case_id}/ticket", {"number": "INC-4711"} | more)


@pytest.fixture
def desk(directory, heard):
    return FakeTicketSystem(heard)


def with_kiv(**wishes):
    case = acts.order(**wishes)
    acts.work()
    case.refresh_from_db()
    assert case.current_state is RequestState.AWAITING_KIV
    return case


def test_a_closed_ticket_closes_no_task_and_the_directory_does(desk, kiv, enter):
    case = with_kiv()
    sweep()
    assert desk.tickets == [str(case.public_id)]
    assert desk.say(case.public_id).json()["task_is_open"] is True

    closed = desk.say(case.public_id, closed=True, note="Klart enligt oss.")
    case.refresh_from_db()
    sweep()
    assert (closed.status_code, closed.json()["task_is_open"]) == (200, True)
    assert case.current_state is RequestState.AWAITING_KIV
    assert desk.tickets == [str(case.public_id)]
    page = text_of(enter(cast.HEAD).get(reverse("case", args=[case.public_id])))
    assert "INC-4711" in page
    assert "Klart enligt oss." in page

    acts.set_values(case, kiv)
    acts.work()
    sweep()
    assert desk.tickets == []
    assert [one["type"] for one in desk.heard.said] == ["kiv-task.opened", "kiv-task.closed"]
    assert desk.say(case.public_id, closed=True, note="Nu syns det.").json()["task_is_open"] is False


def test_the_number_is_searched_by_those_who_may_read_the_case(desk, enter):
    case = with_kiv()
    desk.say(case.public_id)
    found = enter(cast.HEAD).post(reverse("search"), {"sought": "inc-4711"})
    assert case.case_number in text_of(found)
    hidden = enter(cast.OUTSIDER).post(reverse("search"), {"sought": "inc-4711"})
    assert case.case_number not in text_of(hidden)


def test_the_same_said_twice_is_written_once(desk):
    case = with_kiv()
    for _time in range(2):
        assert desk.say(case.public_id).status_code == 200
    entry = AuditEntry.objects.get(action="request.ticket_says")
    assert (entry.data["ticket"], entry.data["system"]) == ("INC-4711", "desk")
    assert Ticket.objects.count() == 1


@pytest.mark.parametrize(
    "wrong", [{"number": "Anna Svensson"}, {"number": "ticket"}, {"note": "Gäller 19121212-1212."}]
)
def test_neither_names_nor_personal_numbers_are_taken(desk, wrong):
    assert desk.say(with_kiv().public_id, **wrong).status_code == 422
    assert not Ticket.objects.exists()


def test_only_systems_that_are_told_of_tasks_write_and_only_about_tasks(desk):
    waiting = acts.order(person_id=cast.WRONG_CASE)
    assert desk.say(waiting.public_id).status_code == 404
    case = with_kiv()
    other = portal("other", scopes=(Scope.WRITE_TICKETS,))
    assert other.post(f"kiv-tasks/{case.public_id}/ticket", {"number": "A1"}).status_code == 404
    reader = portal("reader", scopes=(Scope.READ_CASES,))
    assert reader.post(f"kiv-tasks/{case.public_id}/ticket", {"number": "A1"}).status_code == 403


def test_a_ticket_is_forgotten_with_its_case(desk):
    case = with_kiv()
    desk.say(case.public_id)
    forget.forget_old()
    assert Ticket.objects.count() == 1
    Ticket.objects.update(case_id="00000000-0000-0000-0000-000000000000")
    forget.forget_old()
    assert not Ticket.objects.exists()
