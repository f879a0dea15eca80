"""An order for many from lines to cases: each line judged alone, placed once, and never half."""

from __future__ import annotations

import uuid
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning.directory import Directory
from provisioning.directory.ldap.connection import Connections
from provisioning.errors import DirectoryUnavailable, Invalid
from provisioning.messages.texts import MessageKind
from provisioning.models import AccessRequest, AuditEntry, ManyOrder, Order, OrderLine, OutgoingMessage
from provisioning.orders import place, prepare
from provisioning.orders.draft import Choice
from provisioning.orders.many import look_up, send
from provisioning.orders.many.lines import WantedLine
from provisioning.orders.many.look_up import ForAll, JudgedLine
from provisioning.rules.hsa import HsaId
from tests import acts, cast
from tests.audit.test_tables import compared
from tests.findings import drifting
from tests.rights import life
from workflows import many_orders, tasks
from workflows.models import AccessProcess

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def lost_nudges(monkeypatch):
    monkeypatch.setattr("provisioning.worker._send", lambda *given: None)


def line(person: HsaId, unit: HsaId = cast.BJORKHAGA, *, number: int = 1, **cells) -> WantedLine:
    today = timezone.localdate()
    known = {
        "access": "rehabstod:unit",
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=300)).isoformat(),
        "need": acts.NEED,
        "risk": acts.RISK,
    }
    return WantedLine(number, person=str(person), unit=str(unit), **(known | cells))


def look(*lines: WantedLine, by: HsaId = cast.HEAD) -> list[JudgedLine]:
    return look_up.judged(
        [replace(one, number=number) for number, one in enumerate(lines, 1)], by=acts.user(by)
    )


def codes(found: JudgedLine) -> set[str]:
    return {refusal.code for refusal in found.refusals}


def confirm(*lines: WantedLine, by: HsaId = cast.HEAD, **wishes: Any) -> ManyOrder:
    found = look(*lines, by=by)
    assert all(one.may_be_sent for one in found), [one.refusals for one in found]
    confirmed = [send.confirmed(one.line, look_up.mark(one.prepared)) for one in found if one.prepared]
    known: dict[str, Any] = {"submission": uuid.uuid4(), "content_key": "", "by": acts.user(by)}
    return send.confirm(confirmed, **(known | wishes)).many


def test_each_bad_line_is_named_and_the_good_ones_can_be_sent(directory):
    today = timezone.localdate()
    later = (today + timedelta(days=200)).isoformat()
    good, unit, missing, ended, elsewhere, twin, wordless, dayless, accessless, idless = look(
        line(cast.COORDINATOR),
        line(cast.BJORKHAGA),
        line(cast.NOBODY),
        line(cast.ENDED),
        line(cast.COORDINATOR, cast.EKLIDEN),
        line(cast.COORDINATOR, ends_on=later),
        line(cast.COORDINATOR_UNCOUPLED, need="test"),
        line(cast.DOCTOR, starts_on="soon"),
        line(cast.DOCTOR, access="everything"),
        line(HsaId(""), name="Somebody"),
    )
    assert good.may_be_sent
    assert codes(unit) == {"person.is_place"}
    assert codes(missing) == {"person.missing"}
    assert codes(ended) == {"person.ended"}
    assert codes(elsewhere) == {"order.not_head"}
    assert codes(twin) == {"line.twice"}
    assert " 1 " in twin.refusals[0].message
    assert codes(wordless) == {"order.statement"}
    assert codes(dayless) == {"line.starts_on"}
    assert codes(accessless) == {"line.access"}
    assert codes(idless) == {"line.person"}


def test_another_name_beside_makes_a_doubt_until_the_orderer_is_sure(directory):
    other, sure, own = look(
        line(cast.COORDINATOR, name="Quite Another"),
        line(cast.COORDINATOR_UNCOUPLED, name="Quite Another", is_sure=True),
        line(cast.PROTECTED, name="Quite Another"),
    )
    assert other.doubt and not other.may_be_sent
    assert not sure.doubt and sure.may_be_sent
    assert not own.doubt


def test_what_a_row_leaves_open_is_said_once_for_all():
    for_all = ForAll(
        accesses=("rehabstod:unit", "intygsstatistik:provider"),
        units=("U1", "U2"),
        providers=("P1",),
        need="n",
    )
    found = look_up.expanded([WantedLine(1, person="A"), WantedLine(2, person="B", unit="U9")], for_all)
    assert [(one.person, one.access, one.unit) for one in found] == [
        ("A", "rehabstod:unit", "U1"),
        ("A", "rehabstod:unit", "U2"),
        ("A", "intygsstatistik:provider", "P1"),
        ("B", "rehabstod:unit", "U9"),
        ("B", "intygsstatistik:provider", "U9"),
    ]
    assert {one.need for one in found} == {"n"}


