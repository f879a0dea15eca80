"""tools/audit_dependencies.py tells vulnerable, sound and not asked apart, whatever pip-audit calls them."""

import stat
import sys

import pytest

from tests.servers import ROOT
from tools import audit_dependencies

FLAW = {"id": "CVE-2099-1", "fix_versions": ["2.0"]}
SOUND = {"name": "sound", "version": "1.0", "vulns": []}
VULNERABLE = {"name": "leaky", "version": "1.0", "vulns": [FLAW]}
SILENT = {"name": "unheard", "skip_reason": "not found"}
KNOWN = {"name": "django", "version": "2.2.0", "vulns": [FLAW]}


@pytest.fixture
def run(tmp_path, capsys):
    def run(packages, known=KNOWN, deaf=()):
        """Run the tool over a pip-audit that answers this; sources in `deaf` do not answer at all."""
        program = tmp_path / "pip-audit"
        program.write_text(
            f"#!{sys.executable}\n"
            "import json, pathlib, sys\n"
            "given = sys.argv\n"
            f"if given[given.index('--vulnerability-service') + 1] in {tuple(deaf)!r}:\n"
            "    sys.exit('ConnectionError: no route')\n"
            f"found = {packages!r} if '--require-hashes' in given else [{known!r}]\n"
            "answer = pathlib.Path(given[given.index('--output') + 1])\n"
            "answer.write_text(json.dumps({'dependencies': found}))\n"
            "sys.exit(any(package.get('vulns') for package in found))\n",
            encoding="utf-8",
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        status = audit_dependencies.main(["requirements.lock", "--pip-audit", str(program)])
        return status, capsys.readouterr().out

    return run


def test_nothing_wrong_is_zero(run):
    assert run([SOUND]) == (0, "requirements.lock: 1 of 1 packages asked about, 0 vulnerable (pypi)\n")


def test_a_vulnerable_package_is_one_and_is_named_with_its_cure(run):
    status, said = run([SOUND, VULNERABLE, SILENT])
    assert status == 1
    assert "VULNERABLE requirements.lock: leaky 1.0: CVE-2099-1; mended in 2.0" in said


def test_a_source_that_does_not_answer_is_two(run):
    status, said = run([SOUND], deaf=("pypi", "osv"))
    assert status == 2
    assert "COULD NOT ASK" in said and "no route" in said


def test_another_source_is_asked_when_the_first_does_not_answer(run):
    assert run([SOUND], deaf=("pypi",)) == (
        0, "requirements.lock: 1 of 1 packages asked about, 0 vulnerable (osv)\n"
    )  # fmt: skip


def test_a_source_that_knows_no_advisories_is_two(run):
    status, said = run([SOUND], known={**KNOWN, "vulns": []})
    assert status == 2
    assert "knows of nothing wrong" in said


def test_a_package_that_is_not_answered_for_is_two(run):
    status, said = run([SOUND, SILENT])
    assert status == 2
    assert "nothing is said about unheard" in said


def test_no_pip_audit_is_two(capsys, tmp_path):
    assert audit_dependencies.main(["requirements.lock", "--pip-audit", str(tmp_path / "none")]) == 2
    assert "COULD NOT ASK" in capsys.readouterr().out


def test_the_lock_files_pin_the_program_that_asks():
    assert "\npip-audit==" in (ROOT / "requirements-dev.lock").read_text(encoding="utf-8")
