"""How each person wants to be told of each kind of thing, as far as the rules let them choose."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db import transaction

from provisioning.audit import events
from provisioning.messages.texts import MessageKind
from provisioning.models import NoticeChoice, OutgoingMessage, User
from provisioning.rules.hsa import HsaId
from provisioning.rules.notice_ways import LIMITS, Way, way_of

_State = OutgoingMessage.Delivery


def of(kind: MessageKind, people: Collection[HsaId]) -> dict[str, Way]:
    """The way of each of them who has chosen, by folded HSA-id."""
    if kind.value not in LIMITS or len(LIMITS[kind.value].ways) == 1 or not people:
        return {}
    keys = [person.folded for person in people]
    rows = NoticeChoice.objects.filter(kind=kind.value, person_key__in=keys)
    return {row.person_key: way_of(row.kind, row.way) for row in rows}


def own(user: User) -> dict[MessageKind, Way]:
    """The person's way for every kind that somebody can be told of."""
    chosen = dict(NoticeChoice.objects.filter(person_key=user.pk).values_list("kind", "way"))
    return {MessageKind(kind): way_of(kind, chosen.get(kind, Way.AT_ONCE)) for kind in LIMITS}


@transaction.atomic
def choose(wanted: Mapping[MessageKind, Way], *, by: User) -> int:
    """Keep what the person wants, and let what waits for the daily mail follow. Returns how many changed.

    What the rules do not allow is kept as the quietest way that they do.
    """
    before = own(by)
    changed = {
        kind: allowed
        for kind, way in wanted.items()
        if (allowed := way_of(kind.value, way.value)) != before[kind]
    }
    for kind, way in changed.items():
        NoticeChoice.objects.update_or_create(person_key=by.pk, kind=kind.value, defaults={"way": way.value})
    if changed:
        said = {kind.value: way.value for kind, way in changed.items()}
        events.record(events.Action.NOTICES_CHOSEN, actor=by, ways=said)
    at_once = [kind.value for kind, way in changed.items() if way is Way.AT_ONCE]
    waiting = OutgoingMessage.objects.filter(recipient_key=by.pk, state=_State.COLLECTED, kind__in=at_once)
    waiting.update(state=_State.QUEUED)  # the sweep of messages sends them
    return len(changed)