def test_lines_are_judged_as_single_orders_are(directory):
    people = [cast.COORDINATOR, cast.COORDINATOR_UNCOUPLED, cast.DOCTOR, cast.SETTLED, cast.PROTECTED]
    user = acts.user(cast.HEAD)
    for person, found in zip(people, look(*map(line, people)), strict=True):
        alone = prepare.prepare(acts.draft(person), by=user)
        assert codes(found) == {refusal.code for refusal in alone.all_refusals}
        assert found.item.assessment.answer is alone.items[0].assessment.answer
        assert found.item.is_attested_by_order is alone.items[0].is_attested_by_order
        assert found.item.may_be_coupled is alone.items[0].may_be_coupled
        assert found.item.administrators == alone.items[0].administrators
        assert found.item.assessment.codes == alone.items[0].assessment.codes


def test_a_hundred_lines_more_take_two_searches_more(directory, monkeypatch):
    count, asked = {"questions": 0}, Connections._ask

    def counted(self, *args, **kwargs):
        count["questions"] += 1
        return asked(self, *args, **kwargs)

    monkeypatch.setattr(Connections, "_ask", counted)
    taken = []
    people = [HsaId(f"SE0000000000-{2000 + number}") for number in range(200)]
    for number in (100, 100, 200):
        count["questions"] = 0
        look(line(cast.COORDINATOR), *map(line, people[: number - 1]))
        taken.append(count["questions"])
    assert taken[2] - taken[1] <= 3 + 3  # the persons and their commissions; ids that nobody has, as places


def test_what_is_confirmed_is_placed_line_by_line_once(directory):
    many = confirm(
        line(cast.COORDINATOR), line(cast.DOCTOR, access="rehabstod:own", need=f"{acts.NEED} Mer.")
    )
    assert AccessRequest.objects.count() == 0
    assert many_orders.place(many.pk)
    tasks.sweep_many_orders()
    order = Order.objects.get()
    first, second = order.requests.order_by("position")
    assert (first.subject_hsa_id, second.subject_hsa_id) == (str(cast.COORDINATOR), str(cast.DOCTOR))
    assert (first.need, second.need) == (acts.NEED, f"{acts.NEED} Mer.")
    assert first.attester_id == cast.HEAD.folded
    assert AccessProcess.objects.count() == 2
    assert set(many.lines.values_list("state", flat=True)) == {OrderLine.LineState.PLACED}
    assert not compared().deviations


def test_a_line_chooses_for_a_missing_commission_before_the_whole_order(directory):
    lines = [
        line(cast.COORDINATOR_UNCOUPLED, choice="Vänta"),
        line(cast.COORDINATOR_UNCOUPLED, access="rehabstod:own"),
    ]
    own, common = look_up.expanded(lines, ForAll(choice="couple"))
    assert (own.choice, common.choice) == ("Vänta", "couple")

    many = confirm(own)
    assert many.lines.get().if_missing == "wait"
    assert send.draft_of(many.lines.get()).if_missing is Choice.WAIT
    assert many_orders.place(many.pk)
    request = AccessRequest.objects.get()
    assert (request.if_missing, request.wants_coupling) == ("wait", False)


def test_the_choice_for_the_whole_order_couples_too(directory):
    (one,) = look_up.expanded([line(cast.COORDINATOR_UNCOUPLED)], ForAll(choice="couple"))
    many = confirm(one)
    assert many_orders.place(many.pk)
    acts.work()
    request = AccessRequest.objects.get()
    assert (request.if_missing, request.wants_coupling) == ("couple", True)


def test_a_choice_that_is_none_is_refused_in_its_row(directory):
    (found,) = look(line(cast.COORDINATOR, choice="maybe"))
    assert codes(found) == {"line.if_missing"}
    assert not found.may_be_sent


def test_the_same_submission_is_one_order(directory):
    submission = uuid.uuid4()
    one = confirm(line(cast.COORDINATOR), submission=submission)
    assert confirm(line(cast.COORDINATOR), submission=submission).pk == one.pk
    assert OrderLine.objects.count() == 1


def test_the_same_lines_are_known_again_in_any_order(directory):
    lines = [line(cast.COORDINATOR), line(cast.DOCTOR)]
    head, other = acts.user(cast.HEAD), acts.user(cast.DOCTOR)
    key = look_up.content_key(lines, head)
    many = confirm(*lines, content_key=key)
    assert look_up.sent_before(look_up.content_key(reversed(lines), head), head) == many
    assert look_up.sent_before(look_up.content_key(lines[:1], head), head) is None
    assert look_up.sent_before(look_up.content_key(lines, other), other) is None


