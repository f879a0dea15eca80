"""Reads the settings file afresh under given variables, without touching the settings this run has."""

from __future__ import annotations

import os
import runpy
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

from tests.servers import ROOT

SETTINGS_FILE = ROOT / "config" / "settings.py"

PRODUCTION = {
    "APP_MODE": "production",
    "SECRET_KEY": "gT5_w8Qz-LmR2vXkP9sYb4NcJ7dHf3A0eUiOq6tWyVxZaBnC",
    "AUDIT_KEY": "Zk1_r9Bv-TqY6mWcL3xNpD8sHf0JgUeA4iOo7Ra2tKyVzXbEnM5wQ",
    "AUDIT_CHECKPOINT_TARGETS": "syslog:log.invalid:514,mail:audit@access.invalid",
    "ALLOWED_HOSTS": "access.invalid",
    "SITE_URL": "https://access.invalid",
    "SOURCE_URL": "https://source.invalid/",
    "OPERATORS_MAIL": "operators@access.invalid",
    "DATABASE_URL": "postgresql://user:p%40ss@database.invalid:5433/orders?sslmode=verify-full",
    "REDIS_URL": "redis://redis.invalid:6379/0",
    "DIRECTORY_URL": "ldaps://directory.invalid",
    "DIRECTORY_BIND_DN": "cn=reader,o=invalid",
    "DIRECTORY_BIND_PASSWORD": "not-a-real-one",
    "DIRECTORY_PERSON_BASE": "ou=people,o=invalid",
    "DIRECTORY_UNIT_BASE": "ou=units,o=invalid",
    "OIDC_ISSUER": "https://login.invalid",
    "OIDC_CLIENT_ID": "access",
    "OIDC_CLIENT_SECRET": "not-a-real-one",
    "EMAIL_HOST": "mail.invalid",
    "EMAIL_SECURITY": "starttls",
    "EMAIL_FROM": "no-reply@access.invalid",
}
PRODUCTION["SECRET_KEY"] += "1234567"


def read_settings(variables: Mapping[str, str], var_dir: Path) -> SimpleNamespace:
    """The settings as they would be with these variables and no others."""
    environment = {"PATH": os.environ["PATH"], "VAR_DIR": str(var_dir), **variables}
    with mock.patch.dict(os.environ, environment, clear=True):
        return SimpleNamespace(**runpy.run_path(str(SETTINGS_FILE)))
