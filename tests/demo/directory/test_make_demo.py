"""The demo region: made by its generator, invented throughout, and cast as the tests say."""

from __future__ import annotations

from provisioning.demo.directory import make_demo
from provisioning.demo.directory.server import DEMO_LDIF
from tests import cast


def test_the_demo_file_is_what_its_generator_makes():
    assert DEMO_LDIF.read_text(encoding="utf-8") == make_demo.text()


def test_the_cast_stands_in_the_demo_as_the_tests_name_it():
    for key, (number, _) in make_demo.CAST.items():
        assert getattr(cast, key).text == make_demo.person_id(number)
    units = {make_demo.unit_id(number) for number in make_demo.UNITS}
    named = {cast.BJORKHAGA, cast.EKLIDEN, cast.ALMBY, cast.GRANBY, cast.KVARNANGEN, cast.CLOSED_UNIT}
    assert {unit.text for unit in named} <= units


def test_the_demo_is_about_two_hundred_entries_all_invented() -> None:
    records = list(make_demo.records())
    assert 170 <= len(records) <= 230
    for dn, pairs in records:
        held: dict[str, list[str]] = {}
        for name, value in pairs:
            held.setdefault(name, []).append(value.decode())
        assert all(value.startswith("SE0000000000-") for value in held.get("hsaIdentity", [])), dn
        assert all(value.endswith("@demo.invalid") for value in held.get("mail", [])), dn
        assert all(value.startswith("DEMO-") for value in held.get("personalIdentityNumber", [])), dn
        assert len(set(held.get("hsaIdentity", []))) <= 1, dn


def test_no_two_entries_of_the_demo_share_a_name_or_an_id():
    records = list(make_demo.records())
    dns = [dn for dn, _ in records]
    ids = [value for _, pairs in records for name, value in pairs if name == "hsaIdentity"]
    assert len(dns) == len(set(dns))
    assert len(ids) == len(set(ids))
