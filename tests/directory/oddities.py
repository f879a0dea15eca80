"""Named oddities beside the demo region: entries real directories hold and nobody expects.

They stand below the same tops as the demo, so that they must not disturb it either. The second
region is laid out differently: the same questions must work there by settings alone.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

from provisioning.demo.directory import ldif
from provisioning.demo.directory.make_demo import ACCOUNTS, ORGANISATION, PERSONS, TOP, records
from provisioning.directory.layout import Administrators, Layout
from provisioning.rules.hsa import HsaId

PREFIX = "SE0000000000-"


def an_id(text: str) -> HsaId:
    return HsaId(PREFIX + text)


# Persons
SPECIAL = HsaId("TSTNMT0000000000-10(5*N)\\")  # needs every escape of RFC 4515
DUPLICATE = an_id("DUP1")  # two entries
BEGINNING = an_id("PRE1")  # LONGER begins with it
LONGER = an_id("PRE12")
EVERY_FORM = an_id("FORM")  # coupled in every form of a member value
BUSY = an_id("BUSY")  # in 120 commissions
COMMA = an_id("COMMA")  # a comma, a plus and a quote in the DN
LENIENT = HsaId("TSTNMT0000000000-105N")
NAMELESS = an_id("NAMELESS")  # no fullName
FOLDED = HsaId("tstnmt0000000000-mixed")  # the entry writes it TSTNMT0000000000-MIXED
BARE = an_id("BARE")  # no role, no title, no mail: nothing but what must be
VEILED = an_id("VEILED")  # the entry's own access rule hides its roles from one account
VEILED_PROTECTED = an_id("VEILEDPROT")  # the same, of a protected person
BLANK_AT_END = an_id("BLANK ")  # as the entry writes it
HARD_BLANK_AT_END = an_id("HARDBLANK\u00a0")
THREE = (an_id("HUMAN1"), an_id("HUMAN2"), an_id("HUMAN3"))  # one human

# Units
ODD_PROVIDER = an_id("EODDPROVIDER")
BLANK_UNIT = an_id("EBLANK ")
HARD_BLANK_UNIT = an_id("EHARDBLANK\u00a0")
BIG_UNIT = an_id("EBIG")  # a commission with 400 members
PLAIN_UNIT = an_id("EPLAIN")  # organizationalUnit only, no class of HSA
BOTH = an_id("EBOTH")  # care unit and care provider at once
DUPLICATE_UNIT = an_id("EDUP")
DOUBLE_BLANK_PURPOSE = an_id("EPURP1")  # purposes that only look right
DECOMPOSED_PURPOSE = an_id("EPURP2")
PURPOSED = an_id("PURP")  # in the commissions whose purposes only look right
ILLEGIBLE = an_id("ILLEG")  # in a commission whose purpose is no UTF-8
ILLEGIBLE_PURPOSE = an_id("EILLEG")
SPACED = an_id("SPACED")  # names what it administers with blanks between the parts, in two attributes
BIG_MEMBERS = 400
BUSY_COMMISSIONS = 120

FORMS = (
    "FORM",
    "FORM;;",
    "FORM;20240101;",
    "FORM;;20991231235959Z",
    "form ;2024-01-01 00:00:00.0;",
    "FORM;a;b;c",
)

BASE = f"ou=Udda,{ORGANISATION}"
FOREIGN_TOP = "o=Annanregion"
REFERRAL_TOP = "o=Remiss"
REFERRED_TO = "ldap://elsewhere.invalid/o=Remiss"
BLIND_TO = (
    "hsaSystemRole",
    "hsaTitle",
    "hsaEndDate",
    "hsaIdentity",
    "hsaCommissionMember",
    "hsaCommissionPurpose",
    "objectClass",
)
BLIND_BESIDE = ("personalIdentityNumber", "vgrManagedObjects")  # no answer about one person hangs on these
LIMIT = 3
VEILED_DNS = (f"cn=veiled,{PERSONS}", f"cn=veiledprot,{PERSONS}")

FOREIGN_LAYOUT = Layout(
    person_base=f"ou=personal,{FOREIGN_TOP}",
    unit_base=f"ou=enheter,{FOREIGN_TOP}",
    person_classes=("inetOrgPerson",),
    start=("startDate",),
    end=("endDate",),
    person_name=("displayName",),
    unit_name=("description", "ou"),
    unit_manager="manager",
    title_codes="employeeType",
    provider_manager=("manager",),
    administrators=Administrators.GROUP,
    admin_group_name="HSA-administratörer",
)


def blind_dn(attribute: str) -> str:
    """An account that may read everything but this."""
    return f"cn=blind-{attribute},{ACCOUNTS}"


def blind_in_dn() -> str:
    """An account that may not read the roles of the veiled persons, and everything else."""
    return f"cn=blind-in,{ACCOUNTS}"


def limited_dn() -> str:
    """An account that gets few entries per search."""
    return f"cn=snal,{ACCOUNTS}"


def demo_and_oddities() -> list[ldif.Record]:
    return [*records(), *_accounts(), *_persons(), *_units()]


def _entry(dn: str, classes: Iterable[str], **attributes: str | Iterable[str]) -> ldif.Record:
    pairs = [("objectClass", name.encode()) for name in classes]
    for name, values in attributes.items():
        several = [values] if isinstance(values, str) else values
        pairs += [(name, value.encode()) for value in several]
    return dn, pairs


def _accounts() -> Iterator[ldif.Record]:
    for dn in [*(blind_dn(attribute) for attribute in BLIND_TO + BLIND_BESIDE), blind_in_dn(), limited_dn()]:
        name = dn.partition(",")[0].removeprefix("cn=")
        yield _entry(dn, ["organizationalRole", "simpleSecurityObject"], cn=name, userPassword=name)


def _person(
    rdn: str, hsa_id: HsaId, base: str = PERSONS, marks: Iterable[str] = (), **attributes: str | list[str]
) -> ldif.Record:
    attribute, _, value = rdn.partition("=")
    names = {"cn": value.replace("\\", ""), "sn": "Uddasson"}
    classes = ["top", "person", "organizationalPerson", "inetOrgPerson", "hsaPerson", *marks]
    own = {} if attribute == "cn" else {attribute: value}
    return _entry(f"{rdn},{base}", classes, hsaIdentity=hsa_id.text, **(names | own | attributes))


def _persons() -> Iterator[ldif.Record]:
    yield _person("cn=special", SPECIAL, fullName="Stjärna (*) \\ Uddasson")
    yield _person("cn=dup1", DUPLICATE)
    yield _person("cn=dup2", DUPLICATE)
    yield _person("cn=pre1", BEGINNING)
    yield _person("cn=pre12", LONGER)
    yield _person("cn=form", EVERY_FORM)
    yield _person("cn=busy", BUSY)
    yield _person('cn=Uddasson\\, Komma\\+Plus \\"x\\"', COMMA, cn='Uddasson, Komma+Plus "x"')
    yield _person("cn=lenient", LENIENT)
    yield _person("cn=nameless", NAMELESS, givenName="Namn", sn="Lös")
    yield _person("cn=folded", HsaId(FOLDED.text.upper()))
    yield _person("cn=bare", BARE)
    role = "INTYG;Rehab-SE0000000000-E101"
    yield _person("cn=veiled", VEILED, hsaSystemRole=role)
    marks = ["hsaConfidentialPerson"]
    yield _person("cn=veiledprot", VEILED_PROTECTED, marks=marks, hsaSystemRole=role)
    yield _person("cn=blank", BLANK_AT_END, mail="blank@example.org")
    yield _person("cn=hardblank", HARD_BLANK_AT_END, mail="hard.blank@example.org")
    yield _person("cn=purposed", PURPOSED)
    spaced = f"OU=enkel,{BASE}".replace(",", ", ")
    yield _person("cn=spaced", SPACED, vgrManagedObjects=spaced, description=spaced, vgrAdminType="D")
    for number, identity in enumerate(THREE):
        yield _person(f"cn=human{number}", identity, personalIdentityNumber="DEMO-(*)-ONE-HUMAN")


def _commission(
    above: str, name: str, members: Iterable[str], purpose: str = "Vård och behandling"
) -> ldif.Record:
    return _entry(
        f"cn={name},{above}",
        ["top", "hsaCommission"],
        cn=name,
        hsaIdentity=f"{PREFIX}M{name.upper()}",
        hsaCommissionPurpose=purpose,
        hsaCommissionRight="Läsa;alla;SJF",
        hsaCommissionMember=members,
    )


def _units() -> Iterator[ldif.Record]:
    care = ["top", "organizationalUnit", "hsaHealthCareUnit"]
    provider = {"hsaResponsibleHealthCareProvider": ODD_PROVIDER.text}
    yield _entry(BASE, ["top", "organizationalUnit", "hsaHealthCareProvider"], ou="Udda",
                 hsaIdentity=ODD_PROVIDER.text, orgNo="0000000099")  # fmt: skip
    yield _entry(f"ou=Stor,{BASE}", care, ou="Stor", hsaIdentity=BIG_UNIT.text, **provider)
    others = [f"{PREFIX}9{number:04d};;" for number in range(BIG_MEMBERS)]
    yield _commission(f"ou=Stor,{BASE}", "stor", [*others, f"{BEGINNING};;", f"{LONGER};20240101;"])
    plain = ["top", "organizationalUnit", "hsaOrganizationalUnit"]
    yield _entry(f"ou=Enkel,{BASE}", plain, ou="Enkel", hsaIdentity=PLAIN_UNIT.text)
    yield _commission(f"ou=Enkel,{BASE}", "longer", [f"{LONGER};;"])
    yield _entry(f"ou=Både,{BASE}", [*care, "hsaHealthCareProvider"], ou="Både",
                 hsaIdentity=BOTH.text, hsaResponsibleHealthCareProvider=BOTH.text)  # fmt: skip
    yield _commission(f"ou=Både,{BASE}", "both", [f"{BARE};;"])
    for name, unit, member in (
        ("blank", BLANK_UNIT, BLANK_AT_END),
        ("hardblank", HARD_BLANK_UNIT, HARD_BLANK_AT_END),
    ):
        yield _entry(f"ou={name},{BASE}", care, ou=name, hsaIdentity=unit.text,
                     hsaHealthCareUnitManager=member.bare, **provider)  # fmt: skip
        yield _commission(f"ou={name},{BASE}", name, [f"{member.bare};;"])
    for name, unit, purpose in (
        ("purp1", DOUBLE_BLANK_PURPOSE, "Vård  och\u00a0behandling"),
        ("purp2", DECOMPOSED_PURPOSE, unicodedata.normalize("NFD", "Vård och behandling")),
    ):
        yield _entry(f"ou={name},{BASE}", care, ou=name, hsaIdentity=unit.text, **provider)
        yield _commission(f"ou={name},{BASE}", name, [f"{PURPOSED};;"], purpose)
    for number in (1, 2):
        yield _entry(f"ou=Dubbel{number},{BASE}", care, ou=f"Dubbel{number}",
                     hsaIdentity=DUPLICATE_UNIT.text)  # fmt: skip
    yield from _many_commissions(care, provider)


def _many_commissions(care: list[str], provider: dict[str, str]) -> Iterator[ldif.Record]:
    for number, form in enumerate(FORMS):
        dn = f"ou=Form{number},{BASE}"
        yield _entry(dn, care, ou=f"Form{number}", hsaIdentity=f"{PREFIX}EFORM{number}", **provider)
        yield _commission(dn, f"form{number}", [f"{PREFIX}{form}"])
    for number in range(BUSY_COMMISSIONS):
        dn = f"ou=Plats {number},{BASE}"
        yield _entry(dn, care, ou=f"Plats {number}", hsaIdentity=f"{PREFIX}EBUSY{number}", **provider)
        yield _commission(dn, f"busy{number}", [f"{BUSY};;"])
    dn = f"ou=Special\\, (x)*,{BASE}"
    yield _entry(dn, care, ou="Special, (x)*", hsaIdentity=f"{PREFIX}ESPECIAL", **provider)
    yield _commission(dn, "special", [f"{SPECIAL};;"])


def illegible() -> Iterator[ldif.Record]:
    """Values that are no UTF-8: OpenLDAP takes none, other servers hold what somebody once wrote."""
    care = ["top", "organizationalUnit", "hsaHealthCareUnit"]
    above = f"ou=Oläslig,{BASE}"
    yield _person("cn=illegible", ILLEGIBLE)
    yield _entry(above, care, ou="Oläslig", hsaIdentity=ILLEGIBLE_PURPOSE.text,
                 hsaResponsibleHealthCareProvider=ODD_PROVIDER.text)  # fmt: skip
    dn, pairs = _commission(above, "olaslig", [f"{ILLEGIBLE};;"])
    yield (
        dn,
        [
            (name, value.decode().encode("latin-1") if name == "hsaCommissionPurpose" else value)
            for name, value in pairs
        ],
    )


def foreign_region() -> list[ldif.Record]:
    """Persons by uid, heads as manager, administrators in groups; commissions as HSA has them."""
    persons, units = FOREIGN_LAYOUT.person_base, FOREIGN_LAYOUT.unit_base
    unit, above = f"ou=F1,ou=F,{units}", f"ou=F,{units}"
    organisation = ["top", "organizationalUnit", "hsaHealthCareUnit", "extensibleObject"]
    group = "HSA-administratörer"
    return [
        _entry(FOREIGN_TOP, ["top", "organization"], o="Annanregion"),
        _entry(f"cn=lasare,{FOREIGN_TOP}", ["organizationalRole", "simpleSecurityObject"],
               cn="lasare", userPassword="lasare"),
        _entry(persons, ["top", "organizationalUnit"], ou="personal"),
        _entry(units, ["top", "organizationalUnit"], ou="enheter"),
        _entry(above, ["top", "organizationalUnit", "hsaHealthCareProvider", "extensibleObject"], ou="F",
               hsaIdentity=f"{PREFIX}FPROVIDER", description="Främmande vård", orgNo="0000000077",
               manager=f"uid=f1,{persons}"),
        _entry(unit, organisation, ou="F1", hsaIdentity=f"{PREFIX}FUNIT", description="Främmande enheten",
               hsaResponsibleHealthCareProvider=f"{PREFIX}FPROVIDER", manager=f"uid=f1,{persons}",
               endDate="20990101000000Z"),
        _commission(unit, "f", [f"{PREFIX}F2;;"]),
        _entry(f"cn={group},{unit}", ["groupOfNames"], cn=group, member=[f"uid=f3,{persons}"]),
        _entry(f"cn={group},{above}", ["groupOfNames"], cn=group,
               member=[f"uid=f4,{persons}", f"uid=f3,{persons}"]),
        _entry(f"cn=Andra,{above}", ["groupOfNames"], cn="Andra", member=[f"uid=f2,{persons}"]),
        *(_person(f"uid=f{number}", an_id(f"F{number}"), persons, displayName=f"Främling {number}",
                  employeeType="204010", endDate="20990101000000Z") for number in range(1, 5)),
    ]  # fmt: skip


def referring_top() -> list[ldif.Record]:
    """A tree that says “ask another server” for one of its parts."""
    return [
        _entry(REFERRAL_TOP, ["top", "organization"], o="Remiss"),
        _entry(f"cn=lasare,{REFERRAL_TOP}", ["organizationalRole", "simpleSecurityObject"],
               cn="lasare", userPassword="lasare"),
        _entry(f"ou=Personal,{REFERRAL_TOP}", ["top", "organizationalUnit"], ou="Personal"),
        _entry(f"ou=Borta,ou=Personal,{REFERRAL_TOP}", ["referral", "extensibleObject"],
               ou="Borta", ref=REFERRED_TO),
    ]  # fmt: skip


READER = f"cn=lasare,{ACCOUNTS}"
WRITER = f"cn=kiv,{ACCOUNTS}"
DEMO_TOP = TOP
