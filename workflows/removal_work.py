"""What the removal's background nodes do: ask the directory what still stands, then record what it said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone

from provisioning import handlers, readings, removal_looks, silences
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError
from provisioning.grant_models import Removal
from provisioning.rules.hsa import Answer, Person, Reading
from workflows.nodes import Again


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look gave: the reading, and who could carry the removal out."""

    reading: Reading
    administrators: tuple[Person, ...] | None = None  # None: not asked for, there was nothing to remove
    silence: str = ""  # the code, where the directory did not tell


def look(removal: Removal) -> Looked:
    """Read what the right rests on. Never raises for a directory that does not answer."""
    reading = readings.read_for(removal.ordered_access)
    found = removal_looks.plan_for(removal, reading)
    if found.answer is Answer.UNKNOWN:
        codes = [problem.code for problem in reading.problems]
        return Looked(reading, silence=codes[0] if codes else "directory.unavailable")
    if found.answer is Answer.NO:
        return Looked(reading)
    try:
        return Looked(reading, handlers.removers(open_directory(), removal))
    except DirectoryError as exc:
        return Looked(reading, silence=exc.code)


def record_look(removal: Removal, looked: Looked) -> Again | None:
    """After a look, first or last. A directory that does not answer decides nothing."""
    if looked.silence:
        return _try_later(removal, looked)
    if looked.administrators is None and _has_something_to_remove(removal, looked):
        return Again(timedelta(seconds=1))
    removal_looks.record_look(removal, reading=looked.reading, administrators=looked.administrators or ())
    return None


def _has_something_to_remove(removal: Removal, looked: Looked) -> bool:
    """Another right has ended since the look: what it kept is to be removed after all."""
    return removal_looks.plan_for(removal, looked.reading).answer is Answer.YES


def _try_later(removal: Removal, looked: Looked) -> Again:
    silences.begin_or_last(removal, code=looked.silence)
    lasted = (timezone.now() - (removal.trouble_since or timezone.now())).total_seconds()
    return Again(timedelta(seconds=min(300.0, max(5.0, lasted / 2))))
