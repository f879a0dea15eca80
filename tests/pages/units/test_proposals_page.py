"""Proposals for a unit's next order: whose page it is, what is proposed, and where it leads."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.audit.events import Action
from provisioning.models import AuditEntry
from provisioning.pages.units import proposals_page
from tests import acts, cast
from tests.pages.reading import form_of, text_of
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = (cast.HEAD, "unit_proposals", cast.BJORKHAGA.text)
ON_UNIT = f"{cast.COORDINATOR.text}|rehabstod:unit|{cast.BJORKHAGA.text}"


def like(person, colleague):
    return {"kind": "like", "like-person": person.text, "like-colleague": colleague.text}


def below(person, access="rehabstod:unit"):
    return {"kind": "below", "below-person": person.text, "below-access": access}


def test_the_page_is_the_heads_alone(directory, page, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    assert page(*ADDRESS).status_code == 200
    for who in (cast.AUDITOR, cast.HEAD_ABOVE, cast.OUTSIDER):
        assert page(who, *ADDRESS[1:]).status_code == 404, who
        assert page(who, *ADDRESS[1:], data=below(cast.COORDINATOR)).status_code == 404, who


def test_who_has_the_commission_alone_is_chosen_beforehand(directory, page, enter):
    content = page(*ADDRESS).content.decode()
    assert f'value="{ON_UNIT}" checked' in content
    assert f"{cast.DOCTOR.text}|rehabstod:unit" not in content  # gets in with less
    assert f"{cast.COORDINATOR_UNCOUPLED.text}|" not in content  # lacks the commission, too
    filled = form_of(enter(cast.HEAD).post(reverse("order_many"), {"ticked": [ON_UNIT]}))
    assert cast.COORDINATOR.text in filled["pasted"][0]


def test_what_a_colleague_has_is_proposed_for_another(kiv, page):
    life.granted(kiv)  # the coordinator now gets in
    answer = page(*ADDRESS, data=like(cast.COORDINATOR_UNCOUPLED, cast.COORDINATOR))
    wanted = f"{cast.COORDINATOR_UNCOUPLED.text}|rehabstod:unit|{cast.BJORKHAGA.text}"
    assert f'value="{wanted}" checked' in answer.content.decode()
    looked = {one.data.get("subject") for one in AuditEntry.objects.filter(action=Action.LOOKED_AT.value)}
    assert {cast.COORDINATOR.folded, cast.COORDINATOR_UNCOUPLED.folded} <= looked
    again = page(*ADDRESS, data=like(cast.COORDINATOR, cast.COORDINATOR))
    assert again.status_code == 400


def test_what_is_ordered_already_is_not_proposed(kiv, page):
    life.granted(kiv)
    acts.order(by=cast.COORDINATOR_UNCOUPLED, person_id=cast.COORDINATOR_UNCOUPLED)
    answer = page(*ADDRESS, data=like(cast.COORDINATOR_UNCOUPLED, cast.COORDINATOR))
    assert f"{cast.COORDINATOR_UNCOUPLED.text}|rehabstod:unit" not in answer.content.decode()


def test_the_units_below_are_expanded_for_the_head_above(directory, page):
    address = (cast.HEAD_ABOVE, "unit_proposals", cast.AREA_NORTH.text)
    content = page(*address, data=below(cast.COORDINATOR)).content.decode()
    assert f'value="{ON_UNIT}" checked' in content
    assert f"{cast.COORDINATOR.text}|rehabstod:unit|{cast.EKLIDEN.text}" in content


@pytest.mark.parametrize(
    "data",
    [
        like(cast.HEAD, cast.COORDINATOR),  # nobody approves the own access
        like(cast.COORDINATOR, cast.NOBODY),
        like(cast.COORDINATOR, cast.PROTECTED),
        below(cast.NOBODY),
        below(cast.COORDINATOR, access="no:no"),
        {"kind": "below", "below-person": "\x00", "below-access": "rehabstod:unit"},
        {"kind": "x"},
        {},
    ],
)
def test_a_wish_that_cannot_be_is_answered_beside_its_field(directory, page, data):
    assert page(*ADDRESS, data=data).status_code == 400


def test_a_protected_person_is_not_named(directory, page):
    content = page(*ADDRESS, data=below(cast.PROTECTED)).content.decode()
    assert "skyddade personuppgifter" in content


def test_a_silent_directory_proposes_nothing(directory, enter):
    client = enter(cast.HEAD)
    client.get(reverse("start"))
    directory.faults.is_busy = True
    answer = client.post(reverse("unit_proposals", args=[ADDRESS[2]]), below(cast.COORDINATOR))
    assert answer.status_code == 400 and "checked" not in answer.content.decode()
    assert "The directory does not answer" in text_of(answer)


def test_of_very_many_proposals_the_first_come_and_the_rest_is_said(directory, page, monkeypatch):
    chosen = page(*ADDRESS).content.decode().count('name="ticked"')
    assert chosen > 3
    monkeypatch.setattr(proposals_page, "AT_ONCE", 3)
    content = page(*ADDRESS).content.decode()
    assert content.count('name="ticked"') == 3
    assert f"The first 3 of {chosen}." in content or f"De 3 första av {chosen}." in content
