"""No personal identity number gets in: through no field, no search and no address, into no place."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator

import pytest
from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.urls import URLPattern, get_resolver, reverse

import provisioning
from provisioning.models import AccessRequest
from provisioning.pages.fields import LOOKS_LIKE_A_NUMBER, Amount, Day, LongText, ShortText, Statement
from provisioning.pages.forms import SearchField
from tests import acts, cast
from tests.numbers import OF_PERSONS, OTHERS
from tests.pages.order.test_page import fill, press
from tests.pages.reading import beside, form_of, text_of

# What no person writes: the page puts it there.
BY_THE_PAGE = {"shown", "next", "submission", "kept_person", "kept_actor", "bestallning"}
SAID = "This looks like a personal identity number"
NUMBER = OF_PERSONS[1]
REST = "Samordnar rehabiliteringen för den som heter"


def every_form() -> Iterator[type[forms.BaseForm]]:
    for module in pkgutil.walk_packages(provisioning.__path__, "provisioning."):
        if ".migrations" not in module.name and ".management" not in module.name:
            importlib.import_module(module.name)
    waiting = [forms.Form]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("provisioning."):
            yield kind


def test_every_field_that_somebody_writes_in_takes_no_number():
    written = (forms.CharField, forms.DateField, forms.IntegerField)
    found = []
    for kind in every_form():
        for name, field in kind.base_fields.items():
            if isinstance(field, written) and name not in BY_THE_PAGE:
                assert isinstance(field, (ShortText, Day, Amount)), f"{kind.__name__}.{name}"
                found.append(f"{kind.__name__}.{name}")
    assert len(found) > 20


@pytest.mark.parametrize("number", OF_PERSONS)
def test_each_kind_of_field_refuses_each_kind_of_number(number: str):
    for field in (
        ShortText(),
        LongText(missing="-"),
        LongText(),
        Statement(missing="-"),
        SearchField(),
        Day(),
        Amount(),
    ):
        with pytest.raises(ValidationError) as refused:
            field.clean(number)
        assert refused.value.messages == [str(LOOKS_LIKE_A_NUMBER)]


@pytest.mark.parametrize("text", OTHERS)
def test_each_kind_of_text_takes_what_is_none(text: str):
    for field in (ShortText(), LongText(missing="-"), LongText(), SearchField()):
        assert field.clean(text) == text


def held_anywhere(number: str) -> list[str]:
    """The rows of any table, sessions as they are read, in which the number stands."""
    from django.contrib.sessions.models import Session

    found = [str(one.get_decoded()) for one in Session.objects.all()]
    for model in apps.get_models():
        found += [str(row) for row in model._default_manager.values_list()]
    return [row for row in found if number in row]


@pytest.mark.django_db
@pytest.mark.parametrize("action", ["preview", "send", "search_person", "search_unit", ""])
@pytest.mark.parametrize("name", ["need", "risk_statement", "person_search", "unit_search", "starts_on"])
def test_the_order_refuses_it_beside_the_field_and_keeps_it_nowhere(enter, caplog, name: str, action: str):
    client = enter(cast.HEAD)
    filled = fill(client) | {name: [NUMBER]}

    page = press(client, filled, action)

    assert SAID in beside(page, name)
    assert NUMBER not in page.content.decode()
    assert not AccessRequest.objects.exists()
    again = client.get(reverse("order"))
    assert NUMBER not in again.content.decode()
    assert held_anywhere(NUMBER) == []
    assert NUMBER not in caplog.text


@pytest.mark.django_db
def test_the_rest_of_a_text_is_kept(enter):
    client = enter(cast.HEAD)

    page = press(client, fill(client, need=f"{REST} {NUMBER}."), "preview")

    assert page.status_code == 400
    assert form_of(page)["need"] == [f"{REST} ."]
    assert SAID in beside(page, "need")
    assert text_of(page).count(SAID) == 2  # in the summary, and beside the field
    seen = press(client, form_of(page), "preview")
    assert seen.status_code == 200


@pytest.mark.django_db
def test_a_decision_with_a_number_is_not_taken(enter):
    client = enter(cast.HEAD)
    case = acts.order(by=cast.COORDINATOR)

    address = reverse("attest", args=[case.public_id])
    page = client.post(address, {"decision": "reject", "reason": f"{REST} {NUMBER}"})

    assert SAID in beside(page, "reason")
    assert NUMBER not in page.content.decode()
    assert held_anywhere(NUMBER) == []


def plain_addresses() -> list[str]:
    """Every address without a part of its own."""
    resolver = get_resolver()
    found: list[str] = []
    waiting = [("/", one) for one in resolver.url_patterns]
    while waiting:
        before, one = waiting.pop()
        here = before + str(one.pattern)
        if isinstance(one, URLPattern):
            found += [here] if "<" not in here and "^" not in here else []
        elif "admin" not in here:
            waiting += [(here, inner) for inner in one.url_patterns]
    machines = {
        reverse("oidc_callback"),
        "/healthz",
        "/readyz",
        "/metrics",
    }  # a provider's and a machine's own
    return sorted(set(found) - machines)


@pytest.mark.django_db
def test_every_address_lets_go_of_a_number(client, directory, caplog):
    assert len(plain_addresses()) > 15
    for number in (NUMBER, OF_PERSONS[5], "19850709-SF1A"):
        for address in plain_addresses():
            answer = client.get(address, {"q": number, "page": "2"})
            assert answer.status_code == 302, address
            assert answer["Location"] == f"{address}?page=2"
            assert number not in answer.content.decode()
    assert NUMBER not in caplog.text


@pytest.mark.django_db
def test_a_number_within_the_path_leads_to_the_start(enter, caplog):
    client = enter(cast.HEAD)
    for path in (f"/behorigheter/plats/{NUMBER}/", f"/{NUMBER}", f"/arenden/{OF_PERSONS[0]}/"):
        answer = client.get(path, follow=True)
        assert answer.redirect_chain[-1][0] == reverse("start")
        assert SAID in text_of(answer)
        assert NUMBER not in answer.content.decode()
    assert NUMBER not in caplog.text


@pytest.mark.django_db
@pytest.mark.parametrize("text", OTHERS)
def test_other_numbers_may_stand_in_an_address(enter, text: str):
    client = enter(cast.HEAD)
    answer = client.get(reverse("cases"), {"q": text})
    assert answer.status_code == 200


@pytest.mark.django_db
def test_where_somebody_wanted_to_go_is_cleaned_before_the_log_in(client):
    answer = client.get("/arenden/", {"next": f"/arenden/?q={NUMBER}"}, follow=False)
    assert NUMBER not in answer["Location"]
