"""verify_audit and export_audit as an operator meets them."""

import json
import stat

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from provisioning.audit import guards
from provisioning.models import AuditEntry, User
from tests.audit.chains import LENGTH, outside, run_tool

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chain")]


@pytest.fixture(autouse=True)
def _own_checkpoints(settings, checkpoint_file):
    settings.AUDIT_CHECKPOINT_TARGETS = (("file", str(checkpoint_file)),)


def verify(*options):
    try:
        call_command("verify_audit", *options)
    except SystemExit as exc:
        return exc.code
    return 0


def test_a_sound_chain_gives_0_and_says_that_checkpoints_are_missing(settings, capsys):
    settings.AUDIT_CHECKPOINT_TARGETS = ()
    assert verify() == 0
    output = capsys.readouterr().out
    assert "SOUND" in output
    assert "No checkpoints" in output


def test_a_harmed_chain_gives_1_and_names_the_row(anybodys_hand, capsys):
    AuditEntry.objects.filter(sequence=5).update(reason="another")
    assert verify("--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert not report["sound"]
    assert ("changed", 5, 5) in {(one["kind"], one["first"], one["last"]) for one in report["findings"]}
    assert verify() == 1
    assert "changed: row 5: " in capsys.readouterr().out


def test_triggers_that_are_gone_are_a_finding(capsys):
    guards.remove(connection)
    assert verify() == 1
    assert "unguarded" in capsys.readouterr().out


def test_what_cannot_be_checked_gives_2(settings, tmp_path):
    settings.AUDIT_RETIRED_KEY_FILES = (str(tmp_path / "nowhere"),)
    with pytest.raises(CommandError) as caught:
        verify()
    assert caught.value.returncode == 2


@pytest.mark.parametrize(
    ("column", "value"), [("data", "{broken"), ("at", "yesterday"), ("request_id", "nonsense")]
)
def test_a_row_that_cannot_even_be_read_is_named(anybodys_hand, capsys, column, value):
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL keeps nonsense out of a column by itself")
    with connection.cursor() as cursor:
        statement = {
            "data": "UPDATE provisioning_auditentry SET data = %s WHERE sequence = 5",
            "at": "UPDATE provisioning_auditentry SET at = %s WHERE sequence = 5",
            "request_id": "UPDATE provisioning_auditentry SET request_id = %s WHERE sequence = 5",
        }[column]
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        try:
            cursor.execute(statement, [value])
        finally:  # the connection is the other tests' as well
            cursor.execute("PRAGMA ignore_check_constraints = OFF")
    assert verify() == 1
    assert "changed: row 5: " in capsys.readouterr().out


def test_an_export_is_recorded_complete_private_and_sound(tmp_path, key_file):
    User.objects.create(hsa_key="se0000000000-1012", hsa_id="SE0000000000-1012")
    file = tmp_path / "export.jsonl"
    call_command("export_audit", str(file), "--by", "SE0000000000-1012")
    assert outside(file, key_file) == set()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert [line.get("kind") for line in (lines[0], lines[-1])] == ["audit-export", "audit-checkpoint"]
    assert lines[-2]["action"] == "audit.exported"
    assert lines[-2]["actor"] == "se0000000000-1012"
    assert lines[-2]["sequence"] == LENGTH + 1


def test_an_export_overwrites_nothing_and_knows_who_asks(tmp_path):
    file = tmp_path / "export.jsonl"
    file.write_text("mine")
    with pytest.raises(CommandError, match="cannot be made"):
        call_command("export_audit", str(file))
    with pytest.raises(CommandError, match="HSA-id"):
        call_command("export_audit", str(tmp_path / "another"), "--by", "SE0000000000-NOBODY")
    assert file.read_text() == "mine"
    assert AuditEntry.objects.count() == LENGTH


def test_the_tool_outside_needs_the_right_key_and_a_whole_file(tmp_path, key_file):
    file = tmp_path / "export.jsonl"
    call_command("export_audit", str(file))
    wrong = tmp_path / "wrong"
    wrong.write_text("another key")
    assert {kind for kind, _first, _last in outside(file, wrong)} >= {"other_key"}
    whole = file.read_text().splitlines(keepends=True)
    file.write_text("".join(whole[:-4]))
    assert outside(file, key_file) == {("tail_cut", LENGTH - 1, LENGTH + 1)}
    file.write_text(whole[0] + "nonsense\n")
    assert run_tool(file, key_file).returncode == 2
    assert run_tool(tmp_path / "nowhere", key_file).returncode == 2


def test_the_tool_outside_is_short_and_uses_the_standard_library_alone():
    from tests.servers import ROOT

    text = (ROOT / "tools" / "verify_audit.py").read_text()
    assert len(text.splitlines()) <= 150
    imported = {line.split()[1] for line in text.splitlines() if line.startswith(("import ", "from "))}
    assert imported == {"argparse", "hashlib", "hmac", "json", "sys", "pathlib"}
