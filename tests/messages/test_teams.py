"""A team's shared address is told of its KIV tasks: once, of nobody, and beside those who may do them."""

from __future__ import annotations

import json

import pytest
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse

from provisioning.cases import claims
from provisioning.messages import still_true
from provisioning.models import AccessRequest, OutgoingMessage
from provisioning.orders.carry_out import CannotSet
from tests import acts, cast
from tests.config.reading_settings import read_settings
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS, ELSEWHERE = "kiv-gruppen@region.invalid", "annan@region.invalid"


@pytest.fixture(autouse=True)
def addresses(settings) -> None:
    settings.KIV_TEAM_ADDRESSES = {
        cast.PROVIDER.text.lower(): ADDRESS,
        cast.OTHER_PROVIDER.text: ELSEWHERE,
    }


def with_kiv(**wishes) -> AccessRequest:
    request = acts.order(**wishes)
    acts.work()
    return request


def told() -> list[str]:
    rows = OutgoingMessage.objects.filter(kind__endswith="kiv_team").order_by("pk")
    return [row.recipient_hsa_id for row in rows]


def test_the_team_of_the_provider_gets_one_mail_that_names_nobody(directory):
    request = with_kiv()
    acts.send_mails()
    (letter,) = [one for one in mail.outbox if one.to == [ADDRESS]]
    text = letter.subject + letter.body
    assert request.case_number in text
    assert reverse("kiv_task", args=[request.public_id]) in text
    for nobody in (request.subject_name, request.subject_hsa_id, request.unit_name, cast.HEAD.text):
        assert nobody not in text
    assert OutgoingMessage.objects.filter(kind="kiv", request=request).exists()


def test_the_nearest_address_counts(directory, settings):
    settings.KIV_TEAM_ADDRESSES |= {cast.BJORKHAGA.text: ELSEWHERE}
    with_kiv()
    assert told() == [cast.BJORKHAGA.text]


def test_without_an_address_nobody_else_is_told(directory, settings):
    settings.KIV_TEAM_ADDRESSES = {cast.OTHER_PROVIDER.text: ELSEWHERE}
    with_kiv()
    assert told() == []


def test_a_removal_is_told_of_as_well(directory, kiv):
    removal = life.with_kiv(life.run_out(life.granted(kiv)))
    rows = OutgoingMessage.objects.filter(kind="removal_kiv_team", removal=removal)
    assert [row.recipient_key for row in rows] == [cast.PROVIDER.folded]


def test_the_task_is_taken_where_the_link_leads(directory, enter):
    request = with_kiv()
    browser = enter(cast.KIV_ADMINISTRATOR)
    task = reverse("kiv_task", args=[request.public_id])
    take = reverse("kiv_take") + "?till=uppgift"
    assert take in browser.get(task).content.decode()
    answer = browser.post(take, {"only": str(request.public_id)})
    assert answer["Location"] == task
    request.refresh_from_db()
    assert claims.holder(request) == acts.user(cast.KIV_ADMINISTRATOR)
    assert take not in browser.get(task).content.decode()
    assert enter(cast.OUTSIDER).get(task).status_code == 404


def test_a_task_that_is_over_is_told_to_no_team(directory, kiv):
    request = with_kiv()
    row = OutgoingMessage.objects.get(kind="kiv_team")
    assert not still_true.is_over(row)
    acts.cannot(request, CannotSet.OTHER)
    assert still_true.is_over(OutgoingMessage.objects.get(pk=row.pk))


@pytest.mark.parametrize("address", ["", "kiv", "a@x.invalid, b@x.invalid", 7])
def test_what_is_no_address_stops_the_start(address, tmp_path):
    with pytest.raises(ImproperlyConfigured, match="KIV_TEAM_ADDRESSES"):
        read_settings({"KIV_TEAM_ADDRESSES": json.dumps({cast.BJORKHAGA.text: address})}, tmp_path)
