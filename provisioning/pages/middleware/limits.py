"""How often somebody may log in, search and send orders: more than people do, less than programs.

One counter per kind, person (or address, before a log-in) and stretch of time, in Django's cache. Of log-ins
only those that fail are counted, and the answer to an attempt that was begun here is always heard: a whole
hospital can stand behind one address. A limited person gets a page that says so and holds everything that was
sent, to be sent again. A cache that does not answer limits nobody: that would shut everybody out.
Source: OWASP ASVS 4.0.3, 2.2.1 and 11.1.4.
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
from django.utils import timezone
from django.utils.crypto import salted_hmac
from redis.exceptions import RedisError

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.incidents import record
from provisioning.login import attempts
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
SEARCH = Limit("limit.search", "LIMIT_SEARCHES_PER_MINUTE", 60)
ORDER = Limit("limit.order", "LIMIT_ORDERS_PER_HOUR", 3600)
CALL = Limit("limit.call", "LIMIT_CALLS_PER_MINUTE", 60)  # of one other system

# Far fewer than this are searched for in a day's work: more is told to those who run the tool.
UNUSUAL = Limit("search.unusual", "UNUSUAL_SEARCHES_PER_DAY", 86_400)

# Which pages are limited: by the name of the address. A test holds that each of them exists.
WHEN_FAILED = {"oidc_callback": LOGIN, "oidc_choose": LOGIN, "demo_login": LOGIN}
WHEN_SENT = {
    "order": SEARCH,
    "order_many": SEARCH,
    "delegate": SEARCH,
    "search": SEARCH,
    "person_entrance": SEARCH,
    "demo_kiv": SEARCH,
}
SEARCH_FIELDS = ("person_search", "unit_search")
SENDING = "send"  # the order page's button that places the order
# The order page renews itself: it asks about somebody who has been found, and finds nobody.
RENEWING = ("glance", "ready")


class LimitsMiddleware:
    """Asks before a view runs; after the log-in check, so that nobody is counted twice."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        limit = _login_limit(request)
        if limit is not None and _has_failed(request, response):
            is_over(limit, request)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        login = _login_limit(request)
        if login is not None and not _answers_an_attempt(request) and is_used_up(login, request):
            return limited_page(request, login)
        over = [limit for limit in limits_for(request) if is_over(limit, request)]
        if SEARCH in limits_for(request) and request.POST.get("action") not in RENEWING:
            _note_unusual(request)
        return limited_page(request, over[0]) if over else None


def limits_for(request: HttpRequest) -> tuple[Limit, ...]:
    """The limits that this request counts towards. Sending with something in a search field searches, too."""
    name = request.resolver_match.url_name if request.resolver_match else None
    if request.method != "POST" or name not in WHEN_SENT:
        return ()
    if request.POST.get("action") != SENDING:
        return (WHEN_SENT[name],)
    is_search = any(request.POST.get(field, "").strip() for field in SEARCH_FIELDS)
    return (ORDER, SEARCH) if is_search else (ORDER,)


def _login_limit(request: HttpRequest) -> Limit | None:
    name = request.resolver_match.url_name if request.resolver_match else None
    is_sent = name == "oidc_callback" or request.method == "POST"
    return WHEN_FAILED.get(name or "") if is_sent else None


def _answers_an_attempt(request: HttpRequest) -> bool:
    """Whether it brings the answer to a log-in that this very browser began: that can happen once."""
    return attempts.is_known(request.session, request.GET.get("state", ""))


def _has_failed(request: HttpRequest, response: HttpResponse) -> bool:
    return response.status_code in (400, 403) or bool(attempts.refusal(request.session))


def _note_unusual(request: HttpRequest) -> None:
    """More searches in a day than work takes: a fact once a day and person, and something for the operators.

    Nobody is stopped by it.
    """
    count = _count(UNUSUAL, request)
    if count <= UNUSUAL.most or not isinstance(request.user, User):
        return
    with transaction.atomic():
        if count == UNUSUAL.most + 1:
            log.warning("unusually many searches")
            events.record(Action.SEARCHED_MUCH, actor=request.user, count=count)
        record.searched_much(request.user, count=count, day=timezone.localdate().isoformat())


def is_used_up(limit: Limit, request: HttpRequest) -> bool:
    """Say whether it has been reached, counting nothing."""
    try:
        return int(cache.get(_key(limit, request), 0)) >= limit.most
    except (RedisError, ValueError, OSError) as exc:
        log.warning("limits are not counted: %s", type(exc).__name__)
        return False


def is_over(limit: Limit, request: HttpRequest) -> bool:
    """Count this request; say whether it is one too many."""
    count = _count(limit, request)
    if count == limit.most + 1:
        _record(limit, request)
    return bool(count > limit.most)


def _count(limit: Limit, request: HttpRequest) -> int:
    """How many it is with this one; 0 where the counter does not answer."""
    key = _key(limit, request)
    try:
        cache.add(key, 0, timeout=limit.seconds)
        return int(cache.incr(key))
    except (RedisError, ValueError, OSError) as exc:
        log.warning("limits are not counted: %s", type(exc).__name__)
        return 0


def _key(limit: Limit, request: HttpRequest) -> str:
    window = int(time.time() // limit.seconds)
    who = salted_hmac("provisioning.pages.middleware.limits", _who(request)).hexdigest()
    return f"{limit.code}:{window}:{who}"


def seconds_left(limit: Limit) -> int:
    """How long until it is counted anew."""
    return int(limit.seconds - time.time() % limit.seconds) + 1


def limited_page(request: HttpRequest, limit: Limit) -> HttpResponse:
    """Say that it was too often, when to go on, and keep what was sent."""
    wait_seconds = seconds_left(limit)
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
    caller: str = getattr(request, "caller", "")  # another system, or whom it speaks for
    if caller:
        return caller
    if isinstance(request.user, User):
        return f"user {request.user.pk}"
    return f"address {client_address(request)}"


def _record(limit: Limit, request: HttpRequest) -> None:
    """Once per person and stretch of time: the facts must not become a flood themselves."""
    log.warning("limited: %s", limit.code)
    with transaction.atomic():
        user = request.user if isinstance(request.user, User) else None
        events.record(Action.REFUSED, actor=user, code=limit.code)
