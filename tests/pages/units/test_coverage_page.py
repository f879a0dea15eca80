"""The page of how far teams have come: who reads it, of which units, what it narrows and the file."""

from __future__ import annotations

import re

import pytest
from django.core.cache import caches

from provisioning import dates
from provisioning.audit.events import Action
from provisioning.directory import Directory
from provisioning.errors import DirectoryUnavailable
from provisioning.models import AuditEntry
from tests import cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = "team_coverage"
OPERATOR = cast.SETTLED


@pytest.fixture(autouse=True)
def overseers(directory, settings):
    settings.AUDITORS, settings.OPERATORS = (cast.AUDITOR.text,), (OPERATOR.text,)
    caches["default"].clear()
    yield
    caches["default"].clear()


def name_a_doctor(page):
    data = {"task": "doctor", "person": cast.DOCTOR.text, "starts_on": dates.today().isoformat()}
    assert page(cast.HEAD, "unit_team", cast.BJORKHAGA.text, data=data).status_code == 302


def area_of_bjorkhaga(page, who):
    found = text_of(page(who, PAGE, query="?text=Björkhaga"))
    assert "Område Norr" in found
    content = page(who, PAGE, query="?text=Björkhaga").content.decode()
    return re.search(r"[?&;]area=([0-9a-f]{16})", content)[1]


def test_areas_lead_to_their_units_and_to_the_team(page):
    name_a_doctor(page)
    area = area_of_bjorkhaga(page, cast.AUDITOR)
    shown = page(cast.AUDITOR, PAGE, query=f"?area={area}")
    assert "Saknar: rehabkoordinator" in text_of(shown)
    assert f"/enheter/{cast.BJORKHAGA.text}/team/" in shown.content.decode()


def test_who_may_not_open_a_team_is_not_led_to_it(page):
    for who in (OPERATOR, cast.PROVIDER_HEAD):
        area = area_of_bjorkhaga(page, who)
        shown = page(who, PAGE, query=f"?area={area}").content.decode()
        assert "Björkhaga" in shown, who
        assert f"/enheter/{cast.BJORKHAGA.text}/team/" not in shown, who


def test_a_care_providers_head_reads_its_own_units_alone(page):
    assert cast.PRIVATE_UNIT.text in fetched(page, cast.AUDITOR)
    own = fetched(page, cast.PROVIDER_HEAD)
    assert cast.BJORKHAGA.text in own
    assert cast.PRIVATE_UNIT.text not in own


def fetched(page, who, query="", kind="csv"):
    answer = page(who, PAGE, query=query, data={"kind": kind})
    assert answer.status_code == 200
    return b"".join(answer.streaming_content).decode()


def test_the_file_holds_what_is_chosen_and_is_an_event(page):
    name_a_doctor(page)
    rows = fetched(page, cast.AUDITOR, "?state=incomplete").splitlines()
    assert [cast.BJORKHAGA.text in row for row in rows] == [False, True]
    event = AuditEntry.objects.filter(action=Action.REGISTER_EXPORTED.value).latest("pk")
    assert (event.data["of"], event.data["wanted"]) == ("team_coverage", {"state": "incomplete"})
    assert page(cast.AUDITOR, PAGE, data={"kind": "exe"}).status_code == 400


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?state=x", 400),
        ("?area=x", 200),
        ("?efter=999999", 200),
        ("?efter=-1&fore=x", 200),
        ("?text=" + "x" * 101, 400),
    ],
)
def test_an_odd_address_gets_a_page(page, query, status):
    assert page(cast.AUDITOR, PAGE, query=query).status_code == status


def test_long_lists_come_in_pages(page, monkeypatch):
    monkeypatch.setattr("provisioning.pages.units.coverage_page.PAGE_SIZE", 1)
    first = page(cast.AUDITOR, PAGE).content.decode()
    second = page(cast.AUDITOR, PAGE, query="?efter=1").content.decode()
    assert "efter=1" in first and "fore=1" in second and "efter=2" in second


def test_a_silent_directory_is_said(page, monkeypatch):
    name_a_doctor(page)

    def is_silent(_self: Directory) -> None:
        raise DirectoryUnavailable

    monkeypatch.setattr(Directory, "care_units", is_silent)
    shown = text_of(page(cast.AUDITOR, PAGE))
    assert "KIV svarar inte" in shown and "Området är inte känt" in shown


def test_those_who_may_are_led_there_and_others_find_nothing(page):
    for who in (cast.AUDITOR, OPERATOR, cast.PROVIDER_HEAD):
        assert "/enheter/tackning/" in page(who, "start").content.decode(), who
        assert "/enheter/tackning/" in page(who, "units").content.decode(), who
    for who in (cast.HEAD, cast.OUTSIDER, cast.KIV_ADMINISTRATOR):
        assert page(who, PAGE).status_code == 404, who
        assert page(who, PAGE, data={"kind": "csv"}).status_code == 404, who
        assert "/enheter/tackning/" not in page(who, "start").content.decode(), who
