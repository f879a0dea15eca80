"""Entrances for the worker: background work, messages, and the sweeps of the timetable."""

from __future__ import annotations

import logging

from celery import shared_task
from django.core.management import call_command
from django.db import transaction

from provisioning.audit import checkpoints, events
from provisioning.audit.checkpoints import ChainBroken, NotDelivered
from provisioning.cases import candidates, handlers, moves, protection, reminders
from provisioning.directory import open_directory, open_round
from provisioning.errors import DirectoryError
from provisioning.figures import roll_up, step_history, unusual
from provisioning.login import sessions, unsent_forms
from provisioning.mandates import delegations
from provisioning.messages import absences, daily_mail, outbox
from provisioning.models import AccessRequest, Case, Delegation, Removal, Subscription
from provisioning.rights import notices
from provisioning.rules.states.request import WITH_A_PERSON
from provisioning.rules.states.right import RemovalState
from provisioning.systems import handed_over
from provisioning.webhooks import collect, forget, send
from workflows import many_orders, steps, watchdog
from workflows.alone import alone
from workflows.sweeps import (
    audit,
    clock,
    escalation,
    expiry,
    kiv_tasks,
    left_values,
    outdated,
    reorganisations,
    retention,
    reviews,
)
from workflows.sweeps import directory as sweeps_directory

log = logging.getLogger(__name__)

RETENTION_SECONDS = 150  # well below the time limit of tasks


@shared_task(name="workflows.run_background")
def run_background(task_pk: int) -> None:
    """Do one piece of background work. Any error puts it off; nothing of the error but its type is kept."""
    try:
        steps.run_background(task_pk)
    except Exception as exc:
        steps.put_off_after_error(task_pk, exc)


@shared_task(name="workflows.sweep_background")
def sweep_background() -> None:
    """Do what is due and was not nudged, or whose worker died."""
    for task_pk in steps.due_background():
        run_background(task_pk)


@shared_task(name="workflows.poll_kiv_tasks")
def poll_kiv_tasks() -> None:
    """Look whether the values that KIV tasks wait for have come."""
    kiv_tasks.poll_due()


@shared_task(name="workflows.sweep_watchdog")
def sweep_watchdog() -> None:
    """Hand to the operators what the tool itself does not take further in time."""
    watchdog.look_all()


@shared_task(name="workflows.sweep_clock")
def sweep_clock() -> None:
    """Bring back what a clock that was ahead for a moment has planned too far away."""
    clock.sweep()


@shared_task(name="workflows.sweep_figures")
def sweep_figures() -> None:
    """Count each day that is over, for the page of figures and for forecasts."""
    roll_up.catch_up()
    step_history.catch_up()


@shared_task(name="workflows.sweep_unusual")
def sweep_unusual() -> None:
    """Tell whoever can act about steps that last longer than 95 of 100 orders here."""
    unusual.tell_all()


@shared_task(name="workflows.sweep_outdated")
def sweep_outdated() -> None:
    """Look whether what KIV tasks say is still right: what it names may have been reorganised."""
    outdated.look_all()


@shared_task(name="workflows.sweep_reorganisations")
def sweep_reorganisations() -> None:
    """Carry out what is attested: new rights ordered, old ones removed when the new are proven."""
    reorganisations.carry_on()


@shared_task(name="workflows.place_lines")
def place_lines(pk: int) -> None:
    """Place the lines of one order for many. Any error leaves the rest to the sweep, under its own name."""
    with alone(f"placing the lines of order {pk}"):
        many_orders.place(pk)


@shared_task(name="workflows.sweep_many_orders")
def sweep_many_orders() -> None:
    """Place lines whose nudge was lost, whose worker died, or which waited for the directory."""
    many_orders.place_all()


@shared_task(name="workflows.sweep_left_values")
def sweep_left_values() -> None:
    """Look whether orders that came to nothing have left values, and start their removal."""
    left_values.look_due()


@shared_task(name="workflows.sweep_escalations")
def sweep_escalations() -> None:
    """Ask the next one up where nobody has answered."""
    escalation.climb_due()


@shared_task(name="workflows.sweep_expiry")
def sweep_expiry() -> None:
    """End rights whose last day has passed, and start their removal; end orders that came too late."""
    expiry.end_late_orders()
    expiry.end_due()


@shared_task(name="workflows.sweep_retention")
def sweep_retention() -> None:
    """Remove what has been kept long enough; what there is no time for goes the next night."""
    retention.sweep_all(seconds=RETENTION_SECONDS)


@shared_task(name="workflows.sweep_reviews")
def sweep_reviews() -> None:
    """Open the reviews that are due, tell those who have not decided, ask further up, end what is over."""
    reviews.sweep()


@shared_task(name="workflows.sweep_directory", time_limit=3300, soft_time_limit=3240)
def sweep_directory() -> None:
    """Compare all rights with the directory; a directory that does not answer changes nothing."""
    sweeps_directory.sweep()


