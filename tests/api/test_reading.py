"""Another system reads what its scope holds and the person it speaks for may see, and nothing more."""

import pytest

from provisioning.systems.keep import Scope
from tests import acts, cast
from tests.api.calling import portal

pytestmark = pytest.mark.django_db
READ = ("cases", "rights", "findings", "reviews")


def test_a_case_is_read_for_its_head_and_for_nobody_else(directory):
    case = acts.order()
    caller = portal()

    assert [one["id"] for one in caller.get("cases", cast.HEAD).json()["items"]] == [str(case.public_id)]
    assert caller.get(f"cases/{case.public_id}", cast.HEAD).json()["case_number"] == case.case_number
    assert caller.get("cases", cast.OUTSIDER).json()["items"] == []
    assert caller.get(f"cases/{case.public_id}", cast.OUTSIDER).status_code == 404
    assert caller.get(f"cases/{case.public_id}").status_code == 404


def test_protected_people_are_nameless_also_to_their_own_head(directory):
    acts.order(person_id=cast.PROTECTED, if_missing=None)
    answer = portal().get("cases", cast.HEAD)

    assert answer.json()["items"][0]["person"] == {"hsa_id": None, "name": None, "is_protected": True}
    assert cast.PROTECTED.text not in answer.content.decode()


@pytest.mark.parametrize("what", READ)
def test_each_list_needs_its_scope_and_no_person_who_reads_everything(directory, what, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    scope = Scope(f"{what}.read")
    caller = portal(scopes=(scope,))
    other = portal("other", scopes=tuple(one for one in Scope if one is not scope))

    assert caller.get(what, cast.HEAD).json() == {"items": [], "next": None}
    assert other.get(what, cast.HEAD).json()["code"] == "scope"
    assert caller.get(what, cast.AUDITOR).json()["code"] == "acting_for"


def test_a_long_list_comes_in_parts(directory):
    for person in (cast.COORDINATOR, cast.WRONG_CASE, cast.BLANKS):
        acts.order(person_id=person)
    caller = portal()
    first = caller.get("cases", cast.HEAD, limit=2).json()
    rest = caller.get("cases", cast.HEAD, limit=2, after=first["next"]).json()

    assert [len(first["items"]), len(rest["items"]), rest["next"]] == [2, 1, None]
    assert len({one["id"] for one in [*first["items"], *rest["items"]]}) == 3


def test_a_list_asks_the_database_as_often_however_long_it_is(directory, django_assert_max_num_queries):
    for person in (cast.COORDINATOR, cast.WRONG_CASE, cast.BLANKS):
        acts.order(person_id=person)
    caller = portal()
    with django_assert_max_num_queries(8):
        assert len(caller.get("cases", cast.HEAD).json()["items"]) == 3
