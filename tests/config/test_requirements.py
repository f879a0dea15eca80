"""The lock files hold what requirements*.in ask for, pinned and with hashes."""

from __future__ import annotations

import re

import pytest

from tests.servers import ROOT


def asked_for(name: str) -> set[str]:
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    wanted = (line.split("#")[0].strip() for line in lines)
    return {folded(re.split(r"[\[=<>~! ;]", line)[0]) for line in wanted if line and not line.startswith("-")}


def locked(name: str) -> dict[str, str]:
    """Each pinned package with the text that follows it, hashes and all."""
    text = (ROOT / name).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    return {folded(block.split("==")[0]): block for block in blocks if "==" in block}


def folded(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_everything_that_is_asked_for_is_locked(name):
    assert asked_for(f"{name}.in") - set(locked(f"{name}.lock")) == set()


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_every_locked_package_has_one_version_and_its_hashes(name):
    packages = locked(f"{name}.lock")
    assert len(packages) > 20
    for package, block in packages.items():
        assert re.match(r"[A-Za-z0-9_.-]+==[^ ]+", block), package
        assert "--hash=sha256:" in block, package


def test_tests_run_with_the_versions_that_production_runs_with():
    development = locked("requirements-dev.lock")
    for package, block in locked("requirements.lock").items():
        assert development[package].splitlines()[0] == block.splitlines()[0], package


@pytest.mark.parametrize(
    "name", ["requirements.lock", "requirements-dev.lock", "requirements.in", "Dockerfile"]
)
def test_no_file_names_where_packages_come_from(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"index-url|find-links|trusted-host|https?://", text)


def test_every_package_the_tool_needs_is_explained_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8").lower()
    assert [name for name in sorted(asked_for("requirements.in")) if name not in readme] == []


def test_the_readmes_table_of_dependencies_is_what_is_asked_for_each_with_its_licence():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    table = readme[readme.index("| Package | Why | Licence |") :].split("\n\n")[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]
    told = [row for row in rows if "vendored" not in row[0]]
    names = [folded(name.strip()) for row in told for name in row[0].split(",")]
    assert sorted(names) == sorted(asked_for("requirements.in"))
    for packages, _, licences in told:
        assert len(licences.split(",")) in (1, len(packages.split(","))), packages
