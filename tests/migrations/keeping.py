"""A database written down with the directories that belong to it, and put back into the tables of that time.

What is written is what the models of the migrations say, so a later version reads it before it migrates.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.apps.registry import Apps
from django.core.management.color import no_style
from django.db import connection, models, transaction
from django.db.migrations.executor import MigrationExecutor
from viewflow.workflow.fields import FlowReferenceField, TaskReferenceField

from provisioning.access import readers
from provisioning.demo.directory import ldif
from provisioning.demo.directory.store import Store
from tests import emptying

FOLDER = Path(__file__).parent / "kept"
AUDIT_KEY = "the key of the kept databases, and of nothing else"
APPS = ("provisioning", "viewflow", "workflows")  # ours, and the engine's
REFERENCES = (FlowReferenceField, TaskReferenceField)
Targets = list[tuple[str, str]]


@dataclass(frozen=True)
class Kept:
    """One file: which migrations it has seen, when it was made, its rows, and what the directories held."""

    targets: Targets
    now: str
    rows: list[tuple[str, list[dict[str, Any]]]]
    directories: dict[str, str]

    def store(self, name: str) -> Store:
        return Store(ldif.parse(self.directories[name], name=name))

    def differences(self, one: str, other: str) -> list[tuple[str, str, list[str]]]:
        """DN, attribute and values of what the other directory holds otherwise than the one."""
        first, second = (_attributes(ldif.parse(self.directories[name])) for name in (one, other))
        return [
            (dn, name, second.get((dn, name), []))
            for dn, name in {**first, **second}
            if first.get((dn, name)) != second.get((dn, name))
        ]


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.json.gz"))


def read(path: Path) -> Kept:
    kept = json.loads(gzip.decompress(path.read_bytes()))
    return Kept([tuple(one) for one in kept.pop("targets")], **kept)


def write(path: Path, *, now: str, directories: dict[str, Store]) -> None:
    """Everything as it stands now."""
    targets = leaves()
    kept = {
        "targets": targets,
        "now": now,
        "rows": [
            (model._meta.label, rows) for model in _tables(_models_of(targets)) if (rows := _rows(model))
        ],
        "directories": {name: ldif.write(store.records()) for name, store in directories.items()},
    }
    text = json.dumps(kept, ensure_ascii=False, indent=0, default=_as_text)
    path.write_bytes(gzip.compress(text.encode(), mtime=0))


def leaves() -> Targets:
    """The last migrations there are of the kept applications."""
    return [leaf for leaf in MigrationExecutor(connection).loader.graph.leaf_nodes() if leaf[0] in APPS]


def move_to(targets: Targets) -> None:
    """As `manage.py migrate` does: what keeps the readers is away meanwhile."""
    readers.remove(connection)
    MigrationExecutor(connection).migrate(targets)
    if _models_of(targets).all_models["provisioning"].get("reader"):
        readers.keep(connection)


def put_back(kept: Kept) -> None:
    """The tables are those of that time, and hold these rows and no others."""
    found = _models_of(kept.targets)
    emptying.delete_rows()
    with transaction.atomic():
        for label, rows in kept.rows:
            model = found.get_model(label)
            for row in rows:
                made = model()
                for field in model._meta.local_concrete_fields:
                    setattr(made, field.attname, _from_file(field, row[field.attname]))
                made.save_base(raw=True)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), _tables(found)):
            cursor.execute(statement)


def _attributes(records: Iterable[ldif.Record]) -> dict[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for dn, pairs in records:
        for name, value in pairs:
            found.setdefault((dn, name), []).append(value.decode())
    return found


def _models_of(targets: Targets) -> Apps:
    return MigrationExecutor(connection).loader.project_state(targets).apps


def _tables(found: Apps) -> list[type[models.Model]]:
    return [
        model
        for model in found.get_models(include_auto_created=True)
        if model._meta.app_label in APPS and model._meta.managed and not model._meta.proxy
    ]


def _rows(model: type[models.Model]) -> list[dict[str, Any]]:
    fields = model._meta.local_concrete_fields
    rows = model._base_manager.order_by("pk")
    return [{field.attname: _to_file(field, row) for field in fields} for row in rows]


def _to_file(field: Any, row: models.Model) -> Any:
    value = field.value_from_object(row)
    return field.value_to_string(row) if isinstance(field, REFERENCES) else value


def _from_file(field: Any, value: Any) -> Any:
    """Flows and their steps by their names: it is for migrations to know those that are gone."""
    return value if isinstance(field, REFERENCES) else field.to_python(value)


def _as_text(value: Any) -> str:
    """Days and moments to the microsecond: the event log has signed them."""
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
