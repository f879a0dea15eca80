"""The KIV administrator's work list: every task on some page, with its value, its claim, and how it went."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.models import AccessRequest, AuditEntry, Handler, Removal
from provisioning.orders.draft import Choice
from provisioning.pages.kiv.list import PAGE_SIZE
from provisioning.rules.hsa import Service
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState
from tests import acts, cast
from tests.pages.reading import text_of
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

WANTED = f"INTYG;Rehab-{cast.BJORKHAGA}"


def multiply(removal: Removal, count: int) -> list[Removal]:
    """As many removals like it of other persons, each a minute younger than the one before."""
    asked = list(removal.handlers.all())
    made = []
    for number in range(count):
        copy = Removal.objects.get(pk=removal.pk)
        copy.pk, copy.grant, copy.public_id = None, None, uuid.uuid4()
        copy.case_number = f"R2026-9{number:05d}"
        copy.subject_key = copy.subject_hsa_id = f"SE0000000000-9{number:03d}"
        copy.subject_name = f"Person Nummer{number:03d}"
        copy.state_since = timezone.now() + timedelta(minutes=number)
        copy.save(force_insert=True)
        for handler in asked:
            handler.pk, handler.removal = None, copy
            handler.save(force_insert=True)
        made.append(copy)
    return made


@pytest.fixture
def removal(directory, kiv) -> Removal:
    return life.with_kiv(life.removal_by_head(life.granted(kiv)))


@pytest.fixture
def task(directory) -> AccessRequest:
    """A request that waits for the KIV administrators."""
    request = acts.order(person_id=cast.BLANKS)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    return request


def coupling() -> AccessRequest:
    """A task to couple the coordinator, who gets a system role removed in the other tests."""
    request = acts.order(service=Service.INTYGSSTATISTIK)
    acts.work()
    acts.choose(request, Choice.COUPLE)
    acts.work()
    request.refresh_from_db()
    return request


def listed(browser, address: str = "") -> str:
    return browser.get(reverse("kiv_tasks") + address).content.decode()


def numbers(page: str) -> list[str]:
    return re.findall(r'data-number="([^"]+)"', page)


def send(browser, name: str, *tasks: AccessRequest | Removal, address: str = "") -> str:
    """Mark these and press the button; what the next page says."""
    data = {"tasks": [str(task.public_id) for task in tasks]}
    return text_of(browser.post(reverse(name) + address, data, follow=True))


def status(browser, *tasks: AccessRequest | Removal) -> Any:
    asked = {"rad": [str(task.public_id) for task in tasks]}
    return browser.get(reverse("kiv_status"), asked).json()


def test_what_to_set_and_what_to_remove_for_a_person_stand_together(removal, kiv, enter):
    other = acts.order(person_id=cast.BLANKS)
    same = coupling()
    page = listed(enter(cast.KIV_ADMINISTRATOR))
    assert numbers(page) == [other.case_number, same.case_number, removal.case_number]
    assert "Tasks: 3." in page


def test_a_row_has_all_that_is_typed_in_kiv_ready_to_copy(task, enter):
    page = enter(cast.KIV_ADMINISTRATOR).get(reverse("kiv_tasks"))
    html = page.content.decode()
    for value in (WANTED, cast.BLANKS.text):
        assert f'data-copy-value="{value}"' in html
    said = text_of(page)
    for words in ("Add in HSA system role", "hsaSystemRole", task.unit_name, "waited 1 minute"):
        assert words in said


def test_a_coupling_is_listed_with_the_dates_of_the_order(directory, enter):
    request = coupling()
    first, last = timezone.localdate(), request.ends_on
    value = f"{cast.COORDINATOR};{first} 00:00:00;{last} 23:59:59"
    assert f'data-copy-value="{value}"' in listed(enter(cast.KIV_ADMINISTRATOR))


def test_every_removal_stands_on_exactly_one_page_and_their_number_is_said(removal, enter):
    made = multiply(removal, 2 * PAGE_SIZE + 15)
    browser = enter(cast.KIV_ADMINISTRATOR)
    pages = [listed(browser)]
    while further := re.search(r'rel="next" href="([^"]+)"', pages[-1]):
        pages.append(listed(browser, further[1].replace("&amp;", "&")))
    seen = [numbers(page) for page in pages]
    assert [len(page) for page in seen] == [PAGE_SIZE, PAGE_SIZE, 16]
    assert sum(seen, []) == [removal.case_number, *(row.case_number for row in made)]
    assert all(f"Tasks: {len(made) + 1}." in page for page in pages)


@pytest.mark.parametrize("asked", ["?efter=0", "?fore=99", "?efter=x&enhet=%01&tjanst=nothing"])
def test_an_odd_address_shows_the_first_page(removal, enter, asked):
    found = enter(cast.KIV_ADMINISTRATOR).get(reverse("kiv_tasks") + asked)
    assert found.status_code == 200
    assert removal.case_number in found.content.decode()


def test_the_list_is_narrowed_to_a_unit_and_to_a_service(removal, task, enter):
    Removal.objects.update(service=Service.INTYGSSTATISTIK.value)
    browser = enter(cast.KIV_ADMINISTRATOR)
    assert numbers(listed(browser, "?tjanst=rehabstod")) == [task.case_number]
    assert numbers(listed(browser, "?tjanst=intygsstatistik")) == [removal.case_number]
    assert len(numbers(listed(browser, f"?enhet={task.unit_key}"))) == 2
    AccessRequest.objects.filter(pk=task.pk).update(unit_key="se0000000000-e9", unit_name="Annan enhet")
    assert numbers(listed(browser, "?enhet=se0000000000-e9")) == [task.case_number]
    assert "No such tasks wait for you" in listed(browser, "?enhet=se0000000000-e9&tjanst=intygsstatistik")


def test_a_protected_person_is_listed_without_name_id_and_values(removal, task, enter):
    for row in (removal, task):
        type(row).objects.filter(pk=row.pk).update(subject_is_protected=True)
    removal.grant.requests.update(subject_is_protected=True)
    for address in ("kiv_tasks", "start"):
        page = enter(cast.KIV_ADMINISTRATOR).get(reverse(address)).content.decode()
        assert {removal.case_number, task.case_number} == set(numbers(page))
        for secret in (removal.subject_name, removal.subject_hsa_id, "data-copy-value"):
            assert secret not in page
    page = enter(cast.KIV_ADMINISTRATOR).get(reverse("removal_task", args=[removal.public_id]))
    assert removal.subject_name in page.content.decode()  # who has the task must know whose entry it is


def test_others_and_who_passed_it_on_do_not_see_it(removal, enter):
    for who in (cast.HEAD, cast.COORDINATOR, cast.OUTSIDER):
        assert removal.case_number not in listed(enter(who))
    Handler.objects.filter(removal=removal, person_key=cast.KIV_ADMINISTRATOR.folded).delete()
    assert removal.case_number not in listed(enter(cast.KIV_ADMINISTRATOR))
    assert removal.case_number in listed(enter(cast.KIV_ADMINISTRATOR_ABOVE))


def test_who_takes_a_task_is_shown_to_the_others_until_it_lapses(removal, task, enter, settings):
    one, other = enter(cast.KIV_ADMINISTRATOR), enter(cast.KIV_ADMINISTRATOR_ABOVE)
    assert "You have taken 2 tasks." in send(one, "kiv_take", task, removal)
    name = acts.user(cast.KIV_ADMINISTRATOR).name
    assert listed(other).count(f"{name} has taken it, until") == 2
    assert AuditEntry.objects.filter(action__in=["request.taken", "removal.taken"]).count() == 2
    assert "Somebody else took it just before you." in send(other, "kiv_take", task)
    assert f"{name} has taken it" in status(other, task)["tasks"][str(task.public_id)]["said"]

    AccessRequest.objects.update(taken_at=timezone.now() - timedelta(minutes=settings.KIV_CLAIM_MINUTES))
    assert listed(other).count(f"{name} has taken it, until") == 1
    assert "You have taken 1 task." in send(other, "kiv_take", task)


def test_a_task_that_is_let_go_is_free_and_others_cannot_let_go_for_me(task, enter):
    one, other = enter(cast.KIV_ADMINISTRATOR), enter(cast.KIV_ADMINISTRATOR_ABOVE)
    send(one, "kiv_take", task)
    send(other, "kiv_take", task, address="?slapp=1")
    assert "has taken it" in listed(other)
    send(one, "kiv_take", task, address="?slapp=1")
    assert "has taken it" not in listed(other)
    assert AuditEntry.objects.filter(action="request.let_go").count() == 1


def test_several_are_done_at_once_and_each_for_itself(removal, task, kiv, enter):
    other = coupling()
    life.take_away(kiv, removal)
    acts.set_values(task, kiv)
    said = send(enter(cast.KIV_ADMINISTRATOR), "kiv_done", task, removal, other)
    assert "KIV shows it. Thank you: 2 tasks are done." in said
    assert f"see what stands there instead: {other.case_number}." in said
    for row, state in (
        (task, RequestState.VERIFYING),
        (removal, RemovalState.VERIFYING),
        (other, RequestState.AWAITING_KIV),
    ):
        row.refresh_from_db()
        assert row.current_state is state
        assert row.carried_out_by_id == cast.KIV_ADMINISTRATOR.folded


def test_nobody_else_reports_or_takes_and_nothing_marked_says_so(task, kiv, enter):
    acts.set_values(task, kiv)
    for who, said in (
        (cast.HEAD, f"{task.case_number}: The task is with somebody else now."),
        (cast.OUTSIDER, "Mark at least one task that waits for you."),
    ):
        for name in ("kiv_done", "kiv_take"):
            assert said in send(enter(who), name, task)
    task.refresh_from_db()
    assert (task.current_state, task.taken_at) == (RequestState.AWAITING_KIV, None)
    odd = {"tasks": ["x", ""], "only": "neither"}
    answer = enter(cast.KIV_ADMINISTRATOR).post(reverse("kiv_done"), odd)
    assert answer.status_code == 302


def test_a_row_learns_that_its_task_closed_by_itself_or_was_withdrawn(removal, task, kiv, enter):
    browser = enter(cast.KIV_ADMINISTRATOR)
    assert status(browser, task)["count"] == 2
    acts.set_values(task, kiv)
    acts.work()
    Removal.objects.filter(pk=removal.pk).update(state=RemovalState.WITHDRAWN.value)
    found = status(browser, task, removal)
    set_one, gone_one = (found["tasks"][str(one.public_id)] for one in (task, removal))
    assert set_one["said"].startswith("Closed by itself ")
    assert (set_one["is_done"], set_one["is_over"]) == (True, True)
    assert gone_one == {
        "said": "The removal is undone. Remove nothing in KIV.",
        "is_done": False,
        "is_over": True,
    }
    assert status(enter(cast.OUTSIDER), task, removal) == {"tasks": {}, "count": 0}
