"""Makes `demo.ldif`: one fictitious region with every state that the rules tell apart.

Run `python -m provisioning.demo.directory.make_demo` after a change. No date of the day, no chance:
the same text every time. Names, ids and addresses are invented; ids follow the form of HSA-ids with
an organisation number of zeros.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path

from provisioning.demo.directory import ldif

PATH = Path(__file__).with_name("demo.ldif")
TOP = "o=Demoregionen"
PERSONS = f"ou=Personal,{TOP}"
ORGANISATION = f"ou=Org,{TOP}"
ACCOUNTS = f"ou=Konton,{TOP}"
PREFIX = "SE0000000000-"

CARE, STATISTICS = "Vård och behandling", "Statistik"
COHERENT, WHOLE_UNIT = "Läsa;alla;SJF", "Läsa;alla;VE"
PAST, FUTURE = "20200101000000Z", "20990101000000Z"

# fmt: off
GIVEN_NAMES = (
    "Alva", "Bertil", "Cecilia", "David", "Ebba", "Folke", "Greta", "Hugo", "Iris", "Joel", "Karin",
    "Ludvig", "Maja", "Nils", "Olivia", "Petter", "Ragnhild", "Sixten", "Tyra", "Ulf", "Vendela",
    "Yngve", "Åsa", "Ärla", "Östen",
)
# fmt: on
# fmt: off
SURNAMES = (
    "Påhittsson", "Exempelsson", "Låtsasborg", "Demoström", "Fabelkvist", "Sagolund", "Övningsdotter",
    "Testlund", "Mallgren", "Modellberg", "Skissmark",
)
# fmt: on

# The cast: key → (number of the HSA-id, who it is). tests/cast.py names the same persons.
CAST = {
    "HEAD": (1001, "head of unit at Björkhaga vårdcentral"),
    "HEAD_ABOVE": (1002, "head of the unit above, Område Norr"),
    "KIV_ADMINISTRATOR": (1003, "KIV administrator of Björkhaga vårdcentral"),
    "KIV_ADMINISTRATOR_ABOVE": (1004, "KIV administrator of Område Norr and all below"),
    "COORDINATOR": (1005, "coordinator at Björkhaga, commission but no role: the main journey"),
    "COORDINATOR_UNCOUPLED": (1006, "coordinator at Björkhaga, no commission; the unit has one"),
    "COORDINATOR_NO_COMMISSION": (1007, "coordinator at Almby vårdcentral, which has no commission"),
    "DOCTOR": (1008, "doctor at Björkhaga with commission"),
    "DOCTOR_UNCOUPLED": (1009, "doctor at Björkhaga without commission"),
    "PROCESS_LEADER": (1010, "process-leader candidate of Demoregionens vård"),
    "PROVIDER_HEAD": (1011, "holds the mandate of the care provider Demoregionens vård"),
    "AUDITOR": (1012, "auditor"),
    "OUTSIDER": (1013, "outsider, works at Praktikgruppen"),
    "TWO_IDS": (1014, "coordinator at Björkhaga, whose commission and role sit on HSA-id 1015"),
    "TWO_IDS_OTHER": (1015, "the same human's other HSA-id"),
    "PROTECTED": (1016, "coordinator at Björkhaga with protected identity, no mail"),
    "ENDED": (1017, "coordinator at Björkhaga whose employment has ended; role left behind"),
    "DELEGATE": (1018, "deputy at Björkhaga, to whom the head may delegate"),
    "SETTLED": (1019, "coordinator at Björkhaga with commission and role: everything works"),
    "NOT_STARTED": (1020, "coordinator at Björkhaga whose coupling starts later"),
    "COUPLING_ENDED": (1021, "coordinator at Björkhaga whose coupling has ended"),
    "DATE_UNREADABLE": (1022, "coordinator at Björkhaga whose coupling has an unreadable date"),
    "WRONG_CASE": (1023, "coordinator at Björkhaga, role in the wrong case"),
    "BLANKS": (1024, "coordinator at Björkhaga, role with a blank at the end"),
    "MALFORMED": (1025, "coordinator at Björkhaga, role without a semicolon"),
    "WRONG_UNIT": (1026, "coordinator at Björkhaga, role for Ekliden"),
    "SUBUNIT_ROLE": (1027, "coordinator at Björkhaga, role for its sub-unit"),
    "PROVIDER_ROLE": (1028, "coordinator at Björkhaga, care provider's id in the Rehab role"),
    "UNIT_IN_STATISTICS": (1029, "process leader, unit's id in the Statistik role"),
    "UNKNOWN_ID": (1030, "coordinator at Björkhaga, role with an id that does not exist"),
    "DEAD_RIGHT": (1031, "role for Björkhaga but no commission"),
    "ARCHIVED": (1032, "archived person"),
    "SETTLED_PROCESS_LEADER": (1033, "process leader of Demoregionens vård, role set"),
    "UNDER_PROVIDER": (1034, "coordinator whose commission stands directly under Praktikgruppen"),
    "AT_CLOSED_UNIT": (1035, "coordinator with commission and role at a closed unit"),
    "NO_PURPOSE": (1036, "coordinator at Gränby psykiatri, whose commission has no purpose"),
    "AT_CLOSED_PROVIDER": (1037, "coordinator at a unit whose care provider is closed"),
    "CARE_ADMINISTRATOR": (1281, "care administrator at Björkhaga: gets in to Intygsbeställning"),
    "PREFIX": (103, "nobody's colleague: an HSA-id with which others begin"),
}

# Care units: number → (name, sub-units, head's number, what its commissions are).
UNITS: dict[int, tuple[str, tuple[str, ...], int, str]] = {
    1101: ("Björkhaga vårdcentral", ("Björkhaga BVC", "Björkhaga rehabmottagning"), 1001, "both"),
    1102: ("Ekliden vårdcentral", ("Ekliden BVC",), 1041, "both"),
    1103: ("Almby vårdcentral", ("Almby rehabmottagning",), 1001, "none"),
    1104: ("Gränby psykiatri", ("Gränby ungdomsmottagning",), 1042, "no purpose"),
    1105: ("Kvarnängens rehabklinik", (), 1043, "no right"),
    1106: ("Sjövik vårdcentral", ("Sjövik BVC", "Sjövik äldremottagning"), 1044, "both"),
    1107: ("Tallbacken vårdcentral", (), 1045, "both"),
    1108: ("Lindåsen smärtmottagning", (), 1046, "care"),
    1109: ("Hagalund vårdcentral (nedlagd)", (), 1047, "both"),
    1110: ("Nydal vårdcentral (öppnar senare)", (), 1048, "both"),
    1111: ("Strömsvik vårdcentral (arkiverad)", (), 1049, "both"),
    1112: ("Husläkarna Demo", ("Husläkarna Demo BVC",), 1050, "both"),
    1113: ("Solgården rehab", (), 1051, "both"),
    1114: ("Morgondagens mottagning", (), 1052, "both"),
}
NORTH, SOUTH = 1091, 1092
PROVIDERS = {
    1: ("Demoregionens vård", 1011, "0000000000"),
    2: ("Praktikgruppen Demo", 1053, "0000000002"),
    3: ("Gamla vårdbolaget Demo", 1054, "0000000003"),
    4: ("Nya vårdbolaget Demo", 1055, "0000000004"),
}
PROVIDER_OF = {1112: 2, 1113: 3, 1114: 4}
HEALTH_CENTRE = "1500"  # a kind of unit; which codes there are is the directory's to say
LIFE_OF_UNIT = {1109: ("hsaEndDate", PAST), 1110: ("hsaStartDate", FUTURE)}

# The unit everything happens at, and the people its commission of care names, with their dates.
MAIN = 1101
COUPLED = {
    "HEAD": ";;",
    "COORDINATOR": ";;",
    "DOCTOR": ";20240101000000Z;",
    "TWO_IDS_OTHER": "",
    "PROTECTED": ";;",
    "ENDED": ";;",
    "SETTLED": ";2024-01-01;",
    "NOT_STARTED": f";{FUTURE};",
    "COUPLING_ENDED": ";20200101;2021-12-31 23:59:59.0",
    "DATE_UNREADABLE": ";i våras;",
    "WRONG_CASE": ";;",
    "BLANKS": ";;",
    "MALFORMED": ";;",
    "WRONG_UNIT": ";;20981231",
    "SUBUNIT_ROLE": ";;",
    "PROVIDER_ROLE": ";;",
    "UNKNOWN_ID": ";;",
    "ARCHIVED": ";;",
    "CARE_ADMINISTRATOR": ";;",
}
COUPLED_ELSEWHERE = {
    (1109, "AT_CLOSED_UNIT"): ";;",
    (1104, "NO_PURPOSE"): ";;",
    (1113, "AT_CLOSED_PROVIDER"): ";;",
}
STATISTICS_MEMBERS = {"HEAD": ";;", "DOCTOR": ";;", "SETTLED": ";;"}
STAFF_PER_UNIT = 5
FIRST_STAFF_NUMBER = 1201


def person_id(number: int) -> str:
    return f"{PREFIX}{number}"


def unit_id(number: int) -> str:
    return f"{PREFIX}E{number:012d}"


def roles() -> dict[str, list[str]]:
    """The system roles of the cast."""
    main, ekliden = unit_id(MAIN), unit_id(1102)
    sub_unit, provider = unit_id(MAIN * 10 + 2), unit_id(1)
    right = f"INTYG;Rehab-{main}"
    return {
        "TWO_IDS_OTHER": [right],
        "ENDED": [right],
        "SETTLED": [right, "BIF;Vårdpersonal"],
        "DATE_UNREADABLE": [right],
        "WRONG_CASE": [right.lower()],
        "BLANKS": [f"{right} "],
        "MALFORMED": [right.replace(";", " ")],
        "WRONG_UNIT": [f"INTYG;Rehab-{ekliden}"],
        "SUBUNIT_ROLE": [f"INTYG;Rehab-{sub_unit}"],
        "PROVIDER_ROLE": [f"INTYG;Rehab-{provider}"],
        "UNIT_IN_STATISTICS": [f"INTYG;Statistik-{main}"],
        "UNKNOWN_ID": [f"INTYG;Rehab-{unit_id(9999)}"],
        "DEAD_RIGHT": [right],
        "ARCHIVED": [right],
        "SETTLED_PROCESS_LEADER": [f"INTYG;Statistik-{provider}"],
        "CARE_ADMINISTRATOR": [f"INTYG;FMU-VARDADMIN-{main}"],
        "AT_CLOSED_UNIT": [f"INTYG;Rehab-{unit_id(1109)}"],
        "AT_CLOSED_PROVIDER": [f"INTYG;Rehab-{unit_id(1113)}"],
    }


def unit_dn(number: int) -> str:
    above = provider_dn(PROVIDER_OF[number]) if number in PROVIDER_OF else area_dn(_area_of(number))
    return f"ou={UNITS[number][0]},{above}"


def area_dn(number: int) -> str:
    return f"ou={'Område Norr' if number == NORTH else 'Område Syd'},{provider_dn(1)}"


def provider_dn(number: int) -> str:
    return f"ou={PROVIDERS[number][0]},{ORGANISATION}"


def person_dn(number: int) -> str:
    return f"cn=demo{number},{PERSONS}"


def _area_of(number: int) -> int:
    return NORTH if number <= 1105 else SOUTH


def records() -> Iterator[ldif.Record]:
    """All entries, parents first."""
    yield _entry(TOP, ["top", "organization"], o="Demoregionen")
    yield _entry(PERSONS, ["top", "organizationalUnit"], ou="Personal")
    yield _entry(ORGANISATION, ["top", "organizationalUnit"], ou="Org")
    yield _entry(ACCOUNTS, ["top", "organizationalUnit"], ou="Konton")
    for name, what in (("lasare", "Reads"), ("kiv", "Writes: plays the KIV administrator's own tool")):
        account = ["top", "organizationalRole", "simpleSecurityObject"]
        yield _entry(f"cn={name},{ACCOUNTS}", account, cn=name, userPassword=name, description=what)
    yield from _providers()
    for number in (NORTH, SOUTH):
        yield _area(number)
    for number in UNITS:
        yield from _unit(number)
    yield from _persons()


def _entry(dn: str, classes: list[str], **attributes: str | Iterable[str] | None) -> ldif.Record:
    pairs = [("objectClass", name.encode()) for name in classes]
    for name, values in attributes.items():
        several = [values] if isinstance(values, str) else values or ()
        pairs += [(name, value.encode()) for value in several]
    return dn, pairs


def _providers() -> Iterator[ldif.Record]:
    lives = {3: ("hsaEndDate", PAST), 4: ("hsaStartDate", FUTURE)}
    for number, (name, head, org_no) in PROVIDERS.items():
        yield _entry(
            provider_dn(number),
            ["top", "organizationalUnit", "hsaHealthCareProvider"],
            ou=name,
            hsaIdentity=unit_id(number),
            orgNo=org_no,
            hsaHealthCareUnitManager=person_id(head),
            **dict([lives[number]] if number in lives else []),
        )
    # A commission that stands directly under a care provider: no unit, of no use for Rehabstöd.
    misplaced = [f"{person_id(CAST['UNDER_PROVIDER'][0])};;"]
    yield _commission(provider_dn(2), 2999, CARE, COHERENT, misplaced)


def _area(number: int) -> ldif.Record:
    """A level between provider and units: it has a head, but it is no care unit."""
    return _entry(
        area_dn(number),
        ["top", "organizationalUnit", "hsaOrganizationalUnit"],
        ou="Område Norr" if number == NORTH else "Område Syd",
        hsaIdentity=unit_id(number),
        hsaHealthCareUnitManager=person_id(1002 if number == NORTH else 1056),
    )


def _unit(number: int) -> Iterator[ldif.Record]:
    name, sub_units, head, kind = UNITS[number]
    dn = unit_dn(number)
    classes = ["top", "organizationalUnit", "hsaHealthCareUnit"]
    yield _entry(
        dn,
        [*classes, "hsaArchivedObject"] if number == 1111 else classes,
        ou=name,
        hsaIdentity=unit_id(number),
        hsaResponsibleHealthCareProvider=unit_id(PROVIDER_OF.get(number, 1)),
        hsaBusinessClassificationCode=[HEALTH_CENTRE] if "vårdcentral" in name else [],
        hsaHealthCareUnitManager=person_id(head),
        hsaHealthCareUnitMember=[unit_id(number * 10 + step) for step, _ in enumerate(sub_units, 1)],
        **dict([LIFE_OF_UNIT[number]] if number in LIFE_OF_UNIT else []),
    )
    for step, sub_unit in enumerate(sub_units, 1):
        yield _entry(
            f"ou={sub_unit},{dn}",
            ["top", "organizationalUnit", "hsaOrganizationalUnit"],
            ou=sub_unit,
            hsaIdentity=unit_id(number * 10 + step),
        )
    yield from _commissions(number, kind)


def _commissions(number: int, kind: str) -> Iterator[ldif.Record]:
    dn, members = unit_dn(number), _members(number)
    if kind == "none":
        return
    if kind == "no purpose":
        yield _commission(dn, number * 10 + 1, None, COHERENT, members)
        return
    yield _commission(dn, number * 10 + 1, CARE, "" if kind == "no right" else COHERENT, members)
    if kind == "both":
        own = [_member(key, dates) for key, dates in STATISTICS_MEMBERS.items()] if number == MAIN else []
        heads = [f"{person_id(UNITS[number][2])};;"]
        yield _commission(dn, number * 10 + 2, STATISTICS, WHOLE_UNIT, own or heads)
    if number == MAIN:
        names = [_member("COORDINATOR", ";;"), _member("DELEGATE", ";;")]
        yield _commission(dn, number * 10 + 3, "Administration", "Läsa;alla;VE", names)


def _members(number: int) -> list[str]:
    own = [_member(key, dates) for key, dates in COUPLED.items()] if number == MAIN else []
    own += [_member(key, dates) for (unit, key), dates in COUPLED_ELSEWHERE.items() if unit == number]
    return own + [f"{person_id(staff)};;" for staff in _staff_of(number)]


def _member(key: str, dates: str) -> str:
    return f"{person_id(CAST[key][0])}{dates}"


def _staff_of(number: int) -> range:
    first = FIRST_STAFF_NUMBER + (number - MAIN) * STAFF_PER_UNIT
    return range(first, first + STAFF_PER_UNIT)


def _commission(
    above_dn: str, number: int, purpose: str | None, right: str, members: list[str]
) -> ldif.Record:
    name = f"{purpose or 'Utan ändamål'} {number}"
    return _entry(
        f"cn={name},{above_dn}",
        ["top", "hsaCommission"],
        cn=name,
        hsaIdentity=f"{PREFIX}M{number:012d}",
        hsaCommissionPurpose=purpose,
        hsaCommissionRight=right or None,
        hsaCommissionMember=members,
    )


def _persons() -> Iterator[ldif.Record]:
    everybody = {number: key for key, (number, _) in CAST.items()}
    heads = {head for _, _, head, _ in UNITS.values()} | {head for _, head, _ in PROVIDERS.values()} | {1056}
    staff = [number for unit in UNITS for number in _staff_of(unit)]
    called = _full_names()
    names: dict[int, tuple[str, str]] = {}
    for number in sorted({*everybody, *heads, *staff}):
        if everybody.get(number) == "TWO_IDS_OTHER":
            names[number] = names[CAST["TWO_IDS"][0]]
        else:
            names[number] = next(called)
        yield _person(number, everybody.get(number, ""), *names[number])


def _full_names() -> Iterator[tuple[str, str]]:
    """Every given name with every surname, spread so that neighbours differ in both."""
    for turn, index in itertools.product(range(len(SURNAMES)), range(len(GIVEN_NAMES))):
        yield GIVEN_NAMES[index], SURNAMES[(index + turn) % len(SURNAMES)]


def _person(number: int, key: str, given_name: str, surname: str) -> ldif.Record:
    classes = ["top", "person", "organizationalPerson", "inetOrgPerson", "hsaPerson"]
    classes += {"PROTECTED": ["hsaConfidentialPerson"], "ARCHIVED": ["hsaArchivedObject"]}.get(key, [])
    human = CAST["TWO_IDS"][0] if key == "TWO_IDS_OTHER" else number
    return _entry(
        person_dn(number),
        classes,
        cn=f"demo{number}",
        sn=surname,
        givenName=given_name,
        fullName=f"{given_name} {surname}",
        hsaIdentity=person_id(number),
        # Not of the form of a personal identity number, on purpose: it cannot be anybody's.
        personalIdentityNumber=f"DEMO-{human}",
        mail=None if key == "PROTECTED" else _mail(given_name, surname),
        hsaSystemRole=roles().get(key),
        **_profession(number, key),
        **_administers(key),
        **({"hsaEndDate": PAST} if key == "ENDED" else {}),
    )


def _mail(given_name: str, surname: str) -> str:
    plain = str.maketrans("åäöÅÄÖ", "aaoaao")
    return f"{given_name}.{surname}@demo.invalid".translate(plain).lower()


def _profession(number: int, key: str) -> dict[str, str]:
    if key in ("DOCTOR", "DOCTOR_UNCOUPLED"):
        return {"hsaTitle": "Läkare", "paTitleCode": "203010"}
    if key == "AUDITOR" or number == CAST["OUTSIDER"][0]:
        return {}
    if number >= FIRST_STAFF_NUMBER:
        titles = (("Läkare", "203010"), ("Sjuksköterska", "206010"), ("Fysioterapeut", "207010"))
        title, code = titles[number % len(titles)]
        # A resident has no licence yet: a doctor by title code and group prescription code.
        if number % 10 == 7:
            return {"paTitleCode": "203090", "hsaGroupPrescriptionCode": "9300005"}
        return {"hsaTitle": title, "paTitleCode": code}
    return {"hsaTitle": "Arbetsterapeut", "paTitleCode": "207020"}


def _administers(key: str) -> dict[str, str]:
    match key:
        case "KIV_ADMINISTRATOR":
            return {"vgrManagedObjects": unit_dn(MAIN), "vgrAdminType": "C"}
        case "KIV_ADMINISTRATOR_ABOVE":
            return {"vgrManagedObjects": provider_dn(1), "vgrAdminType": "D"}
        case "AUDITOR":
            # For persons only (letter E): no administrator of units, and of no use to us.
            return {"vgrManagedObjects": provider_dn(1), "vgrAdminType": "E"}
    return {}


def text() -> str:
    """The whole file."""
    head = [
        "# The demo directory: a fictitious region. Made by make_demo.py; change that, not this file.",
        "# Every name, id and address is invented. Passwords of the two accounts: their names.",
        "#",
        "# Care unit of the main journey: " + f"{unit_id(MAIN)} {UNITS[MAIN][0]}",
        "# The cast:",
    ]
    head += [f"# {person_id(number)}  {key}: {who}" for key, (number, who) in CAST.items()]
    return "\n".join(head) + "\n\n" + ldif.write(records())


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
