"""The files of checkpoints that a check is made against, and what is wrong with the files themselves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from django.utils import timezone

from provisioning.audit import checkpoints
from provisioning.audit.checkpoints import Checkpoint


@dataclass(frozen=True, slots=True)
class Anchors:
    """The checkpoints of all files. One file that is useless leaves the end of the chain not checked."""

    checkpoints: tuple[Checkpoint, ...]
    torn: tuple[str, ...]  # where a line is half written
    useless: tuple[str, ...]  # which files say nothing, and why


def read(given: Sequence[Path] = ()) -> Anchors:
    """Those of the configured files, and those of the given ones, whose age does not matter."""
    now = timezone.now()
    files = [*((path, now) for path in checkpoints.configured_files()), *((path, None) for path in given)]
    kept, useless = [], []
    for path, at in files:
        try:
            kept.append(checkpoints.look_into(path))
        except OSError as exc:
            useless.append(f"{path} cannot be read ({exc.strerror})")
        else:
            useless.append(checkpoints.why_useless(kept[-1], now=at))
    return Anchors(
        tuple(one for file in kept for one in file.checkpoints),
        tuple(f"{file.path}, line {number}" for file in kept for number in file.torn),
        tuple(filter(None, useless)),
    )
