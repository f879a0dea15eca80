"""Checkpoints go to files, syslog and mail, are read back from any of them, and are not signed blindly."""

import socket
import stat

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.core.management import get_commands as commands

from provisioning.audit import checkpoints, keys
from provisioning.audit.checkpoints import ChainBroken, NotDelivered
from provisioning.audit.checks import check_checkpoints_go_somewhere
from provisioning.models import AuditEntry, AuditHead
from tests.audit.chains import LENGTH
from workflows import tasks

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chain")]


def known():
    return {key.id: key for key in keys.all_keys()}


def test_a_file_gets_a_line_each_time_that_is_signed(checkpoint_file):
    for _time in range(2):
        checkpoints.write([("file", str(checkpoint_file))])
    found = checkpoints.read(checkpoint_file)
    assert [one.sequence for one in found] == [LENGTH, LENGTH]
    assert all(one.is_signed(known()) for one in found)
    assert not stat.S_IMODE(checkpoint_file.stat().st_mode) & 0o007


def test_a_changed_checkpoint_is_not_signed(checkpoint_file):
    checkpoints.write([("file", str(checkpoint_file))])
    checkpoint_file.write_text(checkpoint_file.read_text().replace('"count":10', '"count":9'))
    assert not checkpoints.read(checkpoint_file)[0].is_signed(known())


def test_syslog_gets_a_line_that_can_be_read_back(checkpoint_file):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(60)
        checkpoints.write([("syslog", f"127.0.0.1:{server.getsockname()[1]}")])
        line = server.recv(65536).rstrip(b"\0").decode()
    checkpoint_file.write_text(f"Jan  1 00:00:00 host {line}\n")
    (found,) = checkpoints.read(checkpoint_file)
    assert found.is_signed(known())
    assert "audit-chain: " in line


def test_a_mail_holds_the_line_and_nothing_about_anybody(checkpoint_file):
    checkpoints.write([("mail", "security@access.invalid")])
    (sent,) = mail.outbox
    assert sent.to == ["security@access.invalid"]
    checkpoint_file.write_text(str(sent.message()))
    (found,) = checkpoints.read(checkpoint_file)
    assert found.is_signed(known())


def test_a_target_that_fails_stops_no_other_and_is_recorded(checkpoint_file, settings, tmp_path):
    (tmp_path / "in the way").write_text("")
    settings.AUDIT_CHECKPOINT_TARGETS = (
        ("file", str(tmp_path / "in the way" / "file")),
        ("file", str(checkpoint_file)),
    )
    with pytest.raises(NotDelivered):
        tasks.write_checkpoint()
    assert len(checkpoints.read(checkpoint_file)) == 1
    entry = AuditEntry.objects.last()
    assert (entry.action, entry.data["targets"]) == ("audit.checkpoint_failed", ["file"])


@pytest.mark.usefixtures("anybodys_hand")
@pytest.mark.parametrize(
    "harm",
    [
        lambda: AuditEntry.objects.filter(sequence=LENGTH).update(reason="another"),
        lambda: AuditEntry.objects.filter(sequence=LENGTH).delete(),
        lambda: AuditEntry.objects.filter(sequence=3).delete(),
        lambda: AuditHead.objects.update(mac="f" * 64),
    ],
)
def test_a_broken_end_is_never_signed(harm, checkpoint_file):
    harm()
    with pytest.raises(ChainBroken):
        checkpoints.write([("file", str(checkpoint_file))])
    assert not checkpoint_file.exists()


def test_the_command_writes_and_prints(settings, checkpoint_file, capsys):
    settings.AUDIT_CHECKPOINT_TARGETS = (("file", str(checkpoint_file)),)
    call_command("write_checkpoint")
    call_command("write_checkpoint", "--print")
    assert len(checkpoints.read(checkpoint_file)) == 1
    assert '"audit-checkpoint"' in capsys.readouterr().out
    AuditHead.objects.update(mac="f" * 64)
    with pytest.raises(CommandError, match="verify_audit"):
        call_command("write_checkpoint")


def test_the_timetable_writes_one_every_hour():
    from config.celery import TIMETABLE

    (job,) = [job for job in TIMETABLE.values() if job["task"] == tasks.write_checkpoint.name]
    assert job["schedule"] == 3600
    assert "verify_audit" in commands()


def test_production_without_a_target_is_warned_about(settings):
    settings.AUDIT_CHECKPOINT_TARGETS = ()
    assert [problem.id for problem in check_checkpoints_go_somewhere(None)] == ["provisioning.W001"]
    settings.AUDIT_CHECKPOINT_TARGETS = (("syslog", ""),)
    assert check_checkpoints_go_somewhere(None) == []
