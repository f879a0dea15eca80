"""The KIV administrator's list and card: who may, the exact value, done, already set, and cannot."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.models import AccessRequest, AuditEntry
from provisioning.orders import end
from provisioning.orders.carry_out import CannotSet
from provisioning.rules.hsa import Level, Service
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db

WANTED = f"INTYG;Rehab-{cast.BJORKHAGA}"
COORDINATOR_DN = "cn=demo1005,ou=Personal,o=Demoregionen"


@pytest.fixture
def task(directory) -> AccessRequest:
    """A request that waits for the KIV administrators."""
    from tests import acts

    request = acts.order()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    return request


@pytest.fixture
def two_tasks(task) -> tuple[AccessRequest, AccessRequest]:
    """Two open tasks of one person: a system role, and a coupling that the orderer asked for."""
    from provisioning.orders.check import choose
    from provisioning.orders.draft import Choice
    from tests import acts
    from workflows import steps

    other = acts.order(service=Service.INTYGSSTATISTIK, level=Level.UNIT)
    acts.work()
    orderer = acts.user(cast.HEAD)
    steps.act(
        other,
        RequestState.AWAITING_CHOICE,
        lambda row: choose(row, by=orderer, choice=Choice.COUPLE),
        by=orderer,
    )
    acts.make_everything_due()
    acts.work()
    other.refresh_from_db()
    assert other.current_state is RequestState.AWAITING_KIV
    return task, other


def address(request: AccessRequest) -> str:
    return reverse("kiv_task", args=[request.public_id])


def done(
    request: AccessRequest, *others: AccessRequest, answer: str = "done", **more: str
) -> dict[str, object]:
    return {"answer": answer, "done-items": [str(row.public_id) for row in (request, *others)], **more}


def cannot(
    request: AccessRequest, why: CannotSet | str, note: str = "Personen har slutat."
) -> dict[str, object]:
    return {
        "answer": "cannot",
        "cannot-items": [str(request.public_id)],
        "cannot-why": str(why),
        "cannot-note": note,
    }


def state_of(request: AccessRequest) -> RequestState:
    request.refresh_from_db()
    return request.current_state


# -- who may -----------------------------------------------------------------------------------------------
def test_the_list_shows_a_task_only_to_the_units_administrators(task, enter) -> None:
    for who in (cast.KIV_ADMINISTRATOR, cast.KIV_ADMINISTRATOR_ABOVE):
        page = text_of(enter(who).get(reverse("kiv_tasks")))
        assert task.case_number in page
        assert task.subject_name in page
    for who in (cast.HEAD, cast.OUTSIDER, cast.COORDINATOR):
        page = text_of(enter(who).get(reverse("kiv_tasks")))
        assert task.case_number not in page
        assert "No tasks wait for you" in page


def test_the_card_is_not_there_for_an_outsider(task, enter) -> None:
    assert enter(cast.OUTSIDER).get(address(task)).status_code == 404
    assert enter(cast.OUTSIDER).post(address(task), done(task)).status_code == 404
    assert state_of(task) is RequestState.AWAITING_KIV


def test_who_sees_the_case_but_has_not_the_task_is_led_to_the_case(task, enter) -> None:
    for who in (cast.HEAD, cast.COORDINATOR):
        answer = enter(who).post(address(task), done(task))
        assert answer.status_code == 302
        assert answer["Location"] == reverse("case", args=[task.public_id])
    assert enter(cast.AUDITOR).post(address(task), done(task)).status_code == 404  # reads cases, acts on none
    assert state_of(task) is RequestState.AWAITING_KIV
    assert not AuditEntry.objects.filter(action="request.reported_done").exists()


def test_nobody_gets_in_without_a_log_in(task, client) -> None:
    for path in (reverse("kiv_tasks"), address(task)):
        assert client.get(path)["Location"].startswith(reverse("login"))


def test_other_methods_are_refused(task, enter) -> None:
    browser = enter(cast.KIV_ADMINISTRATOR)
    assert browser.post(reverse("kiv_tasks")).status_code == 405
    assert browser.delete(address(task)).status_code == 405


# -- the card ----------------------------------------------------------------------------------------------
def test_the_card_holds_the_exact_value_where_it_goes_and_what_it_does(task, enter) -> None:
    answer = enter(cast.KIV_ADMINISTRATOR).get(address(task))
    page = answer.content.decode()
    assert f'<code class="app-copy__value"><bdi>{WANTED}</bdi></code>' in page
    assert f'data-copy-value="{WANTED}"' in page
    assert f'data-copy-value="{COORDINATOR_DN}"' in page
    seen = text_of(answer)
    assert "sees the cases of the whole unit" in seen
    assert "The task closes by itself" in seen


def test_values_that_stand_there_are_shown_against_the_wanted_one(task, enter, kiv) -> None:
    kiv.add_value(COORDINATOR_DN, "hsaSystemRole", WANTED.lower())
    kiv.add_value(COORDINATOR_DN, "hsaSystemRole", "INTYG;Annat")
    seen = text_of(enter(cast.KIV_ADMINISTRATOR).get(address(task)))
    assert "right but for capital and small letters" in seen
    assert f"{WANTED.lower()} There Can be removed" in seen
    assert "INTYG;Annat There Leave it" in seen
    assert f"{WANTED} the ordered value Not there There" in seen


def test_all_items_of_a_person_stand_on_one_card(two_tasks, enter) -> None:
    first, second = two_tasks
    page = enter(cast.KIV_ADMINISTRATOR).get(address(second)).content.decode()
    dates = f"{timezone.localdate()} 00:00:00;{second.ends_on} 23:59:59"
    for value in (first.changes[0]["add"], f"{cast.COORDINATOR};{dates}"):
        assert page.count(f'data-copy-value="{value}"') == 1
    assert page.index(second.case_number) < page.index(first.case_number)  # the one that was asked for
    listed = enter(cast.KIV_ADMINISTRATOR).get(reverse("kiv_tasks")).content.decode()
    assert listed.count(f">{first.subject_name}</bdi>") == 2  # a row for each, one under the other


def test_a_silent_directory_hides_nothing_that_is_known(task, enter, directory) -> None:
    browser = enter(cast.KIV_ADMINISTRATOR)
    directory.faults.is_busy = True
    answer = browser.get(address(task))
    assert answer.status_code == 200
    seen = text_of(answer)
    assert "The directory does not answer right now" in seen
    assert WANTED in seen
    assert "Not read" in seen


def test_both_pages_speak_swedish(task, enter) -> None:
    browser = enter(cast.KIV_ADMINISTRATOR, language="sv")
    for path in (reverse("kiv_tasks"), address(task)):
        answer = browser.get(path)
        assert answer.status_code == 200
        assert '<html lang="sv">' in answer.content.decode()
        assert "KIV tasks" not in text_of(answer)
    assert "Attesterad av" in text_of(browser.get(address(task)))


# -- done --------------------------------------------------------------------------------------------------
def test_done_with_the_value_in_place_ends_the_task_at_once(task, enter, kiv) -> None:
    kiv.add_value(COORDINATOR_DN, "hsaSystemRole", WANTED)
    answer = enter(cast.KIV_ADMINISTRATOR).post(address(task), done(task), follow=True)
    assert answer.redirect_chain == [(reverse("kiv_tasks"), 302)]
    assert "The directory shows the value" in text_of(answer)
    assert state_of(task) is RequestState.VERIFYING
    assert task.carried_out_by_id == cast.KIV_ADMINISTRATOR.folded
    assert task.carried_out_how == "done"


def test_already_set_is_kept_as_such_with_its_note(task, enter, kiv) -> None:
    kiv.add_value(COORDINATOR_DN, "hsaSystemRole", WANTED)
    answer = done(task, answer="already", **{"done-note": "Satt i våras."})
    enter(cast.KIV_ADMINISTRATOR).post(address(task), answer)
    assert state_of(task) is RequestState.VERIFYING
    assert (task.carried_out_how, task.carried_out_note) == ("already_set", "Satt i våras.")


def test_done_without_the_value_brings_the_task_back(task, enter, kiv) -> None:
    kiv.add_value(COORDINATOR_DN, "hsaSystemRole", WANTED + " ")
    answer = enter(cast.KIV_ADMINISTRATOR).post(address(task), done(task), follow=True)
    assert answer.redirect_chain == [(address(task), 302)]
    seen = text_of(answer)
    assert "does not show the wanted value yet" in seen
    assert "with a blank too many" in seen
    assert state_of(task) is RequestState.AWAITING_KIV


def test_done_without_anything_there_says_what_to_check(task, enter) -> None:
    answer = enter(cast.KIV_ADMINISTRATOR).post(address(task), done(task), follow=True)
    assert "Check that you saved" in text_of(answer)


def test_of_two_items_the_one_in_place_is_done_and_the_other_stays(two_tasks, enter, kiv) -> None:
    first, second = two_tasks
    kiv.add_value(COORDINATOR_DN, "hsaSystemRole", WANTED)
    answer = enter(cast.KIV_ADMINISTRATOR).post(address(first), done(first, second), follow=True)
    assert answer.redirect_chain == [(address(second), 302)]
    assert state_of(first) is RequestState.VERIFYING
    assert state_of(second) is RequestState.AWAITING_KIV


def test_only_the_chosen_items_are_reported(two_tasks, enter) -> None:
    first, second = two_tasks
    enter(cast.KIV_ADMINISTRATOR).post(address(first), done(second))
    assert not AuditEntry.objects.filter(action="request.reported_done", request=first).exists()
    assert AuditEntry.objects.filter(action="request.reported_done", request=second).exists()


def test_choosing_nothing_is_told_beside_the_items(two_tasks, enter) -> None:
    answer = enter(cast.KIV_ADMINISTRATOR).post(address(two_tasks[0]), {"answer": "done", "done-note": "Hej"})
    assert answer.status_code == 400
    assert "Choose at least one." in text_of(answer)
    assert "Hej" in answer.content.decode()
    assert not AuditEntry.objects.filter(action="request.reported_done").exists()


def test_another_person_s_item_cannot_be_smuggled_in(task, enter) -> None:
    from tests import acts

    other = acts.order(person_id=cast.BLANKS)
    acts.work()
    answer = enter(cast.KIV_ADMINISTRATOR).post(address(task), done(other))
    assert answer.status_code == 400
    assert not AuditEntry.objects.filter(action="request.reported_done").exists()


def test_an_item_withdrawn_meanwhile_is_not_called_done(task, enter, kiv, monkeypatch) -> None:
    from provisioning.pages.kiv import task as page
    from tests import acts
    from workflows import steps

    look = page.look

    def look_while_it_is_withdrawn(rows):
        found = look(rows)
        steps.withdraw(task, by=acts.user(cast.HEAD), reason="Behövs inte längre.")
        return found

    monkeypatch.setattr(page, "look", look_while_it_is_withdrawn)
    answer = enter(cast.KIV_ADMINISTRATOR).post(address(task), done(task), follow=True)
    seen = text_of(answer)
    assert f"{task.case_number}: The order is withdrawn. Set nothing in KIV." in seen
    assert "Thank you" not in seen
    assert state_of(task) is RequestState.WITHDRAWN


def test_done_twice_leads_to_the_case(task, enter, kiv) -> None:
    kiv.add_value(COORDINATOR_DN, "hsaSystemRole", WANTED)
    browser = enter(cast.KIV_ADMINISTRATOR)
    browser.post(address(task), done(task))
    answer = browser.post(address(task), done(task))
    assert answer["Location"] == reverse("case", args=[task.public_id])
    assert AuditEntry.objects.filter(action="request.reported_done").count() == 1


def test_a_silent_directory_keeps_the_page_and_all_that_was_typed(task, enter, directory) -> None:
    browser = enter(cast.KIV_ADMINISTRATOR)
    directory.faults.is_busy = True
    answer = browser.post(address(task), done(task, **{"done-note": "Satt nu."}))
    assert answer.status_code == 503
    assert "Satt nu." in answer.content.decode()
    assert "Nothing has been decided" in text_of(answer)
    assert state_of(task) is RequestState.AWAITING_KIV
    assert not AuditEntry.objects.filter(action="request.reported_done").exists()


def test_a_mandate_that_has_ended_is_told_on_the_page(task, enter, directory, kiv) -> None:
    browser = enter(cast.KIV_ADMINISTRATOR)
    dn = "cn=demo1003,ou=Personal,o=Demoregionen"
    for value in kiv.values(dn, "vgrManagedObjects"):
        kiv.remove_value(dn, "vgrManagedObjects", value)
    answer = browser.post(address(task), done(task))
    assert answer.status_code == 403
    assert "Your mandate may have ended" in text_of(answer)
    assert state_of(task) is RequestState.AWAITING_KIV


# -- cannot ------------------------------------------------------------------------------------------------
def test_no_reason_is_chosen_beforehand(task, enter) -> None:
    page = enter(cast.KIV_ADMINISTRATOR).get(address(task)).content.decode()
    form = page.split('value="cannot"')[0].split("<details")[1]
    assert "checked" not in form


@pytest.mark.parametrize(
    ("why", "target"),
    [
        (CannotSet.WRONG_ORDER, RequestState.CANNOT_BE_DONE),
        (CannotSet.OTHER, RequestState.CANNOT_BE_DONE),
        (CannotSet.COMMISSION_MISSING, RequestState.AWAITING_CHOICE),
        (CannotSet.NOT_MINE, RequestState.AWAITING_KIV),
    ],
)
def test_each_reason_has_its_own_way_on(why, target, task, enter) -> None:
    answer = enter(cast.KIV_ADMINISTRATOR).post(address(task), cannot(task, why), follow=True)
    assert answer.redirect_chain == [(reverse("kiv_tasks"), 302)]
    assert "those concerned are told" in text_of(answer)
    assert state_of(task) is target


def test_who_passes_a_task_on_no_longer_has_it_but_the_others_do(task, enter) -> None:
    enter(cast.KIV_ADMINISTRATOR).post(address(task), cannot(task, CannotSet.NOT_MINE))
    assert task.case_number not in text_of(enter(cast.KIV_ADMINISTRATOR).get(reverse("kiv_tasks")))
    assert task.case_number in text_of(enter(cast.KIV_ADMINISTRATOR_ABOVE).get(reverse("kiv_tasks")))


def test_the_last_one_cannot_pass_it_on(task, enter) -> None:
    enter(cast.KIV_ADMINISTRATOR).post(address(task), cannot(task, CannotSet.NOT_MINE))
    answer = enter(cast.KIV_ADMINISTRATOR_ABOVE).post(address(task), cannot(task, CannotSet.NOT_MINE))
    assert answer.status_code == 400
    assert "You are the only KIV administrator" in text_of(answer)


def test_of_two_items_one_refusal_saves_neither(two_tasks, enter) -> None:
    first, second = two_tasks
    enter(cast.KIV_ADMINISTRATOR).post(address(second), cannot(second, CannotSet.NOT_MINE))
    both = cannot(first, CannotSet.NOT_MINE) | {"cannot-items": [str(first.public_id), str(second.public_id)]}
    answer = enter(cast.KIV_ADMINISTRATOR_ABOVE).post(address(first), both)  # the last one for the second
    assert answer.status_code == 400
    assert "You are the only KIV administrator" in text_of(answer)
    assert not AuditEntry.objects.filter(action="request.passed_on", request=first).exists()


def test_without_reason_and_words_nothing_happens_and_the_form_stays_open(task, enter) -> None:
    answer = enter(cast.KIV_ADMINISTRATOR).post(address(task), cannot(task, "", note=" "))
    assert answer.status_code == 400
    seen = text_of(answer)
    assert "Choose what stands in the way." in seen
    assert "Write what stands in the way, so that the next person knows." in seen
    assert '<details class="app-details" open>' in answer.content.decode()
    assert state_of(task) is RequestState.AWAITING_KIV


# -- protected persons -------------------------------------------------------------------------------------
def test_a_protected_person_s_name_is_for_the_one_who_carries_out(enter, directory) -> None:
    from tests import acts

    request = acts.order(person_id=cast.PROTECTED)
    acts.work()
    request.refresh_from_db()
    name = request.subject_name
    assert name
    assert name in text_of(enter(cast.KIV_ADMINISTRATOR).get(address(request)))
    auditor = enter(cast.AUDITOR).get(address(request), follow=True)
    assert name not in auditor.content.decode()


def test_already_set_without_the_value_has_its_own_sentence_and_receipt(task, enter, kiv) -> None:
    client = enter(cast.KIV_ADMINISTRATOR)
    said = text_of(client.post(address(task), done(task, answer="already"), follow=True))
    assert "The value is not in KIV yet." in said
    assert "You answered that it was already set" in said
    kiv.add_value(COORDINATOR_DN, "hsaSystemRole", WANTED)
    acts.work()
    acts.make_everything_due()
    acts.work()
    receipt = text_of(enter(cast.HEAD).get(reverse("receipt", args=[task.public_id])))
    assert "Answered: it was already set in KIV" in receipt


def test_a_withdrawn_order_tells_the_kiv_administrator_to_set_nothing(task, enter) -> None:
    client = enter(cast.KIV_ADMINISTRATOR)
    end.withdraw(task, by=acts.user(cast.HEAD), reason="Behövs inte längre på enheten.")
    assert "The order is withdrawn. Set nothing in KIV." in text_of(client.get(address(task), follow=True))


def test_an_answer_after_the_task_closed_by_itself_says_so_and_when(task, enter, kiv) -> None:
    acts.set_values(task, kiv)
    acts.work()
    client = enter(cast.KIV_ADMINISTRATOR)
    said = text_of(client.post(address(task), done(task), follow=True))
    task.refresh_from_db()
    at = timezone.localtime(task.values_seen_at).strftime("%H:%M")
    assert f"Closed by itself {at}: we saw it in KIV." in said


def test_the_receipt_of_a_task_that_closed_by_itself_says_whose_it_was(task, enter, kiv) -> None:
    user = acts.user(cast.KIV_ADMINISTRATOR)
    AccessRequest.objects.filter(pk=task.pk).update(taken_by=user, taken_at=timezone.now())
    acts.set_values(task, kiv)
    acts.work()
    acts.work()
    page = text_of(enter(cast.HEAD).get(reverse("receipt", args=[task.public_id])))
    assert "Seen in KIV before anybody answered Automatic" in page
    assert f"The task was with: {user.name} {user.hsa_id}" in page
    head = acts.user(cast.HEAD)
    assert page.count(f"{head.name} ( {head.hsa_id} )") == 2  # who ordered and attested


def test_already_set_without_the_value_has_its_own_sentence(task, enter, kiv) -> None:
    client = enter(cast.KIV_ADMINISTRATOR)
    said = text_of(client.post(address(task), done(task, answer="already"), follow=True))
    assert "The value is not in KIV yet. Check that it stands on the right person" in said
    acts.set_values(task, kiv)
    acts.work()
    acts.work()
    page = text_of(enter(cast.HEAD).get(reverse("receipt", args=[task.public_id])))
    assert "Answered: it was already set in KIV" in page
    assert "Carried out in KIV" not in page


def test_the_card_says_why_by_whose_decision_where_and_when(task, enter) -> None:
    task.refresh_from_db()
    seen = text_of(enter(cast.KIV_ADMINISTRATOR).get(address(task)))
    for fact in (task.need, task.attester.hsa_id, task.unit_hsa_id, "First day", "Last day"):
        assert fact in seen
