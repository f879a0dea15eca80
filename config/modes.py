"""The two modes: a demo that stays on this machine, and production. They never mix.

The demo lets anybody be anybody (it has a choose-a-person log-in), plays the KIV administrator's own tool and
shows every mail. So it holds only while everything it touches is on this machine: one variable that points
elsewhere, and it does not start.
"""

from __future__ import annotations

import ipaddress
import os
import re
import secrets
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

DEMO = "demo"
PRODUCTION = "production"

REASON = "the demo has a log-in without proof."

SHORTEST_SECRET = 50  # Django's own check asks for 50 characters of at least 5 kinds
FEWEST_KINDS = 5
PLACEHOLDER_WORDS = ("change", "placeholder", "example", "insecure", "secret-key", "password", "xxxx")


def is_loopback(host: str) -> bool:
    """Say whether a host name or address means this machine. Decided from the text, no look-up."""
    name = host.strip().strip("[]").rstrip(".").lower()
    if name in ("", "localhost") or name.endswith(".localhost"):
        return bool(name)
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def is_local_url(url: str) -> bool:
    """Say whether a URL points at this machine (a socket file does, too)."""
    parts = urlsplit(url)
    if parts.scheme in ("ldapi", "unix"):
        return True
    return is_loopback(parts.hostname or "")


def is_local_directory(urls: str) -> bool:
    """The same of a directory's addresses, with commas between them: all of them."""
    return all(is_local_url(url.strip()) for url in urls.split(",") if url.strip())


def refuse_demo_elsewhere(*, hosts: Iterable[str], urls: Iterable[tuple[str, str]]) -> None:
    """Refuse to start a demo that is reachable from, or writes to, another machine."""
    for host in hosts:
        if not is_loopback(host):
            raise ImproperlyConfigured(
                f"ALLOWED_HOSTS names {host!r}, which is not this machine, but APP_MODE is demo: {REASON} "
                "Set APP_MODE=production, or take the name away."
            )
    for name, url in urls:
        if url and not is_local_url(url):
            raise ImproperlyConfigured(
                f"{name} points at another machine, but APP_MODE is demo: {REASON} "
                f"Set APP_MODE=production, or unset {name}."
            )


def refuse_demo_variables(names: Iterable[str]) -> None:
    """Refuse to start production beside variables that only a demo can mean."""
    for name in sorted(names):
        if name.startswith(("DEMO_", "MOCK_")) and os.environ.get(name, "").strip():
            raise ImproperlyConfigured(
                f"{name} is set, but APP_MODE is production: demo features do not exist beside production "
                f"settings. Unset {name}."
            )


def strong_secret(name: str, value: str) -> str:
    """The secret itself, if it looks made by chance; refuse to start otherwise."""
    if len(value) < SHORTEST_SECRET or len(set(value)) < FEWEST_KINDS:
        raise ImproperlyConfigured(
            f"{name} is too weak: at least {SHORTEST_SECRET} characters made by chance."
        )
    lowered = value.lower()
    if any(word in lowered for word in PLACEHOLDER_WORDS):
        raise ImproperlyConfigured(
            f"{name} looks like a placeholder. Make one by chance; .env.example says how."
        )
    return value


READING_COMMANDS = ("assess", "check_directory")  # they promise to write nothing, not even a key


def kept_secret(path: Path) -> str:
    """The demo's own secret: made once, kept in a file only its owner can read.

    Several processes start at the same time: the first one wins and all read what it wrote. Where nothing can
    be written, each process makes one of its own; that is enough for a command that serves no pages.
    """
    if sys.argv[1:2] in ([name] for name in READING_COMMANDS) and not path.exists():
        return secrets.token_urlsafe(64)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        if not path.exists():
            with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(secrets.token_urlsafe(64))
            try:
                os.link(draft, path)
            except FileExistsError:
                pass
            finally:
                draft.unlink()
        return path.read_text(encoding="utf-8")
    except OSError:
        return secrets.token_urlsafe(64)


def checkpoint_targets(texts: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """AUDIT_CHECKPOINT_TARGETS as pairs of kind and place; the one word `none` is an explicit nowhere.

    `file:/path`, `syslog:` (this machine's), `syslog:host:port` (UDP) or `mail:address`.
    """
    if list(texts) == ["none"]:
        return ()
    return tuple(_checkpoint_target(text) for text in texts)


def _checkpoint_target(text: str) -> tuple[str, str]:
    kind, colon, place = text.partition(":")
    is_right = {
        "file": place.startswith("/"),
        "syslog": not place or re.fullmatch(r".+:\d{1,5}", place) is not None,
        "mail": re.fullmatch(r"[^@\s]+@[^@\s]+", place) is not None,
    }
    if not colon or not is_right.get(kind, False):
        raise ImproperlyConfigured(
            f"AUDIT_CHECKPOINT_TARGETS: {text!r} is none of file:/absolute/path, syslog:, syslog:host:port, "
            "mail:address, and the word none stands alone."
        )
    return kind, place


STEP_UP = ("attest", "carry_out", "delegate", "prolong", "review", "end", "settle")


def step_up(words: Sequence[str]) -> tuple[str, ...]:
    """OIDC_STEP_UP: the decisions that need a fresh proof; the one word `none` is an explicit nothing."""
    if list(words) == ["none"]:
        return ()
    unknown = [word for word in words if word not in STEP_UP]
    if unknown:
        raise ImproperlyConfigured(
            f"OIDC_STEP_UP: {unknown[0]!r} is none of {', '.join(STEP_UP)}, and the word none stands alone."
        )
    return tuple(words)
