"""A team's shared address: one mail for a task of the KIV administrators there, beside those to each of them.

Who reads a shared mailbox is not known, so nothing about anybody is in the mail: a case number, and the way
to the task, which opens for those who may carry it out.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.conf import settings

from provisioning.messages import outbox
from provisioning.messages.texts import MessageKind
from provisioning.models import AuditEntry, Case, OutgoingMessage
from provisioning.rules.hsa import HsaId, Reading


def tell(cause: AuditEntry, case: Case, reading: Reading) -> None:
    """Write to the team of the case's unit, or else of its care unit or care provider, if one has an address.

    One mail to a team for each order: the list shows the rest. Called inside the operation.
    """
    team = nearest(settings.KIV_TEAM_ADDRESSES, case, reading)
    if team is None or _knows_of_the_order(case, team):
        return
    outbox.enqueue(cause, MessageKind.KIV_TEAM.of(case), [team], case=case)


def nearest(addresses: Iterable[str], case: Case, reading: Reading) -> HsaId | None:
    """Which of these units and care providers (HSA-ids) is the nearest to the case's unit; None: none is."""
    having = {HsaId(text) for text in addresses}
    return next((one for one in _nearest_first(case, reading) if one in having), None)


def _nearest_first(case: Case, reading: Reading) -> Iterable[HsaId]:
    if case.wanted_unit_hsa_id:
        yield HsaId(case.wanted_unit_hsa_id)
    yield case.unit_id
    above = reading.parents.get(case.unit_id, ())
    yield from (care_unit.hsa_id for care_unit in above)
    for unit in (reading.units.get(case.unit_id), *above):
        if unit is not None and unit.provider_id is not None:
            yield unit.provider_id


def _knows_of_the_order(case: Case, team: HsaId) -> bool:
    if case.is_removal:
        return False
    told = OutgoingMessage.objects.filter(kind=MessageKind.KIV_TEAM.value, recipient_key=team.folded)
    return told.filter(request__order=case.order_id).exists()  # type: ignore[attr-defined]  # a request's
