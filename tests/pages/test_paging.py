"""Long lists in pages by the key of their rows, and counts that end somewhere."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.template import Context, Template

from provisioning.models import Sweep
from provisioning.pages import paging
from provisioning.pages.paging import ListPart

pytestmark = pytest.mark.django_db

START = datetime(2026, 1, 31, 8, tzinfo=UTC)


@pytest.fixture
def rows() -> None:
    """Nine rows, of which three each began at the same moment."""
    Sweep.objects.bulk_create(
        Sweep(started_at=START + timedelta(hours=number // 3), is_full=number % 2 == 0, outcome="complete")
        for number in range(9)
    )


def parts() -> tuple[ListPart, ...]:
    """Full ones first, the newest on top; then the others, the oldest on top."""
    full, others = Sweep.objects.filter(is_full=True), Sweep.objects.filter(is_full=False)
    return ListPart(full, ("-started_at", "-pk")), ListPart(others, ("started_at", "pk"))


def everything() -> list[Sweep]:
    return [row for part in parts() for row in part.rows.order_by(*part.order)]


@pytest.mark.parametrize("size", [1, 2, 4, 5, 8, 9, 10])
def test_going_on_shows_every_row_once_and_going_back_the_same(rows, size) -> None:
    page = paging.page_of({}, *parts(), size=size)
    forwards = [page.rows]
    while page.after:
        page = paging.page_of({"efter": page.after}, *parts(), size=size)
        forwards.append(page.rows)
    assert [row for rows in forwards for row in rows] == everything()
    backwards = [page.rows]
    while page.before:
        page = paging.page_of({"fore": page.before}, *parts(), size=size)
        backwards.append(page.rows)
    assert backwards[::-1] == forwards
    assert page.is_first


def test_a_row_that_has_come_since_moves_no_other_to_the_next_page(rows) -> None:
    first = paging.page_of({}, *parts(), size=2)
    Sweep.objects.create(started_at=START + timedelta(days=1), is_full=True, outcome="complete")
    assert list(paging.page_of({"efter": first.after}, *parts(), size=2)) == everything()[3:5]


@pytest.mark.parametrize(
    "written",
    ["nonsense", "å", "bnVsbA", "WzAsIngiLDFd", "WzksIjEiXQ", "WzAsIlx1MDAwMCIsICIxIl0", "W10", "e30"],
)
@pytest.mark.parametrize("name", ["efter", "fore"])
def test_what_is_no_key_gives_the_first_page(rows, name, written) -> None:
    assert list(paging.page_of({name: written}, *parts(), size=2)) == everything()[:2]


def test_a_page_beyond_the_end_is_the_first(rows) -> None:
    last = paging.page_of({}, *parts(), size=9)
    end = paging.page_of({}, *parts(), size=8).after
    Sweep.objects.filter(pk=last.rows[-1].pk).delete()
    assert list(paging.page_of({"efter": end}, *parts(), size=4)) == everything()[:4]


def test_rows_may_be_values(rows) -> None:
    part = ListPart(Sweep.objects.values("pk"), ("-pk",))
    first = paging.page_of({}, part, size=5)
    second = paging.page_of({"efter": first.after}, part, size=5)
    assert [row["pk"] for row in (*first, *second)] == sorted(Sweep.objects.values_list("pk", flat=True))[
        ::-1
    ]


def test_a_count_ends_and_says_so(rows, monkeypatch) -> None:
    assert str(paging.count(Sweep.objects.all())) == "9"
    monkeypatch.setattr(paging, "COUNTED_UP_TO", 8)
    found = paging.count(Sweep.objects.all())
    assert found and int(found) == 9
    assert str(found) == "mer än 8"


def test_a_count_keeps_its_words_in_a_sentence() -> None:
    text = (
        "{% load i18n %}{% blocktranslate count count=n %}{{ count }} row"
        "{% plural %}{{ count }} rows{% endblocktranslate %}, {{ n }}"
    )
    drawn = Template(text).render(Context({"n": paging.Count(1001)}))
    assert drawn == "mer än 1\xa0000 rows, mer än 1\xa0000"


def test_rows_that_are_read_by_their_keys_come_in_the_order_of_the_list(rows) -> None:
    whole = [ListPart(part.rows, part.order, Sweep.objects.all()) for part in parts()]
    address: dict[str, str] = {}
    seen: list[Sweep] = []
    while page := paging.page_of(address, *whole, size=4):
        seen += page.rows
        if not page.after:
            break
        address = {paging.AFTER: page.after}
    assert seen == everything()
