"""The token endpoint. Source: RFC 6749 §4.4 and §5 (client credentials), §2.3.1 (how the secret is sent)."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import unquote

from django.http import HttpRequest
from ninja import Form, Router, Status

from provisioning.api import shapes
from provisioning.api.problems import CallProblem
from provisioning.pages.middleware import limits
from provisioning.systems import keep, tokens

router = Router(tags=["token"])


@router.post(
    "token",
    url_name="api_token",
    auth=None,
    response={
        200: shapes.Token,
        frozenset({400, 401}): shapes.TokenRefused,
        frozenset({422, 429}): shapes.ProblemBody,
    },
)
def token(
    request: HttpRequest,
    grant_type: Form[str],
    client_id: Form[str] = "",
    client_secret: Form[str] = "",
    scope: Form[str] = "",
) -> Status[shapes.Token | shapes.TokenRefused]:
    """A token for ten minutes, for client id and secret: by the header (Basic) or in the form."""
    request.caller = f"address {limits.client_address(request)}"  # type: ignore[attr-defined]
    if limits.is_used_up(limits.LOGIN, request):
        raise CallProblem(
            429, limits.LOGIN.code, headers={"Retry-After": str(limits.seconds_left(limits.LOGIN))}
        )
    if grant_type != "client_credentials":
        return Status(400, shapes.TokenRefused(error="unsupported_grant_type"))
    client_id, client_secret = _from_header(request) or (client_id, client_secret)
    system = None if "\x00" in client_id else keep.known(client_id, client_secret)
    if system is None:
        limits.is_over(limits.LOGIN, request)  # only those that fail are counted, as of people
        return Status(401, shapes.TokenRefused(error="invalid_client"))
    wanted = set(scope.split()) or set(system.scopes)
    if not wanted <= set(system.scopes):
        return Status(400, shapes.TokenRefused(error="invalid_scope"))
    issued = shapes.Token(
        access_token=tokens.issue(system, wanted),
        token_type="Bearer",  # noqa: S106 - the kind, not a secret
        expires_in=tokens.LASTS_SECONDS,
        scope=" ".join(sorted(wanted)),
    )
    return Status(200, issued)


def _from_header(request: HttpRequest) -> tuple[str, str] | None:
    kind, _blank, text = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "basic":
        return None
    try:
        name, _colon, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote(name), unquote(secret)
