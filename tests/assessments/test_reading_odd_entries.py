"""An entry that no table holds stops nobody: it is cut and cleaned where it is read."""

from __future__ import annotations

import pytest

from provisioning.demo.directory.make_demo import person_dn
from provisioning.directory import open_directory
from provisioning.login import facts
from provisioning.models import Evidence
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.findings import drifting
from tests.rights import life

pytestmark = pytest.mark.django_db

NAMES = {
    "300 characters": "Ann" + "a" * 297,
    "a NUL": "Anna\0Bok",
    "5000 characters": "Anna " * 1000,
    "control characters": "Anna\r\n\x1bBok",
}
ROLE = "INTYG;Rehab-"


def rename(directory, person_id, name: str) -> None:
    """The names in the person's own entry, as they come over the wire."""
    dn = drifting.person_dn(person_id)
    changes = [
        (2, attribute, [name.encode()]) for attribute in ("fullName", "givenName", "sn", "displayName")
    ]
    directory.store.modify(dn, changes)


def rename_unit(directory, unit_id, name: str) -> None:
    directory.store.modify(drifting.unit_dn(unit_id), [(2, "hsaUnitName", [name.encode()])])


@pytest.fixture(params=list(NAMES.values()), ids=list(NAMES))
def name(request) -> str:
    return request.param


def test_a_case_of_an_odd_name_goes_its_way(directory, kiv, name):
    rename(directory, cast.COORDINATOR, name)
    rename_unit(directory, cast.BJORKHAGA, name * 2)
    grant = life.granted(kiv)
    assert len(grant.subject_name) <= 200
    assert len(grant.unit_name) <= 300
    assert "\0" not in grant.subject_name + grant.unit_name
    assert grant.subject_name.startswith("Ann")


def test_an_administrator_of_an_odd_name_is_asked(directory, name):
    rename(directory, cast.KIV_ADMINISTRATOR, name)
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert cast.KIV_ADMINISTRATOR in request.handler_ids


def test_somebody_of_an_odd_name_logs_in(directory, name):
    rename(directory, cast.OUTSIDER, name)
    user = facts.accept(cast.OUTSIDER, how="test")
    assert len(user.name) <= 200
    assert "\0" not in user.name


@pytest.mark.parametrize("value", ["x" * 5000, "a\0b", f"{ROLE}{'9' * 4900}", f"{ROLE}{'ß' * 300}"])
def test_an_odd_value_stops_neither_case_nor_sweep(directory, kiv, value):
    dn = drifting.person_dn(cast.COORDINATOR)
    directory.store.modify(dn, [(2, drifting.ROLE, [value.encode()])])
    grant = life.granted(kiv)
    kept = Evidence.objects.filter(request=grant.origin)
    assert kept.exists()
    assert all(len(one) <= 300 for each in kept for row in each.values for one in row["values"] or ())
    directory.store.modify(drifting.person_dn(cast.SETTLED), [(0, drifting.ROLE, [value.encode()])])
    drifting.uncouple(kiv, cast.COORDINATOR, cast.BJORKHAGA)
    sweep = drifting.swept()
    assert sweep.outcome == "complete"
    assert DriftKind.COMMISSION_MISSING in drifting.found_of(grant.subject_id)


def test_two_long_values_that_begin_alike_stay_two(directory):
    long = [f"{ROLE}{'9' * 4900}{end}".encode() for end in "AB"]
    directory.store.modify(drifting.person_dn(cast.COORDINATOR), [(2, drifting.ROLE, long)])
    person = open_directory().person(cast.COORDINATOR)
    assert person is not None
    assert len(set(person.system_roles)) == 2


def test_a_value_with_a_nul_never_looks_like_the_right_one(directory, kiv):
    right = ROLE + cast.BJORKHAGA.text
    dn = drifting.person_dn(cast.COORDINATOR)
    directory.store.modify(dn, [(2, drifting.ROLE, [(right + "\0").encode()])])
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV


def test_an_unknown_role_too_long_is_gone_when_it_is_gone(directory, kiv):
    value = f"{ROLE}{'9' * 4900}"
    dn = drifting.person_dn(cast.COORDINATOR)
    directory.store.modify(dn, [(0, drifting.ROLE, [value.encode()])])
    drifting.swept()
    kinds = drifting.found_of(cast.COORDINATOR)
    assert kinds
    directory.store.modify(dn, [(1, drifting.ROLE, [value.encode()])])
    drifting.swept()
    assert drifting.found_of(cast.COORDINATOR) == []


def test_the_name_of_an_entry_is_kept_as_text(directory):
    """A NUL in a distinguished name is written as RFC 4514 writes it: no table holds the other."""
    directory.store.add(
        person_dn(1005).replace("demo1005", "an\0na"),
        [(name, value) for name, value in [("objectClass", b"person"), ("hsaIdentity", b"SE0000000000-NUL")]],
    )
    from provisioning.rules.hsa import HsaId

    person = open_directory().person(HsaId("SE0000000000-NUL"))
    assert person is not None
    assert "\0" not in person.dn
