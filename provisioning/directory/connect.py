"""From the settings to a directory."""

from __future__ import annotations

import functools

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from provisioning.directory.gateway import Directory
from provisioning.directory.layout import ConnectionSettings, Layout


def open_directory() -> Directory:
    """The configured directory. Cheap: the same object for the same settings, connected on first use."""
    return _directory(connection_settings(), layout())


def connection_settings() -> ConnectionSettings:
    """How to reach it, from DIRECTORY_*."""
    return ConnectionSettings(
        url=settings.DIRECTORY_URL,
        bind_dn=settings.DIRECTORY_BIND_DN or "",
        bind_password=settings.DIRECTORY_BIND_PASSWORD or "",
        ca_file=settings.DIRECTORY_CA_FILE,
        uses_starttls=settings.DIRECTORY_STARTTLS,
        connect_timeout_seconds=settings.DIRECTORY_CONNECT_TIMEOUT_SECONDS,
        receive_timeout_seconds=settings.DIRECTORY_RECEIVE_TIMEOUT_SECONDS,
        page_size=settings.DIRECTORY_PAGE_SIZE,
    )


def layout() -> Layout:
    """What it looks like inside, from the bases and DIRECTORY_LAYOUT. Raises ImproperlyConfigured."""
    try:
        return Layout.from_mapping(
            settings.DIRECTORY_LAYOUT,
            person_base=settings.DIRECTORY_PERSON_BASE or "",
            unit_base=settings.DIRECTORY_UNIT_BASE or "",
        )
    except ValueError as exc:
        raise ImproperlyConfigured(f"DIRECTORY_LAYOUT: {exc}") from exc


@functools.lru_cache(maxsize=8)
def _directory(connection: ConnectionSettings, layout: Layout) -> Directory:
    return Directory(connection, layout)
