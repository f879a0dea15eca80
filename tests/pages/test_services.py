"""How we assess: the page and the table say what the rules ask for, by the version that was read."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from provisioning.rules.hsa import Service
from provisioning.rules.services import catalogue
from tests import cast
from tests.pages import reading

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_page_names_rule_source_and_version_of_each_service(directory, enter):
    text = reading.text_of(enter(cast.OUTSIDER).get("/sa-bedomer-vi/"))

    assert "github.com/sklintyg/rehabstod, version 2.5.0.8" in text
    assert "github.com/sklintyg/statistik, version 8.1.0.6" in text
    assert "INTYG;Rehab-<the care unit's HSA-id>" in text
    assert "INTYG;Statistik-<the care provider's HSA-id>" in text
    assert "Intygsbeställning" not in text


def test_the_page_is_not_for_those_who_have_not_logged_in(client):
    assert client.get("/sa-bedomer-vi/").status_code == 302


def test_the_command_prints_the_same_of_every_service_offered(settings, capsys):
    settings.SERVICES = [service.value for service in Service]

    call_command("rules")

    printed = capsys.readouterr().out
    for service in Service:
        assert catalogue.words(service).name in printed
        assert catalogue.entitlement(service).source.version in printed
    assert "INTYG;FMU-VARDADMIN-<" in printed
