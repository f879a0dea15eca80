"""What the removal's background nodes do: ask what still stands, then record what was said."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings

from provisioning.assessments import reading as assessments_reading
from provisioning.cases import candidates, hsa_following, moved_entries
from provisioning.directory import Which, has_national_directory, open_directory
from provisioning.errors import DirectoryError
from provisioning.models import Removal
from provisioning.removals import leave_hsa, not_seen
from provisioning.removals import look as removals_look
from provisioning.rules.hsa import Answer, Person, Reading
from provisioning.rules.states.right import RemovalState
from workflows.engine.nodes import Again
from workflows.orders.work import try_later


@dataclass(frozen=True, slots=True)
class RemovalLook:
    """What one look gave: the reading, and who could carry the removal out."""

    reading: Reading
    administrators: tuple[Person, ...] | None = None  # None: not asked for, there was nothing to remove
    silence: str = ""  # the code, where the directory did not tell


def look(removal: Removal) -> RemovalLook:
    """Read what the right rests on. Never raises for a directory that does not answer."""
    reading = assessments_reading.read_for(removal.ordered_access, afresh=True)
    found = removals_look.plan_for(removal, reading)
    if found.answer is Answer.UNKNOWN:
        codes = [problem.code for problem in reading.problems]
        return RemovalLook(reading, silence=codes[0] if codes else "directory.unavailable")
    if found.answer is Answer.NO:
        return RemovalLook(reading)
    try:
        dn = moved_entries.place_dn(removal, reading)
        return RemovalLook(reading, candidates.administrators_left(open_directory(), removal, dn=dn))
    except DirectoryError as exc:
        return RemovalLook(reading, silence=exc.code)


@dataclass(frozen=True, slots=True)
class RemovalFollowed:
    """One look into both directories: KIV first, and what the national HSA holds; None: it was not read."""

    kiv: RemovalLook
    hsa: Reading | None = None


def follow(removal: Removal) -> RemovalFollowed:
    """Look whether what is gone from KIV has left the national HSA, and has not come back in KIV."""
    kiv = look(removal)
    if not has_national_directory() or kiv.silence or kiv.administrators is not None:
        return RemovalFollowed(kiv)
    return RemovalFollowed(
        kiv, assessments_reading.read_for(removal.ordered_access, which=Which.NATIONAL, afresh=True)
    )


def record_look(removal: Removal, looked: RemovalLook) -> Again | None:
    """After a look, first or last. A directory that does not answer decides nothing."""
    if looked.silence:
        return try_later(removal, code=looked.silence)
    if removals_look.waits_for_order(removal, looked.reading):
        return Again(timedelta(seconds=settings.WAIT_RECHECK_SECONDS))
    if looked.administrators is None and _has_something_to_remove(removal, looked):
        return Again(timedelta(seconds=1))
    if _is_to_look_later(removal, looked.reading):
        return Again(not_seen.UNSEEN_LOOK)
    removals_look.record_look(removal, reading=looked.reading, administrators=looked.administrators or ())
    return None


def record_departure(removal: Removal, followed: RemovalFollowed) -> Again | None:
    """After each look on the way out of HSA: done, put off, or back where KIV holds the value again."""
    if not has_national_directory():
        leave_hsa.stop_following(removal)
        return None
    kiv = followed.kiv
    if kiv.silence or not removals_look.is_gone_from_kiv(removal, kiv.reading):
        return record_look(removal, kiv)
    if followed.hsa is not None and leave_hsa.record(removal, kiv=kiv.reading, hsa=followed.hsa):
        return None
    delay = hsa_following.delay(removal)
    return Again(min(delay, not_seen.second_look()) if removal.gone_doubted_at else delay)


def _is_to_look_later(removal: Removal, reading: Reading) -> bool:
    """Nothing of it was ever seen, and nobody has reported it done: a hidden tree looks the same."""
    if removal.current_state is not RemovalState.LOOKING or removal.carried_out_how:
        return False
    is_gone = removals_look.is_gone_from_kiv(removal, reading)
    return not_seen.is_held_back(removal, is_gone=is_gone, after=not_seen.UNSEEN_LOOK)


def _has_something_to_remove(removal: Removal, looked: RemovalLook) -> bool:
    """Another right has ended since the look: what it kept is to be removed after all."""
    return removals_look.plan_for(removal, looked.reading).answer is Answer.YES
