"""A file of checkpoints that says nothing, one that is half written, and anchoring anew after a restore."""

import json
import os
import pwd

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from provisioning.audit import checkpoints, guards, reanchor, verify
from provisioning.audit.reanchor import NotOnlyRestored
from provisioning.models import AuditEntry, AuditHead, User
from tests import clock
from tests.audit.chains import LENGTH, outside, record, run_tool

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chain")]


@pytest.fixture(autouse=True)
def _own_checkpoints(settings, checkpoint_file):
    settings.AUDIT_CHECKPOINT_TARGETS = (("file", str(checkpoint_file)),)


def ask(*options):
    try:
        call_command("verify_audit", *options)
    except SystemExit as exc:
        return exc.code
    return 0


@pytest.fixture
def export_file(tmp_path):
    return tmp_path / "export.jsonl"


def exported(file):
    file.unlink(missing_ok=True)
    call_command("export_audit", str(file))
    return file


# -- a file that says nothing --------------------------------------------------------------------------------


def test_a_configured_file_that_is_not_there_gives_2(capsys):
    assert ask() == 2
    assert "NOT CHECKED" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["", "\n\n", "nothing of the kind\n", '{"a', "\0\0\0\0"])
def test_a_file_without_a_checkpoint_gives_2(content, checkpoint_file, tmp_path, capsys):
    checkpoint_file.write_text(content)
    assert ask() == 2
    assert str(checkpoint_file) in capsys.readouterr().out
    checkpoint_file.unlink()
    checkpoints.write()
    given = tmp_path / "given"
    given.write_text(content)
    assert ask("--checkpoints", str(given)) == 2


def test_a_folder_in_the_place_of_the_file_gives_2(checkpoint_file):
    checkpoint_file.mkdir()
    assert ask() == 2


def test_a_last_checkpoint_that_is_too_old_gives_2(settings, monkeypatch, capsys):
    now = clock.pinned(monkeypatch, "2026-03-02")
    checkpoints.write()
    settings.AUDIT_CHECKPOINT_MAX_AGE_HOURS = 2
    now.set("2026-03-02", "10:59")
    assert ask() == 0
    now.set("2026-03-02", "11:01")
    capsys.readouterr()
    assert ask("--json") == 2
    assert "none is written any more" in json.loads(capsys.readouterr().out)["not_checked"][0]
    checkpoints.write()
    assert ask() == 0


def test_a_checkpoint_that_is_given_may_be_of_any_age(settings, monkeypatch, checkpoint_file):
    now = clock.pinned(monkeypatch, "2026-03-02")
    checkpoints.write()
    settings.AUDIT_CHECKPOINT_TARGETS = ()
    now.set("2027-03-02")
    assert ask("--checkpoints", str(checkpoint_file)) == 0


def test_what_is_wrong_is_said_before_what_could_not_be_checked(anybodys_hand, capsys):
    AuditEntry.objects.filter(sequence=5).update(reason="another")
    assert ask() == 1
    output = capsys.readouterr().out
    assert "changed: row 5" in output
    assert "not_checked" in output


def test_the_tool_outside_says_that_a_file_holds_no_checkpoint(export_file, key_file, checkpoint_file):
    checkpoint_file.write_text("nothing of the kind\n")
    assert run_tool(exported(export_file), key_file, checkpoint_file).returncode == 2


# -- half a line ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.8, 0.99])
def test_half_a_last_line_is_torn_and_not_forged(share, checkpoint_file, export_file, key_file, capsys):
    for _time in range(2):
        checkpoints.write()
    first, second = checkpoint_file.read_text().splitlines()
    checkpoint_file.write_text(f"{first}\n{second[: int(len(second) * share)]}")
    assert ask() == 0
    output = capsys.readouterr().out
    assert "checkpoint_torn" in output
    assert "line 2" in output
    assert "forged" not in output
    result = run_tool(exported(export_file), key_file, checkpoint_file)
    assert (result.returncode, "checkpoint_torn" in result.stdout) == (0, True)
    checkpoints.write()  # what comes after stands on a line of its own
    kept = checkpoints.look_into(checkpoint_file)
    assert ([one.sequence for one in kept.checkpoints][0], len(kept.checkpoints)) == (LENGTH, 2)
    assert kept.torn == (2,)


def test_a_whole_checkpoint_behind_half_a_one_counts(checkpoint_file):
    for _time in range(2):
        checkpoints.write()
    first, second = checkpoint_file.read_text().splitlines()
    checkpoint_file.write_text(f"{first[:100]}{second}\n")
    kept = checkpoints.look_into(checkpoint_file)
    assert (len(kept.checkpoints), kept.torn) == (1, (1,))
    assert ask() == 0


def test_a_line_that_was_changed_in_its_middle_is_forged(checkpoint_file, capsys):
    checkpoints.write()
    checkpoint_file.write_text(checkpoint_file.read_text().replace('"count":', '"count"!'))
    assert ask() == 1
    assert "checkpoint_forged" in capsys.readouterr().out


