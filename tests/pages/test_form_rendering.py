"""Every field says what it wants, what is wrong, and to whom that belongs."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.template import Context, Template
from django.utils import translation

from provisioning.pages import fields
from provisioning.pages.fields import Day, LongText, offer_days


class OrderForm(forms.Form):
    case = forms.CharField(widget=forms.HiddenInput)
    person = forms.CharField(label="Person", help_text="Name or <HSA-id>.")
    service = forms.ChoiceField(
        label="Service", choices=[("r", "One"), ("i", "Two")], widget=forms.RadioSelect
    )
    units = forms.MultipleChoiceField(
        label="Units", choices=[("a", "Almen"), ("b", "Björken")], widget=forms.CheckboxSelectMultiple
    )
    level = forms.ChoiceField(label="Level", choices=[("", "Choose"), ("o", "Own")])
    need = forms.CharField(label="Need", widget=forms.Textarea(attrs={"class": "wide"}), required=False)
    is_weighed = forms.BooleanField(label="I have weighed the need.")

    def clean(self) -> dict[str, Any]:
        self.add_error(None, "There is an open order already.")
        return self.cleaned_data


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    with translation.override("en"):
        yield


def ids_in(html: str) -> list[str]:
    return re.findall(r'\bid="([^"]+)"', html)


def test_every_field_is_drawn_with_the_class_names_of_its_kind() -> None:
    form = OrderForm()
    expected = {
        "person": 'class="text-field__input"',
        "service": 'class="radio-button__input"',
        "units": 'class="checkbox__input"',
        "level": 'class="select-field__select"',
        "need": 'class="textarea-field__textarea textarea-field__resize--vertical wide"',
        "is_weighed": 'class="checkbox__input"',
    }
    for name, css_class in expected.items():
        assert css_class in form[name].as_field_group(), name


def test_a_hidden_field_gets_no_class_and_no_label() -> None:
    html = str(OrderForm())

    assert '<input type="hidden" name="case" id="id_case">' in html
    assert "Case" not in html


@pytest.mark.parametrize("name", ["person", "level", "is_weighed"])
def test_a_wrong_field_points_to_its_error_and_is_marked_as_invalid(name: str) -> None:
    html = OrderForm({})[name].as_field_group()

    described_by = re.search(r'aria-describedby="([^"]+)"', html)
    assert described_by
    assert f"id_{name}_error" in described_by[1].split()
    assert set(described_by[1].split()) <= set(ids_in(html))
    assert 'aria-invalid="true"' in html
    assert "This field is required." in html


@pytest.mark.parametrize("name", ["service", "units"])
def test_the_fieldset_of_choices_points_to_the_error(name: str) -> None:
    html = OrderForm({})[name].as_field_group()

    assert re.search(rf'<fieldset[^>]+aria-describedby="id_{name}_error"', html)
    assert f"id_{name}_error" in ids_in(html)
    assert "aria-invalid" not in html


def test_a_field_without_fault_points_to_its_hint_alone() -> None:
    html = OrderForm()["person"].as_field_group()

    assert 'aria-describedby="id_person_helptext"' in html
    assert "aria-invalid" not in html
    assert "error" not in html


def test_what_is_optional_says_so_and_what_is_required_does_not() -> None:
    form = OrderForm()

    assert "(optional)" in form["need"].as_field_group()
    assert "(optional)" not in form["person"].as_field_group()
    assert "(optional)" not in form["service"].as_field_group()


def test_a_hint_is_text_and_never_markup() -> None:
    assert "Name or &lt;HSA-id&gt;." in OrderForm()["person"].as_field_group()


def test_every_line_of_the_error_summary_leads_to_an_element_that_exists() -> None:
    html = str(OrderForm({}))

    targets = re.findall(r'href="#([^"]+)"', html)
    assert targets == [
        "id_person", "id_service_0", "id_units_0", "id_level", "id_is_weighed",
    ]  # fmt: skip
    assert set(targets) <= set(ids_in(html))
    assert len(ids_in(html)) == len(set(ids_in(html)))


def test_the_error_summary_takes_focus_and_holds_what_belongs_to_no_field() -> None:
    html = str(OrderForm({}))

    assert re.search(r'id="error-summary"[^>]+tabindex="-1" autofocus', html)
    summary = html.split("</ul>")[0]
    assert "<li>There is an open order already.</li>" in summary
    # A hidden field's fault belongs to nothing one can see, but is still told.
    assert summary.count("<li>This field is required.</li>") == 1


def test_there_is_no_error_summary_where_nothing_is_wrong() -> None:
    page = Template("{% load components %}{% error_summary form %}")

    assert page.render(Context({"form": OrderForm()})).strip() == ""


def test_one_error_summary_can_hold_several_forms() -> None:
    page = Template("{% load components %}{% error_summary one two %}")
    html = page.render(Context({"one": OrderForm({}, prefix="one"), "two": OrderForm({}, prefix="two")}))

    assert html.count('id="error-summary"') == 1
    assert "#id_one-person" in html
    assert "#id_two-person" in html


def test_what_was_typed_is_still_there_beside_the_error() -> None:
    html = str(OrderForm({"person": "Bo", "service": "i", "units": ["b"], "need": "<b>Rehab"}))

    assert 'value="Bo"' in html
    assert re.search(r'<input type="radio" name="service" value="i"[^>]+checked>', html)
    assert re.search(r'<input type="checkbox" name="units" value="b"[^>]+checked>', html)
    assert "&lt;b&gt;Rehab</textarea>" in html


class LimitedForm(forms.Form):
    reason = LongText(label="Why is it needed?", missing="Write why.", max_length=20)
    last_day = Day(label="Last day", missing="Write the last day.")


def test_a_long_text_shows_its_limit_and_the_browser_cuts_nothing() -> None:
    html = LimitedForm()["reason"].as_field_group()

    assert "At most 20 characters." in html
    assert 'data-limit="20"' in html
    assert 'aria-describedby="id_reason_limit"' in html
    assert "maxlength" not in html


def test_a_text_too_long_is_refused_whole_and_a_new_line_counts_as_one() -> None:
    assert LimitedForm({"reason": "nine char\r\nten chars.", "last_day": "2031-06-01"}).is_valid()
    form = LimitedForm({"reason": "nine chars\r\nten chars.", "last_day": "2031-06-01"})

    assert form.errors == {"reason": ["Write at most 20 characters. There are 21 now."]}
    assert "nine chars\r\nten chars." in str(form["reason"])


def test_the_summary_says_an_error_once_with_the_name_of_its_field() -> None:
    form = LimitedForm({})
    form.add_error("reason", "Write why.")
    html = Template("{% load components %}{% error_summary form %}").render(Context({"form": form}))

    assert html.count("Why is it needed? Write why.") == 1
    assert "Last day: Write the last day." in html


def test_a_calendar_offers_the_days_that_can_be_right() -> None:
    form = LimitedForm()
    offer_days(form, date(2031, 6, 1), date(2032, 5, 31), "last_day")

    assert 'min="2031-06-01" max="2032-05-31"' in str(form["last_day"])


PAGES = Path(fields.__file__).parent


def test_no_page_lets_a_browser_cut_what_is_pasted() -> None:
    for page in PAGES.rglob("*.html"):
        assert "maxlength" not in page.read_text("utf-8"), page


def test_every_calendar_offers_days() -> None:
    for file in PAGES.rglob("*.py"):
        text = file.read_text("utf-8")
        if " = Day(" in text and file.name != "ending.py":  # there each right has days of its own
            assert "offer_days(self" in text, file
    for page in PAGES.rglob("*.html"):
        for field in re.findall(r'<input[^>]+type="date"[^>]*>', page.read_text("utf-8")):
            assert "min=" in field and "max=" in field, page
