"""System checks that keep demo and production apart, whatever somebody changes in the settings."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.urls import URLPattern, URLResolver, get_resolver

from config import modes

log = logging.getLogger(__name__)


@register(Tags.security)
def check_modes_apart(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """No demo page, demo log-in or mail file outside a demo; no demo beside another machine's directory."""
    if settings.IS_DEMO:
        if settings.IS_PRODUCTION:
            return [Error("Demo features are on although APP_MODE is production.", id="config.E001")]
        directories = (settings.DIRECTORY_URL, settings.HSA_DIRECTORY_URL)
        if not all(modes.is_local_directory(urls) for urls in directories):
            return [_directory_elsewhere()]
        return []
    problems: list[CheckMessage] = []
    if not settings.IS_PRODUCTION:
        problems.append(_directory_elsewhere())
    for backend in settings.AUTHENTICATION_BACKENDS:
        if "demo" in backend.lower():
            problems.append(Error(f"The demo log-in {backend} is on outside a demo.", id="config.E003"))
    if settings.IS_PRODUCTION and "filebased" in settings.EMAIL_BACKEND:
        problems.append(Error("Mail goes to files although APP_MODE is production.", id="config.E004"))
    for name in demo_addresses(get_resolver()):
        problems.append(Error(f"The demo address {name!r} exists outside a demo.", id="config.E005"))
    return problems


def refuse_mixed_modes() -> None:
    """Raise where `check_modes_apart` finds anything: for entrances that run no system checks."""
    for problem in check_modes_apart(None):
        raise ImproperlyConfigured(" ".join(filter(None, (problem.msg, problem.hint))))


def refuse_half_installed(*, serves_pages: bool = False) -> None:
    """Raise where a step of the installation was left out: each page would fail by it.

    A database that does not answer is no such step: the process starts, and `/readyz` says what is missing.
    """
    is_collected = (Path(settings.STATIC_ROOT) / "staticfiles.json").is_file()
    if serves_pages and settings.IS_PRODUCTION and not is_collected:
        raise ImproperlyConfigured(
            f"No static files are collected in {settings.STATIC_ROOT}: run `python manage.py collectstatic`."
        )
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError as exc:
        log.warning("the database does not answer at the start: %s", type(exc).__name__)
        return
    finally:
        connection.close()
    if plan:
        names = ", ".join(f"{migration.app_label}.{migration.name}" for migration, _backwards in plan[:3])
        raise ImproperlyConfigured(
            f"The database lacks {len(plan)} migrations ({names} …): run `python manage.py migrate`."
        )


def demo_addresses(resolver: URLResolver, prefix: str = "") -> Iterator[str]:
    """The addresses that are the demo's by namespace, name or module."""
    for pattern in resolver.url_patterns:
        address = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            if "demo" in (pattern.namespace or "").split("_"):
                yield address
            else:
                yield from demo_addresses(pattern, address)
        elif isinstance(pattern, URLPattern) and _is_demo(pattern):
            yield address


def _is_demo(pattern: URLPattern) -> bool:
    name = pattern.name or ""
    module = getattr(pattern.callback, "__module__", "")
    return name.startswith("demo") or any(part.startswith("demo") for part in module.split("."))


def _directory_elsewhere() -> Error:
    name = "HSA_DIRECTORY_URL" if modes.is_local_directory(settings.DIRECTORY_URL) else "DIRECTORY_URL"
    return Error(
        f"{name} points at another machine, but APP_MODE is demo.",
        hint="The commands assess and check_directory may read it. To serve pages, set APP_MODE=production.",
        id="config.E002",
    )
