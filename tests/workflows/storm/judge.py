"""What must hold when the storm is over: nothing lost, nothing doubled, nothing without an owner."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Count

from provisioning.audit import verify
from provisioning.audit.events import Action
from provisioning.directory import open_directory
from provisioning.models import AccessRequest, AuditEntry, Grant, OutgoingMessage, Removal
from provisioning.rules.hsa import Attribute
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import GrantState, RemovalState
from tests.workflows.storm.people import OPEN_REMOVALS, OPEN_REQUESTS
from tests.workflows.storm.post import PostOffice

# What is told once of one case, whatever happens.
ONCE = (
    Action.REQUEST_STARTED, Action.ATTESTED, Action.CHECKED, Action.KIV_NEEDED, Action.REPORTED_DONE,
    Action.VALUES_SEEN, Action.SET_IN_KIV, Action.DONE, Action.GRANT_CREATED, Action.REMOVAL_STARTED,
    Action.REMOVAL_KIV_NEEDED, Action.REMOVAL_REPORTED_DONE, Action.REMOVAL_VALUES_GONE,
    Action.REMOVAL_GONE_FROM_KIV, Action.REMOVAL_DONE, Action.GRANT_ENDED,
)  # fmt: skip


def under_way() -> int:
    """How many cases have not come to their end."""
    requests = AccessRequest.objects.filter(state__in=OPEN_REQUESTS).count()
    return requests + Removal.objects.filter(state__in=OPEN_REMOVALS).count()


def completed() -> int:
    done = AccessRequest.objects.filter(state=RequestState.DONE.value).count()
    return done + Removal.objects.filter(state=RemovalState.DONE.value).count()


def troubles(acknowledged: Iterable[str], removals: Iterable[str], post: PostOffice) -> dict[str, list[str]]:
    """Each kind of fault with the cases that have it. All lists are empty when all is well."""
    return {
        "lost": [*_lost(AccessRequest, acknowledged), *_lost(Removal, removals), *_without_right()],
        "doubled": [*_told_twice(), *_rights_twice()],
        "mailed twice": [*_mailed_twice(post), *_written_twice()],
        "unsettled": list(_unsettled()),
        "directory differs": list(_differs()),
        "event log": [flaw.text for flaw in verify.verify().findings],
    }


def mails(post: PostOffice) -> dict[str, int]:
    """How the mails stand, row by row, and what the mail server has."""
    rows = OutgoingMessage.objects.order_by().values_list("state").annotate(Count("pk"))
    return {**dict(rows), "at the mail server": sum(post.taken.values())}


def _lost(model: Any, told: Iterable[str]) -> Iterator[str]:
    there = {str(each) for each in model.objects.values_list("public_id", flat=True)}
    yield from (f"{model.__name__} {each}" for each in sorted(set(told) - there))


def _without_right() -> Iterator[str]:
    for request in AccessRequest.objects.filter(state=RequestState.DONE.value, grant=None):
        yield f"{request} is done without a right"


def _told_twice() -> Iterator[str]:
    told = AuditEntry.objects.filter(action__in=[action.value for action in ONCE]).order_by()
    by_case = told.values_list("action", "request", "about").annotate(times=Count("pk"))
    yield from (f"{row[0]} of {row[1] or row[2]}: {row[3]}" for row in by_case.filter(times__gt=1))


def _rights_twice() -> Iterator[str]:
    living = Grant.objects.living().order_by().values_list("subject_key", "service", "level", "unit_key")
    yield from (f"right {row[:4]}: {row[4]}" for row in living.annotate(n=Count("pk")).filter(n__gt=1))


def _mailed_twice(post: PostOffice) -> Iterator[str]:
    yield from (f"{name}: {times}" for name, times in post.taken.items() if times > 1)


def _written_twice() -> Iterator[str]:
    """Two rows that say the same about the same to the same person, where the event is told once."""
    rows = OutgoingMessage.objects.filter(cause__action__in=[action.value for action in ONCE])
    keys = Counter(rows.values_list("kind", "recipient_key", "request", "removal"))
    yield from (f"message {key}: {times}" for key, times in keys.items() if times > 1)


def _unsettled() -> Iterator[str]:
    for request in AccessRequest.objects.filter(state__in=OPEN_REQUESTS):
        yield f"{request} {request.state}"
    for removal in Removal.objects.filter(state__in=OPEN_REMOVALS):
        yield f"{removal} {removal.state}"


def _differs() -> Iterator[str]:
    """A right in force has its value; one that has ended has none."""
    held = {state: set(_subjects(state)) for state in GrantState}
    entries = {grant.subject_key: grant.person_dn for grant in Grant.objects.all()}
    asked = {(dn, Attribute.SYSTEM_ROLE) for dn in entries.values()}
    values = open_directory().values(asked) if asked else {}
    for key, dn in entries.items():
        is_set = bool(values[dn, Attribute.SYSTEM_ROLE])
        if is_set != (key in held[GrantState.ACTIVE] | held[GrantState.ENDING]):
            yield f"{key}: {'a value without a right' if is_set else 'a right without its value'}"


def _subjects(state: GrantState) -> Iterable[str]:
    return Grant.objects.filter(state=state.value).values_list("subject_key", flat=True)
