"""What the API answers when it cannot do what it was asked: RFC 9457, in the language that was asked for."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.http import Http404, HttpRequest, JsonResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from provisioning.api import scim_shapes
from provisioning.errors import DirectoryError, Invalid, NotAllowed, ProvisioningError, WrongState

CONTENT_TYPE = "application/problem+json"

_TITLES: dict[int, str | Promise] = {
    400: gettext_lazy("The call cannot be read"),
    401: gettext_lazy("The call has no valid token"),
    403: gettext_lazy("This is not allowed"),
    404: gettext_lazy("It is not there"),
    409: gettext_lazy("It has changed meanwhile"),
    422: gettext_lazy("The call breaks a rule"),
    429: gettext_lazy("Too many calls"),
    503: gettext_lazy("The directory does not answer"),
}


class CallProblem(Exception):
    """Answered as it stands. `errors`: what is wrong with which field."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str | Promise = "",
        *,
        errors: Iterable[dict[str, str]] = (),
        headers: dict[str, str] | None = None,
        **more: Any,
    ):
        super().__init__(code)
        self.status, self.code, self.detail = status, code, detail
        self.errors, self.headers, self.more = list(errors), headers or {}, more


def answer(problem: CallProblem, request: HttpRequest) -> JsonResponse:
    if "/scim/" in request.path:
        return _scim(problem)
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": str(_TITLES.get(problem.status, "")),
        "status": problem.status,
        "code": problem.code,
    }
    if problem.detail:
        body["detail"] = str(problem.detail)
    if problem.errors:
        body["errors"] = problem.errors
    body |= problem.more
    return JsonResponse(body, status=problem.status, content_type=CONTENT_TYPE, headers=problem.headers)


def _scim(problem: CallProblem) -> JsonResponse:
    """The same as RFC 7644 §3.12 wants it, where 422 is unknown."""
    status = 400 if problem.status == 422 else problem.status
    known = problem.code if problem.code in ("invalidFilter", "sensitive") else None
    kind = known or ("invalidValue" if status == 400 else None)
    detail = str(problem.detail or _TITLES.get(problem.status, ""))
    body = scim_shapes.error(status, detail, kind)
    return JsonResponse(body, status=status, content_type=scim_shapes.CONTENT_TYPE, headers=problem.headers)


def of(error: ProvisioningError) -> CallProblem:
    """The operations' own refusals."""
    status = {NotAllowed: 403, WrongState: 409, Invalid: 422}.get(type(error), 422)
    if isinstance(error, DirectoryError):
        return CallProblem(503, error.code, error.user_message, headers={"Retry-After": "30"})
    field = error.field if isinstance(error, Invalid) else None
    errors = [{"field": field, "code": error.code, "message": str(error.user_message)}] if field else []
    return CallProblem(status, error.code, error.user_message, errors=errors)


def register(api: NinjaAPI) -> None:
    """Every refusal and every fault of the caller gets such an answer."""

    @api.exception_handler(CallProblem)
    def _problem(request: HttpRequest, exc: CallProblem) -> JsonResponse:
        return answer(exc, request)

    @api.exception_handler(ProvisioningError)
    def _refused(request: HttpRequest, exc: ProvisioningError) -> JsonResponse:
        return answer(of(exc), request)

    @api.exception_handler(ValidationError)
    def _malformed(request: HttpRequest, exc: ValidationError) -> JsonResponse:
        errors = [
            {
                "field": ".".join(str(part) for part in one["loc"][1:] if part != "wanted"),
                "code": str(one["type"]),
                "message": str(one["msg"]),
            }
            for one in exc.errors
        ]
        return answer(
            CallProblem(422, "malformed", _("Something is missing or has another form."), errors=errors),
            request,
        )

    @api.exception_handler(AuthenticationError)
    def _unknown(request: HttpRequest, exc: AuthenticationError) -> JsonResponse:
        return answer(CallProblem(401, "token", headers={"WWW-Authenticate": "Bearer"}), request)

    @api.exception_handler(HttpError)
    def _unreadable(request: HttpRequest, exc: HttpError) -> JsonResponse:
        return answer(CallProblem(exc.status_code, "unreadable"), request)

    @api.exception_handler(Http404)
    def _not_there(request: HttpRequest, exc: Http404) -> JsonResponse:
        user = getattr(request, "acts_for", None)
        if getattr(user, "is_shown_without_mandates", False):
            return answer(of(DirectoryError()), request)
        return answer(CallProblem(404, "missing"), request)
