"""The demo region with a few hundred more coordinators, for whom orders are placed."""

from __future__ import annotations

from provisioning.demo.directory import ldif
from provisioning.demo.directory.make_demo import PATH as DEMO_LDIF
from provisioning.demo.directory.make_demo import PERSONS, PREFIX
from provisioning.rules.hsa import HsaId

CARE = "SE0000000000-M000000011011"  # the commission of care at Björkhaga


def person_id(number: int) -> HsaId:
    return HsaId(f"{PREFIX}5{number:05}")


def make(people: int) -> str:
    """The demo region with so many more coordinators at Björkhaga, as LDIF."""
    records = []
    for dn, pairs in ldif.read(DEMO_LDIF):
        is_care = ("hsaIdentity", CARE.encode()) in pairs
        members = [f"{person_id(number)};;" for number in range(people)] if is_care else []
        records.append((dn, [*pairs, *(("hsaCommissionMember", each.encode()) for each in members)]))
    return ldif.write([*records, *(_entry(number) for number in range(people))])


def _entry(number: int) -> ldif.Record:
    classes = ("top", "person", "organizationalPerson", "inetOrgPerson", "hsaPerson")
    held = {
        "cn": f"storm{number:05}",
        "sn": f"Stormlund {number}",
        "givenName": "Prov",
        "fullName": f"Prov Stormlund {number}",
        "hsaIdentity": person_id(number).text,
        "mail": f"storm{number}@demo.invalid",
        "hsaTitle": "Arbetsterapeut",
    }
    pairs = [("objectClass", each.encode()) for each in classes]
    return f"cn=storm{number:05},{PERSONS}", [*pairs, *((name, text.encode()) for name, text in held.items())]