# -- after a restore -----------------------------------------------------------------------------------------


@pytest.fixture
def restored(chain, checkpoint_file):
    """Ten rows are backed up, five more written and anchored, the backup put back, and two rows written."""
    before = AuditHead.objects.get()
    for number in range(5):
        record(100 + number)
        checkpoints.write()
    connection.check_constraints()
    guards.remove(connection)
    AuditEntry.objects.filter(sequence__gt=before.sequence).delete()
    AuditHead.objects.update(sequence=before.sequence, mac=before.mac)
    guards.install(connection)
    for number in range(2):
        record(200 + number)


@pytest.fixture
def somebody(settings):
    settings.OPERATORS = ("SE0000000000-1012",)
    return User.objects.create(hsa_key="se0000000000-1012", hsa_id="SE0000000000-1012")


def anchor(by="SE0000000000-1012", reason="Säkerhetskopian från i natt, beslutat av driftchefen"):
    call_command("reanchor_audit", "--by", by, "--reason", reason)


@pytest.mark.usefixtures("restored")
def test_a_restore_is_a_finding_until_somebody_answers_for_it(
    somebody, export_file, key_file, checkpoint_file, capsys
):
    assert ask() == 1
    call_command("reanchor_audit")  # shows it, and does nothing
    assert "5 checkpoints would be given up" in capsys.readouterr().out
    assert ask() == 1
    anchor()
    capsys.readouterr()
    assert ask() == 0
    output = capsys.readouterr().out
    assert "given_up: row 13: se0000000000-1012 gave up 5 checkpoints through row 15: Säker" in output
    entry = AuditEntry.objects.get(action="audit.reanchored")
    assert (entry.actor, len(entry.data["lost"])) == (somebody, 5)
    assert entry.data["os_user"].startswith(pwd.getpwuid(os.getuid()).pw_name)
    assert outside(exported(export_file), key_file, checkpoint_file) == set()


@pytest.mark.usefixtures("restored")
def test_nobody_but_operators_and_auditors_answers_for_a_restore(somebody, settings):
    settings.OPERATORS, settings.AUDITORS = (), ()
    with pytest.raises(CommandError, match="operator or an auditor"):
        anchor()
    assert not AuditEntry.objects.filter(action="audit.reanchored").exists()
    settings.AUDITORS = ("se0000000000-1012",)
    anchor()
    assert AuditEntry.objects.filter(action="audit.reanchored").count() == 1


@pytest.mark.usefixtures("restored", "somebody")
def test_what_is_cut_off_after_it_is_found_as_ever(checkpoint_file, export_file, key_file):
    anchor()
    connection.check_constraints()
    guards.remove(connection)
    AuditEntry.objects.filter(sequence=13).delete()
    last = AuditEntry.objects.get(sequence=12)
    AuditHead.objects.update(sequence=12, mac=last.mac)
    known = checkpoints.read(checkpoint_file)
    assert {one.kind.value for one in verify.verify(known).findings} >= {"tail_cut", "rewritten"}
    assert {kind for kind, _first, _last in outside(exported(export_file), key_file, checkpoint_file)} >= {
        "rewritten"
    }


@pytest.mark.usefixtures("restored", "somebody")
def test_nobody_without_the_key_gives_up_a_checkpoint(checkpoint_file):
    anchor()
    connection.check_constraints()
    guards.remove(connection)
    entry = AuditEntry.objects.get(action="audit.reanchored")
    AuditEntry.objects.filter(pk=entry.pk).update(reason="another")
    kinds = {one.kind.value for one in verify.verify(checkpoints.read(checkpoint_file)).findings}
    assert kinds >= {"rewritten", "tail_cut"}


@pytest.mark.usefixtures("somebody")
def test_nothing_is_given_up_where_nothing_was_lost_or_more_is_wrong(checkpoint_file, anybodys_hand):
    checkpoints.write()
    guards.install(connection)
    with pytest.raises(CommandError, match="nothing to give up"):
        anchor()
    guards.remove(connection)
    AuditEntry.objects.filter(sequence=5).update(reason="another")
    guards.install(connection)
    with pytest.raises(NotOnlyRestored):
        reanchor.lost(checkpoints.read(checkpoint_file))
    with pytest.raises(CommandError, match="verify_audit"):
        anchor()
    assert not AuditEntry.objects.filter(action="audit.reanchored").exists()


@pytest.mark.usefixtures("restored")
def test_a_restore_is_answered_for_by_somebody_with_a_reason(somebody):
    with pytest.raises(CommandError, match="HSA-id"):
        anchor(by="SE0000000000-NOBODY")
    with pytest.raises(CommandError, match="Say why"):
        anchor(reason="  ")
    assert ask() == 1
