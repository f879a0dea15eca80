"""The page of an order for many: read, shown, mended in place, sent, followed, withdrawn and decided."""

from __future__ import annotations

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import load_workbook

from provisioning.errors import DirectoryUnavailable
from provisioning.models import AccessRequest, AuditEntry, Order, OrderLine, Removal
from provisioning.orders.many import sheet_texts
from provisioning.orders.many.lines import lines
from provisioning.rules.mandates import Delegable
from tests import acts, cast
from tests.mandates import delegating
from tests.pages.reading import text_of
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/bestall/flera/"


@pytest.fixture(autouse=True)
def lost_nudges(monkeypatch):
    monkeypatch.setattr("provisioning.worker._send", lambda *given: None)


def filled(text: str = "", **other):
    known = {
        "pasted": text,
        "access": ["rehabstod:unit"],
        "units": [cast.BJORKHAGA.text],
        "starts_on": "",
        "ends_on": "",
        "need": acts.NEED,
        "risk": acts.RISK,
        "action": "preview",
    }
    return known | other


def days(client):
    form = client.get(PAGE).context["form"]
    return {
        "submission": str(form["submission"].value()),
        "starts_on": str(form["starts_on"].value()),
        "ends_on": str(form["ends_on"].value()),
    }


def look(client, text="", **other):
    return client.post(PAGE, filled(text, **(days(client) | other)))


def carried(answer, **other):
    return {"shown": answer.context["shown"], "submission": answer.context["submission"], **other}


def test_pasted_ids_are_shown_and_sent_and_placed(directory, enter):
    client = enter(cast.HEAD)
    shown = look(client, f"{cast.COORDINATOR}, {cast.NOBODY}; {cast.DOCTOR}")
    assert [row.person_id for row in shown.context["good"]] == [str(cast.COORDINATOR), str(cast.DOCTOR)]
    (bad,) = shown.context["bad"]
    assert bad.person_id == str(cast.NOBODY) and bad.refusals
    assert not Order.objects.exists()
    answer = client.post(PAGE, carried(shown, action="send"))
    order = Order.objects.get()
    assert answer.url == reverse("order_lines", args=[order.submission])
    assert "2 rows are left" in text_of(client.get(answer.url))
    tasks.sweep_many_orders()
    followed = client.get(answer.url)
    assert len(followed.context["lines"]) == 2
    assert not followed.context["waiting"]
    again = client.post(PAGE, carried(shown, action="send"))
    assert again.url == answer.url and Order.objects.count() == 1


def test_a_workbook_is_read_and_a_file_that_is_none_is_refused(directory, enter):
    client = enter(cast.HEAD)
    rows = [("HSA-id", "Enhet"), (cast.COORDINATOR.text, cast.BJORKHAGA.text)]
    book = SimpleUploadedFile("team.xlsx", sheet_texts.to_xlsx(rows))
    assert len(look(client, file=book).context["good"]) == 1
    picture = SimpleUploadedFile("team.xlsx", b"\x89PNG\x00")
    refused = client.post(PAGE, filled(file=picture, **days(client)), follow=True)
    assert "This is no table that can be read" in text_of(refused)


def test_a_row_is_mended_in_place(directory, enter):
    client = enter(cast.HEAD)
    shown = look(client, f"{cast.NOBODY}\n{cast.COORDINATOR}")
    (cell,) = shown.context["bad"][0].cells
    mended = client.post(PAGE, carried(shown, action="send", **{cell.name: cast.DOCTOR.text}))
    assert [row.person_id for row in mended.context["good"]] == [str(cast.DOCTOR), str(cast.COORDINATOR)]
    assert not Order.objects.exists()  # what was changed has not been shown before


def test_the_error_file_can_be_mended_and_sent(directory, enter):
    client = enter(cast.HEAD)
    shown = look(client, f"{cast.NOBODY}\n=1+2")
    answer = client.post(PAGE, carried(shown, action="errors"))
    assert "attachment" in answer["Content-Disposition"]
    read = lines(sheet_texts.from_file(answer.content))
    assert [line.person for line in read] == [str(cast.NOBODY), ""]
    assert b"'=1+2" in answer.content


