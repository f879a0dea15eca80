"""The signs by which an operator sees that everything runs: each with what to do when it does not.

Every sign asks what it is about now, within short time limits; one that cannot be read is red, never green.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from celery import current_app
from django.conf import settings
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from kombu.exceptions import OperationalError
from redis.exceptions import RedisError

from provisioning import heartbeats
from provisioning.audit.events import Action
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError
from provisioning.messages import outbox
from provisioning.models import (
    AuditEntry,
    Heartbeat,
    HookDelivery,
    OutgoingMessage,
    Subscription,
    Sweep,
    User,
)
from workflows import steps

Text = str | Promise

MAIL_WAITS_AT_MOST = timedelta(minutes=30)
WORK_WAITS_AT_MOST = timedelta(minutes=5)
CHECKPOINT_AT_MOST = timedelta(hours=2)
COMPARED_AT_MOST = timedelta(hours=26)  # everybody once a day, and some time for it
BROKER_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Sign:
    """One thing that must run. `advice` says what to do; shown when `is_well` is False."""

    heading: Text
    is_well: bool
    fact: str
    advice: Text


def all_signs(user: User) -> list[Sign]:
    """Every sign as it stands now. `user`: whose own entry the directory is asked for."""
    return [
        _directory(user),
        _broker(),
        _beating(
            Heartbeat.Process.WORKER,
            gettext_lazy("Workers"),
            gettext_lazy("Start a worker, and read its log. Cases wait until one runs."),
        ),
        _beating(
            Heartbeat.Process.TIMETABLE,
            gettext_lazy("Timetable"),
            gettext_lazy(
                "Start the timetable (celery beat). Without it nothing is looked at again by itself."
            ),
        ),
        _waiting_work(),
        _mail(),
        _webhooks(),
        _comparison(),
        _checkpoint(),
        _event_log(),
    ]


def unwell(user: User) -> list[Sign]:
    """What does not run as it should, now."""
    return [sign for sign in all_signs(user) if not sign.is_well]


def _directory(user: User) -> Sign:
    advice = gettext_lazy(
        "Run manage.py check_directory: it says where it stops. Nothing is decided meanwhile."
    )
    heading = gettext_lazy("The directory (KIV)")
    try:
        open_directory().person(user.identity)
    except DirectoryError as exc:
        return Sign(heading, False, _("It does not answer: %(code)s") % {"code": exc.code}, advice)
    return Sign(heading, True, _("It answers."), advice)


def _broker() -> Sign:
    heading = gettext_lazy("The queue (Redis)")
    advice = gettext_lazy(
        "Start Redis, or look why it cannot be reached. Nothing is lost: the rows are the truth."
    )
    try:
        with current_app.connection_for_write() as connection:
            connection.ensure_connection(max_retries=1, timeout=BROKER_SECONDS, interval_start=0)
    except (OSError, OperationalError, RedisError) as exc:
        return Sign(heading, False, _("It does not answer: %(code)s") % {"code": type(exc).__name__}, advice)
    return Sign(heading, True, _("It answers."), advice)


def _beating(kind: Heartbeat.Process, heading: Text, advice: Text) -> Sign:
    heard = heartbeats.last(kind)
    if heard is None:
        return Sign(heading, False, _("None has been heard."), advice)
    return Sign(heading, heartbeats.lives(heard), _heard(heard.beats_at), advice)


def _waiting_work() -> Sign:
    advice = gettext_lazy(
        "Are there workers enough, and does the directory answer quickly? See the log of the workers."
    )
    return _waiting(gettext_lazy("Background work"), steps.oldest_due(), WORK_WAITS_AT_MOST, advice)


def _mail() -> Sign:
    heading = gettext_lazy("Mail")
    advice = gettext_lazy("Open Messages: it says what went wrong with each, and sends again.")
    troubled = OutgoingMessage.objects.filter(outbox.troubled()).count()
    if troubled:
        return Sign(heading, False, _("%(count)d do not get through.") % {"count": troubled}, advice)
    waiting = OutgoingMessage.objects.filter(state=OutgoingMessage.Delivery.QUEUED)
    oldest = waiting.order_by("next_try_at").values_list("next_try_at", flat=True).first()
    return _waiting(heading, oldest, MAIL_WAITS_AT_MOST, advice)


def _webhooks() -> Sign:
    heading = gettext_lazy("Webhooks to other systems")
    advice = gettext_lazy(
        "Open Other systems and the subscription: it says what went wrong, and sends again."
    )
    unsettled = HookDelivery.objects.filter(subscription__in=Subscription.objects.in_force())
    dead = unsettled.filter(state=HookDelivery.Telling.DEAD).count()
    if dead:
        return Sign(heading, False, _("%(count)d do not get through.") % {"count": dead}, advice)
    waiting = unsettled.filter(state=HookDelivery.Telling.QUEUED, tries=0)
    oldest = waiting.order_by("next_try_at").values_list("next_try_at", flat=True).first()
    return _waiting(heading, oldest, MAIL_WAITS_AT_MOST, advice)


def _waiting(heading: Text, since: datetime | None, at_most: timedelta, advice: Text) -> Sign:
    if since is None or since > timezone.now():
        return Sign(heading, True, _("Nothing waits."), advice)
    fact = _("The oldest has waited for %(time)s.") % {"time": timesince(since)}
    return Sign(heading, timezone.now() - since < at_most, fact, advice)


def _comparison() -> Sign:
    heading = gettext_lazy("Comparison with the directory")
    advice = gettext_lazy("Run manage.py sweep, and read what it says. Leavers are found by it.")
    outcomes = (Sweep.Outcome.COMPLETE, Sweep.Outcome.INCOMPLETE)
    last = Sweep.objects.filter(is_full=True, outcome__in=outcomes).exclude(finished_at=None).first()
    return _recent(heading, last.finished_at if last else None, COMPARED_AT_MOST, advice)


def _checkpoint() -> Sign:
    heading = gettext_lazy("Checkpoint of the event log")
    advice = gettext_lazy("Run manage.py write_checkpoint, and manage.py verify_audit if it refuses.")
    if not settings.AUDIT_CHECKPOINT_TARGETS:
        return Sign(heading, True, _("None is written here: AUDIT_CHECKPOINT_TARGETS is none."), advice)
    failed = AuditEntry.objects.filter(action=Action.CHECKPOINT_FAILED.value)
    if failed.filter(at__gt=timezone.now() - CHECKPOINT_AT_MOST).exists():
        return Sign(heading, False, _("The last one was not delivered to all targets."), advice)
    if not _checkpoint_files():
        return Sign(heading, True, _("None failed in the last hours."), advice)
    return _recent(heading, checkpoint_at(), CHECKPOINT_AT_MOST, advice)


def _event_log() -> Sign:
    heading = gettext_lazy("Event log and tables")
    advice = gettext_lazy(
        "Run manage.py verify_audit --tables: it names each row that does not say what was signed."
    )
    last = AuditEntry.objects.filter(action=Action.AUDIT_VERIFIED.value).order_by("-sequence").first()
    if last is not None and not last.data["sound"]:
        found = len(last.data["findings"]) + last.data["deviations"] + last.data["anchors_missing"]
        return Sign(
            heading, False, _("The last check found %(count)d deviations.") % {"count": found}, advice
        )
    return _recent(heading, last.at if last else None, COMPARED_AT_MOST, advice)


def checkpoint_at() -> datetime | None:
    """When the oldest of the files was written; None where one is missing, or there are none."""
    written = [_written_at(path) for path in _checkpoint_files()]
    return min((at for at in written if at), default=None) if None not in written else None


def _checkpoint_files() -> list[Path]:
    return [Path(place) for kind, place in settings.AUDIT_CHECKPOINT_TARGETS if kind == "file"]


def _written_at(path: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(path.stat().st_mtime, tz=UTC)
    except OSError:
        return None


def _recent(heading: Text, at: datetime | None, at_most: timedelta, advice: Text) -> Sign:
    if at is None:
        return Sign(heading, False, _("None yet."), advice)
    return Sign(heading, timezone.now() - at < at_most, _heard(at), advice)


def _heard(at: datetime) -> str:
    return _("Last %(time)s ago.") % {"time": timesince(at)}
