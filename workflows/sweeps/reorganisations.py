"""Carrying out reorganisations that are attested, one right at a time; the directory is asked before each.

A right that cannot be settled now is settled in the next round; what fails oddly fails alone.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from typing import cast

from provisioning.errors import DirectoryError, WrongState
from provisioning.models import (
    AccessRequest,
    Order,
    Removal,
    Reorganisation,
    ReorganisationState,
    ReorganisedRight,
    User,
)
from provisioning.orders.draft import Prepared
from provisioning.orders.prepare import prepare
from provisioning.reorganisation import carry_out
from provisioning.rules.hsa import HsaId
from workflows import steps
from workflows.alone import alone
from workflows.removals.flow import RemovalFlow

log = logging.getLogger(__name__)

AT_ONCE = 50  # rights of one reorganisation in one round


def carry_on() -> int:
    """One round over all that run. Returns how many rights were settled or ordered."""
    running = Reorganisation.objects.filter(state=ReorganisationState.RUNNING).order_by("pk")
    return sum(_carry_on(row) for row in running)


def _carry_on(row: Reorganisation) -> int:
    open_states = [ReorganisedRight.HowFar.WAITING, ReorganisedRight.HowFar.ORDERED]
    items = row.items.filter(state__in=open_states).select_related("grant", "request__order", "new_request")
    done = 0
    for item in items.order_by("-state", "pk")[:AT_ONCE]:
        item.reorganisation = row
        with alone(f"reorganising right {item.pk}"), contextlib.suppress(WrongState, DirectoryError):
            done += _step(item, row)
    carry_out.finish(row.pk)
    return done


def _step(item: ReorganisedRight, row: Reorganisation) -> bool:
    if item.state == ReorganisedRight.HowFar.ORDERED:
        if item.new_request is not None and item.new_request.is_open:
            return False
        carry_out.settle(item.pk, start=_start)
    elif row.new_id is None:
        carry_out.close(item.pk, start=_start, end_old=steps.end_for_reorganisation)
    else:
        carry_out.order(item.pk, _prepared(item, row, row.new_id), place=_place(row), end_old=_end_old)
    return True


def _prepared(item: ReorganisedRight, row: Reorganisation, new_id: HsaId) -> Prepared | None:
    """Looked up now, by the head's mandates of now; None where the person has it on the new unit already."""
    if any(carry_out.existing(item, new_id)) or row.decided_by is None:
        return None
    prepared = prepare(carry_out.draft_for(item, new_id), by=row.decided_by)
    if any(not one.is_known for one in prepared.items):
        raise WrongState(code="unknown_decides_nothing")
    return prepared


def _place(row: Reorganisation) -> Callable[[Prepared], Order]:
    return lambda prepared: steps.place_order(prepared, by=cast(User, row.decided_by))


def _end_old(request: AccessRequest, reason: str) -> object:
    return steps.end_for_reorganisation(request, reason)


def _start(removal: Removal) -> object:
    return RemovalFlow.start.run(removal=removal)
