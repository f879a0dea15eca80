"""What mails say: first the act, then why, and the number last; nothing personal.

A subject begins with the act, for a phone shows some forty characters of it; the first line is the act, too,
for a list of mails shows that. Sources: domain §7, privacy rules.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning.models import Case


class MessageKind(enum.StrEnum):
    """What a message is about. Stored with the message: never rename."""

    ORDERED = "ordered"
    ATTEST = "attest"
    CHOOSE = "choose"
    KIV = "kiv"
    KIV_RETURNED = "kiv_returned"
    KIV_TEAM = "kiv_team"
    KIV_TICKET = "kiv_ticket"
    QUESTION = "question"
    ANSWER = "answer"
    ATTESTED = "attested"
    REJECTED = "rejected"
    DONE = "done"
    ENDED = "ended"
    REMINDER = "reminder"
    UNUSUALLY_LONG = "unusually_long"
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
    REMOVAL_KIV_TEAM = "removal_kiv_team"
    REMOVAL_KIV_TICKET = "removal_kiv_ticket"
    REMOVAL_QUESTION = "removal_question"
    REMOVAL_ANSWER = "removal_answer"
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
    ORDER_SUMMARY = "order_summary"
    DIGEST = "digest"

    def of(self, case: Case) -> MessageKind:
        """The message about a request, or the one that says the same about a removal."""
        return MessageKind(f"{case.MESSAGE_PREFIX}{self.value}")


@dataclass(frozen=True, slots=True)
class Words:
    """The subject, and the two paragraphs: what to do now, and what has happened."""

    subject: str | Promise
    now: str | Promise
    happened: str | Promise


_NOTHING_TO_DO = _("You need not do anything.")
_SET_IT = _("Open the task, copy the value and set it in KIV.")
_REMOVE_IT = _("Open the task and remove the value in KIV.")
_LATE = _("Delayed, you need not do anything (%(case)s)")
_QUESTION = Words(
    _("Answer a question (%(case)s)"),
    _("Read the question and answer it."),
    _("The KIV administrator needs to know something before it can be done in KIV."),
)
_ANSWER = Words(
    _("Your question is answered (%(case)s)"),
    _("Read the answer and finish the task in KIV."),
    _("You or another KIV administrator asked something. The task waits for you again."),
)
_TEAM = Words(
    _("A KIV task for the group (%(case)s)"),
    _("Open the task and take it, so that the others see that somebody works on it."),
    _("A KIV task waits. Only those who may carry it out can open it."),
)
_TICKET = Words(
    _("A KIV task (%(case)s)"),
    _("Open the task. Only those who may carry it out can open it."),
    _("It ends when the value is seen in KIV, or the order ends. A closed ticket does not end it."),
)
_NOT_GIVEN = _("The order has ended, and the person gets no access.")

WORDS: dict[MessageKind, Words] = {
    MessageKind.ORDERED: Words(
        _("Access is ordered for you (%(case)s)"),
        _("You need not do anything. You get a mail when you can log in."),
        _("Somebody has ordered access for you. Here you see what, why, and who has the order."),
    ),
    MessageKind.ORDER_SUMMARY: Words(
        _("An order for many: what has happened (%(case)s)"),
        _("Lines that wait for you: %(waiting)s. Open the order to see all of it."),
        _(
            "Lines of the order have been placed, decided or carried out. You get at most one such mail "
            "a day about the same order."
        ),
    ),
    MessageKind.ATTEST: Words(
        _("Approve an order (%(case)s)"),
        _("Read the order, and approve or reject it."),
        _("Somebody needs access and waits for your decision."),
    ),
    MessageKind.CHOOSE: Words(
        _("Choose how the order goes on (%(case)s)"),
        _("Something is missing in KIV. Read what, and choose how it is put in place."),
        _("The order is approved, but the access cannot work yet."),
    ),
    MessageKind.KIV: Words(
        _("Set in KIV (%(case)s)"),
        _SET_IT,
        _("The order is approved. We close the task when we see the value in KIV."),
    ),
    MessageKind.KIV_RETURNED: Words(
        _("Check in KIV: the value is missing (%(case)s)"),
        _("We do not see the value in KIV. Check that it stands on the right person, and that you saved."),
        _("Somebody answered that it is set. The task shows what stands there instead."),
    ),
    MessageKind.KIV_TEAM: _TEAM,
    MessageKind.REMOVAL_KIV_TEAM: _TEAM,
    MessageKind.KIV_TICKET: _TICKET,
    MessageKind.REMOVAL_KIV_TICKET: _TICKET,
    MessageKind.QUESTION: _QUESTION,
    MessageKind.ANSWER: _ANSWER,
    MessageKind.REMOVAL_QUESTION: _QUESTION,
    MessageKind.REMOVAL_ANSWER: _ANSWER,
    MessageKind.ATTESTED: Words(
        _("Approved, is being carried out (%(case)s)"),
        _NOTHING_TO_DO,
        _("The order is approved. You get a mail when it is done."),
    ),
    MessageKind.REJECTED: Words(
        _("Rejected order (%(case)s)"),
        _("Read why. You can order again."),
        _("The order is rejected, and the person gets no access."),
    ),
    MessageKind.DONE: Words(
        _("The access is ready (%(case)s)"),
        _("You need not do anything."),
        _(
            "The person you ordered for can log in, with a SITHS card. Whoever is logged in to the service "
            "already logs out and in again."
        ),
    ),
    MessageKind.ENDED: Words(
        _("Ended without access (%(case)s)"), _("Read why, and what you can do."), _NOT_GIVEN
    ),
    MessageKind.REMINDER: Words(
        _("Reminder: approve (%(case)s)"),
        _("Somebody waits for their access. Read the order, and approve or reject it."),
        _("The order still waits for you."),
    ),
    MessageKind.UNUSUALLY_LONG: Words(
        _("Takes longer than usual (%(case)s)"),
        _("Open the order and see what you can do, or ask somebody who can."),
        _("The order waits for you longer than 95 of 100 orders have waited here."),
    ),
    MessageKind.DIRECTORY_SILENT: Words(
        _LATE,
        _NOTHING_TO_DO,
        _("We get no answer from KIV right now. It goes on automatically, and nothing is lost."),
    ),
    MessageKind.HSA_LATE: Words(
        _LATE,
        _NOTHING_TO_DO,
        _("It is set in KIV, but has not reached HSA in the usual time. The support team knows, too."),
    ),
    MessageKind.STUCK: Words(
        _("Nobody has approved. Call them (%(case)s)"),
        _("Here you see who can approve."),
        _("The order has waited long, and nobody has answered."),
    ),
    MessageKind.DELEGATED: Words(
        _("You have been given a delegation"),
        _("See on which unit you may order or approve, and for how long."),
        _("A head of unit has delegated to you. You can end the delegation there."),
    ),
    MessageKind.DELEGATION_ENDED: Words(
        _("Your delegation has ended"),
        _("See which one, and why."),
        _("A delegation that you gave or were given has ended. The head of unit can delegate anew."),
    ),
    MessageKind.DELEGATION_ENDS_SOON: Words(
        _("Your delegation ends soon"),
        _("If it is needed longer, the head of unit has to delegate anew."),
        _("A delegation that you gave or were given ends soon, automatically."),
    ),
    MessageKind.RIGHTS_END_SOON: Words(
        _("Prolong or end rights"),
        _("Open the list and prolong what is needed."),
        _("Rights that you have or answer for end soon. What is not prolonged ends on its last day."),
    ),
    MessageKind.REMOVAL_STARTED: Words(
        _("A right is being ended (%(case)s)"),
        _NOTHING_TO_DO,
        _("See which right it is and why. If it is still needed, one orders it anew."),
    ),
    MessageKind.REMOVAL_KIV: Words(
        _("Remove in KIV (%(case)s)"),
        _REMOVE_IT,
        _("The right has ended. We close the task when we see that the value is gone."),
    ),
    MessageKind.REMOVAL_KIV_RETURNED: Words(
        _("Remove again: the value is still there (%(case)s)"),
        _REMOVE_IT,
        _("The value is in KIV. Either it was not removed, or it has come back."),
    ),
    MessageKind.REMOVAL_REMINDER: Words(
        _("Reminder: remove in KIV (%(case)s)"),
        _REMOVE_IT,
        _("The right has ended, but the value is still in KIV."),
    ),
    MessageKind.REMOVAL_HSA_LATE: Words(
        _LATE,
        _NOTHING_TO_DO,
        _(
            "The value is removed in KIV, but still in HSA after the usual time. Until it is gone there, one "
            "may still be able to log in. The support team knows, too."
        ),
    ),
    MessageKind.REMOVAL_DONE: Words(
        _("A right has ended (%(case)s)"),
        _NOTHING_TO_DO,
        _("The right has ended, and is gone from KIV. If it is needed again, one orders it anew."),
    ),
    MessageKind.REMOVAL_ENDED: Words(
        _("The removal has ended (%(case)s)"),
        _("Read why, and what holds now."),
        _("Nothing was removed."),
    ),
    MessageKind.REMOVAL_STUCK: Words(
        _("The removal cannot be carried out (%(case)s)"),
        _("Read why, and what happens next."),
        _("The right has ended, but is still in KIV."),
    ),
    MessageKind.REVIEW_WAITS: Words(
        _("Review rights"),
        _("Keep or remove each right."),
        _("Rights that you answer for are to be reviewed. You can save a part and go on later."),
    ),
    MessageKind.REVIEW_STUCK: Words(
        _("A review without anybody responsible: name a head of unit in KIV"),
        _("Open the list and see which unit."),
        _("Nobody in KIV may decide on the rights. The review goes on when the unit has a head in KIV."),
    ),
    MessageKind.FINDINGS: Words(
        _("Resolve differences from KIV"),
        _("Open the list and see what is wrong, why, and what you can do."),
        _("A comparison with KIV has found something for you to resolve."),
    ),
    MessageKind.REORGANISATION: Words(
        _("Approve a reorganisation"),
        _("Read which rights it is about. You approve all of them at once, or none."),
        _("Somebody has proposed that the rights of an old unit move to a unit that you are head of."),
    ),
    MessageKind.REORGANISATION_OVER: Words(
        _("The reorganisation is over"),
        _("See what has moved, and whether something stays as it was."),
        _("A reorganisation that you proposed or approved has been carried out, or was not approved."),
    ),
    MessageKind.SWEEP_STOPPED: Words(
        _("Stopped comparison: check the account that reads KIV"),
        _("Check KIV and the account that reads it."),
        _("So much seemed to be gone at once that the answer is not believed. Nothing has been changed."),
    ),
    MessageKind.AUDIT_UNSOUND: Words(
        _("Check the event log"),
        _("Run manage.py verify_audit --tables: it names each row."),
        _(
            "The nightly check found rows in the database that do not say what was signed, or could not "
            "check the event log against its checkpoints. Nothing has been changed."
        ),
    ),
    MessageKind.INCIDENTS: Words(
        _("Look after what stands still"),
        _("Open the page Operation. It says what it is, since when, why, and what to do."),
        _("Something stands still, cannot be dealt with, or somebody has searched unusually often."),
    ),
    MessageKind.DIGEST: Words(
        _("Read the day's notices"),
        _("Begin with what is first: it has waited longest."),
        _("You have chosen to get these together, once a day. You change that on the page My notices."),
    ),
}

HOLDER_CAN_LOG_IN = Words(
    _("Now you can log in (%(case)s)"),
    _("Log in with your SITHS card. If you are logged in to the service already: log out and in again."),
    _("Your access is ready."),
)
HOLDER_CAN_SOON_LOG_IN = Words(
    _("Soon you can log in (%(case)s)"),
    _("Log in a little later, with your SITHS card. If you are logged in already: log out and in again."),
    _("Your access is set in KIV, and is on its way to HSA."),
)
PROLONGED = Words(
    _("Prolonged until %(day)s (%(case)s)"),
    _NOTHING_TO_DO,
    _("The right is prolonged until %(day)s. It works as before."),
)
APPROVED_FOR_LATER = Words(
    _("Approved, is carried out later (%(case)s)"),
    _NOTHING_TO_DO,
    _("The order is approved. Nothing is set in KIV before its first day, %(first)s."),
)
WITHDRAWN = Words(_("The order is withdrawn (%(case)s)"), _NOTHING_TO_DO, _NOT_GIVEN)
SET_NOTHING = Words(
    _("Set nothing in KIV, the order is over (%(case)s)"),
    _("Set nothing in KIV."),
    _("The order is withdrawn or has ended. If you have set something already, remove it."),
)
DECIDE_NOTHING = Words(_("You need not approve any more (%(case)s)"), _NOTHING_TO_DO, _NOT_GIVEN)
SET_ON_UNIT = _("Set in KIV: %(service)s, %(unit)s (%(case)s)")
REMOVE_ON_UNIT = _("Remove in KIV: %(service)s, %(unit)s (%(case)s)")
REVIEW_BY = _("Review rights by %(day)s")
REMIND_TO_SET = Words(
    _("Reminder: set in KIV (%(case)s)"),
    _SET_IT,
    _("Somebody waits for their access. The task waits for you."),
)
REMIND_TO_CHOOSE = Words(
    _("Reminder: choose how the order goes on (%(case)s)"),
    _("Something is missing in KIV. Read what, and choose how it is put in place."),
    _("Somebody waits for their access. The order still waits for you."),
)
NOBODY_SETS = Words(
    _("Nobody has set it in KIV. Call them (%(case)s)"),
    _("Here you see who can set it."),
    _("The order has waited long, and nobody has answered."),
)
NOBODY_CHOOSES = Words(
    _("Nobody has chosen. Call them (%(case)s)"),
    _("Here you see who can choose how the order goes on."),
    _("The order has waited long, and nobody has answered."),
)
REMIND_TO_ANSWER = Words(
    _("Reminder: answer a question (%(case)s)"),
    _("Read the question and answer it."),
    _("The KIV administrator has asked you something, and waits for the answer."),
)
NOBODY_ANSWERS = Words(
    _("A question is not answered. Call them (%(case)s)"),
    _("Here you see who was asked, and what."),
    _("The KIV administrator has asked something and waited long for the answer."),
)
