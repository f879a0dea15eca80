"""A removal begins: by whom, with which reason, and of a value outside the tool, too."""

from __future__ import annotations

import pytest

from provisioning import directory as provisioning_directory
from provisioning.errors import Invalid, NotAllowed, WrongState
from provisioning.models import OutgoingMessage, Removal
from provisioning.removals import begin as removals_begin
from provisioning.removals.begin import Loose
from provisioning.rules.hsa import Attribute
from provisioning.rules.states.right import EndCause, GrantState, RemovalState
from tests import acts, cast
from tests.removals.test_carry_out import state_of
from tests.rights import life
from workflows import steps

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_person_gives_a_right_back_and_nobody_elses(directory, kiv):
    grant = life.granted(kiv)
    with pytest.raises(NotAllowed):
        life.removal_by_person(grant, by=cast.OUTSIDER)
    removal = life.removal_by_person(grant)
    assert (removal.cause, removal.started_by_id) == ("person", cast.COORDINATOR.folded)
    told = OutgoingMessage.objects.filter(kind="removal_started")
    assert [message.recipient_key for message in told] == [cast.HEAD.folded]


@pytest.mark.parametrize("by", [cast.OUTSIDER, cast.KIV_ADMINISTRATOR, cast.DELEGATE])
def test_nobody_but_the_head_of_the_unit_ends_anothers_right(directory, kiv, by):
    grant = life.granted(kiv)
    with pytest.raises(NotAllowed):
        life.removal_by_head(grant, by=by)
    assert state_of(grant) is GrantState.ACTIVE
    assert not Removal.objects.exists()


def test_a_removal_without_a_reason_is_refused(directory, kiv):
    grant = life.granted(kiv)
    with pytest.raises(Invalid) as refusal:
        life.removal_by_head(grant, reason="  ")
    assert refusal.value.field == "reason"
    assert state_of(grant) is GrantState.ACTIVE


def test_a_second_removal_of_the_same_right_is_refused(directory, kiv):
    grant = life.granted(kiv)
    life.removal_by_head(grant)
    with pytest.raises(WrongState):
        life.removal_by_person(grant)
    assert Removal.objects.count() == 1


def test_values_outside_the_tool_are_removed_by_the_same_flow(directory, kiv):
    from provisioning.rules import removal as rules
    from provisioning.rules.hsa import Level, Service

    person = provisioning_directory.open_directory().person(cast.DEAD_RIGHT)
    (role,) = person.system_roles
    held = rules.StoredValue(person.dn, Attribute.SYSTEM_ROLE, role)
    unit = provisioning_directory.open_directory().unit(cast.BJORKHAGA)
    loose = Loose(person, Service.REHABSTOD, Level.UNIT, unit, cast.BJORKHAGA, (held,))
    head = acts.user(cast.HEAD)

    def begin() -> Removal:
        return steps.begin_removal(
            removals_begin.begin_for_values, loose, EndCause.FINDING,
            by=head, reason="Okänd roll.", administered_dn=unit.dn,
        )  # fmt: skip

    removal = life.with_kiv(begin())
    assert removal.grant is None
    assert [change["remove"] for change in removal.changes] == [role]
    with pytest.raises(WrongState):
        begin()
    life.take_away(kiv, removal)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE


def test_a_loose_value_that_a_right_needs_is_kept(directory, kiv):
    from provisioning.rules import removal as rules

    grant = life.granted(kiv)
    person = provisioning_directory.open_directory().person(cast.COORDINATOR)
    held = rules.StoredValue(person.dn, Attribute.SYSTEM_ROLE, life.ROLE)
    loose = Loose(person, grant.right.service, grant.right.level, None, cast.BJORKHAGA, (held,))
    removal = steps.begin_removal(
        removals_begin.begin_for_values, loose, EndCause.FINDING,
        by=None, reason="", administered_dn=grant.unit_dn,
    )  # fmt: skip
    life.work()
    removal.refresh_from_db()
    assert (removal.current_state, removal.end_code) == (
        RemovalState.NOT_NEEDED,
        "removal.needed_by_another",
    )
    assert state_of(grant) is GrantState.ACTIVE
