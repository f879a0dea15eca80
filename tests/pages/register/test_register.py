"""The registers: everybody finds what they may read, by every filter, and sends the address on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from provisioning.models import Finding, Grant, SavedView
from provisioning.pages.register import sealed_ids
from provisioning.pages.register.kinds import REGISTERS
from provisioning.rules.drift.differences import DriftKind, Owner
from tests import acts, cast
from tests.pages.reading import text_of
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def one_of_each(kiv):
    """A right, its removal with the KIV administrator, a finding about it, and an open order."""
    grant = life.granted(kiv)
    life.removal_by_head(grant)
    right = {
        name: getattr(grant, name)
        for name in (
            *("subject_key", "subject_hsa_id", "subject_name", "service", "level"),
            *("unit_key", "unit_hsa_id", "unit_name"),
        )
    }
    kind, owner = DriftKind.ROLE_MISSING.value, Owner.HEAD_OF_UNIT.value
    Finding.objects.create(kind=kind, owner=owner, grant=grant, situation="x", **right)
    acts.order(by=cast.COORDINATOR_UNCOUPLED, person_id=cast.COORDINATOR_UNCOUPLED)
    return grant


def rows_of(answer) -> int:
    return answer.content.decode().count('<tr class="table__row"')


def sent(page, key: str, by=cast.HEAD, **filters):
    """Send the form, and follow the address it leads to."""
    answer = page(by, f"register_{key}", data=filters)
    assert answer.status_code == 302, text_of(answer)
    return answer.url, page(by, f"register_{key}", query=answer.url.partition(reverse(f"register_{key}"))[2])


@pytest.mark.parametrize("key", ["cases", "rights", "removals", "findings"])
def test_every_filter_finds_what_fits_and_leaves_out_what_does_not(one_of_each, page, settings, key):
    of_right = {
        "service": ("rehabstod", "intygsstatistik"),
        "unit": (cast.BJORKHAGA.text, cast.ALMBY.text),
        "person": (cast.COORDINATOR.text, cast.OUTSIDER.text),
        "since": ("2020-01-01", "2090-01-01"),
        "until": ("2090-01-01", "2020-01-01"),
        "age": ("0", "100"),
    }
    others = {
        "cases": {"state": ("ended", "rejected"), "actor": (cast.HEAD.text, cast.OUTSIDER.text)},
        "rights": {
            "state": ("ending", "active"),
            "cause": ("head_of_unit", "person"),
            "actor": (cast.HEAD.text, cast.OUTSIDER.text),
        },
        "removals": {
            "state": ("open", "ended"),
            "cause": ("head_of_unit", "person"),
            "actor": (cast.HEAD.text, cast.OUTSIDER.text),
        },
        "findings": {"state": ("open", "over"), "cause": (DriftKind.ROLE_MISSING.value, "unit.closed")},
    }
    for name, (fits, fails) in (of_right | others[key]).items():
        url, answer = sent(page, key, **{name: fits})
        assert rows_of(answer) >= 1, (name, fits)
        assert "SE0000000000-1" not in url, "no person's HSA-id stands in an address"
        _url, answer = sent(page, key, **{name: fails})
        assert rows_of(answer) == 0, (name, fails)


def test_below_a_unit_what_stands_under_it_is_found(one_of_each, page, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    area = cast.AREA_NORTH.text
    _url, answer = sent(page, "rights", by=cast.AUDITOR, unit=area)
    assert rows_of(answer) == 0
    _url, answer = sent(page, "rights", by=cast.AUDITOR, unit=area, below="on")
    assert rows_of(answer) == 1


@pytest.mark.parametrize("key", list(REGISTERS))
def test_each_order_shows_the_same_rows(one_of_each, page, settings, key):
    settings.AUDITORS = (cast.AUDITOR.text,)
    everything = rows_of(page(cast.AUDITOR, f"register_{key}"))
    assert everything
    for order in REGISTERS[key].orders:
        assert rows_of(page(cast.AUDITOR, f"register_{key}", query=f"?order={order}")) == everything


def test_who_has_no_part_in_anything_finds_nothing_and_no_events(one_of_each, page):
    for key in ("cases", "rights", "removals", "findings"):
        assert rows_of(page(cast.OUTSIDER, f"register_{key}")) == 0
    assert page(cast.HEAD, "register_events").status_code == 404
    assert page(cast.HEAD, "register_events", data={"action": "file", "kind": "CSV"}).status_code == 404


def test_an_address_that_was_sent_on_shows_what_its_reader_may_read(one_of_each, page):
    url, answer = sent(page, "cases", person=cast.COORDINATOR.text)
    assert rows_of(answer) == 1
    query = url.partition(reverse("register_cases"))[2]
    other = page(cast.OUTSIDER, "register_cases", query=query)
    assert rows_of(other) == 0
    assert cast.COORDINATOR.text not in other.content.decode()
    assert "Någon annan har skrivit adressen" in text_of(other)
    assert rows_of(page(cast.COORDINATOR, "register_cases", query=query)) == 1


def test_what_is_no_filter_is_said_beside_the_field(one_of_each, page):
    for query in ("?state=no", "?since=soon", "?age=-1", "?order=x", "?person=abc", "?service=%00"):
        answer = page(cast.HEAD, "register_cases", query=query)
        assert answer.status_code == 400, query
        assert rows_of(answer) == 0
    assert (
        page(cast.HEAD, "register_cases", data={"since": "2026-02-02", "until": "2026-01-01"}).status_code
        == 400
    )


def test_a_protected_person_is_found_by_the_exact_id_and_named_nowhere(directory, page):
    request = acts.order(person_id=cast.PROTECTED)
    _url, answer = sent(page, "cases", person=cast.PROTECTED.text)
    assert rows_of(answer) == 1 and request.case_number in text_of(answer)
    rows = answer.content.decode().partition("<tbody")[2]
    assert cast.PROTECTED.text not in rows and request.subject_name not in rows


def test_a_view_is_kept_by_its_name_for_its_owner_alone(one_of_each, page):
    url, _answer = sent(page, "cases", person=cast.COORDINATOR.text, state="open")
    query, named = "?" + url.partition("?")[2], {"action": "save", "name": "Mina öppna"}
    assert page(cast.HEAD, "register_cases", query=query, data=named).status_code == 302
    page(cast.HEAD, "register_cases", query="?state=open", data=named)
    view = SavedView.objects.get()
    assert view.query == "state=open", "the newer one of that name"
    assert "Mina öppna" in text_of(page(cast.HEAD, "register_cases"))
    assert "Mina öppna" not in text_of(page(cast.COORDINATOR, "register_cases"))
    assert page(cast.COORDINATOR, "delete_view", view.public_id, data={}).status_code == 404
    assert page(cast.HEAD, "delete_view", view.public_id, data={}).status_code == 302
    assert not SavedView.objects.exists()


@pytest.mark.parametrize(
    "data, query", [({"name": ""}, ""), ({"name": "x" * 61}, ""), ({"name": "a"}, "?state=no")]
)
def test_a_view_that_is_none_is_not_kept(directory, page, data, query):
    assert page(cast.HEAD, "register_cases", query=query, data=data | {"action": "save"}).status_code == 302
    assert not SavedView.objects.exists()


def test_a_sealed_person_is_opened_by_nobody_else(directory):
    text = sealed_ids.seal(cast.COORDINATOR, acts.user(cast.HEAD))
    assert "1005" not in text
    assert sealed_ids.opened(text) == (cast.COORDINATOR, cast.HEAD.folded)
    for other in ("", text[:-2], "A" * 500, "å", text.swapcase()):
        assert sealed_ids.opened(other) is None


def test_pages_follow_each_other_in_every_order(one_of_each, page, monkeypatch):
    from provisioning.pages.register import page as register_page

    monkeypatch.setattr(register_page, "PAGE_SIZE", 1)
    Grant.objects.update(state_since=one_of_each.state_since - timedelta(days=1))
    first = page(cast.HEAD, "register_cases", query="?order=longest")
    assert rows_of(first) == 1 and 'rel="next"' in first.content.decode()
