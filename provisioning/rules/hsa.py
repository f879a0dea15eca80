"""Value types for what an HSA or KIV directory holds, and for what can be said of it.

Everything here is a frozen value. Raw texts stay as the directory has them (a blank or a
wrong case is evidence); interpretation belongs to the rules that need it.
Source: HSA schema 5.3; HSA authorizationmanagement 2.4.5 and employee 4.0 (TKB).
"""

from __future__ import annotations

import enum
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

STRICT_FORM = re.compile(r"SE[0-9]{10}(?:[0-9]{2})?-[A-Z0-9]{1,18}", re.ASCII | re.IGNORECASE)
LENIENT_FORM = re.compile(r"[A-Za-z]{2}[A-Za-z0-9]{0,16}[0-9]{4,12}-[A-Za-z0-9]{1,18}", re.ASCII)
_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")


class Answer(enum.StrEnum):
    """The three answers. UNKNOWN never approves, closes, expires or revokes anything."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Service(enum.StrEnum):
    """A service whose access can be ordered: the lines of the catalogue, each with a module of that name.

    The module stands in rules/services and holds the service's rule and its words.
    """

    REHABSTOD = "rehabstod"
    INTYGSSTATISTIK = "intygsstatistik"
    INTYGSBESTALLNING = "intygsbestallning"


class Level(enum.StrEnum):
    """How much is ordered: a doctor's own cases, a whole unit, or a whole care provider."""

    OWN = "own"
    UNIT = "unit"
    PROVIDER = "provider"


class Attribute(enum.StrEnum):
    """The two attributes a change can be made in, by their HSA schema names."""

    SYSTEM_ROLE = "hsaSystemRole"
    COMMISSION_MEMBER = "hsaCommissionMember"


@dataclass(frozen=True, slots=True)
class HsaId:
    """An HSA-id: equal when equal folded, written byte for byte as `text` holds it.

    Folded: without regard to case and to blanks at its ends, as LDAP compares it, too.
    Source: domain rule "compare folded, store as read"; RFC 4518 2.6.1.
    """

    text: str
    # Kept: a sweep compares and looks up the same few ids millions of times.
    folded: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "folded", self.bare.casefold())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, HsaId) and self.folded == other.folded

    def __hash__(self) -> int:
        return hash(self.folded)

    def __str__(self) -> str:
        return self.text

    @property
    def bare(self) -> str:
        """The text without blanks at its ends: what is searched for."""
        return self.text.strip()

    def has_form(self, *, strict: bool) -> bool:
        """Say whether it has an HSA-id's form: `SE`, 10 or 12 digits, `-`, 1 to 18 of A-Z a-z 0-9.

        Case does not count. Lenient also takes the ids of test environments, such as `TSTNMT2321000156-105N`.
        """
        form = STRICT_FORM if strict else LENIENT_FORM
        return form.fullmatch(self.text) is not None


def typed(text: str) -> str:
    """What somebody wrote or pasted, as it looks on the screen: composed letters, no invisible characters.

    Copying from a page or a mail brings zero-width characters and hard blanks along.
    """
    composed = unicodedata.normalize("NFC", text)
    seen = "".join(letter for letter in composed if unicodedata.category(letter) != "Cf")
    return " ".join(seen.split())


def typed_id(text: str) -> HsaId:
    """The HSA-id that somebody wrote or pasted, whichever of the dashes their program made of the hyphen."""
    return HsaId(_DASHES.sub("-", typed(text)))


@dataclass(frozen=True, slots=True)
class RawPeriod:
    """Two dates as the directory writes them; None or blank means open. Read by `periods`."""

    start: str | None = None
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """A person entry. One human may have several, each with an HSA-id of its own."""

    hsa_id: HsaId
    dn: str
    name: str
    given_name: str = ""
    surname: str = ""
    mails: tuple[str, ...] = ()  # as they stand there: any of them may be no address
    titles: tuple[str, ...] = ()  # hsaTitle: licensed professions
    title_codes: tuple[str, ...] = ()  # paTitleCode
    group_prescription_codes: tuple[str, ...] = ()  # hsaGroupPrescriptionCode
    system_roles: tuple[str, ...] = ()  # hsaSystemRole, untrimmed
    period: RawPeriod = RawPeriod()
    is_protected: bool = False  # hsaConfidentialPerson
    is_archived: bool = False  # hsaArchivedObject

    @property
    def mail(self) -> str | None:
        """The first of the mail values."""
        return next(iter(self.mails), None)


