"""What has been kept long enough goes, whole and recorded; everything else stays, and the chain holds."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from viewflow.workflow.models import Process, Task

from provisioning import directory as provisioning_directory
from provisioning.audit import export, guards
from provisioning.audit.events import Action
from provisioning.findings import settle
from provisioning.models import (
    AccessRequest,
    AuditEntry,
    AuditHead,
    Delegation,
    Evidence,
    Finding,
    Grant,
    Handler,
    Order,
    OutgoingMessage,
    Removal,
    Review,
    ReviewItem,
    User,
)
from provisioning.removals import begin
from provisioning.removals.begin import Loose
from provisioning.rules import removal as rules
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.hsa import Attribute, Level, Service
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import EndCause, RemovalState
from tests import acts, cast
from tests.findings import drifting
from tests.mandates import delegating
from tests.rights import life
from workflows import steps, tasks
from workflows.sweeps import expiry, retention

pytestmark = pytest.mark.django_db(transaction=True)

OF_A_CASE = (Order, AccessRequest, Grant, Removal, Evidence, Handler, OutgoingMessage, Process, Task)
LAST_DAY, DUE = "2031-03-02", "2031-03-03"


def withdrawn(**wishes) -> AccessRequest:
    """A case that ended on the day it began."""
    request = acts.order(**wishes)
    head = acts.user(cast.HEAD)
    return steps.withdraw(request, by=head, reason="Behövs inte.")


def done(**wishes: Any) -> AccessRequest:
    """A case that gave a right, until 1 January 2027 if nothing else is wished."""
    wishes = dict[str, Any](person_id=cast.DOCTOR, level=Level.OWN, days=305) | wishes
    request = acts.order(**wishes)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    return request


def ends_its_right(request: AccessRequest, kiv, calendar) -> Grant:
    """The right runs out, and is removed in KIV where it has to be, on 2 January 2027."""
    calendar.set("2027-01-02")
    expiry.end_due()
    life.work()
    removal = Removal.objects.get(grant=request.grant)
    if removal.current_state is RemovalState.AWAITING_KIV:
        life.take_away(kiv, removal)
        life.work()
    assert request.grant is not None
    grant = Grant.objects.get(pk=request.grant.pk)
    assert not grant.is_living
    return grant


def cases() -> list[str | None]:
    return list(Order.objects.order_by("pk").values_list("case_number", flat=True))


def rows() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in OF_A_CASE}


def recorded(action: Action) -> list[Any]:
    found = AuditEntry.objects.filter(action=action.value).order_by("sequence")
    return list(found.values_list("data", flat=True))


# -- cases ---------------------------------------------------------------------------------------------------


def test_a_case_goes_whole_and_leaves_its_number_and_counts(directory, kiv, calendar, both):
    request = done()
    ends_its_right(request, kiv, calendar)
    Handler.objects.create(
        request=request, role="attester", person_key="x", person_hsa_id="X", person_name=""
    )
    before, number = rows(), request.order.case_number
    assert all(before.values())
    calendar.set("2032-01-03")  # the right was gone on 2 January 2027
    directory.stop()  # and is not asked
    removed = retention.sweep_all()
    assert rows() == dict.fromkeys(before, 0)
    assert (removed.cases, removed.requests, removed.is_all) == (1, 1, True)
    entry = AuditEntry.objects.get(action=Action.CASE_REMOVED.value)
    assert (entry.order_id, entry.actor, entry.request_id) == (number, None, None)
    gone = entry.data.pop("deleted")
    assert len(gone) == len(set(gone)) == 3  # the request, its right and the removal, by their public ids
    assert entry.data == {
        "requests": 1, "evidence": before["Evidence"], "handlers": before["Handler"],
        "messages": before["OutgoingMessage"], "processes": 2, "grants": 1, "removals": 1,
        "tasks": before["Task"], "protected": False,
    }  # fmt: skip
    [swept] = recorded(Action.RETENTION_SWEPT)
    assert swept == {
        "cases": 1, "requests": 1, "first_case": number, "last_case": number,
        "removals": 0, "messages": 0, "delegations": 0, "names": 1, "reviews": 0, "findings": 0,
        "incidents": 0,
        "team_tasks": 0,
    }  # fmt: skip
    for word in (request.subject_name, request.subject_hsa_id, acts.NEED):
        assert word not in str(swept) + str(entry.data) + entry.reason
    assert both() == (set(), set())


def test_the_last_day_and_the_day_after(directory, calendar):
    withdrawn()
    calendar.set(LAST_DAY, at="23:59")
    assert retention.sweep_all().cases == 0
    assert len(cases()) == 1
    calendar.set(DUE, at="00:01")
    assert retention.sweep_all().cases == 1
    assert cases() == []


def test_a_case_is_kept_until_the_right_it_gave_has_been_gone_for_so_long(directory, kiv, calendar):
    request = done()
    assert request.ends_on == date(2027, 1, 1)
    ends_its_right(request, kiv, calendar)
    calendar.set("2032-01-02")
    assert retention.sweep_all().cases == 0
    calendar.set("2032-01-03")
    assert retention.sweep_all().cases == 1


def test_a_right_that_lives_keeps_the_case_that_it_came_from(directory, calendar):
    request = done()
    calendar.set("2090-01-01")  # its end has not been carried out
    assert retention.sweep_all().cases == 0
    assert AccessRequest.objects.get().grant == request.grant


def test_a_case_keeps_the_one_that_prolonged_the_same_right(directory, kiv, calendar):
    """Both go when the right has been gone for so long, each whole; nothing is left of the right."""
    first = done()
    calendar.set("2026-12-01")
    second = done()
    assert second.grant == first.grant
    assert second.ends_on == date(2027, 10, 2)
    Grant.objects.update(state="ended", end_cause="head_of_unit", ended_at=timezone.now())
    calendar.set("2032-03-01")  # the first, alone, could go
    assert retention.sweep_all().cases == 0
    calendar.set("2032-10-02")
    assert retention.sweep_all().cases == 0
    calendar.set("2032-10-03")
    assert retention.sweep_all().cases == 2
    assert rows() == dict.fromkeys(rows(), 0)


def test_a_removal_of_what_the_tool_had_not_given_goes_by_itself(directory, kiv, calendar, both):
    person = provisioning_directory.open_directory().person(cast.SETTLED)
    unit = provisioning_directory.open_directory().unit(cast.BJORKHAGA)
    held = rules.StoredValue(person.dn, Attribute.SYSTEM_ROLE, life.ROLE)
    loose = Loose(person, Service.REHABSTOD, Level.UNIT, None, cast.BJORKHAGA, (held,))
    removal = steps.begin_removal(
        begin.begin_for_values, loose, EndCause.FINDING, by=None, reason="", administered_dn=unit.dn
    )
    calendar.set("2090-01-01")
    assert retention.sweep_all().removals == 0  # open
    calendar.set("2026-03-02")
    life.work()
    life.take_away(kiv, Removal.objects.get())
    life.work()
    assert not Removal.objects.get().is_open
    calendar.set(LAST_DAY)
    assert retention.sweep_all().removals == 0
    calendar.set(DUE)
    removed = retention.sweep_all()
    assert (removed.cases, removed.removals) == (0, 1)
    assert rows() == dict.fromkeys(rows(), 0)
    [data] = recorded(Action.CASE_REMOVED)
    assert (data["number"], data["processes"], data["protected"]) == (removal.case_number, 1, False)
    assert both() == (set(), set())


def test_an_open_case_stays_however_old_it_is(directory, calendar):
    acts.order()
    acts.work()
    before = rows()
    calendar.set("2090-01-01")
    assert retention.sweep_all().cases == 0
    assert {name: count for name, count in rows().items() if name != "OutgoingMessage"} == {
        name: count for name, count in before.items() if name != "OutgoingMessage"
    }


def test_an_order_is_not_taken_apart(directory, calendar):
    first = acts.order(units=(cast.BJORKHAGA, cast.ALMBY))
    steps.withdraw(first, by=acts.user(cast.HEAD), reason="Behövs inte.")
    calendar.set(DUE)
    assert retention.sweep_all().cases == 0
    assert AccessRequest.objects.count() == 2


def test_what_another_table_holds_on_to_stays(directory, calendar, monkeypatch):
    withdrawn()
    calendar.set(DUE)
    # As if evidence were a table that came later and that nobody had told retention about.
    known = retention.retention._GOES_WITH_IT
    monkeypatch.setattr(
        "provisioning.retention._GOES_WITH_IT",
        known | {AccessRequest: known[AccessRequest] - {"evidence"}},
    )
    assert Evidence.objects.exists()
    assert retention.sweep_all().cases == 0
    assert len(cases()) == 1


def test_a_case_that_is_not_due_any_more_when_its_turn_comes_stays(directory, calendar, monkeypatch):
    request = withdrawn()
    calendar.set(DUE)
    claim = retention.retention.claim_case

    def somebody_was_faster(pk, horizon):
        AccessRequest.objects.filter(pk=request.pk).update(state_since=timezone.now())
        return claim(pk, horizon)

    monkeypatch.setattr("provisioning.retention.claim_case", somebody_was_faster)
    assert retention.sweep().cases == 0
    assert rows()["Process"] == 1
    assert recorded(Action.RETENTION_SWEPT) == []


# -- the sweep -----------------------------------------------------------------------------------------------


def test_a_sweep_that_is_stopped_halfway_loses_nothing_and_goes_on(directory, calendar, monkeypatch, both):
    for person in (cast.COORDINATOR, cast.DOCTOR, cast.SETTLED):
        withdrawn(person_id=person)
    numbers = cases()
    calendar.set(DUE)
    remove = retention.retention.remove_case

    def stopped_at_the_second(order, **counts):
        count = remove(order, **counts)
        if order.case_number == numbers[1]:
            raise RuntimeError("stopped")
        return count

    monkeypatch.setattr("provisioning.retention.remove_case", stopped_at_the_second)
    with pytest.raises(RuntimeError):
        retention.sweep_all()
    assert cases() == numbers[1:]
    assert rows()["Process"] == rows()["AccessRequest"] == 2
    monkeypatch.setattr("provisioning.retention.remove_case", remove)
    removed = retention.sweep_all()
    assert (removed.cases, removed.first_case, removed.last_case) == (2, numbers[1], numbers[2])
    assert cases() == []
    assert len(recorded(Action.CASE_REMOVED)) == 3
    assert both() == (set(), set())


def test_a_case_that_cannot_be_removed_stops_no_other(directory, calendar, monkeypatch, caplog, both):
    """As if a table had come to refer to the case between the look and the removal."""
    for person in (cast.COORDINATOR, cast.DOCTOR):
        withdrawn(person_id=person)
    first, second = cases()
    calendar.set(DUE)
    remove = retention.retention.remove_case

    def refused(order, **counts):
        count = remove(order, **counts)
        if order.case_number == first:
            raise IntegrityError
        return count

    monkeypatch.setattr("provisioning.retention.remove_case", refused)
    removed = retention.sweep_all()
    assert (removed.cases, removed.first_case, cases()) == (1, second, [first])
    assert rows()["Process"] == 1
    assert "IntegrityError" in caplog.text
    assert both() == (set(), set())


def test_a_second_sweep_writes_nothing(directory, calendar):
    withdrawn()
    calendar.set(DUE)
    retention.sweep_all()
    end = AuditHead.objects.get().sequence
    assert retention.sweep_all() == retention.Removed()
    assert AuditHead.objects.get().sequence == end


def test_much_is_removed_in_small_parts(directory, calendar, monkeypatch, both):
    for person in (cast.COORDINATOR, cast.DOCTOR, cast.SETTLED):
        withdrawn(person_id=person)
    calendar.set(DUE)
    monkeypatch.setattr(retention, "CASES", 1)
    monkeypatch.setattr(retention, "EVENTS", 2)
    first = retention.sweep()
    assert (first.cases, first.events, first.is_all) == (1, 2, False)
    rest = retention.sweep_all()
    assert (rest.cases, rest.is_all, cases()) == (2, True, [])
    assert both() == (set(), set())


def test_a_sweep_stops_when_its_time_is_over(directory, calendar):
    withdrawn()
    calendar.set(DUE)
    assert not retention.sweep_all(seconds=0).is_all
    assert len(cases()) == 1


def test_a_dry_run_says_what_is_due_and_writes_nothing(directory, calendar, capsys):
    withdrawn()
    done()  # its right lives
    withdrawn(person_id=cast.SETTLED)
    acts.order(person_id=cast.COORDINATOR_UNCOUPLED)
    calendar.set(DUE)
    before = rows() | {"AuditEntry": AuditEntry.objects.count()}
    with CaptureQueriesContext(
        connection,
    ) as asked:
        call_command("retention", "--dry-run")
    assert [query["sql"] for query in asked if not query["sql"].lstrip("( ").startswith("SELECT")] == []
    assert rows() | {"AuditEntry": AuditEntry.objects.count()} == before
    foretold = capsys.readouterr().out.removeprefix("Due: ").removesuffix(". Nothing was written.\n")
    assert foretold.startswith("2 cases (")
    call_command("retention")
    assert capsys.readouterr().out == f"Removed: {foretold}.\n"


def test_the_timetable_sweeps_every_night(directory, calendar):
    from config.celery import TIMETABLE

    withdrawn()
    calendar.set(DUE)
    (job,) = [job for job in TIMETABLE.values() if job["task"] == tasks.sweep_retention.name]
    assert (job["schedule"].hour, job["schedule"].day_of_week) == ({3}, set(range(7)))
    tasks.sweep_retention()
    assert cases() == []


# -- the event log -------------------------------------------------------------------------------------------


def test_old_events_are_cut_off_and_both_verifiers_find_the_rest_sound(directory, calendar, both, checkpoint):
    withdrawn()
    checkpoint()
    end = AuditHead.objects.get().sequence
    calendar.set(DUE)
    removed = retention.sweep_all()
    assert removed.events == end
    assert AuditEntry.objects.order_by("sequence").values_list("sequence", flat=True)[0] == end + 1
    checkpoint()
    assert both() == (set(), set())
    assert guards.missing(connection) == set()


def test_events_stay_longer_than_cases_where_that_is_set(directory, calendar, settings, both):
    settings.RETENTION_CASES_YEARS, settings.RETENTION_AUDIT_YEARS = 1, 5
    request = withdrawn()
    calendar.set("2027-03-03")
    removed = retention.sweep_all()
    assert (removed.cases, removed.events) == (1, 0)
    assert AuditEntry.objects.filter(order=request.order.case_number, action="request.withdrawn").exists()
    assert both() == (set(), set())


def test_what_a_kept_case_needs_is_never_cut(directory, calendar, both):
    withdrawn()
    gone = AuditHead.objects.get().sequence
    kept = acts.order(person_id=cast.COORDINATOR)
    withdrawn(person_id=cast.SETTLED)
    calendar.set("2090-01-01")
    removed = retention.sweep_all()
    assert (removed.cases, removed.events) == (2, gone)
    mine = AuditEntry.objects.filter(order=kept.order.case_number)
    assert mine.filter(action="order.placed").exists()
    assert both() == (set(), set())


def test_events_that_were_tampered_with_are_not_cut(directory, calendar, caplog):
    withdrawn()
    guards.remove(connection)
    AuditEntry.objects.filter(action="order.placed").update(reason="something else")
    guards.install(connection)
    end = AuditHead.objects.get().sequence
    calendar.set(DUE)
    removed = retention.sweep_all()
    assert (removed.cases, removed.events) == (1, 0)
    assert AuditEntry.objects.filter(sequence__lte=end).count() == end
    assert "audit.chain_broken" in caplog.text


def test_a_removed_protected_case_still_says_nothing_in_exports(directory, calendar, settings, both):
    settings.RETENTION_CASES_YEARS = 1
    open_one = acts.order(person_id=cast.PROTECTED)
    assert open_one.subject_is_protected
    steps.withdraw(open_one, by=acts.user(cast.HEAD), reason="Känsligt skäl.")
    plain = withdrawn(person_id=cast.SETTLED)
    assert "Känsligt" not in "".join(export.lines())
    calendar.set("2027-03-03")
    assert retention.sweep_all().cases == 2
    lines = "".join(export.lines())
    assert open_one.order.case_number in lines
    assert "K\\u00e4nsligt" not in lines
    assert "Beh\\u00f6vs inte." in lines  # the other case's reason
    assert plain.order.case_number in lines
    assert both() == (set(), set())


def test_exports_say_nothing_of_a_protected_persons_removed_right(directory, kiv, calendar, settings, both):
    settings.RETENTION_CASES_YEARS = 1
    number = done().order.case_number
    AccessRequest.objects.update(subject_is_protected=True)
    Grant.objects.update(subject_is_protected=True)
    removal = life.removal_by_head(Grant.objects.get(), reason="Känsligt skäl.")
    assert AuditEntry.objects.filter(about=removal.public_id, reason="Känsligt skäl.").exists()
    assert "K\\u00e4nsligt" not in "".join(export.lines())
    life.work()
    if (row := Removal.objects.get()).current_state is RemovalState.AWAITING_KIV:
        life.take_away(kiv, row)
        life.work()
    calendar.set("2028-01-03")
    assert retention.sweep_all().cases == 1
    lines = "".join(export.lines())
    assert number in lines
    assert str(removal.public_id) in lines
    assert "K\\u00e4nsligt" not in lines
    assert both() == (set(), set())


# -- messages, delegations, names ----------------------------------------------------------------------------


def test_messages_go_earlier_and_those_that_wait_stay(directory, calendar):
    acts.order()
    acts.work()
    acts.send_mails()
    waiting = OutgoingMessage.objects.filter(state="sent").first()
    OutgoingMessage.objects.filter(pk=waiting.pk).update(state="waiting", next_try_at=timezone.now())
    sent = OutgoingMessage.objects.exclude(pk=waiting.pk).count()
    assert sent
    calendar.set("2027-03-02")
    assert retention.sweep_all().others.messages == 0
    calendar.set("2027-03-03")
    removed = retention.sweep_all()
    assert (removed.cases, removed.others.messages) == (0, sent)
    assert list(OutgoingMessage.objects.all()) == [waiting]
    [swept] = recorded(Action.RETENTION_SWEPT)
    assert swept == {
        "messages": sent, "delegations": 0, "names": 0, "reviews": 0, "findings": 0, "incidents": 0,
        "team_tasks": 0,
    }  # fmt: skip


def test_a_delegation_stays_while_a_case_rests_on_it(directory, calendar):
    delegating.give(kinds=(Delegable.ATTESTING,))
    request = acts.order(by=cast.COORDINATOR)
    acts.attest(request, cast.DELEGATE)
    calendar.set("2026-06-01")
    tasks.sweep_delegations()
    acts.send_mails()
    assert Delegation.objects.get().end_code == "lapsed"
    calendar.set("2090-01-01")
    given = AuditEntry.objects.filter(action="delegation.given")
    retention.sweep_all()
    assert Delegation.objects.exists()
    assert given.exists()
    steps.withdraw(AccessRequest.objects.get(), by=acts.user(cast.COORDINATOR), reason="Behövs inte.")
    acts.send_mails()
    calendar.set("2095-01-02")
    assert retention.sweep_all().others.delegations == 1
    assert not Delegation.objects.exists()
    assert not given.exists()


def test_a_user_with_nothing_left_loses_the_name_and_stays(directory, calendar):
    withdrawn()
    head = User.objects.get(pk=cast.HEAD.folded)
    assert head.name
    calendar.set(LAST_DAY)
    assert retention.sweep_all().others.names == 0
    calendar.set(DUE)
    assert retention.sweep_all().others.names >= 1
    head.refresh_from_db()
    assert (head.name, head.hsa_id, head.is_active) == ("", cast.HEAD.text, True)


def test_the_name_of_a_user_who_was_here_lately_stays(directory, calendar):
    withdrawn()
    calendar.set(DUE)
    User.objects.filter(pk=cast.HEAD.folded).update(last_login=timezone.now())
    retention.sweep_all()
    assert User.objects.get(pk=cast.HEAD.folded).name


# -- reviews and findings ------------------------------------------------------------------------------------


def test_a_review_and_a_finding_keep_the_case_for_their_own_time(directory, kiv, calendar):
    request = done()
    grant = ends_its_right(request, kiv, calendar)  # on 2 January 2027
    right = {name: getattr(grant, name) for name in ("subject_key", "service", "level", "unit_key")}
    calendar.set("2027-06-01")
    review = Review.objects.create(
        unit_key=grant.unit_key, scope="all", due_on="2027-06-01", escalated_on="2027-05-01",
        state="closed", closed_at=timezone.now(),
    )  # fmt: skip
    ReviewItem.objects.create(review=review, grant=grant, subject_key=grant.subject_key, decision="ended")
    Finding.objects.create(
        **right, kind="right_lost", owner="head", grant=grant, state="over", state_since=timezone.now()
    )
    calendar.set("2032-06-01")  # the case's own time is over, theirs is not
    assert retention.sweep_all().others.most == 0
    assert len(cases()) == 1
    calendar.set("2032-06-02")
    swept = retention.sweep_all()
    assert (swept.others.reviews, swept.others.findings) == (1, 1)
    assert retention.sweep_all().cases == 1  # the next night
    assert not ReviewItem.objects.exists()
    assert cases() == []


@pytest.fixture
def old_events(directory, calendar) -> int:
    """What happened before, and that nobody needs any more. Returns the last event's number."""
    withdrawn()
    return AuditHead.objects.get().sequence


