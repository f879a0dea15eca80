"""How often somebody may log in, search and send orders: more than people do, less than programs.

One counter per kind, person (or address, before a log-in) and stretch of time, in Django's cache. A limited
person gets a page that says so and holds everything that was sent, to be sent again. A cache that does not
answer limits nobody: that would shut everybody out. Source: OWASP ASVS 4.0.3, 2.2.1 and 11.1.4.
"""

from __future__ import annotations

import ipaddress
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.models import User
from provisioning.pages.answers import filled_in

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `settings.<setting>` times within so many seconds. `code` stands in log and audit."""

    code: str
    setting: str
    seconds: int

    @property
    def most(self) -> int:
        return int(getattr(settings, self.setting))


LOGIN = Limit("limit.login", "LIMIT_LOGINS_PER_MINUTE", 60)
ANSWER = Limit("limit.login_answer", "LIMIT_LOGINS_PER_MINUTE", 60)
SEARCH = Limit("limit.search", "LIMIT_SEARCHES_PER_MINUTE", 60)
ORDER = Limit("limit.order", "LIMIT_ORDERS_PER_HOUR", 3600)

# Which pages are limited: by the name of the address. A test holds that each of them exists.
ALWAYS = {"oidc_begin": LOGIN, "oidc_callback": ANSWER}
WHEN_SENT = {"oidc_choose": ANSWER, "demo_login": LOGIN, "order": SEARCH, "demo_kiv": SEARCH}
SENDING = "send"  # the order page's button that places the order


class LimitsMiddleware:
    """Asks before a view runs; after the log-in check, so that nobody is counted twice."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        limit = limit_for(request)
        if limit is None or not is_over(limit, request):
            return None
        return limited_page(request, limit)


def limit_for(request: HttpRequest) -> Limit | None:
    """The limit that this request counts towards."""
    name = request.resolver_match.url_name if request.resolver_match else None
    if name in ALWAYS:
        return ALWAYS[name]
    if request.method != "POST" or name not in WHEN_SENT:
        return None
    return ORDER if request.POST.get("action") == SENDING else WHEN_SENT[name]


def is_over(limit: Limit, request: HttpRequest) -> bool:
    """Count this request; say whether it is one too many."""
    window = int(time.time() // limit.seconds)
    who = salted_hmac("provisioning.pages.middleware.limits", _who(request)).hexdigest()
    key = f"{limit.code}:{window}:{who}"
    try:
        cache.add(key, 0, timeout=limit.seconds)
        count = cache.incr(key)
    except (RedisError, ValueError, OSError) as exc:
        log.warning("limits are not counted: %s", type(exc).__name__)
        return False
    if count == limit.most + 1:
        _record(limit, request)
    return bool(count > limit.most)


def limited_page(request: HttpRequest, limit: Limit) -> HttpResponse:
    """Say that it was too often, when to go on, and keep what was sent."""
    wait_seconds = int(limit.seconds - time.time() % limit.seconds) + 1
    context = {
        "fields": filled_in(request),
        "is_form": request.method == "POST",
        "minutes": -(-wait_seconds // 60),
    }
    response = render(request, "provisioning/limited.html", context, status=429)
    response["Retry-After"] = str(wait_seconds)
    response["Cache-Control"] = "no-store"
    return response


def client_address(request: HttpRequest) -> str:
    """The caller's address, as the outermost of our own proxies saw it; what comes before that is hearsay."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        passed = [part.strip() for part in request.headers.get("X-Forwarded-For", "").split(",")]
        if len(passed) >= settings.TRUSTED_PROXIES and passed[-settings.TRUSTED_PROXIES]:
            address = passed[-settings.TRUSTED_PROXIES]
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if parsed.version == 6:  # one household or office has a whole /64
        return str(ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def _who(request: HttpRequest) -> str:
    if isinstance(request.user, User):
        return f"user {request.user.pk}"
    return f"address {client_address(request)}"


def _record(limit: Limit, request: HttpRequest) -> None:
    """Once per person and stretch of time: the facts must not become a flood themselves."""
    log.warning("limited: %s", limit.code)
    with transaction.atomic():
        user = request.user if isinstance(request.user, User) else None
        events.record(Action.REFUSED, actor=user, code=limit.code)