@dataclass(frozen=True, slots=True)
class Provider:
    """A care provider (vårdgivare)."""

    hsa_id: HsaId
    dn: str
    name: str
    org_no: str | None = None
    manager_id: HsaId | None = None  # who holds the provider's mandate, where the directory says so
    period: RawPeriod = RawPeriod()
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Unit:
    """A care unit (vårdenhet) or one of its sub-units (mottagning, ingående enhet)."""

    hsa_id: HsaId
    dn: str
    name: str
    is_care_unit: bool = True  # has the class hsaHealthCareUnit
    provider_id: HsaId | None = None  # hsaResponsibleHealthCareProvider
    manager_id: HsaId | None = None  # hsaHealthCareUnitManager
    member_ids: tuple[HsaId, ...] = ()  # hsaHealthCareUnitMember: its sub-units
    period: RawPeriod = RawPeriod()
    is_archived: bool = False
    kinds: tuple[str, ...] = ()  # hsaBusinessClassificationCode: what care it gives, as codes


@dataclass(frozen=True, slots=True)
class Coupling:
    """One value of hsaCommissionMember that names one of the persons read: `<id>;<from>;<to>`."""

    person_id: HsaId
    period: RawPeriod
    raw: str


@dataclass(frozen=True, slots=True)
class Commission:
    """A commission (medarbetaruppdrag): a child entry of its unit, with a purpose.

    `unit_id` is the HSA-id of the parent entry; None when the parent has none or was not found.
    `is_under_provider`: the parent is a care provider and not a care unit.
    `couplings` holds only the values that name the persons read, never other members.
    """

    hsa_id: HsaId | None
    dn: str
    name: str
    purpose: str | None
    rights: tuple[str, ...] = ()
    parent_dn: str = ""
    unit_id: HsaId | None = None
    is_under_provider: bool = False
    couplings: tuple[Coupling, ...] = ()


class Part(enum.StrEnum):
    """The parts of a reading. What could not be read of one part says nothing of another."""

    PERSON = "person"
    SYSTEM_ROLES = "system_roles"
    PROFESSION = "profession"  # titles and codes that make a doctor
    IDENTITIES = "identities"  # other HSA-ids of the same human
    COMMISSIONS = "commissions"  # the persons' commissions
    UNIT_COMMISSIONS = "unit_commissions"  # all commissions of the ordered unit
    UNITS = "units"
    PROVIDERS = "providers"


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the directory did not tell: `code` is one of the `directory.*` codes."""

    code: str
    part: Part
    about: str = ""  # attribute or DN; for operators, never shown to users


@dataclass(frozen=True, slots=True)
class Reading:
    """What one look into the directory gave about one person, at one moment.

    `units` and `providers` map every HSA-id that was asked for to its entry, or to None where
    the directory has no such entry. An id that is not a key was never asked for: nothing may be
    concluded about it. `parents` maps a sub-unit's id to the care units that list it.
    """

    read_at: datetime  # aware
    person_id: HsaId
    person: Person | None = None
    other_identities: tuple[Person, ...] = ()
    commissions: tuple[Commission, ...] = ()
    units: Mapping[HsaId, Unit | None] = field(default_factory=dict)
    providers: Mapping[HsaId, Provider | None] = field(default_factory=dict)
    parents: Mapping[HsaId, tuple[Unit, ...]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def is_readable(self, *parts: Part) -> bool:
        """Say whether all of these parts were read completely."""
        return not any(problem.part in parts for problem in self.problems)

    @classmethod
    def failed(cls, person_id: HsaId, code: str, *, read_at: datetime) -> Reading:
        """A reading in which nothing could be read, for the one reason `code`."""
        return cls(
            read_at=read_at,
            person_id=person_id,
            problems=tuple(Problem(code, part) for part in Part),
        )


@dataclass(frozen=True, slots=True)
class OrderedAccess:
    """What somebody wants: one person, one service, one level, one unit (or provider)."""

    person_id: HsaId
    service: Service
    level: Level
    unit_id: HsaId  # the care provider's id when level is PROVIDER
    until: date | None = None  # where a right is prolonged: the day that a coupling must last through


@dataclass(frozen=True, slots=True)
class Change:
    """One value to add to one attribute of one entry: what somebody must do in KIV."""

    dn: str
    attribute: Attribute
    value: str
    entry_id: HsaId | None = field(default=None, compare=False)  # whose entry it is, wherever that stands now
