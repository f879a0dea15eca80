"""Checkpoints: signed statements of where the chain ended, kept where the database's owner has no hand.

One line of JSON each. A chain that is shorter than a checkpoint, or holds another row there, was cut or
rewritten, even by somebody who has the key.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import os
import smtplib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

from django.conf import settings
from django.core.mail import EmailMessage
from django.utils import timezone

from provisioning.audit import keys, sealing
from provisioning.audit.keys import Key
from provisioning.errors import ProvisioningError
from provisioning.models import AuditEntry, AuditHead

KIND = "audit-checkpoint"
_BEGINNING = '{"at":'  # of each checkpoint: its fields are sorted


class ChainBroken(ProvisioningError):
    """The end of the chain does not hold together: nothing is signed, `verify_audit` says what is wrong."""

    code = "audit.chain_broken"


class NotDelivered(ProvisioningError):
    """The checkpoint did not reach all its targets; `failed` names them by kind."""

    code = "audit.checkpoint_not_delivered"

    def __init__(self, failed: Sequence[str]):
        super().__init__()
        self.failed = tuple(failed)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """`fields` is the whole statement, with its signature."""

    fields: Mapping[str, Any]

    @property
    def sequence(self) -> int:
        return int(self.fields["sequence"])

    @property
    def mac(self) -> str:
        return str(self.fields["mac"])

    @property
    def at(self) -> str:
        return str(self.fields["at"])

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.at)

    @property
    def line(self) -> str:
        return json.dumps(self.fields, sort_keys=True, separators=(",", ":"))

    def is_signed(self, known: Mapping[str, Key]) -> bool:
        """Say whether one of these keys signed it."""
        key = known.get(str(self.fields.get("key")))
        signature = self.fields.get("signature")
        content = {name: value for name, value in self.fields.items() if name != "signature"}
        return (
            key is not None
            and isinstance(signature, str)
            and key.has_signed(keys.CHECKPOINT, content, signature)
        )


_UNREADABLE = Checkpoint({"at": "?", "sequence": 0, "mac": ""})  # nobody signed it


def take() -> Checkpoint:
    """Sign where the chain ends now. Raises ChainBroken when the last row is not the one the head names."""
    head = AuditHead.objects.filter(pk=AuditHead.ONLY).first() or AuditHead()
    known = {key.id: key for key in keys.all_keys()}
    last = AuditEntry.objects.filter(sequence=head.sequence).first()
    if last is not None:
        key = known.get(last.key_id)
        if key is None or last.mac != head.mac or not sealing.is_sound(sealing.row_of(last), key):
            raise ChainBroken
    elif head.sequence:
        raise ChainBroken
    count = AuditEntry.objects.filter(sequence__lte=head.sequence).count()
    if count != head.sequence - head.cut_through:
        raise ChainBroken
    return _signed(head.sequence, head.mac, count)


def write(targets: Iterable[tuple[str, str]] | None = None) -> Checkpoint:
    """Take a checkpoint and deliver it. Raises ChainBroken; NotDelivered, after trying every target."""
    checkpoint = take()
    failed = []
    for kind, place in settings.AUDIT_CHECKPOINT_TARGETS if targets is None else targets:
        try:
            _DELIVER[kind](checkpoint, place)
        except (OSError, smtplib.SMTPException):
            failed.append(kind)
    if failed:
        raise NotDelivered(failed)
    return checkpoint


def read(path: Path) -> list[Checkpoint]:
    """The checkpoints in a file: see `look_into`. Raises OSError."""
    return list(look_into(path).checkpoints)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a file of checkpoints holds. `torn`: the lines that are half written, by their number."""

    path: Path
    checkpoints: tuple[Checkpoint, ...] = ()
    torn: tuple[int, ...] = ()


def look_into(path: Path) -> Kept:
    """One checkpoint to a line, whatever stands before (a syslog header, a mail's text). Raises OSError.

    A line that was cut short while it was written is torn: nobody forged it, and what is written after it
    counts. Anything else that cannot be read is a checkpoint that nobody signed.
    """
    found: list[Checkpoint] = []
    torn: list[int] = []
    for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1):
        for rest in line.split(_BEGINNING)[1:]:
            text = _BEGINNING + rest.rstrip()
            try:
                fields, _end = json.JSONDecoder().raw_decode(text)
                if fields.get("kind") == KIND and isinstance(fields["sequence"], int):
                    found.append(Checkpoint(fields))
            except json.JSONDecodeError as exc:
                if exc.pos >= len(text) or exc.msg.startswith("Unterminated string"):
                    torn.append(number)
                else:
                    found.append(_UNREADABLE)
            except KeyError:
                found.append(_UNREADABLE)
    return Kept(path, tuple(found), tuple(torn))


def configured_files() -> list[Path]:
    """The files that checkpoints are written to here, whether they are there or not."""
    return [Path(place) for kind, place in settings.AUDIT_CHECKPOINT_TARGETS if kind == "file"]


def why_useless(kept: Kept, *, now: datetime | None = None) -> str:
    """Why nothing can be said by this file: it holds no checkpoint, or none that is young enough at `now`.

    Without `now` any age will do. Blank: it is of use.
    """
    if not kept.checkpoints:
        return f"{kept.path} holds no checkpoint"
    known = {key.id: key for key in keys.all_keys()}
    moments = [one.moment for one in kept.checkpoints if one.is_signed(known)]
    limit = timedelta(hours=settings.AUDIT_CHECKPOINT_MAX_AGE_HOURS)
    if now is not None and moments and now - max(moments) > limit:
        return (
            f"the last checkpoint in {kept.path} is of {sealing.utc(max(moments))}: none is written any more"
        )
    return ""


def _signed(sequence: int, mac: str, count: int) -> Checkpoint:
    key = keys.current()
    content = {
        "kind": KIND,
        "version": 1,
        "at": sealing.utc(timezone.now()),
        "key": key.id,
        "sequence": sequence,
        "count": count,
        "mac": mac,
    }
    return Checkpoint(content | {"signature": key.sign(keys.CHECKPOINT, content)})


def _to_file(checkpoint: Checkpoint, place: str) -> None:
    """Append one line, whole and on disk: several processes may write at the same time.

    What a machine that went down left half written stays on a line of its own.
    """
    Path(place).parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(place, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        size = os.fstat(descriptor).st_size
        is_torn = size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"
        os.write(descriptor, ("\n" * is_torn + f"{checkpoint.line}\n").encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class _Syslog(logging.handlers.SysLogHandler):
    """A line to syslog whose failure is an error, not a note on the screen."""

    def handleError(self, record: logging.LogRecord) -> NoReturn:  # noqa: N802 - the library's name
        raise  # noqa: PLE0704 - called while the exception is handled


def _to_syslog(checkpoint: Checkpoint, place: str) -> None:
    host, _, port = place.rpartition(":")
    handler = _Syslog(
        address=(host, int(port)) if place else "/dev/log",
        facility=logging.handlers.SysLogHandler.LOG_AUTH,
    )
    handler.ident = "audit-chain: "
    try:
        handler.emit(logging.LogRecord(__name__, logging.INFO, "", 0, checkpoint.line, None, None))
    finally:
        handler.close()


def _to_mail(checkpoint: Checkpoint, place: str) -> None:
    mail = EmailMessage(
        subject=f"Audit checkpoint {checkpoint.sequence}",
        body=f"{checkpoint.line}\n",
        to=[place],
        headers={"Auto-Submitted": "auto-generated"},
    )
    mail.send(fail_silently=False)


_DELIVER = {"file": _to_file, "syslog": _to_syslog, "mail": _to_mail}
