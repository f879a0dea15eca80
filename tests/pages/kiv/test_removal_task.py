"""The KIV administrator's card of a removal: done, no longer to be removed, and cannot."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.models import Grant
from provisioning.rules.states.right import GrantState, RemovalState
from tests import cast
from tests.pages.rights.test_page import text
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_removal_goes_through_the_administrators_pages(directory, kiv, page):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    address = reverse("removal_task", args=[removal.public_id])
    assert address in text(page(cast.KIV_ADMINISTRATOR, "kiv_tasks"))
    assert address in text(page(cast.KIV_ADMINISTRATOR, "start"))
    found = text(page(cast.KIV_ADMINISTRATOR, "removal_task", removal.public_id))
    assert life.ROLE in found and removal.changes[0]["dn"] in found

    early = page(cast.KIV_ADMINISTRATOR, "removal_task", removal.public_id, data={"answer": "done"})
    assert early.url == address
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_KIV

    life.take_away(kiv, removal)
    page(cast.KIV_ADMINISTRATOR, "removal_task", removal.public_id, data={"answer": "done"})
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE
    assert Grant.objects.get().current_state is GrantState.ENDED
    assert page(cast.COORDINATOR, "removal", removal.public_id).status_code == 200
    assert page(cast.COORDINATOR, "grant", removal.grant.public_id).status_code == 200


def test_a_value_that_a_new_right_needs_is_no_longer_shown_to_be_removed(directory, kiv, page):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    life.granted(kiv)
    for data in (None, {"answer": "done"}):
        answer = page(cast.KIV_ADMINISTRATOR, "removal_task", removal.public_id, data=data)
        assert answer.url == reverse("removal", args=[removal.public_id])
    found = text(page(cast.KIV_ADMINISTRATOR, "removal", removal.public_id))
    assert "En annan behörighet" in found
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.VERIFYING


def test_an_administrator_who_cannot_says_why(directory, kiv, page):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    empty = page(cast.KIV_ADMINISTRATOR, "removal_task", removal.public_id, data={"answer": "cannot"})
    assert empty.status_code == 400
    data = {"answer": "cannot", "cannot-why": "other", "cannot-note": "Posten är låst."}
    page(cast.KIV_ADMINISTRATOR, "removal_task", removal.public_id, data=data)
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.CANNOT_BE_DONE
    assert "Posten är låst." in text(page(cast.HEAD, "removal", removal.public_id))


def test_a_removal_has_the_facts_of_its_right_and_a_step_bar(directory, kiv, page):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    for name in ("removal_task", "removal"):
        found = text(page(cast.KIV_ADMINISTRATOR, name, removal.public_id))
        assert 'aria-current="step"' in found
        assert "Borttagning i KIV" in found
    task = text(page(cast.KIV_ADMINISTRATOR, "removal_task", removal.public_id))
    for fact in (removal.grant.origin.need, cast.HEAD.text, removal.grant.unit_hsa_id, "Sista dag"):
        assert fact in task
    assert "När du är klar" in task
