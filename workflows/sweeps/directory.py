"""The sweep: all rights and open orders against the directory, and what follows from it.

The directory is read in batches, in the least urgent lane of the background's pace. What differs only by
something not being there is put off to the end, and then read once more, in other and smaller batches and
afresh, before it is written. Whatever the directory does not tell changes nothing; if too much seems to be
lost at once, the answer is not believed and the sweep stops. Each person is one transaction, so that a sweep
that dies has done no harm and the next one goes on.
Sources: domain §6 (don't know never decides), §8 (leavers, movers, closed units are found by a sweep).
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from provisioning import dates
from provisioning.audit import events
from provisioning.cases import moved_entries, protection
from provisioning.directory import ENTRY_FAILED, Directory, Wanted, open_directory, open_round
from provisioning.directory.ldap.pacing import Lane, background
from provisioning.errors import DirectoryError, DirectoryRefused, DirectoryTruncated, WrongState
from provisioning.findings import record, settle
from provisioning.findings import tell as findings_tell
from provisioning.incidents import record as incidents_record
from provisioning.mandates import current
from provisioning.messages import not_believed, outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import AbsenceDoubt, AccessRequest, Finding, Grant, IncidentKind, Removal, Sweep
from provisioning.operators import operator_ids
from provisioning.rights import tracked_person
from provisioning.rights.tracked_person import Tracked
from provisioning.rules.drift import compare
from provisioning.rules.drift.compare import PARTS, Comparison
from provisioning.rules.drift.differences import RESTS_ON_ABSENCE, UNSEEN_LEAVER_KINDS, Drift, DriftKind
from provisioning.rules.drift.share import ALL_FROM, is_too_much
from provisioning.rules.hsa import HsaId, Part, Reading
from provisioning.rules.services.profession import is_doctor
from workflows import steps
from workflows.alone import alone

log = logging.getLogger(__name__)

CHUNK = 500  # persons whose rows are held at once
ABANDONED_AFTER = timedelta(hours=1)  # longer than a worker lets it run
OVERLAP = timedelta(minutes=10)  # between the directory's clock and ours, and for slow replicas
FEW = 20  # so many losses are never too many
SECOND_LOOK = timedelta(hours=1)  # of a later comparison: a hidden tree is hidden from both looks of one


@dataclass(frozen=True, slots=True)
class Compared:
    """One person as they are known here, as they were read, and what differs."""

    tracked: Tracked
    reading: Reading
    found: Comparison
    leaves: DriftKind | None  # why open orders are to end

    @property
    def is_readable(self) -> bool:
        return self.reading.is_readable(*PARTS)

    @property
    def changes_anything(self) -> bool:
        return self.leaves is not None or record.changes_anything(self.tracked.findings, self.found)

    @property
    def must_be_looked_at_twice(self) -> bool:
        """What rests on something not being there: a new loss, and whatever is not seen any more.

        A right that goes to removal by itself, too, whenever it was found.
        """
        if not self.changes_anything:
            return False
        if self.leaves is DriftKind.PERSON_MISSING:
            return True
        if any(record.starts_removal(row) for row in self.tracked.findings):
            return True  # found by a sweep that died before what follows
        known = {(row.kind, row.unit_key, row.value) for row in self.tracked.findings}
        seen = {(each.kind.value, each.unit_id.folded, each.value) for each in self.found.found}
        is_new_loss = any(DriftKind(kind) in RESTS_ON_ABSENCE for kind, *_rest in seen - known)
        is_vanished = any(self.found.decides(DriftKind(kind)) for kind, *_rest in known - seen)
        return is_new_loss or is_vanished

    def ends_by_absence(self, *, many_vanish: bool) -> bool:
        """Say whether something would end only because it, or the person, is not seen.

        A right that goes to removal by itself, an order that ends, a finding that is over.
        """
        if not self.changes_anything:
            return False
        if self.leaves is DriftKind.PERSON_MISSING:
            return True
        if self.tracked.grants and any(each.kind in UNSEEN_LEAVER_KINDS for each in self.found.found):
            return True
        is_doubtful = many_vanish or self.reading.person is None
        return is_doubtful and bool(record.not_seen_any_more(self.tracked.findings, self.found))


def _compare(one: Tracked, reading: Reading) -> Compared:
    leaves = compare.leaves(reading, at=reading.read_at) if one.requests else None
    return Compared(one, reading, one.compare(reading), leaves)


class _TooMuchLost(Exception):
    """So many at once have lost something that the answer itself is doubted."""


@dataclass(slots=True)
class SweepResult:
    """What a sweep did, or (a dry one) would have done."""

    sweep: Sweep
    would: list[tuple[HsaId, Drift]] = field(default_factory=list)
    leaving: int = 0
    unread: dict[HsaId, None] = field(default_factory=dict)
    failing: frozenset[str] = frozenset()  # whose entries failed before, and the operators have
    believes_losses: bool = False
    vanished: int = 0  # findings that are not seen any more
    is_too_much_vanished: bool = False

    def note_unread(self, compared: Iterable[Compared]) -> None:
        """The persons who could not be read in full, each once, from all looks."""
        self.unread |= {each.tracked.person_id: None for each in compared if not each.is_readable}
        self.sweep.unread = len(self.unread)


def sweep(
    *,
    is_full: bool | None = None,
    is_dry: bool = False,
    believes_losses: bool = False,
    directory: Directory | None = None,
) -> SweepResult | None:
    """Compare everybody (or only what was changed) with the directory; None while another one does.

    `is_full` None: full when the last full one is old, or the server does not tell what was changed.
    `believes_losses`: an operator has looked, and it is true that so much is gone.
    """
    row = _begin(is_dry)
    if row is None:
        return None
    directory = directory or open_directory()
    result = SweepResult(row)
    with background(Lane.SWEEP):
        _try(directory, result, is_full=is_full, is_dry=is_dry, believes_losses=believes_losses)
        if not is_dry:
            tell()
    return result


def _try(
    directory: Directory, result: SweepResult, *, is_full: bool | None, is_dry: bool, believes_losses: bool
) -> None:
    """Look, and write down how it went."""
    row = result.sweep
    try:
        _look(directory, result, is_full=is_full, is_dry=is_dry, believes_losses=believes_losses)
    except DirectoryError as exc:
        row.outcome, row.code = Sweep.Outcome.FAILED, exc.code
        log.warning("comparison with the directory failed (%s)", exc.code)
    except _TooMuchLost:
        row.outcome, row.code = Sweep.Outcome.STOPPED, "sweep.too_much_lost"
        log.error("comparison with the directory stopped: too much seems to be lost")
    else:
        is_whole = not row.unread and not row.code
        row.outcome = Sweep.Outcome.COMPLETE if is_whole else Sweep.Outcome.INCOMPLETE
        if not row.code and row.unread <= FEW:
            row.again = [one.text for one in result.unread]
    finally:
        directory.close()
        _finish(row, is_dry)


def tell() -> int:
    """Tell the owners of new findings. A directory that does not answer leaves it to the next time."""
    try:
        return findings_tell.tell(open_round())
    except DirectoryError as exc:
        log.warning("owners of findings not told (%s)", exc.code)
        return 0


def _begin(is_dry: bool) -> Sweep | None:
    row = Sweep(is_full=True)
    if is_dry:
        return row
    Sweep.objects.filter(
        outcome=Sweep.Outcome.RUNNING, started_at__lt=timezone.now() - ABANDONED_AFTER
    ).update(outcome=Sweep.Outcome.FAILED, code="sweep.abandoned", finished_at=timezone.now())
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:
        return None
    return row


def _finish(row: Sweep, is_dry: bool) -> None:
    if row.outcome == Sweep.Outcome.RUNNING:
        # Ended by a time limit or an error of ours. The next one must not begin where this one ended.
        row.outcome, row.code = Sweep.Outcome.FAILED, "sweep.aborted"
    row.finished_at = timezone.now()
    if is_dry:
        return
    with transaction.atomic():
        if row.outcome in (Sweep.Outcome.COMPLETE, Sweep.Outcome.INCOMPLETE):
            Sweep.objects.exclude(again=[]).update(again=[])  # nobody is remembered for longer than needed
        row.save()
        entry = events.record(
            events.Action.SWEPT,
            actor=None,
            outcome=row.outcome,
            code=row.code,
            full=row.is_full,
            persons=row.persons,
            unread=row.unread,
            found=row.found,
            ended=row.ended,
        )
        if row.outcome == Sweep.Outcome.STOPPED:
            outbox.enqueue(entry, MessageKind.SWEEP_STOPPED, operator_ids())


# -- who is looked at ----------------------------------------------------------------------------------------


def _look(
    directory: Directory, result: SweepResult, *, is_full: bool | None, is_dry: bool, believes_losses: bool
) -> None:
    doubtful: list[HsaId] = []
    result.failing = incidents_record.standing(IncidentKind.ENTRY)
    result.believes_losses = believes_losses
    for compared in _read(directory.read_many, _whom(directory, result.sweep, is_full=is_full), is_dry):
        result.sweep.persons += len(compared)
        result.note_unread(compared)
        if not believes_losses:
            _doubt(compared)
        _remember(compared, is_dry)
        if not is_dry:
            _follow_protection(compared)
            _doubt_no_more(compared)
        for each in compared:
            if each.must_be_looked_at_twice:
                doubtful.append(each.tracked.person_id)
                result.vanished += record.not_seen_any_more(each.tracked.findings, each.found)
            else:
                _settle_alone(result, each, is_dry=is_dry)
    if not believes_losses and not is_dry:
        result.is_too_much_vanished = _is_too_much_vanished(result.vanished)
    for compared in _read(directory.read_again, doubtful, is_dry):
        # What the second look cannot tell is not done with: the next sweep must not begin after this one.
        result.note_unread(compared)
        for each in compared:
            _settle_alone(result, each, is_dry=is_dry)


def _read(
    read: Callable[[Iterable[Wanted]], Iterator[Reading]], ids: Iterable[HsaId], is_dry: bool
) -> Iterator[list[Compared]]:
    """Everybody compared as they are read, so many at a time."""
    tracked: dict[HsaId, Tracked] = {}

    def wanted() -> Iterator[Wanted]:
        for chunk in _chunks(ids):
            for one in tracked_person.load(chunk):
                tracked[one.person_id] = one
                yield one.person_id, one.place_ids

    readings = read(wanted())
    while chunk := list(itertools.islice(readings, CHUNK)):
        yield [_compare_alone(tracked.pop(reading.person_id), reading, is_dry) for reading in chunk]


def _compare_alone(one: Tracked, reading: Reading, is_dry: bool) -> Compared:
    """What nobody foresaw in one entry is unknown of that person, and the operators have it."""

    def leave_out(kind: str) -> None:
        if not is_dry:
            incidents_record.entry_failed(one.person_id, detail=kind)

    if any(problem.about == ENTRY_FAILED for problem in reading.problems):
        leave_out(ENTRY_FAILED)
    with alone("comparing a person with the directory", failed=leave_out):
        return _compare(one, reading)
    return _compare(one, Reading.failed(one.person_id, DirectoryError.code, read_at=reading.read_at))


def _whom(directory: Directory, row: Sweep, *, is_full: bool | None) -> list[HsaId]:
    """Everybody with rights, orders or findings, and who holds a role of ours; or only who was changed."""
    changed = None if is_full else _changed(directory, forced=is_full is False)
    row.is_full = changed is None
    ours = _ours()
    if changed is not None:
        return [one for key, one in ours.items() if key in changed] + [
            one for key, one in changed.items() if key not in ours
        ]
    try:
        ours |= {one.folded: one for one in directory.role_holders() if one.folded not in ours}
    except (DirectoryTruncated, DirectoryRefused) as exc:
        # Then roles outside the tool are not known of strangers. Of our own people all is compared.
        row.code = exc.code
    return list(ours.values())


def _ours() -> dict[str, HsaId]:
    found: dict[str, HsaId] = {}
    for rows in (Grant.objects.living(), AccessRequest.objects.open(), Finding.objects.not_over()):
        pairs = rows.order_by("subject_key").values_list("subject_key", "subject_hsa_id")
        for key, text in pairs.iterator(chunk_size=2000):
            found.setdefault(key, HsaId(text))
    return found


def _changed(directory: Directory, *, forced: bool) -> dict[str, HsaId] | None:
    """Whom a change concerns; None: look at everybody.

    What is deleted, or ends by its own date, no server tells as a change: hence a full sweep every day, the
    first after midnight. What the tool itself has done since then is known here.
    """
    whole = Sweep.objects.filter(outcome__in=[Sweep.Outcome.COMPLETE, Sweep.Outcome.INCOMPLETE])
    # Somebody who can never be read must not make every sweep a full one: few of them are remembered.
    last = whole.exclude(outcome=Sweep.Outcome.INCOMPLETE, again=[]).order_by("-started_at").first()
    last_full = whole.filter(is_full=True).order_by("-started_at").first()
    if last is None or last_full is None:
        return None
    if _is_old(last_full) and not forced:
        return None
    try:
        changed = directory.changed_since(last.started_at - OVERLAP)
    except DirectoryTruncated:
        return None  # so much was touched that not all of it is told: a night's import, say
    if changed is None:
        return None
    doubted = AbsenceDoubt.objects.values_list("subject_key", flat=True)
    found = {one.folded: one for one in map(HsaId, [*doubted, *last.again])}
    found |= {one.folded: one for one in changed.person_ids}
    unit_keys = [one.folded for one in changed.unit_ids]
    for rows in (Grant.objects.living(), Finding.objects.not_over()):
        pairs = rows.filter(unit_key__in=unit_keys).values_list("subject_key", "subject_hsa_id")
        found |= {key: HsaId(text) for key, text in pairs}
    # Whose case has gone on here: it may explain what it did not, or not settle what it was to.
    for moved in (Grant.objects, AccessRequest.objects, Removal.objects):
        since = moved.filter(state_since__gte=last.started_at)
        found |= {key: HsaId(text) for key, text in since.values_list("subject_key", "subject_hsa_id")}
    return found


def _is_old(full: Sweep) -> bool:
    hours = settings.SWEEP_FULL_EVERY_HOURS
    if hours <= 24 and dates.today(full.started_at) < dates.today():
        return True
    return full.started_at < timezone.now() - timedelta(hours=hours)


def _chunks(ids: Iterable[HsaId]) -> Iterator[list[HsaId]]:
    remaining = iter(ids)
    while chunk := list(itertools.islice(remaining, CHUNK)):
        yield chunk


# -- what follows --------------------------------------------------------------------------------------------


def _doubt(compared: Collection[Compared]) -> None:
    """Raise _TooMuchLost where an answer that lost something is likelier than so many losses."""
    with_rights = [each for each in compared if each.tracked.rights or each.tracked.requests]
    lost = sum(_has_new_loss(each) or each.leaves is DriftKind.PERSON_MISSING for each in with_rights)
    if not lost:
        return
    of = max(len(with_rights), _how_many() if lost <= FEW else 0)
    if is_too_much(lost, of, percent=settings.SWEEP_STOP_AT_PERCENT, few=FEW):
        raise _TooMuchLost


def _is_too_much_vanished(vanished: int) -> bool:
    """So many findings not seen any more that none is over by it: the operators are told."""
    known = Finding.objects.not_over().count()
    percent = settings.SWEEP_STOP_AT_PERCENT
    if not is_too_much(vanished, known, percent=percent, few=FEW, all_from=FEW + 1):
        return False
    not_believed.tell("findings", lost=vanished, of=known)
    return True


def _how_many() -> int:
    """With a right or an open order: a comparison of what was changed meets only some of them."""
    keys = Grant.objects.living().values_list("subject_key", flat=True)
    return len({*keys, *AccessRequest.objects.open().values_list("subject_key", flat=True)})


def _has_new_loss(compared: Compared) -> bool:
    known = {(row.kind, row.unit_key) for row in compared.tracked.findings}
    return compare.counts_as_loss(
        each for each in compared.found.found if (each.kind.value, each.unit_id.folded) not in known
    )


def _remember(compared: Collection[Compared], is_dry: bool) -> None:
    """Who is a doctor, of those whose rights are compared for the first time."""
    known: dict[str, bool] = {}
    for each in compared:
        one, doctor = each.tracked, is_doctor(each.reading)
        if one.grants and one.was_doctor is None and doctor is not None:
            known[one.person_id.folded] = doctor
    if known and not is_dry:
        findings_tell.remember(known)


def _follow_protection(compared: Collection[Compared]) -> None:
    """Whoever was just read is protected as was just read, on everything that names them."""
    read = (each.reading for each in compared if each.reading.is_readable(Part.PERSON))
    with alone("bringing up to date who is protected"):
        protection.follow([reading.person for reading in read if reading.person is not None])


def _settle_alone(result: SweepResult, compared: Compared, *, is_dry: bool) -> None:
    """Somebody of whom nothing can be written stops nobody else: the operators have that one."""
    person_id = compared.tracked.person_id

    def leave_out(kind: str) -> None:
        result.unread[person_id] = None
        result.sweep.unread = len(result.unread)
        result.sweep.code = result.sweep.code or "sweep.entry_failed"
        if not is_dry:
            incidents_record.entry_failed(person_id, detail=kind)

    with alone("comparing a person with the directory", failed=leave_out):
        if not is_dry:
            _follow(compared)
        _settle(result, compared, is_dry=is_dry)
        if person_id.folded in result.failing and compared.is_readable and not is_dry:
            incidents_record.works_again(IncidentKind.ENTRY, [person_id.folded])


def _follow(compared: Compared) -> None:
    """Person and unit may stand elsewhere now: rights and findings go with them. Most have not moved."""
    rows: list[Grant | Finding] = [*compared.tracked.grants, *compared.tracked.findings]
    for row in rows:
        if moved_entries.addresses_of(row, compared.reading):
            moved_entries.follow(row, compared.reading)


def _settle(result: SweepResult, compared: Compared, *, is_dry: bool) -> None:
    """Write what differs from what is known of this person; most persons are as they were."""
    if not compared.changes_anything:
        return
    one, found = compared.tracked, compared.found
    if is_dry:
        result.would += [(one.person_id, each) for each in found.found]
        result.leaving += len(one.requests) if compared.leaves else 0
        return
    unseen_since = _unseen_since(result, compared)
    is_old = unseen_since is None or unseen_since <= timezone.now() - SECOND_LOOK
    is_believed = is_old or result.believes_losses
    recorded = record.record(
        one.person_id.folded,
        found,
        compared.reading,
        one.grants,
        ends_what_is_not_seen=is_believed and not result.is_too_much_vanished,
    )
    result.sweep.found += recorded.found
    result.sweep.ended += recorded.ended
    for finding in recorded.leavers:
        if is_believed or finding.what not in UNSEEN_LEAVER_KINDS:
            _begin_leavers_removal(finding, compared.reading, unseen_since)
    if compared.leaves is not None and (is_believed or compared.leaves is not DriftKind.PERSON_MISSING):
        _end_requests(one, compared.leaves)


def _unseen_since(result: SweepResult, compared: Compared) -> datetime | None:
    """Since when the person is doubted, where something would end because it is not seen; else None."""
    one = compared.tracked
    many_vanish = result.vanished >= ALL_FROM
    if not compared.ends_by_absence(many_vanish=many_vanish):
        AbsenceDoubt.objects.filter(pk=one.person_id.folded).delete()
        return None
    doubt, _is_new = AbsenceDoubt.objects.get_or_create(pk=one.person_id.folded)
    return doubt.since


def _doubt_no_more(compared: Collection[Compared]) -> None:
    """Whoever is seen again, with all that stood about them."""
    seen = [each for each in compared if each.is_readable and not each.must_be_looked_at_twice]
    AbsenceDoubt.objects.filter(pk__in=[each.tracked.person_id.folded for each in seen]).delete()


def _begin_leavers_removal(finding: Finding, reading: Reading, unseen_since: datetime | None) -> None:
    place = reading.units.get(finding.unit_id) or reading.providers.get(finding.unit_id)
    heads = [
        *current.named_for(finding.unit_id),
        *([place.manager_id] if place and place.manager_id else []),
    ]
    try:
        steps.begin_removal(
            settle.begin_leavers_removal,
            finding,
            heads=heads,
            unseen_since=unseen_since if finding.what is DriftKind.PERSON_MISSING else None,
        )
    except WrongState:
        log.info("removal for finding %s begun elsewhere", finding.pk)


def _end_requests(one: Tracked, code: DriftKind) -> None:
    for request in one.requests:
        try:
            steps.end_for_leaver(request, code=code.value)
        except WrongState:
            log.info("request %s has ended meanwhile", request.pk)