def test_a_finding_that_still_stands_keeps_its_events_however_old(old_events, calendar, both):
    """Somebody explained it once, and the directory has been the same ever since."""
    drifting.swept()
    finding = drifting.finding(cast.SETTLED, DriftKind.ROLE_OUTSIDE)
    head = acts.user(cast.HEAD)
    settle.explain(finding, by=head, mandates=drifting.held(cast.HEAD), reason="Gäller under ombyggnaden.")
    Finding.objects.exclude(pk=finding.pk).delete()
    calendar.set("2090-01-01")
    planned, removed = retention.plan(), retention.sweep_all()
    assert planned.events == removed.events
    told = AuditEntry.objects.filter(about=finding.public_id).order_by("sequence")
    assert [entry.action for entry in told] == ["finding.found", "finding.explained"]
    assert AuditEntry.objects.order_by("sequence").values_list("sequence", flat=True)[0] > old_events
    assert both() == (set(), set())


def test_the_events_of_a_finding_go_when_the_finding_itself_goes(old_events, calendar, both):
    drifting.swept()
    end = AuditHead.objects.get().sequence
    Finding.objects.update(state=Finding.State.OVER, state_since=timezone.now())
    calendar.set(LAST_DAY)
    assert retention.sweep_all().others.findings == 0
    assert AuditEntry.objects.filter(action="finding.found").exists()
    calendar.set(DUE)
    assert retention.sweep_all().others.findings
    assert not AuditEntry.objects.filter(sequence__lt=end).exists()  # the last one: a mail waits
    assert both() == (set(), set())
