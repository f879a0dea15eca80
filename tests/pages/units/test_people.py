"""A unit's people and accesses: who gets in, what is under way, what is missing, and what leads on."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse

from provisioning.audit.events import Action
from provisioning.directory import UnitPeople
from provisioning.directory.ldap.connection import Connections
from provisioning.errors import DirectoryUnavailable
from provisioning.models import AuditEntry
from provisioning.pages.units import matrix
from provisioning.rules.alphabet import place_of
from tests import acts, cast
from tests.pages.reading import form_of, text_of
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


def cell_of(hsa_id, *, column: int = 0, by=cast.HEAD):
    found = matrix.of_unit(acts.user(by), cast.BJORKHAGA, may_order=True)
    return next(row for row in found.rows if row.hsa_id == hsa_id.text).cells[column]


def test_each_cell_says_how_it_stands_and_why(kiv):
    life.granted(kiv)
    waiting = acts.order(by=cast.COORDINATOR_UNCOUPLED, person_id=cast.COORDINATOR_UNCOUPLED)
    assert cell_of(cast.COORDINATOR).state == matrix.GETS_IN
    under_way = cell_of(cast.COORDINATOR_UNCOUPLED)
    assert under_way.state == matrix.UNDER_WAY
    assert under_way.url == reverse("case", args=[waiting.public_id]) and not under_way.wanted
    by_hand = cell_of(cast.PROVIDER_ROLE)
    assert by_hand.state == matrix.LACKS and by_hand.reason == "Har medarbetaruppdraget, men inte rollen."
    assert by_hand.wanted == f"{cast.PROVIDER_ROLE.text}|rehabstod:unit|{cast.BJORKHAGA.text}"
    assert cell_of(cast.COORDINATOR, column=1).state == matrix.NOT_FOR_THEM
    assert cell_of(cast.DATE_UNREADABLE).state == matrix.UNKNOWN


def test_a_role_without_its_commission_is_said(directory):
    assert cell_of(cast.COUPLING_ENDED).state == matrix.LACKS
    reasons = {
        cell.reason
        for row in matrix.of_unit(acts.user(cast.HEAD), cast.BJORKHAGA, may_order=True).rows
        for cell in row.cells
    }
    assert "Har medarbetaruppdraget, men inte rollen." in reasons


def test_it_takes_few_searches_however_many_people_there_are(directory, monkeypatch):
    user = acts.user(cast.HEAD)
    matrix.of_unit(user, cast.BJORKHAGA, may_order=True)
    asked, ask = [], Connections._question

    def counted(self, *args, **kwargs):
        asked.append(args)
        return ask(self, *args, **kwargs)

    monkeypatch.setattr(Connections, "_question", counted)
    found = matrix.of_unit(user, cast.BJORKHAGA, may_order=True)
    assert len(found.rows) > 20
    # One more for each kind of odd entry: the demo has a protected person, and a role that names nothing.
    assert len(asked) - 2 <= 5, "\n".join(str(one[:3])[:300] for one in asked)


def test_the_page_is_the_heads_and_the_auditors_and_is_recorded(directory, page, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    for who, status in ((cast.HEAD, 200), (cast.AUDITOR, 200), (cast.OUTSIDER, 404), (cast.HEAD_ABOVE, 404)):
        assert page(who, "unit_people", cast.BJORKHAGA.text).status_code == status, who
    assert page(cast.AUDITOR, "unit_people", "SE0000000000-NONE").status_code == 404
    looked = AuditEntry.objects.filter(action=Action.LOOKED_AT.value)
    assert {one.actor_id for one in looked} == {cast.HEAD.folded, cast.AUDITOR.folded}
    assert 'name="wanted"' not in page(cast.AUDITOR, "unit_people", cast.BJORKHAGA.text).content.decode()


def test_a_protected_person_is_in_it_without_name_or_id(directory, page):
    acts.order(person_id=cast.PROTECTED)
    content = page(cast.HEAD, "unit_people", cast.BJORKHAGA.text).content.decode()
    assert "skyddade personuppgifter" in content and cast.PROTECTED.text not in content
    file = page(cast.HEAD, "unit_people", cast.BJORKHAGA.text, data={"kind": "csv"})
    assert cast.PROTECTED.text not in b"".join(file.streaming_content).decode()


def test_people_are_narrowed_and_ordered(directory, page):
    address = (cast.HEAD, "unit_people", cast.BJORKHAGA.text)
    everybody = page(*address).content.decode().count('<th scope="row"')
    lacking = page(*address, query="?state=lacks&order=missing").content.decode().count('<th scope="row"')
    assert 0 < lacking <= everybody
    assert page(*address, query="?state=under_way").content.decode().count('<th scope="row"') == 0
    assert page(*address, query="?state=x").status_code == 400


def test_a_file_of_it_is_an_event_and_only_of_a_kind_there_is(directory, page):
    answer = page(cast.HEAD, "unit_people", cast.BJORKHAGA.text, data={"kind": "XLSX"})
    assert b"".join(answer.streaming_content).startswith(b"PK")
    entry = AuditEntry.objects.get(action=Action.REGISTER_EXPORTED.value)
    assert entry.data["of"] == "unit_people"
    assert page(cast.HEAD, "unit_people", cast.BJORKHAGA.text, data={"kind": "exe"}).status_code == 400


def test_a_silent_directory_leaves_what_is_known_here(kiv, directory, enter):
    grant = life.granted(kiv)
    client = enter(cast.HEAD)
    client.get(reverse("start"))
    directory.faults.is_busy = True
    said = text_of(client.get(reverse("unit_people", args=[cast.BJORKHAGA.text])))
    assert grant.subject_hsa_id in said and "The directory does not answer" in said


def test_what_is_missing_leads_to_an_order_filled_in(directory, enter):
    client = enter(cast.HEAD)
    wanted = f"{cast.COORDINATOR.text}|rehabstod:unit|{cast.BJORKHAGA.text}"
    filled = form_of(client.post(reverse("order"), {"wanted": wanted}))
    assert filled["person"] == [cast.COORDINATOR.text]
    assert filled["access"] == ["rehabstod:unit"]
    assert filled["units"] == [cast.BJORKHAGA.text]


@pytest.mark.parametrize("wanted", ["|", "a|b|c", "x", "\x00|\x00|", f"{cast.COORDINATOR.text}|no:no|no"])
def test_a_wish_that_is_none_is_an_order_to_fill_in(directory, enter, wanted):
    answer = enter(cast.HEAD).post(reverse("order"), {"wanted": wanted})
    assert answer.status_code < 500


def test_what_is_ticked_becomes_rows_of_one_order(directory, enter):
    client = enter(cast.HEAD)
    page = client.get(reverse("unit_people", args=[cast.BJORKHAGA.text])).content.decode()
    ticked = [f"{who.text}|rehabstod:unit|{cast.BJORKHAGA.text}" for who in (cast.COORDINATOR, cast.DOCTOR)]
    assert all(f'name="ticked" value="{one}"' in page for one in ticked[:1])
    answer = client.post(reverse("order_many"), {"ticked": [*ticked, "a|b", "x"]})
    filled = form_of(answer)
    assert filled["pasted"][0].count("rehabstod:unit") == 2
    shown = client.post(
        reverse("order_many"), filled | {"need": [acts.NEED], "risk": [acts.RISK], "action": ["look"]}
    )
    assert shown.status_code == 200 and cast.COORDINATOR.text in text_of(shown)


def test_nothing_ticked_is_an_order_to_fill_in(directory, enter):
    for ticked in ([""], ["\x00|\x00|\x00"], ["|" * 9]):
        assert enter(cast.HEAD).post(reverse("order_many"), {"ticked": ticked}).status_code < 500


NAME = re.compile(r'<th scope="row"[^>]*>\s*<bdi>([^<]*)</bdi>')


def names_on(answer):
    return [html.unescape(name) for name in NAME.findall(answer.content.decode())]


@pytest.fixture
def three_a_page(monkeypatch):
    monkeypatch.setattr(matrix, "PER_PAGE", 3)


def everybody_by_name():
    return [row.name for row in matrix.of_unit(acts.user(cast.HEAD), cast.BJORKHAGA, may_order=True).rows]


@pytest.mark.usefixtures("directory", "three_a_page")
@pytest.mark.parametrize("query", ["", "&state=lacks", "&order=missing"])
def test_a_crowded_unit_comes_in_pages_and_nobody_is_lost(page, query):
    address = (cast.HEAD, "unit_people", cast.BJORKHAGA.text)
    shown, number = [], 0
    while True:
        number += 1
        answer = page(*address, query=f"?page={number}{query}")
        shown += names_on(answer)
        assert 0 < len(names_on(answer)) <= 3
        if 'rel="next"' not in answer.content.decode():
            break
    assert number > 3 and len(shown) == len(set(shown))
    if query:
        assert set(shown) <= set(everybody_by_name())
    else:
        assert shown == everybody_by_name()
    for odd in ("9999", "-1", "x"):
        assert names_on(page(*address, query=f"?page={odd}{query}")), odd


@pytest.mark.usefixtures("three_a_page")
def test_of_a_crowded_unit_only_the_people_on_the_page_are_read(directory, monkeypatch):
    read, readings = [], UnitPeople.readings

    def counted(self, persons):
        read.append(list(persons))
        return readings(self, read[-1])

    monkeypatch.setattr(UnitPeople, "readings", counted)
    user = acts.user(cast.HEAD)
    shown = matrix.page_of_unit(user, cast.BJORKHAGA, may_order=True, number="2")
    assert [len(persons) for persons in read] == [3]
    assert {one.hsa_id for one in shown.rows} <= {one.text for one in read[0]} | {""}
    assert shown.page is not None and shown.page.number == 2


@pytest.mark.usefixtures("three_a_page")
def test_a_crowded_unit_whose_directory_falls_silent_shows_whom_we_know(kiv, directory, page, monkeypatch):
    grant = life.granted(kiv)

    def silent(self, persons):
        raise DirectoryUnavailable

    for step in ("names", "readings"):
        with monkeypatch.context() as meanwhile:
            meanwhile.setattr(UnitPeople, step, silent)
            assert page(cast.HEAD, "unit_people", cast.BJORKHAGA.text).status_code == 200
            shown = matrix.page_of_unit(acts.user(cast.HEAD), cast.BJORKHAGA, may_order=True, number="1")
            assert not shown.is_read and {row.hsa_id for row in shown.rows} <= {grant.subject_hsa_id}


def test_a_file_of_a_crowded_unit_holds_everybody(directory, page, three_a_page):
    file = page(cast.HEAD, "unit_people", cast.BJORKHAGA.text, data={"kind": "csv"}, query="?page=2")
    lines = b"".join(file.streaming_content).decode("utf-8-sig").splitlines()
    assert len(lines) == len(everybody_by_name()) + 1


def test_names_alone_tell_nothing_of_a_protected_person(directory):
    acts.order(person_id=cast.PROTECTED)
    told = matrix.named(acts.user(cast.HEAD), cast.BJORKHAGA)
    assert cast.COORDINATOR.text in dict(told) and cast.PROTECTED.text not in dict(told)
    assert [name for _id, name in told] == sorted((name for _id, name in told), key=place_of)