@shared_task(name="workflows.sweep_sessions")
def sweep_sessions() -> None:
    """Forget sessions whose time is over, for they hold ID tokens, and drafts that nobody goes on with."""
    call_command("clearsessions")
    sessions.forget_old()
    unsent_forms.forget_old()
    absences.forget_passed()
    handed_over.forget_old()
    forget.forget_old()


@shared_task(name="workflows.send_message")
def send_message(pk: int) -> None:
    """Send one message, if nobody else has. Any error puts it off; nothing of it but its type is kept."""
    try:
        outbox.send(pk)
    except Exception as exc:
        log.error("message %s failed: %s", pk, type(exc).__name__)
        outbox.put_off(pk, type(exc).__name__)


@shared_task(name="workflows.sweep_messages")
def sweep_messages() -> None:
    """Send what is due: lost nudges, retries, interrupted sendings. One that fails oddly stops no other."""
    for pk in outbox.due():
        send_message(pk)


@shared_task(name="workflows.sweep_webhooks")
def sweep_webhooks() -> None:
    """Tell other systems what the event log holds since the last time, and what did not get through."""
    for pk in Subscription.objects.in_force().values_list("pk", flat=True):
        with alone(f"reading the event log for subscription {pk}"):
            collect.catch_up(pk)
    send.send_all()


@shared_task(name="workflows.sweep_daily_mails")
def sweep_daily_mails() -> None:
    """Put together what people want to read once a day; one transaction each."""
    for person_key in daily_mail.due():
        with alone("a daily mail"):
            daily_mail.write(person_key)


@shared_task(name="workflows.sweep_reminders")
def sweep_reminders() -> None:
    """Remind those who have not acted on a request; one transaction each."""
    for pk in _with_a_person():
        with alone(f"reminding of request {pk}"), transaction.atomic():
            row = moves.lock(AccessRequest, pk)
            if row.state in WITH_A_PERSON:
                reminders.remind(row)
    for pk in Removal.objects.filter(state=RemovalState.AWAITING_KIV.value).values_list("pk", flat=True):
        with alone(f"reminding of removal {pk}"), transaction.atomic():
            removal = moves.lock(Removal, pk)
            if removal.is_with_kiv:
                reminders.remind(removal)


@shared_task(name="workflows.sweep_handlers")
def sweep_handlers() -> None:
    """Ask the directory again who may act on each open request; a silent directory changes nothing."""
    directory = open_round()
    requests = AccessRequest.objects.filter(pk__in=_with_a_person()).select_related("order__orderer")
    removals = Removal.objects.filter(state=RemovalState.AWAITING_KIV.value)
    cases: list[Case] = [*requests, *removals]
    try:
        candidates.look_up_humans(directory, cases)
        for case in cases:
            with alone(f"asking who has case {case.case_number}"):
                handlers.refresh(directory, case)
    except DirectoryError:
        return


@shared_task(name="workflows.sweep_notices")
def sweep_notices() -> None:
    """Announce rights that end soon; a silent directory only puts it off, what is written goes out."""
    try:
        notices.give_notices(open_directory())
    except DirectoryError as exc:
        log.warning("notices not written (%s)", exc.code)
    notices.send_digests()


@shared_task(name="workflows.sweep_delegations")
def sweep_delegations() -> None:
    """End delegations that have lapsed or lost their ground, and remind of those that end soon."""
    try:
        delegations.sweep(open_directory())
    except DirectoryError as exc:
        log.warning("delegations not compared with the directory (%s)", exc.code)


@shared_task(name="workflows.sweep_protection")
def sweep_protection() -> None:
    """Bring up to the directory who is protected, on everything that names anybody."""
    try:
        protection.sweep(open_directory())
    except DirectoryError as exc:
        log.warning("who is protected was not compared with the directory (%s)", exc.code)


@shared_task(name="workflows.refresh_delegated")
def refresh_delegated(pk: int) -> None:
    """Let what waits for the head of unit follow a delegation that has just begun or ended."""
    row = Delegation.objects.get(pk=pk)
    directory = open_directory()
    for request in handlers.concerned_by(row).select_related("order__orderer"):
        try:
            with alone(f"asking who has case {request.case_number}"):
                handlers.refresh(directory, request)
        except DirectoryError:
            return


@shared_task(name="workflows.write_checkpoint")
def write_checkpoint() -> None:
    """Write down outside the database where the audit chain ends. What fails is recorded and fails loudly."""
    try:
        checkpoints.write()
    except NotDelivered as exc:
        with transaction.atomic():
            events.record(
                events.Action.CHECKPOINT_FAILED, actor=None, code=exc.code, targets=list(exc.failed)
            )
        log.error("audit checkpoint not delivered to %s", ", ".join(exc.failed))
        raise
    except ChainBroken as exc:
        log.critical("no audit checkpoint: %s, run verify_audit", exc.code)
        raise


@shared_task(name="workflows.verify_audit", time_limit=3300, soft_time_limit=3240)
def verify_audit() -> None:
    """Check the event log, and every row against it; what is wrong is recorded and told."""
    audit.check()


def _with_a_person() -> list[int]:
    return list(AccessRequest.objects.filter(state__in=WITH_A_PERSON).values_list("pk", flat=True))
