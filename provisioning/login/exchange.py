"""The walk to the provider and back: begin, answer, and the way out.

Source: OpenID Connect Core 1.0 §3.1 and §5.5; RFC 7636; RFC 9207; RP-Initiated Logout 1.0.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping
from typing import Any

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.common.urls import add_params_to_uri
from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase

from provisioning.login import attempts, tokens
from provisioning.login import provider as providers
from provisioning.login.attempts import Attempt
from provisioning.login.provider import LoginProvider
from provisioning.login.refusals import LoginRefused, ProviderUnavailable
from provisioning.login.tokens import Proof

PROMPTS = ("login", "select_account")
_ANSWERS_OF_THE_PERSON = ("access_denied", "login_required", "interaction_required")
_TRY_AGAIN = ("temporarily_unavailable", "server_error")


def begin(session: SessionBase, *, callback: str, wanted: str, language: str, is_again: bool = False) -> str:
    """The provider's address to send the browser to; the attempt is remembered in the session.

    `is_again`: the card must be proven anew, however lately somebody has logged in at the provider.
    Raises ProviderUnavailable.
    """
    provider = providers.current()
    nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
    with providers.session(
        scope=" ".join(settings.OIDC_SCOPE), redirect_uri=callback, code_challenge_method="S256"
    ) as client:
        address, state = client.create_authorization_url(
            provider.authorization_endpoint,
            state=secrets.token_urlsafe(32),
            code_verifier=verifier,
            nonce=nonce,
            claims=json.dumps(_wanted_claims()),
            ui_locales=language,
            **(_anew() if is_again else {}),
        )
    attempt = Attempt(nonce=nonce, code_verifier=verifier, wanted=wanted, is_again=is_again)
    attempts.remember(session, state, attempt)
    return str(address)


def answer(session: SessionBase, parameters: Mapping[str, str], *, callback: str) -> tuple[Proof, str]:
    """What the provider's answer proves, and where the person wanted to go. Counts once.

    Raises LoginRefused.
    """
    attempt = attempts.take(session, parameters.get("state", ""))
    if attempt is None:
        raise LoginRefused(code="login.state_unknown")
    provider = providers.current()
    _refuse_other_issuer(provider, parameters)
    _refuse_error(parameters.get("error", ""))
    token = _exchange(provider, parameters.get("code", ""), attempt, callback=callback)
    proof = tokens.read(provider, token, nonce=attempt.nonce)
    if attempt.is_again and proof.proved_at < attempt.begun_at - tokens.LEEWAY_SECONDS:
        raise LoginRefused(code="login.not_proved_again")
    return proof, attempt.wanted


def logout_address(id_token: str, *, back: str, language: str) -> str | None:
    """Where the person also logs out at the provider; None when there is nothing to end there.

    A provider that does not answer must not keep anybody logged in here: None then, too.
    """
    if not id_token or not providers.is_configured():
        return None
    try:
        end_session = providers.current().end_session_endpoint
    except ProviderUnavailable:
        return None
    if end_session is None:
        return None
    parameters = [
        ("id_token_hint", id_token),
        ("client_id", settings.OIDC_CLIENT_ID),
        ("post_logout_redirect_uri", back),
        ("ui_locales", language),
    ]
    return str(add_params_to_uri(end_session, parameters))


def _wanted_claims() -> dict[str, Any]:
    """The least that is needed: names come from the directory and are not asked for."""
    claims: dict[str, Any] = {
        settings.OIDC_HSA_ID_CLAIM: {"essential": True},
        "acr": {"essential": True, "values": list(settings.OIDC_REQUIRED_ACR)},
    }
    if settings.OIDC_STEP_UP:
        claims["auth_time"] = {"essential": True}
    return {"id_token": claims}


def _anew() -> dict[str, str]:
    """Source: OpenID Connect Core 1.0 §3.1.2.1 (`prompt`, `max_age`)."""
    return {"prompt": "login", "max_age": str(settings.OIDC_STEP_UP_MINUTES * 60)}


def _refuse_other_issuer(provider: LoginProvider, parameters: Mapping[str, str]) -> None:
    """An answer of another provider, mixed in by an attacker. Source: RFC 9207 §2.4."""
    issuer = parameters.get("iss")
    if issuer is None and not provider.says_issuer:
        return
    if issuer != provider.issuer:
        raise LoginRefused(code="login.wrong_issuer")


def _refuse_error(error: str) -> None:
    """The provider's own refusal. Its words are not kept: they may hold anything."""
    if not error:
        return
    if error in _TRY_AGAIN:
        raise ProviderUnavailable
    raise LoginRefused(
        code="login.cancelled" if error in _ANSWERS_OF_THE_PERSON else "login.provider_refused"
    )


def _exchange(provider: LoginProvider, code: str, attempt: Attempt, *, callback: str) -> dict[str, Any]:
    if not code:
        raise LoginRefused(code="login.code_refused")
    try:
        with providers.session(redirect_uri=callback) as client:
            token = client.fetch_token(
                provider.token_endpoint,
                code=code,
                code_verifier=attempt.code_verifier,
                grant_type="authorization_code",
                allow_redirects=False,
            )
    except AuthlibBaseError as exc:
        if exc.error == "invalid_grant":
            raise LoginRefused(code="login.code_refused") from exc
        raise LoginRefused(code="login.provider_refused") from exc
    except (requests.RequestException, ValueError, RecursionError) as exc:
        raise ProviderUnavailable from exc
    return dict(token)
