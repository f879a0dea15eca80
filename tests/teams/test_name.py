"""Naming who holds a task in a unit's team: who may, whom, and what it leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning import dates, retention
from provisioning.audit.events import Action
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import AccessRequest, AuditEntry, Grant, TeamMember
from provisioning.rules.hsa import HsaId
from provisioning.rules.team import TeamTask
from provisioning.teams import name as teams_name
from tests import acts, cast

OTHER_HEAD = HsaId("SE0000000000-1041")  # of EKLIDEN

pytestmark = pytest.mark.django_db(transaction=True)


def named(person=cast.COORDINATOR, *, by=cast.HEAD, task=TeamTask.COORDINATOR, unit=cast.BJORKHAGA, **days):
    user = acts.user(by)
    days = {"starts_on": dates.today()} | days
    mandates = current.read(by)
    return teams_name.name(by=user, mandates=mandates, unit_id=unit, task=task, person_id=person, **days)


def test_the_head_names_and_ends_and_nobody_gets_a_right(directory):
    row = named()
    assert TeamMember.objects.holding(dates.today()).get() == row
    teams_name.end(row.public_id, by=acts.user(cast.HEAD), mandates=current.read(cast.HEAD))
    assert not TeamMember.objects.holding(dates.today()).exists()
    actions = AuditEntry.objects.filter(action__startswith="team.").order_by("sequence")
    assert [one.action for one in actions] == [Action.TEAM_NAMED.value, Action.TEAM_ENDED.value]
    assert not AccessRequest.objects.exists() and not Grant.objects.exists()
    with pytest.raises(WrongState):
        teams_name.end(row.public_id, by=acts.user(cast.HEAD), mandates=current.read(cast.HEAD))


@pytest.mark.parametrize("by", [cast.OUTSIDER, cast.COORDINATOR, cast.KIV_ADMINISTRATOR, OTHER_HEAD])
def test_nobody_else_names_the_team(directory, by):
    row = named()
    with pytest.raises(NotAllowed):
        named(cast.DOCTOR, by=by, task=TeamTask.DOCTOR)
    with pytest.raises(NotAllowed):
        teams_name.end(row.public_id, by=acts.user(by), mandates=current.read(by))


def test_who_holds_it_already_is_not_named_twice(directory):
    named()
    with pytest.raises(Invalid) as caught:
        named()
    assert caught.value.field == "person"
    assert TeamMember.objects.count() == 1


@pytest.mark.parametrize(
    ("person", "task", "code"),
    [
        (cast.COORDINATOR, TeamTask.DOCTOR, "team.no_doctor"),
        (cast.ENDED, TeamTask.COORDINATOR, "team.nobody"),
        (cast.DOCTOR, TeamTask.HEAD, "team.head"),
    ],
)
def test_only_who_fits_is_named(directory, person, task, code):
    with pytest.raises(Invalid) as caught:
        named(person, task=task)
    assert caught.value.code == code
    assert not TeamMember.objects.exists()


def test_a_last_day_must_be_in_order_and_to_come(directory):
    today = dates.today()
    for first, last in ((today, today - timedelta(days=1)), (today + timedelta(days=2), today)):
        with pytest.raises(Invalid) as caught:
            named(starts_on=first, ends_on=last)
        assert caught.value.field == "ends_on"


def test_a_silent_directory_names_nobody(directory):
    mandates = current.read(cast.HEAD)
    directory.faults.is_busy = True
    with pytest.raises(DirectoryError):
        teams_name.name(
            by=acts.user(cast.HEAD), mandates=mandates, unit_id=cast.BJORKHAGA, task=TeamTask.COORDINATOR,
            person_id=cast.COORDINATOR, starts_on=dates.today(),
        )  # fmt: skip
    assert not TeamMember.objects.exists()


def test_what_is_long_over_is_forgotten(directory):
    row, kept = named(), named(cast.DOCTOR, task=TeamTask.DOCTOR)
    horizon = retention.horizon()
    TeamMember.objects.filter(pk=row.pk).update(
        starts_on=horizon.cases - timedelta(days=9), ends_on=horizon.cases - timedelta(days=1)
    )
    assert retention.remove_others(horizon, limit=10).team_tasks == 1
    assert TeamMember.objects.get() == kept
