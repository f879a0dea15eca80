"""Every building block can be drawn, tells its state in words, and trusts nobody's text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from provisioning.pages.paging import KeyPage
from provisioning.pages.templatetags import components
from provisioning.rules.hsa import Answer

AT = datetime(2026, 1, 31, 8, 5, tzinfo=UTC)
HOSTILE = "<script>alert('x')</script>"
EVIDENCE = {
    "attribute": "hsaSystemRole",
    "dn": "cn=demo,o=Demo",
    "before_at": AT,
    "after_at": AT,
    "rows": [
        {"value": "INTYG;Rehab-SE0000000000-E1", "before": False, "after": True, "is_wanted": True},
        {"value": HOSTILE, "before": None, "after": False, "is_wanted": False},
    ],
}
ROWS: dict[str, Any] = {
    "item": EVIDENCE,
    "event": {"at": AT, "tone": "info", "heading": HOSTILE, "by": HOSTILE, "text": HOSTILE},
    "cause": {"sentence": HOSTILE, "mended_by": HOSTILE, "tone": "unknown"},
    "step": {"label": HOSTILE, "state": "current"},
    "hostile": HOSTILE,
}
SAMPLES = {
    "icon": '{% icon "check" %}',
    "state_badge": '{% state_badge "waiting" hostile %}',
    "answer_badge": '{% answer_badge "unknown" %}',
    "message_box": '{% message_box "warning" heading=hostile %}<p>{{ hostile }}</p>{% endmessage_box %}',
    "error_box": "{% error_box hostile %}<li>{{ hostile }}</li>{% enderror_box %}",
    "error_summary": "{% error_summary %}",
    "listing": '{% listing causes "provisioning/finding/line.html" page %}',
    "pagination": "{% pagination page %}",
    "empty_state": '{% empty_state hostile hostile url="/new" action=hostile %}',
    "copyable": "{% copyable hostile hostile %}",
    "table": "{% table hostile hostile hostile page=page %}{{ hostile }}{% endtable %}",
    "definition_list": "{% definition_list pairs %}",
    "steps": "{% steps steps %}",
    "timeline": "{% timeline events %}",
    "cause_list": "{% cause_list causes %}",
    "evidence": "{% evidence item %}",
}
WITHOUT_TEXT = {"icon", "answer_badge", "error_summary", "pagination"}


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def draw(source: str, **extra: Any) -> str:
    values = {
        **ROWS,
        "events": [ROWS["event"]],
        "causes": [ROWS["cause"]],
        "steps": [ROWS["step"]],
        "pairs": [(HOSTILE, HOSTILE), ("Empty", None)],
        "page": Paginator(range(30), 10).page(2),
        "request": RequestFactory().get("/cases/", {"q": "å & b", "page": "2"}),
    }
    return Template("{% load components %}" + source).render(Context({**values, **extra}))


def test_every_component_has_a_sample_here() -> None:
    assert set(SAMPLES) == set(components.register.tags)


@pytest.mark.parametrize("name", SAMPLES)
def test_every_component_escapes_what_it_is_given(name: str) -> None:
    html = draw(SAMPLES[name])

    assert "<script" not in html
    if name not in WITHOUT_TEXT:
        assert "&lt;script&gt;" in html


def test_a_component_also_takes_value_objects() -> None:
    html = draw("{% timeline events %}", events=[SimpleNamespace(**ROWS["event"])])

    assert '<time datetime="2026-01-31T09:05:00+01:00">31 January 2026 09:05</time>' in html


@pytest.mark.parametrize("answer", Answer)
def test_each_answer_has_a_word_and_an_icon_of_its_own(answer: Answer) -> None:
    html = draw("{% answer_badge answer %}", answer=answer)
    others = [draw("{% answer_badge answer %}", answer=other) for other in Answer if other != answer]

    word = {"yes": "Yes", "no": "No", "unknown": "Don&#x27;t know"}[answer]
    assert f"<span>{word}</span>" in html.replace("&#39;", "&#x27;")
    drawing = html.split('<use href="')[1].split('"')[0]
    assert all(drawing not in other for other in others)


def test_an_unknown_answer_is_refused_and_not_drawn_as_a_guess() -> None:
    with pytest.raises(ValueError, match="perhaps"):
        draw('{% answer_badge "perhaps" %}')


@pytest.mark.parametrize("tone", ["info", "warning", "error", "success"])
def test_a_message_says_its_kind_in_words_exactly_once(tone: str) -> None:
    word = f'<span class="sr-only">{components.TONES[tone].word}: </span>'

    with_heading = draw(
        '{% message_box tone heading="Title" level=3 %}<p>Text</p>{% endmessage_box %}', tone=tone
    )
    without = draw("{% message_box tone %}<p>Text</p>{% endmessage_box %}", tone=tone)

    assert with_heading.count(word) == without.count(word) == 1
    assert f'<h3 class="message-box__heading">{word}Title</h3>' in with_heading
    assert "<p>Text</p>" in without


def test_the_pages_of_a_list_keep_the_search() -> None:
    html = draw("{% pagination page %}")

    assert 'href="?q=%C3%A5+%26+b&amp;page=1"' in html
    assert 'href="?q=%C3%A5+%26+b&amp;page=3"' in html
    assert "Page 2 of 3" in html


def test_the_first_page_has_no_page_before_and_the_last_no_page_after() -> None:
    first = draw("{% pagination page %}", page=Paginator(range(20), 10).page(1))
    last = draw("{% pagination page %}", page=Paginator(range(20), 10).page(2))

    assert "Previous page" not in first
    assert "Next page" in first
    assert "Previous page" in last
    assert "Next page" not in last


def test_a_list_of_one_page_has_no_pagination() -> None:
    assert draw("{% pagination page %}", page=Paginator(range(10), 10).page(1)).strip() == ""


def test_a_page_by_key_leads_on_and_back_and_keeps_the_filter() -> None:
    middle = draw("{% pagination page %}", page=KeyPage((1, 2), "b", "a", is_first=False))

    assert 'href="?q=%C3%A5+%26+b&amp;page=2&amp;fore=b"' in middle
    assert 'href="?q=%C3%A5+%26+b&amp;page=2&amp;efter=a"' in middle
    assert "First page" in middle
    assert draw("{% pagination page %}", page=KeyPage((1, 2))).strip() == ""


def test_two_lists_on_one_page_turn_their_own_pages() -> None:
    assert 'href="?q=%C3%A5+%26+b&amp;page=2&amp;done=3"' in draw('{% pagination page "done" %}')


def test_a_value_to_copy_is_exact_and_its_button_waits_for_script() -> None:
    html = draw("{% copyable value label %}", value=" INTYG;Rehab-SE0000000000-E1 ", label="System role")

    assert '<code class="app-copy__value"><bdi> INTYG;Rehab-SE0000000000-E1 </bdi></code>' in html
    assert 'hidden data-copy-value=" INTYG;Rehab-SE0000000000-E1 "' in html
    assert 'Copy<span class="sr-only"> – System role</span>' in html


def test_a_fact_that_is_not_there_is_said_and_zero_is_a_fact() -> None:
    html = draw("{% definition_list pairs %}", pairs=[("Mail", ""), ("End", None), ("Cases", 0)])

    assert html.count("Not stated") == 2
    assert "<bdi>0</bdi>" in html


def test_evidence_keeps_not_there_apart_from_not_read() -> None:
    html = draw("{% evidence item %}")
    cells = re.findall(r'data-label="(\w+)">.*</svg>([\w ]+)</span>', html)

    assert cells == [
        ("Before", "Not there"),
        ("After", "There"),
        ("Before", "Not read"),
        ("After", "Not there"),
    ]


def test_evidence_marks_the_ordered_value_alone() -> None:
    ordered, other = draw("{% evidence item %}").split('<tr class="table__row"')[1:]

    assert "the ordered value" in ordered
    assert "the ordered value" not in other


def test_evidence_without_a_second_reading_claims_nothing_about_after() -> None:
    html = draw("{% evidence item %}", item={**EVIDENCE, "after_at": None})

    assert html.count("Not read yet") == 2
    assert "app-tone--success" not in html


def test_evidence_of_an_attribute_without_values_says_so() -> None:
    assert "No values at all." in draw("{% evidence item %}", item={**EVIDENCE, "rows": []})


@pytest.mark.parametrize(
    ("state", "word"),
    [("done", "done"), ("current", "now"), ("coming", "still to come"), ("stopped", "stopped here")],
)
def test_each_step_says_in_words_how_far_it_is(state: str, word: str) -> None:
    html = draw("{% steps steps %}", steps=[{"label": "Order", "state": state}])

    assert f'Order<span class="sr-only"> – {word}</span>' in html
    assert ('aria-current="step"' in html) is (state == "current")


def test_a_cause_without_a_mender_names_nobody() -> None:
    html = draw("{% cause_list causes %}", causes=[{"sentence": "Gone.", "mended_by": "", "tone": "error"}])

    assert "app-causes__who" not in html


def test_an_icon_name_cannot_smuggle_anything_in() -> None:
    with pytest.raises(ValueError, match="no such icon"):
        components.icon('x"><script>')
