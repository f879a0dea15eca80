"""What a request and a removal share: a right, a state with its moves, and a KIV administrator's task.

Abstract: no table of its own. Whatever is done alike with both asks here what differs between them.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import models
from django.utils import timezone

from provisioning.models.columns import AboutOneRight, KivTask
from provisioning.rules.hsa import HsaId
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState


class Case(AboutOneRight, KivTask):
    """A request or a removal: something that waits, step by step, until the directory shows it done."""

    # The column of handlers, evidence and messages that points to it; the first word of its audit actions.
    KEY: ClassVar[str]
    STATES: ClassVar[type[RequestState] | type[RemovalState]]
    MOVES: ClassVar[Mapping[Any, frozenset[Any]]]
    READ_WITH: ClassVar[tuple[str, ...]]  # what is read together with the row
    VALUE: ClassVar[str]  # under which each of its changes holds the value
    is_removal: ClassVar[bool] = False
    MESSAGE_PREFIX: ClassVar[str] = ""  # of the kinds of messages that are its own

    state = models.CharField(max_length=30)  # each kind says which there are
    state_since = models.DateTimeField(default=timezone.now)
    end_reason = models.TextField(blank=True)  # why it was rejected, withdrawn, could not be done
    end_code = models.CharField(max_length=60, blank=True)
    changes = models.JSONField(default=list)  # what the KIV administrator has to do: dn, attribute, the value

    if TYPE_CHECKING:  # each kind has them as columns and relations of its own
        case_number: Any
        carried_out_by: Any
        handlers: Any
        evidence: Any
        incidents: Any
        questions: Any
        process: Any

    class Meta:
        abstract = True

    @property
    def pointer(self) -> dict[str, Any]:
        """The column of handlers, evidence and messages that points to it, with itself as the value."""
        return {self.KEY: self}

    @property
    def audit_pointers(self) -> dict[str, Any]:
        """The columns of an audit entry that point to it."""
        return {"about": self.public_id}

    @property
    def is_open(self) -> bool:
        return bool(self.MOVES[self.STATES(self.state)])

    @property
    def is_with_kiv(self) -> bool:
        """Say whether it is a KIV administrator's task now."""
        return self.STATES(self.state) is self.STATES.AWAITING_KIV

    @property
    def is_looked_at(self) -> bool:
        """Say whether the directory is looked at for its values again and again, as it stands now."""
        return self.is_with_kiv

    @property
    def entries(self) -> models.QuerySet[Any]:
        """What has been recorded about it alone."""
        raise NotImplementedError

    @property
    def all_entries(self) -> models.QuerySet[Any]:
        """The same with what has been recorded about its order."""
        return self.entries

    @property
    def lasts(self) -> Any:
        """What has the days of the right: itself, or the right; None where a value belongs to no right."""
        raise NotImplementedError

    @property
    def starters(self) -> list[HsaId]:
        """The person who set it going."""
        raise NotImplementedError

    @property
    def concerned(self) -> list[HsaId]:
        """Who set it going, and the person."""
        return [*self.starters, self.subject_id]

    @property
    def attested_by(self) -> list[str]:
        """The keys of those who attested it: they never carry it out."""
        return []

    @property
    def step(self) -> tuple[Any, ...]:
        """Where it stands: who may act on it is looked up anew when this changes."""
        return (self.state,)

    @property
    def handler_ids(self) -> list[HsaId]:
        """Who may act on it now."""
        return [HsaId(handler.person_hsa_id) for handler in self.handlers.all()]

    @property
    def sitting_ids(self) -> list[HsaId]:
        """Who is asked to take it further: mails that ask and work lists are about these persons.

        Nobody where the tool itself has it, or it has ended. A question is with whoever it was asked.
        """
        return self.starters if self.open_question is not None else self.handler_ids

    @property
    def open_question(self) -> Any:
        """The KIV administrator's question that waits for its answer; None where none does."""
        return next((one for one in self._questions_now if one.answered_at is None), None)

    @property
    def waits_since(self) -> datetime:
        """Since when whoever has it has it: the state began, or the last question or answer came."""
        moments: list[datetime] = [self.state_since]
        for one in self._questions_now:
            moments += [at for at in (one.asked_at, one.answered_at) if at is not None]
        return max(moments)

    @property
    def _questions_now(self) -> list[Any]:
        """Those of the task as it is with the KIV administrators now, not of an earlier time."""
        if not self.is_with_kiv:
            return []
        return [one for one in self.questions.all() if one.asked_at >= self.state_since]

    @property
    def incident(self) -> Any:
        """Why it stands still and the operators have it; None where it does not."""
        return next(
            (one for one in self.incidents.all() if one.over_at is None and one.kind == "stalled"), None
        )

    def outcome(self, *, is_hidden: bool) -> dict[str, Any]:
        """What a receipt says that only this kind of case has; `is_hidden`: about a protected person."""
        raise NotImplementedError

    def may_move(self, target: enum.StrEnum) -> bool:
        """Say whether it may go from its state to `target`."""
        return target in self.MOVES[self.STATES(self.state)]

    def leave_state(self) -> tuple[str, ...]:
        """Forget who was reminded in the state that ends. Returns the columns to save."""
        self.reminded_at, self.reminder_count, self.poll_count = None, 0, 0
        return ("reminded_at", "reminder_count", "poll_count")
