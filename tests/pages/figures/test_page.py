"""The page of figures: who sees which, what it shows, and odd choices."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning.models import AccessRequest
from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def one_done(directory) -> AccessRequest:
    row = acts.order()
    AccessRequest.objects.filter(pk=row.pk).update(state="done", state_since=timezone.now())
    return row


def page(client, **chosen) -> str:
    response = client.get(reverse("figures"), chosen)
    assert response.status_code == 200
    return response.content.decode()


@pytest.mark.parametrize(
    "who", [cast.HEAD, cast.KIV_ADMINISTRATOR, cast.AUDITOR, cast.KIV_ADMINISTRATOR_ABOVE]
)
def test_own_units_and_areas_are_shown_in_figures(enter, one_done, who):
    client = enter(who)
    assert reverse("figures") in client.get(reverse("start")).content.decode()
    assert "login: 1. Within a week: 1." in page(client)


def test_a_head_sees_nothing_of_other_units(enter, one_done):
    other = acts.order(by=cast.HEAD, units=[cast.ALMBY])
    AccessRequest.objects.filter(pk=other.pk).update(
        state="done",
        state_since=timezone.now(),
        unit_key=cast.EKLIDEN.folded,
        unit_dn="ou=Ekliden,o=Elsewhere",
    )
    assert "login: 1." in page(enter(cast.HEAD))
    assert "login: 2." in page(enter(cast.AUDITOR))
    assert "login: 1." in page(enter(cast.HEAD), plats=cast.EKLIDEN.folded)


@pytest.mark.parametrize("who", [cast.OUTSIDER, cast.DOCTOR, cast.COORDINATOR])
def test_nobody_else_has_figures(enter, directory, who):
    client = enter(who)
    assert client.get(reverse("figures")).status_code == 404
    assert client.get(reverse("figures_csv")).status_code == 404
    assert reverse("figures") not in client.get(reverse("start")).content.decode()


def test_each_plot_has_title_description_and_a_table(enter, one_done):
    shown = page(enter(cast.AUDITOR))
    assert 'role="img" aria-labelledby="lead-title lead-desc"' in shown
    assert '<title id="lead-title">From order to working login</title>' in shown
    assert "goal: within a week" in shown
    assert "<script" not in shown.partition("<main")[2].partition("</main>")[0]
    assert "style=" not in shown.partition("<svg")[2].partition("</svg>")[0]
    assert '<th scope="col">Median</th>' in shown


def test_odd_choices_are_as_if_nothing_was_chosen(enter, one_done):
    client = enter(cast.HEAD)
    for chosen in ({"veckor": "x"}, {"veckor": "9" * 400}, {"tjanst": "nothing"}, {"plats": "\x01"}):
        assert "login: 1." in page(client, **chosen)


def test_open_orders_stand_by_step_and_kiv_sees_those_in_kiv(enter, directory):
    acts.order(by=cast.COORDINATOR)
    assert "Waiting for approval 1 0 0" in text_of(enter(cast.HEAD).get(reverse("figures")))
    assert "Waiting for approval" not in text_of(enter(cast.KIV_ADMINISTRATOR).get(reverse("figures")))


def test_the_same_comes_as_csv(enter, one_done):
    response = enter(cast.AUDITOR).get(reverse("figures_csv"), {"veckor": "4"})
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    lines = response.content.decode("utf-8-sig").splitlines()
    assert lines[:2] == ["From order to working login", "Week from;Done;Median;90 %"]
    assert len([line for line in lines[2:] if line[:2] == "20"]) == 4
    assert cast.COORDINATOR.text not in response.content.decode()