def test_what_was_carried_belongs_to_one_person(directory, enter):
    shown = look(enter(cast.HEAD), cast.COORDINATOR.text)
    other = enter(cast.HEAD_ABOVE).post(PAGE, carried(shown, action="send"))
    assert other.context["form"].errors
    assert not Order.objects.exists()


def test_the_same_rows_sent_again_are_noticed(directory, enter):
    client = enter(cast.HEAD)
    client.post(PAGE, carried(look(client, cast.COORDINATOR.text), action="send"))
    shown = look(client, cast.COORDINATOR.text)
    assert shown.context["sent_before"] == Order.objects.get()
    client.post(PAGE, carried(shown, action="send"), follow=True)
    assert Order.objects.count() == 1
    client.post(PAGE, carried(shown, action="send", anyway="1"))
    assert Order.objects.count() == 2


def test_whoever_may_not_ask_learns_nothing_and_it_is_recorded(directory, enter):
    shown = look(enter(cast.OUTSIDER), f"HSA-id;Enhet\n{cast.COORDINATOR};{cast.BJORKHAGA}", units=[])
    (bad,) = shown.context["bad"]
    assert (bad.person, bad.answer) == ("", "")
    assert AuditEntry.objects.filter(action="refused").count() == 1


def test_each_person_looked_at_is_recorded_once(directory, enter):
    look(enter(cast.HEAD), f"{cast.COORDINATOR}\n{cast.DOCTOR}", access=["rehabstod:unit", "rehabstod:own"])
    assert AuditEntry.objects.filter(action="person.looked_at", actor=cast.HEAD.folded).count() == 2


def test_a_protected_name_stands_in_no_row(directory, enter):
    shown = look(enter(cast.HEAD), cast.PROTECTED.text)
    name = acts.user(cast.PROTECTED).name
    assert name and name not in text_of(shown)
    assert name not in repr(shown.context["good"])


def test_a_silent_directory_keeps_what_was_written(directory, enter, monkeypatch):
    client = enter(cast.HEAD)
    data = days(client)

    def silent(*args, **kwargs):
        raise DirectoryUnavailable

    monkeypatch.setattr("provisioning.orders.prepare.current.read", silent)
    answer = client.post(PAGE, filled(cast.COORDINATOR.text, **data))
    assert answer.context["form"]["pasted"].value() == cast.COORDINATOR.text


def test_the_templates_are_downloaded(enter):
    client = enter(cast.HEAD)
    assert client.get(f"{PAGE}mall.csv").content.startswith(b"\xef\xbb\xbf")
    book = client.get(f"{PAGE}mall.xlsx")
    assert load_workbook(io.BytesIO(book.content)).active["A1"].value == "HSA-id"
    assert client.get(f"{PAGE}mall.exe").status_code == 404


def sent(client, text):
    client.post(PAGE, carried(look(client, text), action="send"))
    tasks.sweep_many_orders()
    return Order.objects.get()


def test_the_rest_is_withdrawn_and_sent_again(directory, enter):
    client = enter(cast.HEAD)
    order = sent(client, f"{cast.COORDINATOR}\n{cast.DOCTOR}")
    page = reverse("order_withdraw", args=[order.submission])
    assert enter(cast.DOCTOR).get(page).status_code == 404
    client.post(page, {"reason": "Fel fil skickades."})
    assert not AccessRequest.objects.open().exists()
    assert not Removal.objects.exists()
    again = client.get(f"{PAGE}?igen={order.submission}")
    assert len(again.context["good"]) == 2
    assert enter(cast.DOCTOR).get(f"{PAGE}?igen={order.submission}").status_code == 404


def test_what_was_refused_is_sent_again_and_settled(directory, enter):
    client = enter(cast.HEAD)
    client.post(PAGE, carried(look(client, cast.COORDINATOR.text), action="send"))
    OrderLine.objects.update(seen="something else")
    tasks.sweep_many_orders()
    order = Order.objects.get()
    followed = client.get(reverse("order_lines", args=[order.submission]))
    assert OrderLine.objects.get().refusal in text_of(followed)
    again = client.get(f"{PAGE}?igen={order.submission}")
    client.post(PAGE, carried(again, action="send", anyway="1"))
    tasks.sweep_many_orders()
    assert AccessRequest.objects.count() == 1
    assert OrderLine.objects.get(many__order=order).state == OrderLine.LineState.MENDED


