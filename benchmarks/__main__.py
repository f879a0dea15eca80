"""Every benchmark of this folder, one after the other; each prints its table.

    python -m benchmarks [--large] [NAME …]

With --large the polling has 10 000 open tasks and the sweep 200 000 persons. A benchmark is a module with
`run() -> Table`; one that says ONLY_WHEN_NAMED is not among all. No test depends on a time; the exit status
is 0 whatever the tables say, because a busy machine is no fault.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
import sys

import benchmarks
from benchmarks.tables import Table

LARGE = {"POLLING_TASKS": "10000", "SWEEP_PERSONS": "200000"}


def main(names: list[str]) -> int:
    """Run those named, or all that there are. Returns 64 when one named is not a benchmark."""
    if "--large" in names:
        os.environ |= LARGE
        names = [name for name in names if name != "--large"]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    known = [name for name in _modules() if hasattr(importlib.import_module(name), "run")]
    unknown = [name for name in names if f"benchmarks.{name}" not in known]
    if unknown:
        print(f"No such benchmark: {', '.join(unknown)}. There are: {', '.join(map(_short, known))}.")
        return 64
    missed = 0
    for name in known:
        module = importlib.import_module(name)
        if _short(name) in names or not (names or getattr(module, "ONLY_WHEN_NAMED", False)):
            print(f"… {_short(name)}", file=sys.stderr, flush=True)
            table: Table = module.run()
            print(table, flush=True)
            missed += table.missed
    print("Every bar met." if not missed else f"Bars missed: {missed}.")
    return 0


def _modules() -> list[str]:
    found = pkgutil.iter_modules(benchmarks.__path__, "benchmarks.")
    return sorted(each.name for each in found if not each.name.endswith(".__main__"))


def _short(name: str) -> str:
    return name.rpartition(".")[2]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
