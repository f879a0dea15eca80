"""What an ID token proves: its signature, receiver, issuer, time, strength and HSA-ids.

Source: OpenID Connect Core 1.0 §3.1.3.7; domain §9 (claims `employeeHsaId` and `acr`).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from django.conf import settings
from joserfc import jwt
from joserfc.errors import (
    BadSignatureError,
    ClaimError,
    ExpiredTokenError,
    InvalidClaimError,
    InvalidKeyCurveError,
    InvalidKeyLengthError,
    JoseError,
    KeyParameterError,
)
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry, extract_compact

from provisioning.login import provider as providers
from provisioning.login.provider import LoginProvider
from provisioning.login.refusals import LoginRefused
from provisioning.rules.hsa import HsaId

# Signatures by a private key alone: never `none`, never a shared secret, whatever the provider says it can.
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"]
LEEWAY_SECONDS = 30  # how far the provider's clock may be from ours
MOST_HSA_IDS = 20

ONE_TEXT = ("iss", "sub", "nonce", "acr")
DATES = ("exp", "iat", "nbf", "auth_time")
LAST_DATE = 253_402_300_799  # the last second of the year 9999: after it there are no dates

_OTHER_KIND_OF_KEY = (KeyParameterError, InvalidKeyLengthError, InvalidKeyCurveError)

_CODES = {
    "iss": "login.wrong_issuer",
    "aud": "login.wrong_audience",
    "azp": "login.wrong_audience",
    "nonce": "login.wrong_nonce",
    "acr": "login.acr_too_low",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """A person's proved HSA-ids, the token that proves them, and when the card was shown (0: unknown)."""

    hsa_ids: tuple[HsaId, ...]
    id_token: str
    proved_at: float = 0


def read(provider: LoginProvider, token: dict[str, Any], *, nonce: str) -> Proof:
    """What this answer of the token endpoint proves. Raises LoginRefused with the reason's code."""
    id_token = token.get("id_token")
    if not isinstance(id_token, str):
        raise LoginRefused(code="login.token_invalid")
    try:
        claims = _verified(provider, id_token, access_token=token.get("access_token"), nonce=nonce)
    except ExpiredTokenError as exc:
        raise LoginRefused(code="login.token_expired") from exc
    except ClaimError as exc:
        code = _CODES.get(exc.claim, "login.token_invalid")
        raise LoginRefused(code=code, id_token=id_token if code == "login.acr_too_low" else "") from exc
    except (JoseError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as exc:
        raise LoginRefused(code="login.token_invalid") from exc
    hsa_ids = _hsa_ids(claims.get(settings.OIDC_HSA_ID_CLAIM), id_token)
    return Proof(hsa_ids, id_token, float(claims.get("auth_time", 0)))


def _verified(provider: LoginProvider, id_token: str, *, access_token: Any, nonce: str) -> CodeIDToken:
    try:
        decoded = _decode(provider, id_token)
    except BadSignatureError:
        # The provider may have begun to use another key, under a new name, the same name or none.
        renewed = providers.with_new_keys(provider)
        if renewed is None:
            raise
        decoded = _decode(renewed, id_token)
    _refuse_odd_dates(decoded.claims)
    claims = CodeIDToken(
        decoded.claims,
        decoded.header,
        {
            "iss": {"essential": True, "value": provider.issuer},
            "aud": {"essential": True, "value": settings.OIDC_CLIENT_ID},
            "exp": {"essential": True},
            "iat": {"essential": True},
            "nonce": {"essential": True, "value": nonce},
            "acr": {"essential": True, "values": list(settings.OIDC_REQUIRED_ACR)},
        },
        {"nonce": nonce, "client_id": settings.OIDC_CLIENT_ID, "access_token": access_token},
    )
    claims.validate(leeway=LEEWAY_SECONDS)
    for name in ONE_TEXT:
        # The library is content when one value of a list is right; these claims are never lists.
        if not isinstance(claims[name], str):
            raise InvalidClaimError(name)
    return claims


def _decode(provider: LoginProvider, id_token: str) -> jwt.Token:
    """The token, if one of the provider's keys has signed it. Raises BadSignatureError when none has."""
    registry = JWSRegistry(algorithms=ALGORITHMS, strict_check_header=False)
    header = extract_compact(id_token.encode(), registry=registry).headers()
    registry.get_alg(header["alg"])  # no other key would help
    for key in _keys_for(provider, header.get("kid")):
        try:
            return jwt.decode(id_token, key=key, registry=registry)
        except (BadSignatureError, *_OTHER_KIND_OF_KEY):
            continue
    raise BadSignatureError


def _keys_for(provider: LoginProvider, kid: Any) -> Iterator[Key]:
    """The keys of this name, and those without a name; all where the token names none."""
    for key in provider.keys:
        if kid is None or key.kid is None or key.kid == kid:
            yield key


def _refuse_odd_dates(claims: dict[str, Any]) -> None:
    """A number that is no date (`1e300`, infinity, true) would make a token that is never over."""
    for name in DATES:
        value = claims.get(name)
        if name not in claims:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InvalidClaimError(name)
        if not (math.isfinite(value) and 0 <= value <= LAST_DATE):
            raise InvalidClaimError(name)


def _hsa_ids(claim: Any, id_token: str) -> tuple[HsaId, ...]:
    """The HSA-ids of a claim that is one text or a list of texts; each once, in their order.

    What has not the form of one is left out: a card for several employers names what it likes beside it.
    """
    texts = [claim] if isinstance(claim, str) else claim
    if texts is None or texts == [] or texts == [""]:
        raise LoginRefused(code="login.hsa_id_missing", id_token=id_token)
    if not isinstance(texts, list) or len(texts) > MOST_HSA_IDS:
        raise LoginRefused(code="login.hsa_id_malformed", id_token=id_token)
    ids = tuple(dict.fromkeys(HsaId(text.strip()) for text in texts if isinstance(text, str)))
    is_strict = settings.HSA_ID_FORM == "strict"
    formed = tuple(one for one in ids if one.has_form(strict=is_strict))
    if not formed:
        raise LoginRefused(code="login.hsa_id_malformed", id_token=id_token)
    return formed
