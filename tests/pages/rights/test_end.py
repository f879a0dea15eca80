"""A right is ended, let to run out or kept on its pages, and the consequence is named first."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.models import Grant, Removal
from provisioning.rules.states.right import GrantState, RemovalState
from tests import acts, cast
from tests.findings import drifting
from tests.pages.rights.test_page import text
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("by", [cast.HEAD, cast.COORDINATOR])
def test_ending_a_right_asks_names_the_consequence_and_needs_a_reason(directory, kiv, page, by):
    grant = life.granted(kiv)
    assert page(by, "grant_end", grant.public_id).status_code == 200
    refused = page(by, "grant_end", grant.public_id, data={"reason": " "})
    assert refused.status_code == 400
    assert not Removal.objects.exists()
    answer = page(by, "grant_end", grant.public_id, data={"reason": "Har slutat på enheten."})
    removal = Removal.objects.get()
    assert answer.url == reverse("removal", args=[removal.public_id])
    assert removal.cause == ("head_of_unit" if by is cast.HEAD else "person")
    again = page(by, "grant_end", grant.public_id, data={"reason": "Har slutat på enheten."})
    assert again.url == reverse("grant", args=[grant.public_id])  # a second click, and it shows how it stands
    assert Removal.objects.count() == 1


def test_a_silent_directory_ends_nothing_and_keeps_what_was_written(directory, kiv, page, client):
    grant = life.granted(kiv)
    page(cast.HEAD, "grant", grant.public_id)
    directory.faults.is_busy = True
    address = reverse("grant_end", args=[grant.public_id])
    answer = client.post(address, {"reason": "Har slutat på enheten."})
    assert answer.status_code == 503
    assert "Har slutat på enheten." in text(answer)
    assert not Removal.objects.exists()


def test_letting_a_right_run_out_is_shown_and_prolonging_still_offered(directory, kiv, page):
    grant = life.granted(kiv, days=60)
    page(cast.HEAD, "grant_let_end", grant.public_id, data={"reason": ""})
    grant.refresh_from_db()
    assert grant.let_end_by_id == cast.HEAD.folded
    found = text(page(cast.HEAD, "grant", grant.public_id))
    assert f"forlang={grant.public_id}" in found
    assert reverse("grant_let_end", args=[grant.public_id]) not in found


def test_ending_a_right_names_an_order_that_would_give_it_back(directory, kiv, page):
    grant = life.granted(kiv)
    assert "Beställd på nytt" not in text(page(cast.HEAD, "grant_end", grant.public_id))
    life.kiv_removes_role(kiv, grant)
    order = acts.order(days=100)
    for by in (cast.HEAD, cast.COORDINATOR):
        found = text(page(by, "grant_end", grant.public_id))
        assert "Beställd på nytt" in found and order.case_number in found


def test_a_second_click_leads_to_the_page_that_shows_how_it_stands(directory, kiv, page):
    grant = life.granted(kiv)
    for name in ("grant_let_end", "grant_end"):
        for _click in range(2):
            answer = page(cast.HEAD, name, grant.public_id, data={"reason": "Har slutat."})
            assert answer.status_code == 302
        assert page(cast.HEAD, name, grant.public_id).url == reverse("grant", args=[grant.public_id])
    removal = Removal.objects.get()
    for _click in range(2):
        answer = page(cast.HEAD, "removal_withdraw", removal.public_id, data={"reason": "Ett misstag."})
        assert answer.url == reverse("removal", args=[removal.public_id])
    assert Grant.objects.get().current_state is GrantState.ACTIVE
    for reader in (cast.COORDINATOR, cast.DOCTOR):
        assert page(reader, "removal_withdraw", removal.public_id).status_code == 404


def test_the_starter_of_a_removal_takes_it_back_on_a_page(directory, kiv, page):
    removal = life.with_kiv(life.removal_by_head(life.granted(kiv)))
    assert page(cast.COORDINATOR, "removal_withdraw", removal.public_id).status_code == 404
    page(cast.HEAD, "removal_withdraw", removal.public_id, data={"reason": "Ett misstag."})
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.WITHDRAWN


def test_the_head_keeps_what_a_sweep_removes_and_must_say_why(directory, kiv, page):
    grant = life.granted(kiv)
    drifting.uncouple(kiv, cast.COORDINATOR, cast.BJORKHAGA)
    drifting.couple(kiv, cast.COORDINATOR, cast.EKLIDEN)
    drifting.swept()
    removal = life.with_kiv(grant.removals.get())
    address = reverse("removal_withdraw", args=[removal.public_id])
    assert address in text(page(cast.HEAD, "removal", removal.public_id))
    assert address not in text(page(cast.COORDINATOR, "removal", removal.public_id))

    assert page(cast.COORDINATOR, "removal_withdraw", removal.public_id, data={}).status_code == 404
    assert page(cast.HEAD, "removal_withdraw", removal.public_id, data={"reason": ""}).status_code == 400
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ENDING
    kept = page(cast.HEAD, "removal_withdraw", removal.public_id, data={"reason": "Har båda enheterna."})
    assert kept.status_code == 302
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ACTIVE
