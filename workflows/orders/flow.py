"""The picture: how a request for access goes from order to a login that works. No rules here.

Module, class and node names are stored in the database: never rename, retire through `Obsolete`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from viewflow import this
from viewflow.workflow import lock
from viewflow.workflow.base import Flow
from viewflow.workflow.nodes import End, StartHandle, Switch

from provisioning.models import AccessRequest
from provisioning.rules.states.request import RequestState
from workflows.engine.nodes import Background, Step, is_in
from workflows.models import AccessProcess
from workflows.orders import work


class AccessRequestFlow(Flow):
    """From order to a login that works"""

    process_class = AccessProcess
    lock_impl = lock.SelectForUpdateLock(nowait=False, attempts=1)

    start = StartHandle(this.begin).Annotation(title=_("Ordered")).Next(this.is_attested)

    is_attested = (
        Switch()
        .Annotation(title=_("Approved by the order?"))
        .Case(this.check, cond=is_in(RequestState.CHECKING))
        .Case(this.second_attest, cond=is_in(RequestState.AWAITING_SECOND_ATTESTATION))
        .Default(this.attest)
    )

    attest = Step(page="attest").Annotation(title=_("Approval")).Next(this.attested)
    attested = (
        Switch()
        .Annotation(title=_("Decided?"))
        .Case(this.check, cond=is_in(RequestState.CHECKING))
        .Case(this.second_attest, cond=is_in(RequestState.AWAITING_SECOND_ATTESTATION))
        .Case(this.rejected, cond=is_in(RequestState.REJECTED))
        .Case(this.gave_up, cond=is_in(RequestState.GAVE_UP))
        .Case(this.cannot_be_done, cond=is_in(RequestState.CANNOT_BE_DONE))
        .Default(this.withdrawn)
    )

    second_attest = Step(page="attest").Annotation(title=_("Second approval")).Next(this.second_attested)
    second_attested = (
        Switch()
        .Annotation(title=_("Decided?"))
        .Case(this.check, cond=is_in(RequestState.CHECKING))
        .Case(this.rejected, cond=is_in(RequestState.REJECTED))
        .Case(this.gave_up, cond=is_in(RequestState.GAVE_UP))
        .Case(this.cannot_be_done, cond=is_in(RequestState.CANNOT_BE_DONE))
        .Default(this.withdrawn)
    )

    check = (
        Background(work=work.assess, record=work.record_check, first_delay=work.until_first_day)
        .Annotation(title=_("Commission check in the directory"))
        .Next(this.checked)
    )
    checked = (
        Switch()
        .Annotation(title=_("What is missing?"))
        .Case(this.verify, cond=is_in(RequestState.VERIFYING))
        .Case(this.kiv, cond=is_in(RequestState.AWAITING_KIV))
        .Case(this.choose, cond=is_in(RequestState.AWAITING_CHOICE))
        .Case(this.wait, cond=is_in(RequestState.WAITING_FOR_COMMISSION))
        .Case(this.cannot_be_done, cond=is_in(RequestState.CANNOT_BE_DONE))
        .Default(this.withdrawn)
    )

    choose = Step(page="choose").Annotation(title=_("The orderer chooses how to go on")).Next(this.chosen)
    chosen = (
        Switch()
        .Annotation(title=_("Which way?"))
        .Case(this.check, cond=is_in(RequestState.CHECKING))
        .Case(this.wait, cond=is_in(RequestState.WAITING_FOR_COMMISSION))
        .Case(this.cannot_be_done, cond=is_in(RequestState.CANNOT_BE_DONE))
        .Default(this.withdrawn)
    )

    wait = (
        Background(work=work.assess, record=work.record_waiting, first_delay=timedelta(minutes=1))
        .Annotation(title=_("Waiting for what is missing"))
        .Next(this.waited)
    )
    waited = (
        Switch()
        .Annotation(title=_("Has it come?"))
        .Case(this.verify, cond=is_in(RequestState.VERIFYING))
        .Case(this.kiv, cond=is_in(RequestState.AWAITING_KIV))
        .Case(this.cannot_be_done, cond=is_in(RequestState.CANNOT_BE_DONE))
        .Case(this.gave_up, cond=is_in(RequestState.GAVE_UP))
        .Default(this.withdrawn)
    )

    kiv = (
        Step(page="kiv_task")
        .Annotation(title=_("The KIV administrator sets the value"))
        .Next(this.carried_out)
    )
    carried_out = (
        Switch()
        .Annotation(title=_("Is it there?"))
        .Case(this.verify, cond=is_in(RequestState.VERIFYING))
        .Case(this.check, cond=is_in(RequestState.CHECKING))
        .Case(this.choose, cond=is_in(RequestState.AWAITING_CHOICE))
        .Case(this.cannot_be_done, cond=is_in(RequestState.CANNOT_BE_DONE))
        .Default(this.withdrawn)
    )

    verify = (
        Background(work=work.assess, record=work.record_verification)
        .Annotation(title=_("Verification by the service's own login rule"))
        .Next(this.verified)
    )
    verified = (
        Switch()
        .Annotation(title=_("Would the login succeed?"))
        .Case(this.granted, cond=is_in(RequestState.DONE))
        .Case(this.arrive, cond=is_in(RequestState.AWAITING_HSA))
        .Case(this.kiv, cond=is_in(RequestState.AWAITING_KIV))
        .Case(this.choose, cond=is_in(RequestState.AWAITING_CHOICE))
        .Case(this.cannot_be_done, cond=is_in(RequestState.CANNOT_BE_DONE))
        .Default(this.withdrawn)
    )

    arrive = (
        Background(work=work.follow, record=work.record_arrival)
        .Annotation(title=_("On its way to the national HSA"))
        .Next(this.arrived)
    )
    arrived = (
        Switch()
        .Annotation(title=_("Has it arrived?"))
        .Case(this.granted, cond=is_in(RequestState.DONE))
        .Case(this.verify, cond=is_in(RequestState.VERIFYING))
        .Case(this.kiv, cond=is_in(RequestState.AWAITING_KIV))
        .Case(this.choose, cond=is_in(RequestState.AWAITING_CHOICE))
        .Case(this.cannot_be_done, cond=is_in(RequestState.CANNOT_BE_DONE))
        .Default(this.withdrawn)
    )

    granted = End().Annotation(title=_("Done: the access works"))
    rejected = End().Annotation(title=_("Rejected"))
    withdrawn = End().Annotation(title=_("Withdrawn"))
    cannot_be_done = End().Annotation(title=_("Cannot be done"))
    gave_up = End().Annotation(title=_("Gave up waiting"))

    def begin(self, activation: Any, request: AccessRequest) -> AccessProcess:
        process: AccessProcess = activation.process
        process.request = request
        return process
