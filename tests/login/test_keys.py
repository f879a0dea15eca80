"""The provider's keys: what cannot be used hides nothing, and a new one is met at once, whatever its name."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest

from provisioning.login import provider as providers
from tests import cast
from tests.login.test_refusals import assert_refused

ODD_KEYS = [
    {"kty": "AKP", "alg": "ML-DSA-44", "kid": "later", "pub": "AAAA"},
    {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA", "kid": "odd curve"},
    {"kty": "EC", "crv": "P-256", "x": "AQ", "y": "AQ", "kid": "off the curve"},
    {"kty": "OKP", "crv": "X448", "x": "", "kid": "short"},
    {"kty": "RSA", "kid": "nothing more"},
    {"kty": "RSA", "kid": "first", "n": "AQ", "e": "AQAB"},
    {"kty": "RSA", "kid": 7, "n": None, "e": []},
    {"kty": "oct", "kid": "first", "k": "c2VjcmV0"},
    {"kty": ["RSA"]},
    {},
    "no object",
    None,
]


@pytest.fixture
def fetched(monkeypatch) -> list[str]:
    """The paths that were asked for at the provider."""
    paths: list[str] = []
    fetch = providers._get_json

    def noted(address: str) -> Any:
        paths.append(urlsplit(address).path)
        return fetch(address)

    monkeypatch.setattr(providers, "_get_json", noted)
    return paths


@pytest.mark.parametrize("odd", ODD_KEYS, ids=str)
def test_a_key_that_cannot_be_read_locks_nobody_out(odd, visitor, provider):
    for keys in ([odd, "first"], ["first", odd]):
        providers.forget()
        provider.fault(jwks=keys)
        visitor.tool.cookies.clear()
        visitor.provider.cookies.clear()
        visitor.log_in("head")
        assert visitor.user_key == cast.HEAD.folded


def test_keys_of_which_none_can_be_read_are_a_silent_provider(visitor, provider):
    provider.fault(jwks=ODD_KEYS[:5])
    response = visitor.tool.get("/logga-in/kort/")
    assert_refused(response, visitor, "login.provider_unavailable", 503)


@pytest.mark.parametrize(
    "then",
    [["stranger"], ["stranger, unnamed"], ["first", "stranger"], ["first", "stranger, unnamed"]],
    ids=str,
)
@pytest.mark.parametrize("unnamed", [True, False], ids=["token without a name", "token with a name"])
def test_a_new_key_lets_people_in_at_once(then, unnamed, visitor, another_visitor, provider, fetched):
    visitor.log_in("head")
    provider.fault(kind="stranger", jwks=then, unnamed=unnamed)
    other = another_visitor()
    other.log_in("other")
    assert other.user_key == cast.DOCTOR.folded
    assert fetched.count("/jwks") == 2


def test_a_key_taken_away_does_not_count_after_the_next_fetch(visitor, another_visitor, provider):
    visitor.log_in("head")
    provider.fault(kind="stranger", jwks=["stranger"])
    other = another_visitor()
    other.log_in("other")
    provider.fault(jwks=["stranger"])
    third = another_visitor()
    third.log_in("head")
    assert third.user_key is None


def test_bad_signatures_have_the_keys_fetched_once_in_a_while(
    visitor, another_visitor, provider, fetched, monkeypatch
):
    provider.fault(kind="stranger")
    for number in range(3):
        assert_refused(visitor.log_in("head"), visitor, "login.token_invalid", earlier=number)
    assert fetched.count("/jwks") == 2  # at the start, and because of the first
    monkeypatch.setattr(providers, "RENEWAL_SECONDS", 0)
    assert_refused(visitor.log_in("head"), visitor, "login.token_invalid", earlier=3)
    assert fetched.count("/jwks") == 3


@pytest.mark.parametrize("kind", ["unsigned", "shared-secret"])
def test_a_signature_that_is_never_taken_has_nothing_fetched(kind, visitor, provider, fetched):
    provider.fault(kind=kind)
    assert_refused(visitor.log_in("head"), visitor, "login.token_invalid")
    assert fetched.count("/jwks") == 1


@pytest.mark.parametrize("name", ["exp", "iat", "nbf", "auth_time"])
@pytest.mark.parametrize("value", [1e300, -1, True, "2030", [1], {}, None, 253_402_300_800], ids=str)
def test_what_is_no_date_makes_no_token(name, value, visitor, provider):
    provider.fault(claims={name: value})
    assert_refused(visitor.log_in("head"), visitor, "login.token_invalid")
