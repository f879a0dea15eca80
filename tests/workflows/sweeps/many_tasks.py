"""A thousand open KIV tasks at once: rows and persons made in bulk, for tests and benchmarks of polling."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone
from viewflow.workflow.models import Task

from provisioning.models import AccessRequest, Order, User
from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.states.request import RequestState
from tests import cast
from workflows.models import AccessProcess
from workflows.orders.flow import AccessRequestFlow

PEOPLE = "ou=Personal,o=Demoregionen"


def person_id(number: int) -> HsaId:
    return HsaId(f"SE0000000000-7{number:05}")


def person_dn(number: int) -> str:
    return f"cn=many{number:05},{PEOPLE}"


def person_entry(number: int) -> list[tuple[str, bytes]]:
    """The person as the directory has them, without any system role."""
    return [
        ("objectClass", b"inetOrgPerson"),
        ("objectClass", b"hsaPerson"),
        ("cn", f"many{number:05}".encode()),
        ("sn", b"Prov"),
        ("fullName", f"Prov {number:05}".encode()),
        ("hsaIdentity", person_id(number).text.encode()),
    ]


def role(number: int) -> str:
    return f"INTYG;Rehab-{cast.BJORKHAGA}"


@transaction.atomic
def open_tasks(count: int, *, age: timedelta = timedelta(0)) -> list[AccessRequest]:
    """So many requests that wait for their KIV administrator, each with its process and step."""
    now = timezone.now()
    head = User.objects.seen(cast.HEAD, name="Prov Chef")
    order = Order.objects.create(
        case_number="2026-900000", orderer=head, need="Prov", risk_statement="Prov", created_at=now
    )
    rows = AccessRequest.objects.bulk_create(
        AccessRequest(
            order=order,
            position=number,
            subject_key=person_id(number).folded,
            subject_hsa_id=person_id(number).text,
            subject_name=f"Prov {number:05}",
            service=Service.REHABSTOD.value,
            level=Level.UNIT.value,
            unit_key=cast.BJORKHAGA.folded,
            unit_hsa_id=cast.BJORKHAGA.text,
            unit_name="Prov",
            unit_dn="ou=Prov,ou=Org,o=Demoregionen",
            starts_on=now.date(),
            ends_on=now.date() + timedelta(days=300),
            state=RequestState.AWAITING_KIV.value,
            state_since=now - age,
            attester=head,
            attested_at=now,
            changes=[{"dn": person_dn(number), "attribute": "hsaSystemRole", "add": role(number)}],
            next_poll_at=now,
        )
        for number in range(1, count + 1)
    )
    for row in rows:
        process = AccessProcess.objects.create(flow_class=AccessRequestFlow, status="NEW", request=row)
        Task.objects.create(
            process=process, flow_task=AccessRequestFlow.kiv, flow_task_type="HUMAN", status="NEW"
        )
    return rows
