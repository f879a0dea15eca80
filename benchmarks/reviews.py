"""Five thousand rights due for review at once, and the page of a reviewer with forty people.

On a real slapd with these people and units beside the demo's, and a database of its own (SQLite). Bars:
the items are there within 60 seconds; the page answers within 0.5 seconds (19 of 20), the directory's
answer for each right included.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks import apart, tables
from benchmarks.tables import Table

UNITS, PEOPLE, LOOKS = 125, 40, 20
OPEN_BAR_SECONDS, PAGE_BAR_SECONDS = 60.0, 0.5
AREA = "ou=Område Norr,ou=Demoregionens vård,ou=Org,o=Demoregionen"


def run() -> Table:
    """One sitting after the other."""
    before = tables.load_average()
    found = apart.measured("benchmarks.reviews")
    page = tables.percentile(found["pages"], 95)
    table = Table(f"Reviews of {UNITS * PEOPLE} rights on {UNITS} units, on slapd", ("what", "s", "bar s"))
    opened = found["opened"]
    is_met = opened <= OPEN_BAR_SECONDS and found["items"] == UNITS * PEOPLE
    table.add(f"{found['items']} items created", f"{opened:.1f}", f"{OPEN_BAR_SECONDS:.0f}", is_met=is_met)
    is_met = page <= PAGE_BAR_SECONDS
    table.add(f"a page of {PEOPLE} people, p95", f"{page:.2f}", f"{PAGE_BAR_SECONDS}", is_met=is_met)
    table.add("the same, median", f"{tables.percentile(found['pages'], 50):.2f}", "")
    table.add("database queries for it", str(found["queries"]), "")
    table.notes.append(tables.surroundings(before))
    return tables.explained(table, before)


def measure(folder: Path) -> dict[str, Any]:
    """One run, in this process."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from tests.directory import certificates
    from tests.directory.slapd import Slapd

    call_command("migrate", verbosity=0)
    settings.ALLOWED_HOSTS = ["testserver"]
    static = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": static}}
    with Slapd(folder / "slapd", [_tree()], certificates.make(folder / "certificates")) as slapd:
        settings.DIRECTORY_URL = slapd.url
        _rights()
        return _measured()


def _measured() -> dict[str, Any]:
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from provisioning.directory import open_directory
    from provisioning.models import Review, ReviewItem, User
    from workflows.sweeps import reviews as reviewing

    began = time.perf_counter()
    reviewing.open_due()
    opened = time.perf_counter() - began
    reviewing.ask_around(open_directory())
    review = Review.objects.filter(reviewers__isnull=False).order_by("pk")[0]
    head = review.reviewers.get(only_subject_key="", delegation=None)
    client, pages = Client(), []
    client.force_login(User.objects.seen(_id(head.person_hsa_id), name="Prov Chef"))
    for _look in range(LOOKS + 1):
        began = time.perf_counter()
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(reverse("review", args=[review.public_id]))
        pages.append(time.perf_counter() - began)
        assert answer.status_code == 200
        assert answer.content.count(b'value="keep"') == PEOPLE
    items = ReviewItem.objects.count()
    return {"opened": opened, "items": items, "pages": pages[1:], "queries": len(queries)}


def _id(text: str) -> Any:
    from provisioning.rules.hsa import HsaId

    return HsaId(text)


def _unit(number: int) -> str:
    return f"SE0000000000-E8{number:09}"


def _person(unit: int, number: int) -> str:
    return f"SE0000000000-8{unit:03}{number:02}"


def _tree() -> Any:
    """The demo's tree with the units, their commissions and people; number 0 of each unit is its head."""
    from provisioning.demo.directory.server import DEMO_LDIF
    from tests.directory.slapd import Suffix

    records = [DEMO_LDIF.read_text(encoding="utf-8")]
    for unit in range(UNITS):
        dn = f"ou=Provenhet {unit},{AREA}"
        records.append(
            f"dn: {dn}\nobjectClass: organizationalUnit\nobjectClass: hsaHealthCareUnit\n"
            f"ou: Provenhet {unit}\n"
            f"hsaIdentity: {_unit(unit)}\nhsaResponsibleHealthCareProvider: SE0000000000-E000000000001\n"
            f"hsaHealthCareUnitManager: {_person(unit, 0)}\n"
        )
        members = "".join(f"hsaCommissionMember: {_person(unit, n)};;\n" for n in range(1, PEOPLE + 1))
        records.append(
            f"dn: cn=Vård,{dn}\nobjectClass: hsaCommission\ncn: Vård\n"
            f"hsaIdentity: SE0000000000-C8{unit:09}\n"
            f"hsaCommissionPurpose: Vård och behandling\nhsaCommissionRight: Läsa;alla;SJF\n{members}"
        )
        for number in range(PEOPLE + 1):
            name = f"prov{unit:03}{number:02}"
            records.append(
                f"dn: cn={name},ou=Personal,o=Demoregionen\nobjectClass: inetOrgPerson\n"
                "objectClass: hsaPerson\n"
                f"cn: {name}\nsn: Prov\nfullName: Prov {unit} {number}\n"
                f"hsaIdentity: {_person(unit, number)}\n"
                f"hsaSystemRole: INTYG;Rehab-{_unit(unit)}\n"
            )
    reader = "cn=lasare,ou=Konton,o=Demoregionen"
    return Suffix("o=Demoregionen", "\n".join(records), readers=[reader])


def _rights() -> None:
    """Each person's right to the unit, due for review today, with the request it came from."""
    from django.utils import timezone

    from provisioning.models import AccessRequest, Grant, Order, User
    from provisioning.rules.hsa import HsaId

    today, now = timezone.localdate(), timezone.now()
    head = User.objects.seen(HsaId("SE0000000000-1001"), name="Prov Chef")
    case = {"need": "Prov", "risk_statement": "Prov", "created_at": now}
    order = Order.objects.create(case_number="2026-900000", orderer=head, **case)
    rights = [
        {
            "subject_key": HsaId(_person(unit, number)).folded,
            "subject_hsa_id": _person(unit, number),
            "subject_name": f"Prov {unit} {number}",
            "service": "rehabstod",
            "level": "unit",
            "unit_key": HsaId(_unit(unit)).folded,
            "unit_hsa_id": _unit(unit),
            "unit_name": f"Provenhet {unit}",
            "starts_on": today,
            "ends_on": today,
        }
        for unit in range(UNITS)
        for number in range(1, PEOPLE + 1)
    ]
    attested = {"attester": head, "attested_at": now, "state": "done", "order": order}
    requests = AccessRequest.objects.bulk_create(
        [AccessRequest(position=place, **attested, **right) for place, right in enumerate(rights, 1)], 500
    )
    grants = zip(requests, rights, strict=True)
    Grant.objects.bulk_create(
        [Grant(origin=row, next_review_on=today, **right) for row, right in grants], 500
    )


if __name__ == "__main__":
    # Written at once: nothing else may come after it.
    print(json.dumps(measure(Path(sys.argv[1]))))
