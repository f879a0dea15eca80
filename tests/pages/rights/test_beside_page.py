"""Rights beside what the directory holds now: of a unit, of one person, and one's own."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning.models import Grant
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.hsa import Attribute, HsaId
from tests import acts, cast
from tests.findings import drifting
from tests.pages.reading import text_of
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

IN_DIRECTORY, NOT_THERE = "In the directory", "Not in the directory"
ONLY_THERE, SILENT = "Only in the directory", "The directory does not answer"


@pytest.fixture
def page(client):
    """Open a page in English as somebody."""

    def open_one(by: HsaId, name: str, *args):
        client.force_login(acts.user(by))
        client.cookies["django_language"] = "en"
        return client.get(reverse(name, args=args))

    return open_one


def of_unit(page, by: HsaId, unit_id: HsaId = cast.BJORKHAGA):
    return page(by, "beside_place", unit_id.text)


def test_the_head_sees_each_right_on_the_unit_beside_the_directory(directory, kiv, page):
    grant = life.granted(kiv)

    words = text_of(of_unit(page, cast.HEAD))
    assert cast.COORDINATOR.text in words
    assert IN_DIRECTORY in words and NOT_THERE not in words

    life.kiv_removes_role(kiv, grant)
    words = text_of(of_unit(page, cast.HEAD))
    assert NOT_THERE in words
    assert "The right is lost" in words
    assert Grant.objects.active().count() == 1  # a look changes nothing


def test_a_role_that_nobody_attested_here_stands_among_them_and_first(directory, kiv, page):
    life.granted(kiv)
    kiv.add_value(drifting.person_dn(cast.DOCTOR), Attribute.SYSTEM_ROLE, life.ROLE)

    words = text_of(of_unit(page, cast.HEAD))

    assert ONLY_THERE in words
    assert words.index(cast.DOCTOR.text) < words.index(cast.COORDINATOR.text)
    assert "do not agree" in words
    assert "The next comparison with the directory tells those who resolve it." in words

    drifting.swept()
    answer = of_unit(page, cast.HEAD)
    finding = drifting.finding(cast.DOCTOR, DriftKind.ROLE_OUTSIDE)
    assert reverse("finding", args=[finding.public_id]) in answer.content.decode()


def test_a_role_for_the_unit_in_the_wrong_case_is_found_too(directory, kiv, page):
    kiv.add_value(drifting.person_dn(cast.DOCTOR), Attribute.SYSTEM_ROLE, life.ROLE.lower())

    assert cast.DOCTOR.text in text_of(of_unit(page, cast.HEAD))


def test_what_cannot_be_decided_about_a_role_is_said_to_be_unknown(directory, kiv, page):
    """Their coupling has a date that nobody can read: the role may work, or may not."""
    answer = page(cast.DATE_UNREADABLE, "beside_mine")

    words = text_of(answer)
    assert life.ROLE in words and "Not known" in words
    assert "It cannot be said whether this works" in words
    assert ONLY_THERE not in words and "Everything agrees" not in words


def test_a_silent_directory_hides_no_right_and_claims_nothing(directory, kiv, page, client):
    grant = life.granted(kiv)
    assert of_unit(page, cast.HEAD).status_code == 200  # the mandate is known for a while
    directory.faults.is_busy = True

    words = text_of(client.get(reverse("beside_place", args=[grant.unit_hsa_id])))

    assert SILENT in words and cast.COORDINATOR.text in words
    assert IN_DIRECTORY not in words and NOT_THERE not in words and ONLY_THERE not in words


@pytest.mark.parametrize("somebody", [cast.OUTSIDER, cast.COORDINATOR, cast.KIV_ADMINISTRATOR])
def test_nobody_else_sees_the_unit(directory, kiv, page, somebody):
    life.granted(kiv)
    assert of_unit(page, somebody).status_code == 404


def test_a_head_does_not_see_another_unit(directory, kiv, page):
    life.granted(kiv)
    assert of_unit(page, cast.HEAD, cast.EKLIDEN).status_code == 404
    assert of_unit(page, cast.HEAD, cast.NOWHERE).status_code == 404


def test_the_persons_page_shows_what_the_reader_may_see_of_the_directory(directory, kiv, page):
    grant = life.granted(kiv)
    elsewhere = "INTYG;Rehab-" + cast.EKLIDEN.text
    kiv.add_value(drifting.person_dn(cast.COORDINATOR), Attribute.SYSTEM_ROLE, elsewhere)

    own = text_of(page(cast.COORDINATOR, "beside_mine"))
    assert IN_DIRECTORY in own and elsewhere in own

    seen_by_head = text_of(page(cast.HEAD, "beside_person", grant.public_id))
    assert IN_DIRECTORY in seen_by_head and elsewhere not in seen_by_head

    assert page(cast.OUTSIDER, "beside_person", grant.public_id).status_code == 404


def test_who_has_nothing_is_told_so(directory, page):
    words = text_of(page(cast.OUTSIDER, "beside_mine"))
    assert "No right here, and no system role for these services in the directory." in words
