"""The catalogue, and ids in role values however badly they are typed."""

from __future__ import annotations

import pytest

from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.services import catalogue

UNIT = HsaId("SE0000000000-u001")


@pytest.mark.parametrize(
    ("service", "level", "is_doctor", "needs_role", "wanted"),
    [
        (Service.REHABSTOD, Level.OWN, True, False, None),
        (Service.REHABSTOD, Level.OWN, False, True, None),
        (Service.REHABSTOD, Level.UNIT, True, True, "INTYG;Rehab-SE0000000000-u001"),
        (Service.REHABSTOD, Level.UNIT, False, True, "INTYG;Rehab-SE0000000000-u001"),
        (Service.REHABSTOD, Level.PROVIDER, True, False, None),
        (Service.INTYGSSTATISTIK, Level.OWN, True, False, None),
        (Service.INTYGSSTATISTIK, Level.UNIT, True, False, None),
        (Service.INTYGSSTATISTIK, Level.UNIT, False, False, None),
        (Service.INTYGSSTATISTIK, Level.PROVIDER, False, True, "INTYG;Statistik-SE0000000000-u001"),
    ],
)
def test_what_each_order_takes(service, level, is_doctor, needs_role, wanted):
    assert catalogue.needs_role(service, level, is_doctor) is needs_role
    assert catalogue.wanted_role(service, level, UNIT) == wanted


def test_every_service_is_in_the_catalogue_with_purpose_right_and_levels():
    assert set(catalogue.CATALOGUE) == set(Service)
    assert catalogue.purpose(Service.REHABSTOD) == "Vård och behandling"
    assert catalogue.purpose(Service.INTYGSSTATISTIK) == "Statistik"
    assert catalogue.usual_right(Service.REHABSTOD) == "SJF"
    assert catalogue.usual_right(Service.INTYGSSTATISTIK) == "VE"
    assert catalogue.levels(Service.REHABSTOD) == (Level.OWN, Level.UNIT)
    assert catalogue.levels(Service.INTYGSSTATISTIK) == (Level.UNIT, Level.PROVIDER)


@pytest.mark.parametrize(
    ("raw", "named"),
    [
        ("INTYG;Rehab-SE0000000000-U001", "SE0000000000-U001"),
        ("intyg;REHAB-se0000000000-u001", "se0000000000-u001"),
        ("INTYG;Statistik-SE0000000000-E001", "SE0000000000-E001"),
        (" INTYG;Rehab-SE0000000000-U001", "SE0000000000-U001"),
        ("INTYG; Rehab - SE0000000000-U001\t", "SE0000000000-U001"),
        ("INTYG;Rehab-\u200bSE0000000000-U001\u00a0", "SE0000000000-U001"),
        ("INTYGRehab-SE0000000000-U001", "SE0000000000-U001"),
        ("Rehab-SE0000000000-U001", "SE0000000000-U001"),
        ("INTYG;Rehab;SE0000000000-U001", "SE0000000000-U001"),
        ("INTYG;Rehab\u2013SE0000000000-U001", "SE0000000000-U001"),
        ("INTYG;RehabSE0000000000-U001", "SE0000000000-U001"),
        ("INTYG;Rehab-SE0000000000-U001;x", "SE0000000000-U001"),
        ("INTYG;Rehab-TSTNMT0000000000-105N", "TSTNMT0000000000-105N"),
        ("INTYG;Rehab-vårdcentralen", "vårdcentralen"),
        ("INTYG;Rehab-", None),
        ("INTYG;Rehabilitering", None),
        ("INTYG;Rehabilitering-x", None),
        ("BIF;Loggadministratör", None),
        ("", None),
    ],
)
def test_ids_are_found_in_our_roles_and_their_near_misses_only(raw: str, named: str | None):
    assert [found.text for found in catalogue.ids_named_in(raw)] == ([named] if named else [])


@pytest.mark.parametrize(
    ("text", "is_strict", "is_lenient"),
    [
        ("SE0000000000-A1", True, True),
        ("SE0000000000-" + "a" * 18, True, True),
        ("SE0000000000-" + "a" * 19, False, False),
        ("SE160000000000-A1", True, True),
        ("SE00000000000-A1", False, True),
        ("se0000000000-a1", True, True),
        ("Se0000000000-A1", True, True),
        ("\u017fE0000000000-A1", False, False),  # folds to an s and is none
        ("SE000000000-A1", False, True),
        ("TSTNMT0000000000-105N", False, True),
        ("SE0000000000-", False, False),
        ("SE0000000000-Å1", False, False),
        ("SE0000000000-A1 ", False, False),
    ],
)
def test_an_hsa_id_has_a_strict_and_a_lenient_form(text: str, is_strict: bool, is_lenient: bool):
    assert HsaId(text).has_form(strict=True) is is_strict
    assert HsaId(text).has_form(strict=False) is is_lenient