def test_only_those_with_a_part_in_it_read_the_order(directory, enter):
    order = sent(enter(cast.HEAD), f"{cast.COORDINATOR}\n{cast.DOCTOR}")
    page = reverse("order_lines", args=[order.submission])
    assert enter(cast.OUTSIDER).get(page).status_code == 404
    own = enter(cast.DOCTOR).get(page)
    assert [line.subject for line in own.context["lines"]] == [acts.user(cast.DOCTOR).name]
    assert acts.NEED not in text_of(own)


def ordered_for_the_head_above(directory, enter, text):
    """An order that the head's delegate for ordering alone has sent: somebody else approves it."""
    delegating.give(kinds=(Delegable.ORDERING,))
    return sent(enter(cast.DELEGATE), text)


def test_many_are_decided_each_for_itself(directory, enter):
    order = ordered_for_the_head_above(directory, enter, f"{cast.COORDINATOR}\n{cast.COORDINATOR_UNCOUPLED}")
    page = reverse("order_attest", args=[order.submission])
    head = enter(cast.HEAD)
    shown = head.get(page)
    first, second = shown.context["lines"]
    data = {"shown": shown.context["shown"], "reason": ""}
    warned = [line.public_id for line in (first, second) if line.warnings]
    refused = head.post(page, data | {"action": "reject_some", "chosen": [first.public_id]}, follow=True)
    assert "Write why you reject" in text_of(refused)
    head.post(page, data | {"action": "reject_some", "chosen": [first.public_id], "reason": "Har slutat."})
    head.post(page, data | {"action": "attest_all", "opened": warned})
    states = dict(AccessRequest.objects.values_list("public_id", "state"))
    assert {str(key): value for key, value in states.items()} == {
        first.public_id: "rejected",
        second.public_id: "checking",
    }
    assert enter(cast.OUTSIDER).get(page).status_code == 404


def test_warnings_are_opened_before_all_is_possible(directory, enter, monkeypatch):
    order = ordered_for_the_head_above(directory, enter, f"{cast.COORDINATOR}\n{cast.WRONG_UNIT}")
    page = reverse("order_attest", args=[order.submission])
    head = enter(cast.HEAD)
    shown = head.get(page)
    data = {"shown": shown.context["shown"], "reason": "", "action": "attest_all"}
    warned = [line.public_id for line in shown.context["lines"] if line.warnings]
    assert warned
    refused = head.post(page, data, follow=True)
    assert "Open the warnings" in text_of(refused)
    assert not AccessRequest.objects.exclude(state="awaiting_attestation").exists()
    head.post(page, data | {"opened": warned})
    assert not AccessRequest.objects.filter(state="awaiting_attestation").exists()


def test_nobody_decides_about_their_own_line_among_many(directory, enter):
    order = ordered_for_the_head_above(directory, enter, f"{cast.COORDINATOR}\n{cast.HEAD}")
    shown = enter(cast.HEAD).get(reverse("order_attest", args=[order.submission]))
    assert [line.subject_id for line in shown.context["lines"]] == [str(cast.COORDINATOR)]


def test_a_line_above_the_cap_takes_a_reason_and_the_others_go_on(directory, enter, settings):
    settings.ACCESS_CAPS = {"rehabstod:unit": 1}
    order = ordered_for_the_head_above(directory, enter, f"{cast.COORDINATOR}\n{cast.COORDINATOR_UNCOUPLED}")
    page = reverse("order_attest", args=[order.submission])
    head = enter(cast.HEAD)
    shown = head.get(page)
    warned = [line.public_id for line in shown.context["lines"] if line.warnings]
    data = {"shown": shown.context["shown"], "action": "attest_all", "opened": warned}
    head.post(page, data | {"reason": ""})
    assert AccessRequest.objects.filter(state="awaiting_attestation").count() == 1
    shown = head.get(page)
    (line,) = shown.context["lines"]
    assert "the cap is 1" in line.cap
    refused = head.post(page, data | {"shown": shown.context["shown"], "reason": ""})
    assert refused.status_code == 400
    head.post(page, data | {"shown": shown.context["shown"], "reason": "Två delar på tjänsten i höst."})
    assert not AccessRequest.objects.filter(state="awaiting_attestation").exists()
