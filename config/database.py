"""Where the tables are: SQLite for the embedded default, PostgreSQL from a URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

# What may follow the question mark of DATABASE_URL: the connection parameters that concern an operator.
POSTGRES_OPTIONS = (
    "application_name", "connect_timeout", "options", "sslcert", "sslkey", "sslmode", "sslrootcert",
)  # fmt: skip

# How queries are planned here, before what DATABASE_URL says in `options`. All are short: compiling one takes
# longer than running it. The tables stand where a read anywhere costs as much as the next one (not on disks).
POSTGRES_PLANNING = "-c jit=off -c random_page_cost=1.1"


def sqlite(path: Path) -> dict[str, Any]:
    """SQLite that several processes can share.

    WAL lets readers read while one writes; IMMEDIATE takes the write lock at the start of a transaction, so
    that a transaction never fails half-way because another one was faster; the timeout lets it wait.
    """
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }


def postgres(url: str) -> dict[str, Any]:
    """PostgreSQL from `postgresql://user:password@host:port/name?sslmode=verify-full`.

    User and password are percent-encoded in a URL. Errors never show the URL, because it holds a password.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql"):
        raise ImproperlyConfigured("DATABASE_URL must begin with postgresql://.")
    try:
        port = parts.port or 5432
    except ValueError as exc:
        raise ImproperlyConfigured("DATABASE_URL: the port is not a number.") from exc
    name = unquote(parts.path.lstrip("/"))
    if not name or "/" in name:
        raise ImproperlyConfigured("DATABASE_URL must name one database after the host: postgresql://…/name.")
    options: dict[str, Any] = {"connect_timeout": 5, **dict(parse_qsl(parts.query))}
    unknown = sorted(set(options) - set(POSTGRES_OPTIONS))
    if unknown:
        raise ImproperlyConfigured(f"DATABASE_URL: unknown parameter {', '.join(unknown)}.")
    options["options"] = " ".join(filter(None, (POSTGRES_PLANNING, options.get("options"))))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": name,
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port),
        "OPTIONS": options,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }
