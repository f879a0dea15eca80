"""Distinguished names and filters: the small text tools."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from provisioning.directory.ldap import filters
from provisioning.directory.ldap.library import ldap3
from provisioning.rules import names


@pytest.mark.parametrize(
    ("dn", "parts"),
    [
        ("", []),
        ("o=X", ["o=X"]),
        ("cn=a,ou=b,o=X", ["cn=a", "ou=b", "o=X"]),
        (r"cn=a\, b,o=X", [r"cn=a\, b", "o=X"]),
        ('cn="a, b",o=X', ['cn="a, b"', "o=X"]),
        ("cn=a , o=X", ["cn=a", "o=X"]),
        (r"cn=a\\,o=X", [r"cn=a\\", "o=X"]),
    ],
)
def test_a_name_is_split_where_a_comma_stands_alone(dn: str, parts: list[str]):
    assert names.split(dn) == parts
    assert names.parent(dn) == ",".join(parts[1:])


def test_ancestors_come_nearest_first():
    assert list(names.ancestors(r"cn=a\,b,ou=c,o=X")) == ["ou=c,o=X", "o=X"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("CN=Anna  B,O=x", "cn=anna b,o=X"),
        (r"cn=Bj\C3\B6rk,o=X", "cn=björk,o=X"),
        (r"cn=a\2C b,o=X", r"cn=a\, b,o=X"),
        ("cn=a+sn=b,o=X", "sn=b + cn=a,o=X"),
        ("cn = a , o = X", "cn=a,o=X"),
    ],
)
def test_names_that_mean_the_same_have_one_key(one: str, other: str):
    assert names.key(one) == names.key(other)


def test_names_that_differ_have_different_keys():
    assert names.key("cn=a,o=X") != names.key("cn=a,o=Y")
    assert names.key(r"cn=a\,o=X") != names.key("cn=a,o=X")


def test_within_is_itself_and_below_but_not_above_or_beside():
    base = names.key("ou=b,o=X")
    assert names.is_within(base, base)
    assert names.is_within(names.key("cn=a,ou=b,o=X"), base)
    assert not names.is_within(names.key("o=X"), base)
    assert not names.is_within(names.key("cn=a,ou=bb,o=X"), base)
    assert names.is_within(base, ())


def test_the_first_pair_of_a_name_is_plain():
    assert names.first_pair(r"cn=a\, \C3\A5,o=X") == ("cn", "a, å")
    assert names.first_pair("cn=a+sn=b,o=X") is None
    assert names.first_pair("") is None


@given(st.text(max_size=30))
def test_an_escaped_value_is_one_value_to_another_parser(value: str):
    """ldap3 reads the filter text; what it would send is what we meant."""
    request = ldap3.operation.search.search_operation(
        "", filters.equals("cn", value), "BASE", "NEVER", ["1.1"], 0, 0, False, False, False
    )
    chosen = request["filter"]
    assert chosen.getName() == "equalityMatch"
    assert bytes(chosen.getComponent()["assertionValue"]) == value.encode()


def test_filters_are_put_together():
    assert filters.any_of(["(a=1)", "(a=1)"]) == "(a=1)"
    assert filters.any_of(["(a=1)", "(b=2)"]) == "(|(a=1)(b=2))"
    assert filters.all_of("(a=1)", filters.present("b")) == "(&(a=1)(b=*))"
    assert filters.begins("a", "x*(") == r"(a=x\2a\28*)"
    assert filters.class_is(["x", "y"]) == "(|(objectClass=x)(objectClass=y))"


def test_a_name_is_the_same_however_it_is_written():
    assert names.is_same("CN=Anna,  ou=B", "cn=anna,ou=b")
    assert names.is_same(r"cn=a\2C b,o=X", r"cn=A\, b;O=x")
    assert not names.is_same("cn=anna,ou=b", "cn=anna,ou=c")
    assert not names.is_same("cn=anna,ou=b", "ou=b")
