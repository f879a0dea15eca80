"""The page of a unit's team and the page of own units: who reads and names, and what leads to an order."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning import dates
from provisioning.models import OrderLine, TeamMember
from provisioning.rules.hsa import HsaId
from tests import acts, cast
from tests.pages.reading import text_of
from tests.rights import life

OTHER_HEAD = HsaId("SE0000000000-1041")  # of EKLIDEN

pytestmark = pytest.mark.django_db(transaction=True)

UNIT = cast.BJORKHAGA.text


def naming(person=cast.COORDINATOR.text, task="coordinator", **changed):
    return {"task": task, "person": person, "starts_on": dates.today().isoformat(), "ends_on": ""} | changed


def test_the_head_names_the_team_and_reads_whether_it_gets_in(kiv, page):
    life.granted(kiv)
    assert "Ingen utsedd" in text_of(page(cast.HEAD, "unit_team", UNIT))
    page(cast.HEAD, "unit_team", UNIT, data=naming())
    shown = text_of(page(cast.HEAD, "unit_team", UNIT))
    assert "Saknar: läkare med försäkringsmedicinskt uppdrag" in shown
    assert "Kommer in" in shown
    assert page(cast.HEAD, "unit_team", UNIT, data=naming(cast.DOCTOR.text, "doctor")).status_code == 302
    assert "Komplett" in text_of(page(cast.HEAD, "units"))


def test_what_is_missing_leads_to_a_filled_order_and_gives_nothing(directory, page):
    page(cast.HEAD, "unit_team", UNIT, data=naming(cast.PROVIDER_ROLE.text))
    response = page(cast.HEAD, "unit_team", UNIT)
    wanted = f"{cast.PROVIDER_ROLE.text}|rehabstod:unit|{UNIT}"
    assert f'value="{wanted}"' in response.content.decode()
    order = page(cast.HEAD, "order_many", data={"ticked": [wanted]})
    assert order.status_code in (200, 302)
    assert not OrderLine.objects.exists()


@pytest.mark.parametrize(("kind", "needs_one"), [("1500", True), ("9999", False)])
def test_a_unit_of_no_such_kind_needs_no_coordinator(directory, page, settings, kind, needs_one):
    settings.TEAM_COORDINATOR_KINDS = (kind,)
    page(cast.HEAD, "unit_team", UNIT, data=naming(cast.DOCTOR.text, "doctor"))
    shown = text_of(page(cast.HEAD, "unit_team", UNIT))
    assert ("Saknar: " in shown) is needs_one
    assert ("Komplett" in text_of(page(cast.HEAD, "units"))) is not needs_one


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"person": ""}, "Skriv personens HSA-id"),
        ({"person": "SE0000000000-NONE"}, "anställd i dag"),
        ({"task": "doctor"}, "I KIV står det inte att personen är läkare"),
        ({"ends_on": "2020-01-01"}, "Sista dagen är före första dagen"),
        ({"task": ""}, "Välj uppgift"),
    ],
)
def test_what_does_not_fit_is_said_and_kept(directory, page, changed, said):
    data = naming(**changed)
    response = page(cast.HEAD, "unit_team", UNIT, data=data)
    assert response.status_code == 400
    assert said in text_of(response)
    assert f'value="{data["person"]}"' in response.content.decode() or not data["person"]
    assert not TeamMember.objects.exists()


def test_others_neither_read_nor_name(directory, page, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    page(cast.HEAD, "unit_team", UNIT, data=naming())
    row = TeamMember.objects.get()
    for who in (cast.OUTSIDER, OTHER_HEAD, cast.KIV_ADMINISTRATOR):
        assert page(who, "unit_team", UNIT).status_code == 404
        assert page(who, "end_team_task", row.public_id, data={"go": "1"}).status_code == 404
    assert page(cast.AUDITOR, "unit_team", UNIT).status_code == 200
    assert page(cast.AUDITOR, "unit_team", UNIT, data=naming(cast.DOCTOR.text, "doctor")).status_code == 404
    assert TeamMember.objects.get().ended_at is None


def test_a_silent_directory_names_nobody_and_keeps_what_was_typed(directory, client):
    client.force_login(acts.user(cast.HEAD))
    address = reverse("unit_team", args=[UNIT])
    client.get(address)  # whose page it is, is known for a while
    directory.faults.is_busy = True
    response = client.post(address, naming())
    assert response.status_code == 503
    assert cast.COORDINATOR.text in response.content.decode()
    assert not TeamMember.objects.exists()


def test_a_protected_member_is_not_named_on_the_page(directory, page):
    page(cast.HEAD, "unit_team", UNIT, data=naming(cast.PROTECTED.text))
    content = page(cast.HEAD, "unit_team", UNIT).content.decode()
    assert TeamMember.objects.get().subject_is_protected
    assert cast.PROTECTED.text not in content
    assert "skyddade personuppgifter" in content


def test_who_has_left_is_said_and_the_task_ends_by_hand(directory, page):
    page(cast.HEAD, "unit_team", UNIT, data=naming())
    TeamMember.objects.update(subject_key=cast.ENDED.folded, subject_hsa_id=cast.ENDED.text)
    assert "har personen slutat" in text_of(page(cast.HEAD, "unit_team", UNIT))
    row = TeamMember.objects.get()
    assert page(cast.HEAD, "end_team_task", row.public_id, data={"go": "1"}).status_code == 302
    assert "Ingen utsedd" in text_of(page(cast.HEAD, "unit_team", UNIT))


def test_own_units_stand_with_their_figures(kiv, page):
    life.granted(kiv)
    shown = text_of(page(cast.HEAD, "units"))
    assert "Björkhaga" in shown and "Ingen utsedd" in shown
    assert reverse("unit_team", args=[UNIT]) in page(cast.HEAD, "units").content.decode()
    assert "är du inte verksamhetschef" in text_of(page(cast.COORDINATOR, "units"))
    assert acts.user(cast.HEAD).hsa_id
