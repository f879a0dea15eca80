"""One reading that shows nothing ends nothing, of any kind: what was hidden is there again at the next."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.cache import cache
from django.urls import reverse

from provisioning.models import Delegation, Finding, Grant, Removal, ReviewItem, User
from provisioning.rules.states.right import GrantState, RemovalState
from tests import cast
from tests.findings import drifting
from tests.mandates import delegating
from tests.removals.test_not_seen import PEOPLE
from tests.reviews import sitting
from tests.rights import life
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)


def hide_persons(directory, kiv) -> None:
    """All but the one with a right: of one right alone the comparison believes its own second look."""
    for dn in [
        drifting.person_dn(person) for person in (*PEOPLE[1:], cast.HEAD, cast.HEAD_ABOVE, cast.DELEGATE)
    ]:
        directory.store.delete(dn)


def hide_roles(directory, kiv) -> None:
    for person in PEOPLE:
        drifting.replace(kiv, drifting.person_dn(person), drifting.ROLE, [])


def hide_heads(directory, kiv) -> None:
    for unit in (cast.BJORKHAGA, cast.AREA_NORTH):
        drifting.replace(kiv, drifting.unit_dn(unit), "hsaHealthCareUnitManager", [])


KINDS: dict[str, Callable[[], int]] = {
    "rights": lambda: Grant.objects.filter(state=GrantState.ACTIVE.value).count(),
    "removals": lambda: Removal.objects.filter(state=RemovalState.AWAITING_KIV.value).count(),
    "delegations": lambda: Delegation.objects.filter(ended_at=None).count(),
    "reviews": lambda: ReviewItem.objects.filter(decision="", review__state="open").count(),
    "users": lambda: User.objects.filter(is_active=True).count(),
}


def counted() -> dict[str, int]:
    return {kind: count() for kind, count in KINDS.items()}


@pytest.mark.parametrize("hide", [hide_persons, hide_roles, hide_heads])
def test_what_one_reading_hides_has_not_ended(directory, kiv, enter, hide):
    granted = life.granted(kiv)
    sitting.opened(granted)
    delegating.give()
    for person in PEOPLE[1:]:
        kiv.add_value(drifting.person_dn(person), drifting.ROLE, life.ROLE)
    drifting.swept()
    found = Finding.objects.not_over().filter(value=life.ROLE)
    removals = [life.removal_of_finding(one) for one in found if one.subject_id in PEOPLE[1:]]
    assert len(removals) >= 5
    life.work()
    browser = enter(cast.HEAD)
    assert browser.get(reverse("start")).status_code == 200
    before = counted()
    assert all(before.values()), before

    store, kept = directory.store, directory.store.copy()
    hide(directory, kiv)
    cache.clear()
    look_at_everything()
    assert browser.get(reverse("start")).status_code == 200
    for name in ("_entries", "_children", "_equal", "_sorted"):
        setattr(store, name, getattr(kept, name))
    cache.clear()
    assert counted() == before
    assert browser.get(reverse("start")).status_code == 200


def look_at_everything() -> None:
    Removal.objects.filter(next_poll_at__isnull=False).update(next_poll_at="2020-01-01T00:00Z")
    tasks.poll_kiv_tasks()
    for sweep in (tasks.sweep_delegations, tasks.sweep_reviews, tasks.sweep_handlers, tasks.sweep_protection):
        sweep()
    tasks.sweep_directory()
