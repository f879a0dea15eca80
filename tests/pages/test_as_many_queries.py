"""No page asks the database more often because there are more rows: ten cost what two hundred do."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, reset_queries
from django.db.models import Model
from django.test import Client
from django.test.utils import CaptureQueriesContext

from provisioning.models import (
    AccessRequest,
    AuditEntry,
    Delegation,
    Finding,
    Grant,
    Handler,
    OutgoingMessage,
    Removal,
    Review,
    Reviewer,
    ReviewItem,
)
from provisioning.rules.drift.differences import DriftKind, Owner
from tests import acts, cast, walking
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life
from workflows.models import AccessProcess
from workflows.orders.flow import AccessRequestFlow

pytestmark = pytest.mark.django_db(transaction=True)

FEW, MANY = 10, 200
OF_RIGHT = (
    "subject_key", "subject_hsa_id", "subject_name", "service", "level", "unit_key", "unit_hsa_id",
    "unit_name",
    "unit_dn",
)  # fmt: skip


def copies(row: Model, number: int, *, start: int = 0, **other: Any) -> list[Any]:
    """The row as often as that, each about somebody else."""
    made = []
    for place in range(start, start + number):
        values = {field.attname: getattr(row, field.attname) for field in row._meta.local_concrete_fields}
        del values["id"]
        for name in ("public_id", "uuid", "submission"):
            if name in values:
                values[name] = uuid4()
        if "subject_key" in values:
            values["subject_key"] = f"se0000000000-7{place:04}"
        if "subject_hsa_id" in values:
            values["subject_hsa_id"] = f"SE0000000000-7{place:04}"
        values |= {name: value(place) if callable(value) else value for name, value in other.items()}
        made.append(type(row)(**values))
    return made


class Growing:
    """One of everything, and as many more as are asked for."""

    def __init__(self, kiv: Any) -> None:
        self.right = life.nearly_over(life.granted(kiv), 20)
        self.removal = life.with_kiv(life.removal_by_head(self.right))
        Removal.objects.update(grant=None)
        Grant.objects.update(state="active", end_cause="")
        person = cast.COORDINATOR_UNCOUPLED
        waits = acts.order(by=person, person_id=person)
        in_kiv = copies(waits, 1, attester_id=cast.HEAD.folded, state="awaiting_kiv", position=2)[0]
        in_kiv.save()
        AccessProcess.objects.create(flow_class=AccessRequestFlow, request=in_kiv)
        asked = copies(
            waits.handlers.earliest("pk"), 1, request_id=in_kiv.pk, role="kiv_administrator",
            person_key=cast.KIV_ADMINISTRATOR.folded,
        )  # fmt: skip
        asked[0].save()
        self.open = [waits, in_kiv]
        self.review = sitting.begun(Grant.objects.get())
        self.finding = Finding.objects.create(
            kind=DriftKind.COMMISSION_MISSING.value, owner=Owner.HEAD_OF_UNIT.value, grant=self.right,
            situation="x", **{name: getattr(self.right, name) for name in OF_RIGHT},
        )  # fmt: skip
        self.delegation = delegating.give()
        self.mail = OutgoingMessage.objects.filter(kind="kiv").latest("pk")
        self.there = 1

    def grow_to(self, number: int) -> None:
        more, start = number - self.there, self.there
        self._cases(more, start)
        rights = self._rights(more, start)
        self._removals(more, start)
        Finding.objects.bulk_create(copies(self.finding, more, start=start))
        Delegation.objects.bulk_create(copies(self.delegation, more, start=start))
        cause = AuditEntry.objects.earliest("pk").pk
        OutgoingMessage.objects.bulk_create(
            copies(self.mail, more, start=start, cause_id=cause, recipient_key=lambda place: f"x{place}")
        )
        item = self.review.items.earliest("pk")
        items = copies(item, more, start=start)
        for one, right in zip(items, rights, strict=True):
            one.grant, one.subject_key = right, right.subject_key
        ReviewItem.objects.bulk_create(items)
        reviews = copies(self.review, more, start=start, unit_key=lambda place: f"u{place}")
        Review.objects.bulk_create(reviews)
        asked = self.review.reviewers.filter(person_key=cast.HEAD.folded).earliest("pk")
        Reviewer.objects.bulk_create(
            one for review in reviews for one in copies(asked, 1, review_id=review.pk)
        )
        self.there = number

    def _cases(self, more: int, start: int) -> None:
        """Each of the open ones, with who has it."""
        for row in self.open:
            places = copies(row, more, start=1000 * row.position + start, position=lambda place: place)
            made = AccessRequest.objects.bulk_create(places)
            for handler in row.handlers.all():
                Handler.objects.bulk_create(
                    one for request in made for one in copies(handler, 1, request_id=request.pk)
                )

    def _rights(self, more: int, start: int) -> list[Grant]:
        origin = self.right.origin
        position = {"position": lambda place: place + 10}
        made = AccessRequest.objects.bulk_create(copies(origin, more, start=start, grant_id=None, **position))
        rights = copies(self.right, more, start=start)
        for right, request in zip(rights, made, strict=True):
            right.origin = request
        return Grant.objects.bulk_create(rights)

    def _removals(self, more: int, start: int) -> None:
        other = {"grant_id": None, "case_number": lambda place: f"B{place}"}
        made = Removal.objects.bulk_create(copies(self.removal, more, start=start, **other))
        for handler in self.removal.handlers.all():
            Handler.objects.bulk_create(
                one for removal in made for one in copies(handler, 1, removal_id=removal.pk)
            )


def asked_of(client: Client, address: str, *, at_most: int = 0) -> list[str]:
    """What the page asks. A second time, when what is remembered is remembered, if that was too much."""
    for _time in range(2):
        reset_queries()  # the log forgets the first when it is full
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code < 500
        if len(queries) <= at_most:
            break
    return [query["sql"] for query in queries.captured_queries]


def test_every_page_asks_as_often_for_ten_rows_as_for_two_hundred(directory, kiv, settings):
    settings.AUDITORS, settings.OPERATORS = (cast.AUDITOR.text,), (cast.KIV_ADMINISTRATOR_ABOVE.text,)
    growing = Growing(kiv)
    pages = [
        (who, address) for who in walking.READERS for address in walking.addresses(who, has_every_state=False)
    ]
    clients = {who: walking.client_of(who) for who in walking.READERS}
    growing.grow_to(FEW)
    few = {(who, address): asked_of(clients[who], address) for who, address in pages}
    growing.grow_to(MANY)
    for (who, address), before in few.items():
        queries = asked_of(clients[who], address, at_most=len(before))
        more = Counter(shape(sql) for sql in queries) - Counter(shape(sql) for sql in before)
        assert len(queries) <= len(before), (who, address, len(before), len(queries), more.most_common(3))


def shape(sql: str) -> str:
    """The query without its values."""
    return re.sub(r"'[^']*'|\d+", "?", sql)[-600:]
