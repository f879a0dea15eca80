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


@pytest.mark.parametrize("name", ["requirements", "requirements-traces", "requirements-dev"])
def test_everything_that_is_asked_for_is_locked(name):
    assert asked_for(f"{name}.in") - set(locked(f"{name}.lock")) == set()


@pytest.mark.parametrize("name", ["requirements", "requirements-traces", "requirements-dev"])
def test_every_locked_package_has_one_version_and_its_hashes(name):
    packages = locked(f"{name}.lock")
    assert len(packages) > 20
    for package, block in packages.items():
        assert re.match(r"[A-Za-z0-9_.-]+==[^ ]+", block), package
        assert "--hash=sha256:" in block, package


def test_tests_run_with_the_versions_that_production_runs_with():
    development = locked("requirements-dev.lock")
    for package, block in (locked("requirements.lock") | locked("requirements-traces.lock")).items():
        assert development[package].splitlines()[0] == block.splitlines()[0], package


@pytest.mark.parametrize(
    "name",
    [
        "requirements.lock",
        "requirements-traces.lock",
        "requirements-dev.lock",
        "requirements.in",
        "Dockerfile",
    ],
)
def test_no_file_names_where_packages_come_from(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"index-url|find-links|trusted-host|https?://", text)


def told() -> dict[str, dict[str, str]]:
    """The rows of the table of run-time dependencies, by package."""
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    lines = page[page.index("| Package | Why |") :].split("\n\n")[0].splitlines()
    heads, *rows = ([cell.strip() for cell in line.strip("|").split("|")] for line in lines)
    return {row[0]: dict(zip(heads, row, strict=True)) for row in rows[1:]}


def test_the_table_of_dependencies_is_what_is_asked_for():
    wanted = asked_for("requirements.in") | asked_for("requirements-traces.in")
    assert sorted(map(folded, told())) == sorted(wanted)


def test_every_dependency_is_described_with_its_locked_version():
    packages = locked("requirements-traces.lock")
    for name, row in told().items():
        assert all(row.values()), name
        assert packages[folded(name)].startswith(f"{name}=={row['Pinned']} "), name
        assert re.fullmatch(r"20\d\d-[01]\d-[0-3]\d", row["Released"]), name


@pytest.mark.parametrize("bound", ["pyasn1<0.7", "celery[redis]==5.*"])
def test_what_others_rest_on_is_bounded(bound):
    assert bound in (ROOT / "requirements.in").read_text(encoding="utf-8").splitlines()


def test_every_image_is_explained():
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    files = ("docker-compose.yml", "Dockerfile", "docker/slapd/Dockerfile")
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in files)
    images = set(re.findall(r"(?:image: |FROM )([^\s@]+)@", text))
    assert len(images) == 6
    assert images == set(re.findall(r"^\| `([^`]+:[^`]+)` \|", page, re.MULTILINE))
