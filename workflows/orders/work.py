"""What the background nodes do: ask the directory, then record what it said.

`assess` runs with no transaction open and may be repeated at will. The `record_*` functions run under
the flow's lock; what they return says whether the node is over.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

from django.conf import settings
from django.utils import timezone

from provisioning import dates
from provisioning.assessments import reading as assessments_reading
from provisioning.cases import candidates, hsa_following, moved_entries
from provisioning.cases import silence as cases_silence
from provisioning.directory import Which, has_national_directory, open_directory
from provisioning.errors import DirectoryError
from provisioning.models import AccessRequest, Case
from provisioning.orders import arrive, check, prolong, unseen, verify
from provisioning.rights import find
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.hsa import Answer, Person, Reading
from provisioning.rules.states.request import RequestState
from workflows.engine.nodes import Again


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look gave: the reading, what it means for the request, and who could carry it out."""

    reading: Reading
    found: Assessment
    administrators: tuple[Person, ...] = ()
    silence: str = ""  # the code, where the directory did not tell


def until_first_day(request: AccessRequest) -> timedelta:
    """How long the first check waits: KIV knows no first day of a role, so nothing is set before it.

    A right that stands is prolonged at once: at most the last day of its coupling is moved.
    """
    first = datetime.combine(request.starts_on, time.min, tzinfo=timezone.get_default_timezone())
    if first <= timezone.now() or find.stands(request):
        return timedelta(0)
    return first - timezone.now()


def assess(request: AccessRequest) -> Looked:
    """Read the directory for the request and assess it. Never raises for a directory that does not answer."""
    order = prolong.asked_access(request)
    reading = assessments_reading.read_for(order)
    found = assessments_reading.assess_now(order, reading)
    silence = assessments_reading.silence(found)
    if silence or not found.changes:
        return Looked(reading, found, silence=silence)
    excluded = candidates.excluded_from_carrying_out(request)
    try:
        administrators = candidates.kiv_administrators(
            open_directory(), moved_entries.place_dn(request, reading), excluded=excluded
        )
    except DirectoryError as exc:
        return Looked(reading, found, silence=exc.code)
    return Looked(reading, found, administrators)


@dataclass(frozen=True, slots=True)
class Followed:
    """One look into both directories: KIV first, and what the national HSA holds; None: it is not read."""

    kiv: Looked
    hsa: Reading | None = None
    found: Assessment | None = None


def follow(request: AccessRequest) -> Followed:
    """Look whether what was set in KIV has arrived in the national HSA, and is still in KIV."""
    kiv = assess(request)
    if not has_national_directory() or kiv.silence or kiv.found.answer is not Answer.YES:
        return Followed(kiv)
    order = prolong.asked_access(request)
    hsa = assessments_reading.read_for(order, which=Which.NATIONAL)
    return Followed(kiv, hsa, assessments_reading.assess_now(order, hsa))


def record_check(request: AccessRequest, looked: Looked) -> Again | None:
    """After the first check."""
    if looked.silence:
        return try_later(request, code=looked.silence)
    check.record_check(
        request, reading=looked.reading, found=looked.found, administrators=looked.administrators
    )
    return None


def record_waiting(request: AccessRequest, looked: Looked) -> Again | None:
    """After each re-check while the request waits: go on when it has come, end when the time is up."""
    if looked.silence:
        return try_later(request, code=looked.silence)
    check.record_check(
        request, reading=looked.reading, found=looked.found, administrators=looked.administrators
    )
    if request.current_state is not RequestState.WAITING_FOR_COMMISSION:
        return None
    if request.wait_until is not None and dates.today() > request.wait_until:
        check.give_up(request)
        return None
    return Again(timedelta(seconds=settings.WAIT_RECHECK_SECONDS))


def record_verification(request: AccessRequest, looked: Looked) -> Again | None:
    """After a verification: done, or back to those who can mend it; what is not seen, by a later look."""
    if looked.silence:
        return try_later(request, code=looked.silence)
    if verify.is_held_back(request, looked.reading, looked.found):
        return Again(unseen.second_look())
    verify.record_verification(
        request, reading=looked.reading, found=looked.found, administrators=looked.administrators
    )
    return None


def record_arrival(request: AccessRequest, followed: Followed) -> Again | None:
    """After each look on the way to the national HSA: done, put off, or back where KIV has lost it."""
    kiv = followed.kiv
    if not has_national_directory():
        hsa_following.stop(request)
        return None
    if kiv.silence:
        return try_later(request, code=kiv.silence)
    if followed.hsa is None or followed.found is None:
        if kiv.found.answer is Answer.YES:
            return Again(hsa_following.delay(request))  # configured between look and record: look again
        verify.record_verification(
            request, reading=kiv.reading, found=kiv.found, administrators=kiv.administrators
        )
        return None
    cases_silence.end(request)
    if arrive.record_arrival(request, kiv=kiv.reading, hsa=followed.hsa, found=followed.found):
        return None
    return Again(hsa_following.delay(request))


def try_later(case: Case, *, code: str) -> Again:
    """A directory that does not answer decides nothing: soon again at first, then every five minutes."""
    cases_silence.begin_or_last(case, code=code)
    now = timezone.now()
    lasted = (now - (case.trouble_since or now)).total_seconds()
    return Again(timedelta(seconds=min(300.0, max(5.0, lasted / 2))))
