"""A removal taken back: by whoever started it, for as long as the right is theirs to answer for."""

from __future__ import annotations

import pytest
from django.core.cache import caches
from django.urls import reverse
from viewflow.workflow.models import Task

from provisioning.errors import NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import Decision, Grant, Removal
from provisioning.rules.hsa import HsaId
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.right import GrantState, RemovalState
from tests import acts, cast
from tests.findings import drifting
from tests.mandates import delegating
from tests.removals.test_carry_out import state_of
from tests.reviews import sitting
from tests.rights import life
from workflows import steps
from workflows.sweeps import kiv_tasks

pytestmark = pytest.mark.django_db(transaction=True)


def test_its_starter_takes_it_back_while_nothing_is_removed(directory, kiv):
    grant = life.granted(kiv)
    removal = life.with_kiv(life.removal_by_head(grant))
    with pytest.raises(NotAllowed):
        life.withdraw(removal, cast.COORDINATOR)
    life.withdraw(removal, cast.HEAD)
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.WITHDRAWN
    assert state_of(grant) is GrantState.ACTIVE
    assert not Task.objects.filter(process=removal.process, status__in=["NEW", "SCHEDULED"]).exists()
    assert not removal.handlers.exists()


@pytest.mark.parametrize("moment", ["removed", "silent"])
def test_it_is_not_taken_back_when_something_may_have_been_removed(directory, kiv, moment):
    grant = life.granted(kiv)
    removal = life.with_kiv(life.removal_by_head(grant))
    if moment == "removed":
        life.take_away(kiv, removal)
        seen = kiv_tasks.look_at_removal(removal)
    else:
        seen = None
    with pytest.raises(WrongState):
        steps.withdraw_removal(
            removal, by=acts.user(cast.HEAD), mandates=current.read(cast.HEAD), seen=seen, reason=""
        )
    assert state_of(grant) is GrantState.ENDING


def test_a_removal_by_expiry_is_not_taken_back(directory, kiv):
    removal = life.with_kiv(life.run_out(life.granted(kiv)))
    with pytest.raises(NotAllowed):
        life.withdraw(removal, cast.HEAD)


@pytest.fixture
def is_offered(client):
    """Whether the removal's page offers to take it back."""

    def look(removal: Removal, to: HsaId) -> bool:
        caches["default"].clear()
        client.force_login(acts.user(to))
        page = client.get(reverse("removal", args=[removal.public_id])).content.decode()
        return reverse("removal_withdraw", args=[removal.public_id]) in page

    return look


def states(removal: Removal) -> tuple[RemovalState, GrantState]:
    grant = Grant.objects.get(removals=removal)
    removal.refresh_from_db()
    return removal.current_state, grant.current_state


STANDS = (RemovalState.AWAITING_KIV, GrantState.ENDING)


TAKEN_BACK = (RemovalState.WITHDRAWN, GrantState.ACTIVE)


def has_another_head(kiv, unit_id: HsaId, head: HsaId) -> None:
    drifting.replace(kiv, drifting.unit_dn(unit_id), "hsaHealthCareUnitManager", [head.text])


def test_a_head_who_is_not_the_head_any_more_does_not_give_the_right_back(directory, kiv, is_offered):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    assert is_offered(removal, to=cast.HEAD)
    has_another_head(kiv, cast.BJORKHAGA, cast.KIV_ADMINISTRATOR)
    with pytest.raises(NotAllowed) as refused:
        life.withdraw(removal, cast.HEAD)
    assert refused.value.user_message == current.ENDED
    assert not is_offered(removal, to=cast.HEAD)
    assert states(removal) == STANDS


def test_a_silent_directory_still_offers_it_and_the_act_says_why_not(directory, kiv, is_offered, client):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    acts.user(cast.HEAD)
    client.force_login(acts.user(cast.HEAD))
    directory.faults.is_busy = True
    caches["default"].clear()
    answer = client.post(reverse("removal_withdraw", args=[removal.public_id]), {"reason": "Ett misstag."})
    assert answer.status_code == 503
    assert "Ett misstag." in answer.content.decode()


def test_what_was_given_back_the_person_takes_back_without_any_mandate(directory, kiv, is_offered):
    removal = life.with_kiv(life.removal_by_person(life.granted(kiv)))
    assert is_offered(removal, to=cast.COORDINATOR)
    life.withdraw(removal, cast.COORDINATOR)
    assert states(removal) == TAKEN_BACK


@pytest.mark.parametrize("by", [cast.HEAD, cast.DELEGATE])
def test_a_reviewer_takes_it_back_by_the_same_mandate(directory, kiv, is_offered, by):
    delegation = delegating.give(kinds=[Delegable.ATTESTING])
    grant = life.granted(kiv)
    sitting.decide(sitting.opened(grant), {grant: Decision.REMOVE}, by=by)
    removal = life.with_kiv(grant.removals.get())
    assert is_offered(removal, to=by)
    if by is cast.DELEGATE:
        delegating.revoke(delegation)
        with pytest.raises(NotAllowed):
            life.withdraw(removal, by)
        assert not is_offered(removal, to=by)
        assert states(removal) == STANDS
    else:
        life.withdraw(removal, by)
        assert states(removal) == TAKEN_BACK


def test_the_mandates_holder_takes_back_what_the_review_removed(directory, kiv, settings, is_offered):
    settings.PROVIDER_MANDATES = {cast.PROVIDER.text: [cast.OUTSIDER.text]}
    grant = sitting.process_leader(kiv)
    sitting.decide(sitting.opened(grant), {grant: Decision.REMOVE}, by=cast.OUTSIDER)
    removal = life.with_kiv(grant.removals.get())
    settings.PROVIDER_MANDATES = {}
    with pytest.raises(NotAllowed):
        life.withdraw(removal, cast.OUTSIDER)
    settings.PROVIDER_MANDATES = {cast.PROVIDER.text: [cast.OUTSIDER.text]}
    assert is_offered(removal, to=cast.OUTSIDER)
    life.withdraw(removal, cast.OUTSIDER)
    assert states(removal) == TAKEN_BACK


def test_a_right_whose_last_day_has_passed_is_not_kept_but_ordered_anew(directory, kiv, is_offered):
    grant = life.granted(kiv)
    removal = life.with_kiv(life.removal_by_head(grant))
    life.has_run_out(grant, days_ago=0)
    assert is_offered(removal, to=cast.HEAD)
    life.has_run_out(grant, days_ago=1)
    assert not is_offered(removal, to=cast.HEAD)
    with pytest.raises(WrongState) as refused:
        life.withdraw(removal, cast.HEAD)
    assert str(refused.value.user_message) != str(WrongState.user_message)
    assert states(removal) == STANDS
