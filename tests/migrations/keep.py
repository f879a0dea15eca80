"""Keeps a database of today: `pytest tests/migrations/keep.py` writes it into `kept/`. Not part of a run."""

from __future__ import annotations

import pytest

from tests import clock
from tests.migrations import every_kind, keeping

pytestmark = pytest.mark.django_db(transaction=True)


def test_keep(directory, hsa, kiv, sync, settings, monkeypatch):
    settings.AUDIT_KEY = keeping.AUDIT_KEY
    pinned = clock.pinned(monkeypatch, every_kind.DAY)
    every_kind.make(kiv, sync)
    name = "_".join(name for label, name in keeping.leaves() if label == "provisioning")
    stores = {"kiv": directory.store, "hsa": hsa.store}
    keeping.FOLDER.mkdir(exist_ok=True)
    keeping.write(keeping.FOLDER / f"{name}.json.gz", now=pinned.now, directories=stores)
