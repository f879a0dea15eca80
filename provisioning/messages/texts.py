"""What messages say: a link and a case number, nothing personal. Sources: domain §7, privacy rules."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning.assessments import hsa_delay
from provisioning.models import Case, OutgoingMessage


class MessageKind(enum.StrEnum):
    """What a message is about. Stored with the message: never rename."""

    ATTEST = "attest"
    CHOOSE = "choose"
    KIV = "kiv"
    KIV_RETURNED = "kiv_returned"
    ATTESTED = "attested"
    REJECTED = "rejected"
    DONE = "done"
    ENDED = "ended"
    REMINDER = "reminder"
    DIRECTORY_SILENT = "directory_silent"
    HSA_LATE = "hsa_late"
    STUCK = "stuck"
    DELEGATED = "delegated"
    DELEGATION_ENDED = "delegation_ended"
    DELEGATION_ENDS_SOON = "delegation_ends_soon"
    RIGHTS_END_SOON = "rights_end_soon"
    REMOVAL_STARTED = "removal_started"
    REMOVAL_KIV = "removal_kiv"
    REMOVAL_KIV_RETURNED = "removal_kiv_returned"
    REMOVAL_REMINDER = "removal_reminder"
    REMOVAL_HSA_LATE = "removal_hsa_late"
    REMOVAL_DONE = "removal_done"
    REMOVAL_ENDED = "removal_ended"
    REMOVAL_STUCK = "removal_stuck"
    REVIEW_WAITS = "review_waits"
    REVIEW_STUCK = "review_stuck"
    FINDINGS = "findings"
    SWEEP_STOPPED = "sweep_stopped"
    REORGANISATION = "reorganisation"
    REORGANISATION_OVER = "reorganisation_over"
    AUDIT_UNSOUND = "audit_unsound"
    INCIDENTS = "incidents"

    def of(self, case: Case) -> MessageKind:
        """The message about a request, or the one that says the same about a removal."""
        return MessageKind(f"{case.MESSAGE_PREFIX}{self.value}")


ABOUT_DELEGATIONS = frozenset(
    {MessageKind.DELEGATED, MessageKind.DELEGATION_ENDED, MessageKind.DELEGATION_ENDS_SOON}
)
ABOUT_REVIEWS = frozenset({MessageKind.REVIEW_WAITS, MessageKind.REVIEW_STUCK})


@dataclass(frozen=True, slots=True)
class _Words:
    """Subject (gets `case`) and the two paragraphs: what happened, and what to do now."""

    subject: str | Promise
    happened: str | Promise
    now: str | Promise


WORDS: dict[MessageKind, _Words] = {
    MessageKind.ATTEST: _Words(
        _("Case %(case)s: something for you to decide"),
        _("An access order waits for your decision."),
        _("Open the case, read what the directory says, and attest or reject."),
    ),
    MessageKind.CHOOSE: _Words(
        _("Case %(case)s: you need to choose how to go on"),
        _("The order is attested, but something is missing in the directory."),
        _("Open the case to see what is missing and choose: ask for it, wait for it, or withdraw."),
    ),
    MessageKind.KIV: _Words(
        _("Case %(case)s: something for you to set in KIV"),
        _("An attested access order waits to be carried out in KIV."),
        _(
            "Open the task: it shows the exact value to set and where. It closes by itself "
            "when the value is there."
        ),
    ),
    MessageKind.KIV_RETURNED: _Words(
        _("Case %(case)s: the value is not there yet"),
        _("The task was answered as done, but the directory does not show the wanted value."),
        _("Open the task: it shows what the directory holds instead."),
    ),
    MessageKind.ATTESTED: _Words(
        _("Case %(case)s: the order is attested"),
        _("The access order has been attested and is now being carried out."),
        _("You need not do anything. You get a message when the access works."),
    ),
    MessageKind.REJECTED: _Words(
        _("Case %(case)s: the order is rejected"),
        _("The access order has been rejected."),
        _("Open the case to read the reason. You can order again from there."),
    ),
    MessageKind.DONE: _Words(
        _("Case %(case)s: the access works"),
        _("The directory now holds what the service asks for at login."),
        _("If you are the one who got access: log out of the service and log in again."),
    ),
    MessageKind.ENDED: _Words(
        _("Case %(case)s: the order has ended without access"),
        _("The access order has ended and no access was given."),
        _("Open the case to read why, and what you can do."),
    ),
    MessageKind.REMINDER: _Words(
        _("Reminder, case %(case)s: it still waits for you"),
        _("Somebody waits for their access, and the case is with you."),
        _("Open the case to see what you need to do."),
    ),
    MessageKind.DIRECTORY_SILENT: _Words(
        _("Case %(case)s: the directory does not answer"),
        _("The case cannot go on right now, because the directory does not answer. Nothing is lost."),
        _("You need not do anything: the case goes on by itself when the directory answers again."),
    ),
    MessageKind.HSA_LATE: _Words(
        _("Case %(case)s: the change has not arrived in HSA yet"),
        _(
            "The value is set in KIV, but it has not arrived in HSA in the usual time. "
            "The access does not work before it has."
        ),
        _(
            "You need not do anything in the case: it goes on by itself when the value has arrived. "
            "Those who run the directories can see whether something holds it up."
        ),
    ),
    MessageKind.STUCK: _Words(
        _("Case %(case)s: nobody has answered"),
        _("The case has waited long, and nobody it was given to has answered."),
        _("Open the case to see who has it. It helps to speak with them; everybody it was given to can act."),
    ),
    MessageKind.DELEGATED: _Words(
        _("Something has been delegated to you"),
        _("A head of unit has given you the right to order or attest access in their place."),
        _("Open the page to see for which unit, and from when until when. You can give it back there."),
    ),
    MessageKind.DELEGATION_ENDED: _Words(
        _("A delegation has ended"),
        _("A delegation that you gave or received does not count any more."),
        _("Open the page to see which, and why. A head of unit can give a new one there."),
    ),
    MessageKind.DELEGATION_ENDS_SOON: _Words(
        _("A delegation ends soon"),
        _("A delegation that you gave or received ends soon, by itself."),
        _("You need not do anything. If it is needed longer, the head of unit gives a new one."),
    ),
    MessageKind.RIGHTS_END_SOON: _Words(
        _("Access that ends soon"),
        _("One or more rights that are yours, or that you answer for, end soon."),
        _("Open the list to see which and when. There you prolong what is needed, or let it end."),
    ),
    MessageKind.REMOVAL_STARTED: _Words(
        _("Case %(case)s: access is being ended"),
        _("A right has come to its end and is now taken away."),
        _("Open the case to see which right it is and why. If it is still needed, it can be ordered again."),
    ),
    MessageKind.REMOVAL_KIV: _Words(
        _("Case %(case)s: something for you to remove in KIV"),
        _("A right has ended, and its value waits to be removed in KIV."),
        _(
            "Open the task: it shows the exact value to remove and where. It closes by itself "
            "when the value is gone."
        ),
    ),
    MessageKind.REMOVAL_KIV_RETURNED: _Words(
        _("Case %(case)s: the value still stands in KIV"),
        _("The value was reported as removed, or was gone for a while, but KIV shows it."),
        _("Open the task: it shows what the directory holds."),
    ),
    MessageKind.REMOVAL_REMINDER: _Words(
        _("Reminder, case %(case)s: a value waits to be removed"),
        _("A right that has ended still stands in the directory, and the case is with you."),
        _("Open the case to see what you need to do."),
    ),
    MessageKind.REMOVAL_HSA_LATE: _Words(
        _("Case %(case)s: the removed value is still in HSA"),
        _(
            "The value is removed in KIV, but it has not left HSA in the usual time. "
            "Until it has, the log-in can still work."
        ),
        _(
            "You need not do anything in the case: it ends by itself when HSA does not hold the value any "
            "more. Those who run the directories can see whether something holds it up."
        ),
    ),
    MessageKind.REMOVAL_DONE: _Words(
        _("Case %(case)s: the access has ended"),
        _("The right has ended, and what the case was to remove is no longer in the directory."),
        _("You need not do anything. If access is needed again, it is ordered anew."),
    ),
    MessageKind.REMOVAL_ENDED: _Words(
        _("Case %(case)s: the removal has ended"),
        _("The removal has ended without anything being removed."),
        _("Open the case to read why, and what holds now."),
    ),
    MessageKind.REMOVAL_STUCK: _Words(
        _("Case %(case)s: the removal cannot be carried out"),
        _("A right that has ended still stands in the directory, and nobody could remove it."),
        _("Open the case to read why, and what happens next."),
    ),
    MessageKind.REVIEW_WAITS: _Words(
        _("Rights to review"),
        _("One or more rights that you answer for are to be reviewed, and wait for your decision."),
        _("Open the list. There you keep or remove each right. You can save a part and go on later."),
    ),
    MessageKind.REVIEW_STUCK: _Words(
        _("A review that nobody can decide"),
        _("The directory names nobody who may decide on rights that are to be reviewed."),
        _("Open the list to see which unit. The review goes on when the unit has a head in the directory."),
    ),
    MessageKind.FINDINGS: _Words(
        _("Rights that do not agree with the directory"),
        _("A comparison with the directory has found something that is yours to settle."),
        _("Open the list: it says what is wrong, why, and what you can do."),
    ),
    MessageKind.REORGANISATION: _Words(
        _("A reorganisation for you to attest"),
        _("Somebody has proposed that the rights of an old unit move to a unit that you are head of."),
        _("Open the list to see which rights it is about. You attest all of them at once, or none."),
    ),
    MessageKind.REORGANISATION_OVER: _Words(
        _("A reorganisation is over"),
        _("A reorganisation that you proposed or attested has been carried out, or was not attested."),
        _("Open the list to see what has moved, and whether something stays as it was."),
    ),
    MessageKind.SWEEP_STOPPED: _Words(
        _("The comparison with the directory was stopped"),
        _("So much seemed to be gone from the directory at once that the answer is not believed."),
        _("Nothing has been changed. Check the directory and the account that reads it."),
    ),
    MessageKind.AUDIT_UNSOUND: _Words(
        _("The nightly check of the event log found something"),
        _(
            "Rows in the database do not say what was signed, or the event log could not be checked "
            "against its checkpoints."
        ),
        _("Nothing has been changed. Run manage.py verify_audit --tables: it names each row."),
    ),
    MessageKind.INCIDENTS: _Words(
        _("Something for those who run the tool to look after"),
        _("A case stands still, an entry cannot be dealt with, or somebody has searched unusually often."),
        _("Open the page Operation. It says what it is, since when, why, and what to do."),
    ),
}


@dataclass(frozen=True, slots=True)
class Text:
    subject: str
    body: str
    html: str


def _is_to_be_waited_for(message: OutgoingMessage) -> bool:
    """The case is done by what KIV holds, and nobody has seen what HSA holds."""
    request, removal = message.request, message.removal
    if request is not None:
        return message.kind == MessageKind.DONE.value and request.arrived_at is None
    if removal is not None:
        return message.kind == MessageKind.REMOVAL_DONE.value and removal.gone_from_hsa_at is None
    return False


def compose(message: OutgoingMessage) -> Text:
    """The text of a message, in the language that is active now."""
    words = WORDS[MessageKind(message.kind)]
    about = message.request or message.removal
    case = about.case_number if about else ""
    context = {
        "words": words,
        "case": case,
        "link": settings.SITE_URL.rstrip("/") + _path(message),
        "delay": hsa_delay.sentence() if _is_to_be_waited_for(message) else "",
    }
    return Text(
        subject=str(words.subject) % {"case": case},
        body=render_to_string("provisioning/mail/message.txt", context),
        html=render_to_string("provisioning/mail/message.html", context),
    )


def _path(message: OutgoingMessage) -> str:
    """The page that the link opens."""
    if message.request is not None:
        return reverse("case", args=[message.request.public_id])
    if message.removal is not None:
        return reverse("removal", args=[message.removal.public_id])
    kind = MessageKind(message.kind)
    if kind in ABOUT_DELEGATIONS:
        return reverse("delegations")
    if kind in ABOUT_REVIEWS:
        return reverse("reviews")
    if kind in (MessageKind.REORGANISATION, MessageKind.REORGANISATION_OVER):
        return reverse("reorganisations")
    if kind in (MessageKind.FINDINGS, MessageKind.SWEEP_STOPPED):
        return reverse("findings")
    if kind in (MessageKind.AUDIT_UNSOUND, MessageKind.INCIDENTS):
        return reverse("operation")
    return reverse("ending" if kind is MessageKind.RIGHTS_END_SOON else "start")