def test_a_killed_worker_leaves_whole_lines_and_the_next_goes_on(directory, monkeypatch):
    monkeypatch.setattr(many_orders, "IN_ONE_TRANSACTION", 1)
    many = confirm(line(cast.COORDINATOR), line(cast.DOCTOR), line(cast.COORDINATOR_UNCOUPLED))
    add, placed = place.add, []

    def killed(row, *args, **kwargs):
        request = add(row, *args, **kwargs)
        placed.append(request)
        if len(placed) == 2:
            raise KeyboardInterrupt
        return request

    monkeypatch.setattr(place, "add", killed)
    with pytest.raises(KeyboardInterrupt):
        many_orders.place(many.pk)
    monkeypatch.setattr(place, "add", add)
    assert AccessRequest.objects.count() == AccessProcess.objects.count() == 1
    ManyOrder.objects.update(claim="dead", claimed_until=timezone.now() + timedelta(seconds=9))
    assert not many_orders.place(many.pk)  # the lease still lasts
    ManyOrder.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    tasks.sweep_many_orders()
    assert AccessRequest.objects.count() == AccessProcess.objects.count() == 3
    many.refresh_from_db()
    assert many.finished_at is not None


def test_whoever_left_meanwhile_is_named_and_the_others_are_placed(directory, kiv):
    many = confirm(line(cast.COORDINATOR), line(cast.DOCTOR))
    drifting.replace(kiv, drifting.person_dn(cast.DOCTOR), "hsaEndDate", ["20200101000000Z"])
    many_orders.place(many.pk)
    first, second = many.lines.order_by("position")
    assert (first.state, second.state) == (OrderLine.LineState.PLACED, OrderLine.LineState.REFUSED)
    assert second.refusal
    assert AuditEntry.objects.filter(action="order.line_refused", order=many.order).count() == 1


def test_what_the_directory_says_otherwise_since_is_not_placed(directory, monkeypatch):
    many = confirm(line(cast.COORDINATOR))
    OrderLine.objects.update(seen="something else")
    many_orders.place(many.pk)
    assert many.lines.get().refusal_code == "line.changed"
    assert not AccessRequest.objects.exists()


def test_somebody_who_ordered_the_same_meanwhile_is_said(directory):
    many = confirm(line(cast.COORDINATOR), line(cast.DOCTOR))
    acts.order(person_id=cast.COORDINATOR)
    many_orders.place(many.pk)
    first, second = many.lines.order_by("position")
    assert (first.refusal_code, second.state) == ("order.duplicate", OrderLine.LineState.PLACED)


def test_a_right_in_force_is_known_among_many(kiv):
    right = life.granted(kiv)
    found = look(line(cast.COORDINATOR), line(cast.DOCTOR))
    lives = [one.prepared.items[0].live_grant for one in found if one.prepared]
    assert lives == [right, None]


def test_a_silent_directory_refuses_nothing_the_rest_waits(directory, monkeypatch):
    many = confirm(line(cast.COORDINATOR), line(cast.DOCTOR))
    monkeypatch.setattr(many_orders, "AT_ONCE", 1)
    read, asked = Directory.read_many, []

    def silent(self, wanted):
        asked.append(wanted)
        if len(asked) == 2:
            raise DirectoryUnavailable
        return read(self, wanted)

    monkeypatch.setattr(Directory, "read_many", silent)
    assert not many_orders.place(many.pk)
    many.refresh_from_db()
    assert many.silent_since is not None
    assert sorted(many.lines.values_list("state", flat=True)) == ["placed", "waiting"]
    tasks.sweep_many_orders()
    many.refresh_from_db()
    assert (many.silent_since, many.finished_at is not None) == (None, True)


def test_silence_in_the_middle_of_a_preview_is_named_in_its_rows(directory, monkeypatch):
    read = Directory.read_many

    def silent(self, wanted):
        yield next(iter(read(self, list(wanted)[:1])))
        raise DirectoryUnavailable

    monkeypatch.setattr(Directory, "read_many", silent)
    first, second, third = look(line(cast.COORDINATOR), line(cast.DOCTOR), line(cast.PROTECTED))
    assert first.may_be_sent
    assert codes(second) == codes(third) == {"directory.unavailable"}


def test_nothing_to_send_is_no_order(directory):
    with pytest.raises(Invalid):
        send.confirm([], by=acts.user(cast.HEAD), submission=uuid.uuid4(), content_key="")
    assert not Order.objects.exists()


def test_an_order_for_many_mails_each_once_a_day(directory):
    many = confirm(
        line(cast.COORDINATOR), line(cast.DOCTOR), line(cast.COORDINATOR_UNCOUPLED), line(cast.PROTECTED)
    )
    many_orders.place(many.pk)
    acts.work()
    summaries = OutgoingMessage.objects.filter(kind=MessageKind.ORDER_SUMMARY.value)
    kiv_mails = OutgoingMessage.objects.filter(kind=MessageKind.KIV.value)
    assert AccessRequest.objects.filter(state="awaiting_kiv").count() >= 1
    assert not kiv_mails.exists()
    assert summaries.filter(recipient_key=cast.KIV_ADMINISTRATOR.folded).count() == 1
    assert all(row.next_try_at > timezone.now() for row in summaries)
    ordered = OutgoingMessage.objects.filter(kind=MessageKind.ORDERED.value)
    assert ordered.count() == 4  # each person is told of it themself
