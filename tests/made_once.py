"""What all tests of a file begin with, made once: rows in a transaction around theirs, and the entries.

Each test undoes its own acts, as ever. When the file is through, what was made for it is undone, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import pytest

if TYPE_CHECKING:
    from pytest_django import DjangoDbBlocker

    from provisioning.demo.directory.changes import Kiv
    from provisioning.demo.directory.store import Store

Made = TypeVar("Made")
PLAIN_STATIC_FILES = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
# Generous: a machine that is busy with other tests is no silent directory.
PATIENT = {"DIRECTORY_CONNECT_TIMEOUT_SECONDS": 20, "DIRECTORY_RECEIVE_TIMEOUT_SECONDS": 20}


@dataclass(frozen=True, slots=True)
class MadeOnce(Generic[Made]):
    """What was made, and the directory's entries as they are afterwards."""

    store: Store
    _made: Made

    def copy(self) -> Made:
        """What was made, for one test: rows that it changes in memory are its own."""
        return deepcopy(self._made)


@contextmanager
def hold(
    make: Callable[[Kiv], Made], *, begin_with: Store, blocker: DjangoDbBlocker, **settings: Any
) -> Iterator[MadeOnce[Made]]:
    """Make it and hold it meanwhile: for a fixture of a module. The settings are those it is made under."""
    from django.db import transaction

    with blocker.unblock():
        rows = transaction.atomic()
        rows._from_testcase = True  # type: ignore[attr-defined]  # acts may begin a durable transaction inside
        rows.__enter__()
    try:
        with blocker.unblock():
            what = _make(make, begin_with, settings)
        yield what
    finally:
        with blocker.unblock():
            transaction.set_rollback(True)
            rows.__exit__(None, None, None)


def _make(make: Callable[[Kiv], Made], begin_with: Store, wanted: dict[str, Any]) -> MadeOnce[Made]:
    from django.conf import settings
    from django.core.cache import caches
    from django.test import override_settings

    from provisioning.demo.directory.changes import Kiv
    from provisioning.demo.directory.server import MockDirectory

    account = settings.DIRECTORY_BIND_DN, settings.DIRECTORY_BIND_PASSWORD
    store = begin_with.copy()
    plain = {**settings.STORAGES, "staticfiles": PLAIN_STATIC_FILES}
    with (
        MockDirectory(store=store, bind_dn=account[0], bind_password=account[1]) as mock,
        override_settings(DIRECTORY_URL=mock.url, STORAGES=plain, **PATIENT, **wanted),
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr("provisioning.worker._send", lambda *given: None)
        for name in caches:
            caches[name].clear()
        kiv = Kiv()
        made = make(kiv)
        kiv.close()
    return MadeOnce(store, made)
