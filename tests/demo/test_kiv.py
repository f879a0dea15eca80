"""The played KIV tool: who may use it, and what it changes in the directory."""

from __future__ import annotations

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import AuditEntry
from tests import cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db


WANTED = f"INTYG;Rehab-{cast.BJORKHAGA}"


COORDINATOR_DN = "cn=demo1005,ou=Personal,o=Demoregionen"


UNIT_DN = "ou=Björkhaga vårdcentral,ou=Område Norr,ou=Demoregionens vård,ou=Org,o=Demoregionen"


COMMISSION_DN = f"cn=Vård och behandling 11011,{UNIT_DN}"


# -- the mock KIV ------------------------------------------------------------------------------------------
def act(browser: Client, name: str, **values: str):
    return browser.post(reverse("demo_kiv"), {"act": name, **values}, follow=True)


@pytest.fixture
def administrator(enter) -> Client:
    """A KIV administrator with the coordinator's entry open."""
    browser = enter(cast.KIV_ADMINISTRATOR)
    act(browser, "open_person", person=str(cast.COORDINATOR))
    return browser


@pytest.mark.parametrize("who", [cast.HEAD, cast.COORDINATOR, cast.OUTSIDER, cast.AUDITOR])
def test_who_administers_nothing_may_not_use_it(who, enter, kiv) -> None:
    browser = enter(who)
    assert browser.get(reverse("demo_kiv")).status_code == 403
    browser.post(reverse("demo_kiv"), {"act": "open_person", "person": str(cast.COORDINATOR)})
    answer = browser.post(reverse("demo_kiv"), {"act": "add_role", "value": WANTED})
    assert answer.status_code == 403
    assert kiv.values(COORDINATOR_DN, "hsaSystemRole") == ()


def test_a_person_is_found_by_name_and_by_id(enter) -> None:
    browser = enter(cast.KIV_ADMINISTRATOR)
    for text in ("Sagolund", str(cast.COORDINATOR)):
        assert f'value="{cast.COORDINATOR}"' in act(browser, "find_person", text=text).content.decode()
    assert "Nobody matches" in text_of(act(browser, "find_person", text="Ingen Alls"))


def test_nobody_s_id_stands_in_an_address(administrator) -> None:
    answer = act(administrator, "open_person", person=str(cast.COORDINATOR))
    assert answer.redirect_chain == [(reverse("demo_kiv"), 302)]
    assert str(cast.COORDINATOR) in text_of(answer)


def test_a_role_is_added_and_removed_byte_for_byte(administrator, kiv) -> None:
    value = f" {WANTED} "  # blanks are kept: the real tool keeps them, too
    assert "Saved in the directory" in text_of(act(administrator, "add_role", value=value))
    assert kiv.values(COORDINATOR_DN, "hsaSystemRole") == (value,)
    act(administrator, "remove_role", value=value)
    assert kiv.values(COORDINATOR_DN, "hsaSystemRole") == ()
    changes = [entry.data for entry in AuditEntry.objects.filter(action="demo.value_changed")]
    assert [(data["add"], data["remove"]) for data in changes] == [(value, ""), ("", value)]


def test_an_empty_role_is_refused_beside_its_field(administrator) -> None:
    answer = act(administrator, "add_role", value="")
    assert answer.status_code == 400
    assert "Write the value to add." in text_of(answer)


def test_a_person_is_uncoupled_and_coupled_again(administrator, kiv) -> None:
    act(administrator, "uncouple", commission=COMMISSION_DN, value=f"{cast.COORDINATOR};;")
    assert f"{cast.COORDINATOR};;" not in kiv.values(COMMISSION_DN, "hsaCommissionMember")
    assert f'value="{cast.BJORKHAGA}"' in act(administrator, "find_unit", text="Björkhaga").content.decode()
    act(administrator, "open_unit", unit=str(cast.BJORKHAGA))
    act(administrator, "couple", commission=COMMISSION_DN)
    assert f"{cast.COORDINATOR};;" in kiv.values(COMMISSION_DN, "hsaCommissionMember")


def test_only_what_the_page_offers_can_be_changed(administrator, kiv) -> None:
    others = kiv.values(COMMISSION_DN, "hsaCommissionMember")
    act(administrator, "uncouple", commission=COMMISSION_DN, value=f"{cast.DOCTOR};;")
    act(administrator, "couple", commission="o=Demoregionen")
    act(administrator, "remove_role", value="INTYG;Annat")
    assert kiv.values(COMMISSION_DN, "hsaCommissionMember") == others
    assert not AuditEntry.objects.filter(action="demo.value_changed").exists()


def test_an_unknown_act_changes_nothing(administrator) -> None:
    assert act(administrator, "format").status_code == 200
    assert not AuditEntry.objects.filter(action="demo.value_changed").exists()


def test_a_silent_directory_leaves_the_page_as_it_is(administrator, directory) -> None:
    directory.faults.is_busy = True
    answer = act(administrator, "find_person", text="Sagolund")
    assert answer.status_code == 503
    assert "Sagolund" in answer.content.decode()
