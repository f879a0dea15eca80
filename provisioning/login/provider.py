"""The provider: its published addresses and keys, kept in memory for a while, and the way it is called.

Every call has a time limit, follows no redirection and checks the certificate. What the provider publishes
is believed only as far as it names itself by the configured issuer and uses safe addresses.
Source: OpenID Connect Discovery 1.0 §4; domain §9.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import requests
from authlib.integrations.requests_client import OAuth2Session
from cryptography.exceptions import UnsupportedAlgorithm
from django.conf import settings
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from provisioning.login.refusals import ProviderUnavailable

METADATA_SECONDS = 3600  # how long addresses and keys are kept; a new key is fetched as soon as it is met
RENEWAL_SECONDS = 30  # what is signed by nobody we know has the keys fetched again, at most this often
LONGEST_ANSWER = 512 * 1024  # characters; a real one has a few thousand
PUBLIC_KEY_TYPES = ("RSA", "EC")  # those of the algorithms that are taken
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")


@dataclass(frozen=True, slots=True)
class LoginProvider:
    """What the provider publishes about itself. `keys` may be renewed once an unknown one is met."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None
    says_issuer: bool  # every answer carries `iss` (RFC 9207)
    keys: tuple[Key, ...]
    read_at: float = field(default_factory=time.monotonic)

    @property
    def is_old(self) -> bool:
        return time.monotonic() - self.read_at > METADATA_SECONDS


_kept: dict[str, LoginProvider] = {}
_renewed_at: dict[str, float] = {}  # when the keys were last fetched because of a signature; by issuer
_lock = threading.Lock()


def is_configured() -> bool:
    """Say whether this installation logs people in through a provider."""
    return bool(settings.OIDC_ISSUER)


def current() -> LoginProvider:
    """The configured provider. Raises ProviderUnavailable."""
    provider = _kept.get(settings.OIDC_ISSUER)
    if provider is None or provider.is_old:
        with _lock:
            provider = _kept.get(settings.OIDC_ISSUER)
            if provider is None or provider.is_old:
                provider = _kept[settings.OIDC_ISSUER] = _discover(settings.OIDC_ISSUER)
    return provider


def with_new_keys(known: LoginProvider) -> LoginProvider | None:
    """The provider with other keys than those known, where it may have begun to sign with one of them.

    None when there are no newer ones and they were asked for a moment ago: tokens that nobody signed must
    not make us call the provider time and again. Raises ProviderUnavailable.
    """
    with _lock:
        kept = _kept.get(known.issuer)
        if kept is not None and kept.read_at > known.read_at:
            return kept  # another log-in has met the new key before
        now = time.monotonic()
        if now - _renewed_at.get(known.issuer, -RENEWAL_SECONDS) < RENEWAL_SECONDS:
            return None
        _renewed_at[known.issuer] = now
        renewed = _kept[known.issuer] = _discover(known.issuer)
    return renewed


def forget() -> None:
    """Forget what was fetched (tests)."""
    with _lock:
        _kept.clear()
        _renewed_at.clear()


def session(**options: Any) -> OAuth2Session:
    """A session towards the provider with our client's name and secret and a time limit for each call."""
    made = OAuth2Session(
        settings.OIDC_CLIENT_ID,
        settings.OIDC_CLIENT_SECRET,
        token_endpoint_auth_method=settings.OIDC_CLIENT_AUTH,
        default_timeout=settings.OIDC_TIMEOUT_SECONDS,
        **options,
    )
    made.verify = settings.OIDC_CA_FILE or True
    return made


def _discover(issuer: str) -> LoginProvider:
    published = _get_json(issuer.rstrip("/") + "/.well-known/openid-configuration")
    if published.get("issuer") != issuer:  # to the letter: Discovery §4.3
        raise ProviderUnavailable
    addresses = [published.get(name) for name in NEEDED]
    end_session = published.get("end_session_endpoint")
    if not all(isinstance(address, str) and _is_safe(address) for address in addresses):
        raise ProviderUnavailable
    authorization_endpoint, token_endpoint, jwks_uri = map(str, addresses)
    return LoginProvider(
        issuer=issuer,
        authorization_endpoint=authorization_endpoint,
        token_endpoint=token_endpoint,
        jwks_uri=jwks_uri,
        end_session_endpoint=end_session if isinstance(end_session, str) and _is_safe(end_session) else None,
        says_issuer=published.get("authorization_response_iss_parameter_supported") is True,
        keys=_keys(jwks_uri),
    )


def _keys(address: str) -> tuple[Key, ...]:
    """The keys that can be read, one by one: what we do not understand must not hide what we do.

    Source: RFC 7517 §5 (ignore keys that are not understood or lack what they need).
    """
    published = _get_json(address).get("keys")
    if not isinstance(published, list) or not published:
        raise ProviderUnavailable
    keys = tuple(key for key in map(_key, published) if key is not None)
    if not keys:
        raise ProviderUnavailable
    return keys


def _key(published: Any) -> Key | None:
    """None when it is no key that signs, or one of a kind that we do not know."""
    if not isinstance(published, dict) or published.get("use", "sig") != "sig":
        return None
    if published.get("kty") not in PUBLIC_KEY_TYPES:
        return None
    try:
        return JWKRegistry.import_key(published)
    except (JoseError, ValueError, KeyError, TypeError, AttributeError, UnsupportedAlgorithm):
        return None


def _get_json(address: str) -> Mapping[str, Any]:
    try:
        with session() as made:
            answer = made.request("GET", address, withhold_token=True, allow_redirects=False)
            if answer.status_code != requests.codes.ok or len(answer.text) > LONGEST_ANSWER:
                raise ProviderUnavailable
            content = answer.json()
    except (requests.RequestException, ValueError, RecursionError) as exc:
        raise ProviderUnavailable from exc
    if not isinstance(content, dict):
        raise ProviderUnavailable
    return content


def _is_safe(address: str) -> bool:
    """HTTPS; plain HTTP only where the configured issuer has it itself, which only the demo may."""
    return urlsplit(address).scheme in ("https", urlsplit(settings.OIDC_ISSUER).scheme)
