"""A value that two rights of a person need: the one right takes only its own with it when it ends.

A sub-unit that once was a care unit of its own: the right for it, and one on the care unit ordered for the
sub-unit, need the same role.
"""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from provisioning import directory as provisioning_directory
from provisioning.models import AuditEntry, Grant, OutgoingMessage, Removal
from provisioning.rights import notices
from provisioning.rules.hsa import Attribute
from provisioning.rules.states import right
from provisioning.rules.states.right import GrantState, RemovalState
from tests import acts, cast
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

SHARED = "INTYG;Rehab-" + cast.BJORKHAGA_BVC.text


@pytest.fixture
def grant(directory, kiv) -> Grant:
    """A right on the care unit, ordered for the sub-unit; KIV holds the roles of both."""
    found = life.granted(kiv, units=[cast.BJORKHAGA_BVC])
    assert (found.unit_hsa_id, found.wanted_unit_hsa_id) == (cast.BJORKHAGA.text, cast.BJORKHAGA_BVC.text)
    kiv.add_value(found.person_dn, Attribute.SYSTEM_ROLE, SHARED)
    return found


def right_on_the_sub_unit(grant: Grant) -> Grant:
    """The person's other right, from before the sub-unit belonged to the care unit."""
    origin = acts.order(person_id=cast.DOCTOR)
    other = Grant.objects.get(pk=grant.pk)
    other.pk, other.public_id, other.origin = None, uuid.uuid4(), origin
    other.unit_key, other.unit_hsa_id = cast.BJORKHAGA_BVC.folded, cast.BJORKHAGA_BVC.text
    other.wanted_unit_hsa_id, other.state, other.end_cause = "", "active", ""
    other.save(force_insert=True)
    return other


def to_remove(removal: Removal) -> set[str]:
    return {change["remove"] for change in removal.changes}


def kept(removal: Removal) -> set[str]:
    return {change["remove"] for change in removal.kept}


def test_only_what_no_other_right_needs_is_taken_away(grant, kiv):
    other = right_on_the_sub_unit(grant)
    removal = life.with_kiv(life.removal_by_head(grant))
    assert (to_remove(removal), kept(removal)) == ({life.ROLE}, {SHARED})
    life.take_away(kiv, removal)
    life.work()
    removal.refresh_from_db()
    grant.refresh_from_db()
    other.refresh_from_db()
    assert (removal.current_state, removal.end_code) == (RemovalState.DONE, "")
    assert (grant.current_state, other.current_state) == (GrantState.ENDED, GrantState.ACTIVE)
    values = life.values(grant.person_dn)
    assert SHARED in values and life.ROLE not in values
    assert AuditEntry.objects.get(action="removal.done").data["kept"][0]["remove"] == SHARED


def test_without_another_right_both_go(grant, kiv):
    removal = life.with_kiv(life.removal_by_head(grant))
    assert to_remove(removal) == {life.ROLE, SHARED}
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_KIV  # one of two is not all
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, SHARED)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE


def test_a_value_that_comes_to_be_needed_leaves_the_open_task(grant, kiv, client):
    removal = life.with_kiv(life.removal_by_head(grant))
    OutgoingMessage.objects.all().delete()
    right_on_the_sub_unit(grant)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_KIV
    assert (to_remove(removal), kept(removal)) == ({life.ROLE}, {SHARED})
    assert removal.handlers.count() == 2
    kinds = set(OutgoingMessage.objects.filter(removal=removal).values_list("kind", flat=True))
    assert kinds == {"removal_kiv"}  # nobody had said that it was removed
    client.force_login(acts.user(cast.KIV_ADMINISTRATOR))
    page = client.get(reverse("removal_task", args=[removal.public_id])).content.decode()
    assert life.ROLE in page and SHARED not in page
    life.take_away(kiv, removal)
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE
    assert SHARED in life.values(grant.person_dn)


def test_a_removed_value_is_proven_though_another_is_needed(grant, kiv, client):
    """It is not "nothing to remove": something was, and it is gone."""
    removal = life.with_kiv(life.removal_by_head(grant))
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    right_on_the_sub_unit(grant)
    for _round in range(2):
        life.work()
    removal.refresh_from_db()
    grant.refresh_from_db()
    assert (removal.current_state, kept(removal)) == (RemovalState.DONE, {SHARED})
    assert removal.verified_at is not None
    assert grant.current_state is GrantState.ENDED
    assert SHARED in life.values(grant.person_dn)
    client.force_login(acts.user(cast.HEAD))
    page = client.get(reverse("removal", args=[removal.public_id])).content.decode()
    assert "eftersom en annan behörighet behöver dem" in page


def test_where_all_of_it_is_needed_nothing_is_removed(grant, kiv):
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    right_on_the_sub_unit(grant)
    removal = life.removal_by_head(grant)
    life.work()
    removal.refresh_from_db()
    assert (removal.current_state, removal.end_code) == (
        RemovalState.NOT_NEEDED,
        "removal.needed_by_another",
    )
    assert SHARED in life.values(grant.person_dn)


def test_the_last_right_takes_the_shared_value_with_it(grant, kiv):
    other = right_on_the_sub_unit(grant)
    first = life.with_kiv(life.removal_by_head(grant))
    life.take_away(kiv, first)
    life.work()
    last = life.with_kiv(life.removal_by_tool(other, right.EndCause.PERSON))
    assert to_remove(last) == {SHARED}


def test_hsa_may_keep_what_another_right_needs_and_no_more(grant, hsa, kiv, sync):
    for value in (life.ROLE, SHARED):
        sync.add_value(grant.person_dn, Attribute.SYSTEM_ROLE, value)
    right_on_the_sub_unit(grant)
    removal = life.with_kiv(life.removal_by_head(grant))
    life.take_away(kiv, removal)
    for _round in range(2):
        acts.make_everything_due()
        life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_HSA
    assert removal.hsa_shows["values"] == [life.ROLE]
    sync.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    acts.make_everything_due()
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE


@pytest.mark.parametrize(("days_longer", "is_told"), [(1, False), (0, True), (-30, True)])
def test_an_end_that_takes_nothing_away_is_not_announced(grant, directory, kiv, days_longer, is_told):
    """The other right lasts longer and needs the same role; the one that lasts longest is announced."""
    other = right_on_the_sub_unit(grant)
    life.nearly_over(other, days_left=50)
    life.nearly_over(grant, days_left=50 + days_longer)
    on = other.ends_on - timedelta(days=6)
    notices.give_notices(provisioning_directory.open_directory(), on=on)
    assert other.notices.exists() is is_told
    if days_longer >= 0:
        assert grant.notices.exists()


@pytest.mark.parametrize("fault", ["busy", "unreadable"])
def test_a_silent_directory_takes_nothing_out_of_the_task_and_ends_nothing(grant, directory, kiv, fault):
    removal = life.with_kiv(life.removal_by_head(grant))
    right_on_the_sub_unit(grant)
    if fault == "busy":
        directory.faults.is_busy = True
    else:
        directory.faults.unreadable = {"hsaSystemRole"}
    for _round in range(2):
        life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_KIV
    assert to_remove(removal) == {life.ROLE, SHARED}
    assert grant.removals.get().verified_at is None
