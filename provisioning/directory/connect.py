"""From the settings to a directory: the region's own, and the national HSA where it is read, too."""

from __future__ import annotations

import enum
import functools
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from provisioning.directory.gateway import Directory
from provisioning.directory.layout import ConnectionSettings, Layout
from provisioning.directory.round import Round


class Which(enum.Enum):
    """Which directory is asked; the value is the beginning of its settings' names."""

    OWN = "DIRECTORY"  # where the KIV administrators work
    NATIONAL = "HSA_DIRECTORY"  # what the services read at login


def open_directory(which: Which = Which.OWN) -> Directory:
    """The configured directory. Cheap: the same object for the same settings, connected on first use."""
    return _directory(connection_settings(which), layout(which))


def open_round() -> Round:
    """The region's directory for one round over many cases: asked about each thing once."""
    return Round(open_directory())


def has_national_directory() -> bool:
    """Say whether the national HSA can be read, too."""
    return bool(settings.HSA_DIRECTORY_URL)


def address(which: Which = Which.OWN) -> str:
    """The directory's address, for evidence: where there are several, the one that answered last."""
    url = str(_setting(which, "URL"))
    return open_directory(which).url if "," in url else url


def connection_settings(which: Which = Which.OWN) -> ConnectionSettings:
    """How to reach it, from DIRECTORY_* or HSA_DIRECTORY_*."""
    return ConnectionSettings(
        url=_setting(which, "URL"),
        bind_dn=_setting(which, "BIND_DN") or "",
        bind_password=_setting(which, "BIND_PASSWORD") or "",
        ca_file=_setting(which, "CA_FILE"),
        cert_file=_setting(which, "CERT_FILE"),
        key_file=_setting(which, "KEY_FILE"),
        uses_starttls=_setting(which, "STARTTLS"),
        connect_timeout_seconds=settings.DIRECTORY_CONNECT_TIMEOUT_SECONDS,
        receive_timeout_seconds=settings.DIRECTORY_RECEIVE_TIMEOUT_SECONDS,
        idle_seconds=settings.DIRECTORY_IDLE_SECONDS,
        page_size=settings.DIRECTORY_PAGE_SIZE,
        max_connections=settings.DIRECTORY_CONNECTIONS,
        background_per_second=settings.DIRECTORY_BACKGROUND_SEARCHES_PER_SECOND,
        pace_url=settings.REDIS_URL,
    )


def layout(which: Which = Which.OWN) -> Layout:
    """What it looks like inside, from the bases and …_LAYOUT. Raises ImproperlyConfigured."""
    try:
        return Layout.from_mapping(
            _setting(which, "LAYOUT"),
            person_base=_setting(which, "PERSON_BASE") or "",
            unit_base=_setting(which, "UNIT_BASE") or "",
        )
    except ValueError as exc:
        raise ImproperlyConfigured(f"{which.value}_LAYOUT: {exc}") from exc


def _setting(which: Which, name: str) -> Any:
    return getattr(settings, f"{which.value}_{name}")


@functools.lru_cache(maxsize=8)
def _directory(connection: ConnectionSettings, layout: Layout) -> Directory:
    return Directory(connection, layout)
