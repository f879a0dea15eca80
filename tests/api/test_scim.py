"""The region's access catalogue reads who has which right on which unit, in the shapes of SCIM."""

import pytest

from provisioning.api.scim_shapes import ERROR, EXTENSION, LIST
from provisioning.models import AuditEntry, Grant
from provisioning.systems.keep import Scope
from tests import cast
from tests.api.calling import portal
from tests.rights import life

pytestmark = pytest.mark.django_db
BASE = "scim/v2/"
GROUP = f"rehabstod.unit.{cast.BJORKHAGA.text}"


@pytest.fixture
def catalogue(directory, kiv):
    life.granted(kiv)
    return portal(scopes=(Scope.READ_CATALOGUE,))


def test_a_group_is_a_right_on_a_unit_and_its_members_have_it(catalogue):
    answer = catalogue.get(f"{BASE}Groups", filter=f'unit eq "{cast.BJORKHAGA.text}"')
    found = answer.json()

    assert answer["Content-Type"] == "application/scim+json"
    assert (found["schemas"], found["totalResults"], found["startIndex"]) == ([LIST], 1, 1)
    shown = found["Resources"][0]
    assert shown["id"] == GROUP
    assert shown[EXTENSION]["unit"] == cast.BJORKHAGA.text
    member = catalogue.get(f"{BASE}Users/{shown['members'][0]['value']}").json()
    assert member["userName"] == cast.COORDINATOR.text
    assert [one["value"] for one in member["entitlements"]] == [GROUP]
    assert catalogue.get(f"{BASE}Groups/{GROUP}").json() == shown
    assert cast.COORDINATOR.text not in member["meta"]["location"]


def test_a_person_is_found_by_hsa_id_in_a_body_and_never_in_an_address(catalogue):
    wanted = f'userName eq "{cast.COORDINATOR.text.lower()}"'
    found = catalogue.post(f"{BASE}Users/.search", {"filter": wanted}).json()
    assert [one["userName"] for one in found["Resources"]] == [cast.COORDINATOR.text]
    refused = catalogue.get(f"{BASE}Users", filter=wanted)
    assert (refused.status_code, refused.json()["scimType"]) == (403, "sensitive")
    nobody = catalogue.post(f"{BASE}Users/.search", {"filter": 'userName eq "SE0000000000-0"'}).json()
    assert (nobody["totalResults"], nobody["Resources"]) == (0, [])


def test_protected_people_are_counted_and_never_named(catalogue):
    Grant.objects.update(subject_is_protected=True)
    groups = catalogue.get(f"{BASE}Groups")
    users = catalogue.get(f"{BASE}Users").json()

    assert groups.json()["Resources"][0][EXTENSION]["protectedMembers"] == 1
    assert groups.json()["Resources"][0]["members"] == []
    assert cast.COORDINATOR.text not in groups.content.decode()
    assert users["totalResults"] == 0
    grant = Grant.objects.get()
    assert catalogue.get(f"{BASE}Users/{grant.public_id}").status_code == 404
    wanted = {"filter": f'userName eq "{cast.COORDINATOR.text}"'}
    assert catalogue.post(f"{BASE}Users/.search", wanted).json()["totalResults"] == 0


def test_lists_come_in_parts_and_numbers_out_of_range_are_mended(catalogue):
    assert catalogue.get(f"{BASE}Users", startIndex=2).json()["Resources"] == []
    assert catalogue.get(f"{BASE}Users", startIndex=-5, count=5).json()["itemsPerPage"] == 1
    assert catalogue.get(f"{BASE}Users", count=0).json()["totalResults"] == 1
    assert catalogue.get(f"{BASE}Users", startIndex=10**30, count=10**30).json()["itemsPerPage"] == 0


@pytest.mark.parametrize(
    ("path", "status", "kind"),
    [
        ('Users?filter=userName sw "a"', 400, "invalidFilter"),
        ('Users?filter=title eq "a"', 400, "invalidFilter"),
        ('Groups?filter=members eq "a"', 400, "invalidFilter"),
        ("Users?count=many", 400, "invalidValue"),
        ("Groups/nothing", 404, None),
        ("Users/00000000-0000-0000-0000-000000000000", 404, None),
    ],
)
def test_what_is_not_understood_is_refused_as_scim_does(catalogue, path, status, kind):
    answer = catalogue.get(BASE + path)
    assert (answer.status_code, answer.json().get("scimType")) == (status, kind)
    assert (answer.json()["schemas"], answer.json()["status"]) == ([ERROR], str(status))
    assert answer["Content-Type"] == "application/scim+json"


def test_only_its_own_scope_opens_it_and_that_it_was_read_is_recorded(catalogue):
    other = portal("other", scopes=tuple(one for one in Scope if one is not Scope.READ_CATALOGUE))
    for path in ("Users", "Groups", "ServiceProviderConfig"):
        assert other.get(BASE + path).status_code == 403
        assert catalogue.get(BASE + path).status_code == 200
    entries = AuditEntry.objects.filter(action="system.catalogue_read")
    assert {(one.data["system"], one.data["of"]) for one in entries} == {
        ("portal", "users"),
        ("portal", "groups"),
    }


def test_what_has_ended_is_not_there(catalogue):
    grant = Grant.objects.get()
    Grant.objects.update(state="ended", ended_at=grant.created_at, end_cause="expiry")
    assert catalogue.get(f"{BASE}Groups").json()["totalResults"] == 0
    assert catalogue.get(f"{BASE}Users").json()["totalResults"] == 0
