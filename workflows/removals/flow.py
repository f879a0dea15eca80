"""The picture: how a right is taken away, from its cause until the directory shows it gone. No rules here.

Module, class and node names are stored in the database: never rename, retire through `Obsolete`.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import lock
from viewflow.workflow.base import Flow
from viewflow.workflow.nodes import End, StartHandle, Switch

from provisioning.models import Removal
from provisioning.rules.states.right import RemovalState
from workflows.engine.nodes import Background, Step, is_in
from workflows.models import RemovalProcess
from workflows.removals import work


class RemovalFlow(Flow):
    """From a right that ends to a directory that no longer holds it"""

    process_class = RemovalProcess
    lock_impl = lock.SelectForUpdateLock(nowait=False, attempts=1)

    start = StartHandle(this.begin).Annotation(title=_("A right ends")).Next(this.look)

    look = (
        Background(work=work.look, record=work.record_look)
        .Annotation(title=_("What stands in the directory"))
        .Next(this.looked)
    )
    looked = (
        Switch()
        .Annotation(title=_("Is there anything to remove?"))
        .Case(this.kiv, cond=is_in(RemovalState.AWAITING_KIV))
        .Case(this.leave, cond=is_in(RemovalState.AWAITING_HSA))
        .Case(this.gone, cond=is_in(RemovalState.DONE))
        .Case(this.not_needed, cond=is_in(RemovalState.NOT_NEEDED))
        .Case(this.cannot_be_done, cond=is_in(RemovalState.CANNOT_BE_DONE))
        .Default(this.withdrawn)
    )

    kiv = (
        Step(page="removal_task")
        .Annotation(title=_("The KIV administrator removes the value"))
        .Next(this.carried_out)
    )
    carried_out = (
        Switch()
        .Annotation(title=_("Is it gone?"))
        .Case(this.verify, cond=is_in(RemovalState.VERIFYING))
        .Case(this.cannot_be_done, cond=is_in(RemovalState.CANNOT_BE_DONE))
        .Default(this.withdrawn)
    )

    verify = (
        Background(work=work.look, record=work.record_look)
        .Annotation(title=_("Verification that it is gone"))
        .Next(this.verified)
    )
    verified = (
        Switch()
        .Annotation(title=_("Is anything left?"))
        .Case(this.kiv, cond=is_in(RemovalState.AWAITING_KIV))
        .Case(this.leave, cond=is_in(RemovalState.AWAITING_HSA))
        .Case(this.gone, cond=is_in(RemovalState.DONE))
        .Case(this.cannot_be_done, cond=is_in(RemovalState.CANNOT_BE_DONE))
        .Default(this.not_needed)
    )

    leave = (
        Background(work=work.follow, record=work.record_departure)
        .Annotation(title=_("On its way out of the national HSA"))
        .Next(this.left)
    )
    left = (
        Switch()
        .Annotation(title=_("Has it left?"))
        .Case(this.gone, cond=is_in(RemovalState.DONE))
        .Case(this.verify, cond=is_in(RemovalState.VERIFYING))
        .Case(this.kiv, cond=is_in(RemovalState.AWAITING_KIV))
        .Case(this.cannot_be_done, cond=is_in(RemovalState.CANNOT_BE_DONE))
        .Default(this.not_needed)
    )

    gone = End().Annotation(title=_("Gone from the directory"))
    not_needed = End().Annotation(title=_("Nothing to remove"))
    withdrawn = End().Annotation(title=_("Withdrawn"))
    cannot_be_done = End().Annotation(title=_("Cannot be done"))

    def begin(self, activation: Any, removal: Removal) -> RemovalProcess:
        process: RemovalProcess = activation.process
        process.removal = removal
        return process
