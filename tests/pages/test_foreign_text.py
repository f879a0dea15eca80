"""Text from the directory and from people stands by itself: <bdi> keeps it from turning ours around."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.urls import reverse

from provisioning.models import AccessRequest, User
from provisioning.pages.words import ExactText
from tests import acts, cast

HEBREW = "\u05d0\u05e0\u05d4 \u05db\u05d4\u05df 12"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("directory")
def test_names_and_units_of_a_case_are_isolated(client):
    acts.order()
    request = AccessRequest.objects.get()
    AccessRequest.objects.update(subject_name=HEBREW)
    client.force_login(User.objects.get(pk=cast.HEAD.folded))
    page = client.get(reverse("case", args=[request.public_id])).content.decode()
    for foreign in (HEBREW, request.unit_name):
        assert f"<bdi>{foreign}" in page
    listed = client.get(reverse("cases")).content.decode()
    assert f"<bdi>{HEBREW}</bdi>" in listed
    assert f"<bdi>{request.unit_name}" in listed


def test_foreign_text_within_a_sentence_is_escaped_and_isolated():
    sentence = Template("{% load components %}{{ text|foreign }}")
    assert sentence.render(Context({"text": "<b>x"})) == "<bdi>&lt;b&gt;x</bdi>"


TEMPLATES = Path(__file__).parents[2] / "provisioning/pages/templates/provisioning"
FROM_ELSEWHERE = re.compile(
    r"\{\{ (?:[a-z_]+\.)*"
    r"(?:name|[a-z]+_name|unit|subject|sentence|hsa_id|[a-z]+_hsa_id|dn|reason|end_reason|who)"
    r"(?:\|default:[a-z_.]+)? \}\}"
)
OURS = {
    "error_box.html",
    "field.html",
    "input.html",
    "choices.html",
    "checkbox.html",
    "name.html",
    "services.html",
}  # not a word of it


@pytest.mark.parametrize(
    "path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: f"{path.parent.name}-{path.stem}"
)
def test_a_template_isolates_what_comes_from_elsewhere(path: Path):
    """Not within attributes and titles, where no tag can stand, nor where only a screen reader reads."""
    if path.name in OURS or path.parent.name in ("mail", "demo"):
        return
    page = path.read_text()
    for without in (
        r"<bdi>.*?</bdi>",
        r"<title>.*?</title>",
        r"{% block title %}.*?{% endblock %}",
        r"{% blocktranslate.*?{% endblocktranslate %}",
        r"{%.*?%}",
        r'<span class="sr-only">.*?</span>',
        r'="[^"]*"',
    ):
        page = re.sub(without, "", page, flags=re.DOTALL)
    assert FROM_ELSEWHERE.findall(page) == []


def test_a_fact_is_isolated_and_its_id_can_be_taken_out_alone():
    page = Template("{% load components %}{% definition_list facts %}")
    facts = [
        ("Who", ExactText("SE1-<1>", HEBREW)),
        ("Value", ExactText(" INTYG;x")),
        ("Why", "<b>"),
        ("None", ""),
    ]
    shown = page.render(Context({"facts": facts}))
    assert f'<bdi>{HEBREW}</bdi> (<code class="app-value"><bdi>SE1-&lt;1&gt;</bdi></code>)' in shown
    assert '<code class="app-value"><bdi> INTYG;x</bdi></code>' in shown
    assert "<bdi>&lt;b&gt;</bdi>" in shown
    assert "data-copy-value" not in shown and shown.count("app-quiet") == 1


def test_a_fact_that_is_typed_elsewhere_has_a_button_that_copies_it():
    page = Template("{% load components %}{% definition_list facts copies=True %}")
    shown = page.render(Context({"facts": [("Who", ExactText("SE1-1", HEBREW)), ("Why", "x")]}))
    assert shown.count("data-copy-value") == 1
    assert 'data-copy-value="SE1-1"' in shown and f"<bdi>{HEBREW}</bdi>" in shown


def test_an_exact_fact_is_read_as_one_text():
    assert ExactText("SE1-1", "Anna") == "Anna (SE1-1)"
    assert ExactText("SE1-1") == "SE1-1"
