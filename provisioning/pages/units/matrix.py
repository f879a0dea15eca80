"""People × accesses of one unit, as the directory says it now, read in one go.

Shows, and decides nothing. Everybody is in it whom a commission on the unit names, who has a right there, or
for whom one is ordered. Of a unit with more people than stand on a page, only those on it are read whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.core.paginator import Page, Paginator
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning import access
from provisioning.assessments import reading as assessments_reading
from provisioning.assessments.causes import explain
from provisioning.directory import PersonName, open_directory
from provisioning.errors import DirectoryError
from provisioning.models import AboutOneRight, AccessRequest, Grant, User
from provisioning.pages import words
from provisioning.pages.order.forms import access_name
from provisioning.rules import proposals
from provisioning.rules.alphabet import place_of
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.causes import Code
from provisioning.rules.hsa import Answer, HsaId, Level, OrderedAccess, Part, Reading, Service
from provisioning.rules.services import catalogue

Access = tuple[Service, Level]
GETS_IN, UNDER_WAY, LACKS, UNKNOWN = "gets_in", "under_way", "lacks", "unknown"
NOT_FOR_THEM = "not_for_them"
PER_PAGE = 100  # people
TONES: Mapping[str, str] = {
    GETS_IN: "success",
    UNDER_WAY: "waiting",
    LACKS: "error",
    UNKNOWN: "unknown",
    NOT_FOR_THEM: "neutral",
}


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """One person and one access: how it stands, and why. `wanted`: what to order; empty where nothing is.

    `lacks_role`: the commission is there, and the role alone is missing.
    """

    access: str
    state: str
    word: str
    reason: str
    url: str = ""
    wanted: str = ""
    lacks_role: bool = False

    @property
    def tone(self) -> str:
        return TONES[self.state]


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """One person. A protected person has neither name nor HSA-id here."""

    name: str
    hsa_id: str
    cells: tuple[MatrixCell, ...]

    @property
    def states(self) -> frozenset[str]:
        return frozenset(cell.state for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Matrix:
    """`is_read`: False where the directory did not answer; then only what is known here is in it.

    `page`: where only some of the people are in it, the page that they stand on.
    """

    unit_name: str
    accesses: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    is_read: bool
    read_at: datetime
    page: Page[HsaId] | None = None


def accesses() -> list[Access]:
    """The columns: every access to a unit that can be ordered here."""
    return [
        (service, level)
        for service in map(Service, settings.SERVICES)
        for level in catalogue.words(service).levels
        if level is not Level.PROVIDER
    ]


def of_unit(user: User, unit_id: HsaId, *, may_order: bool) -> Matrix:
    """The matrix of a unit that this person may read: everybody."""
    return _whole(_People(user, unit_id), may_order=may_order)


def page_of_unit(user: User, unit_id: HsaId, *, may_order: bool, number: str | None) -> Matrix:
    """One page of the matrix, by name. `number`: which one, as the address has it."""
    people = _People(user, unit_id)
    if len(people.persons) <= PER_PAGE:
        return _whole(people, may_order=may_order)
    by_name = [person for person, _name in people.by_name()]
    page = Paginator(by_name, PER_PAGE).get_page(number)
    return _matrix(people, people.readings(page.object_list), may_order=may_order, page=page)


def named(user: User, unit_id: HsaId) -> list[tuple[str, str]]:
    """HSA-id and name of everybody at a unit, by name; of those with protected identity nothing."""
    return [(person.text, name) for person, name in _People(user, unit_id).by_name() if name is not None]


def of_persons(
    user: User, unit_id: HsaId, persons: Iterable[HsaId], *, may_order: bool
) -> list[tuple[Reading, MatrixRow]]:
    """The rows of these persons alone, in this order, each with what was read of the person."""
    wanted = list(dict.fromkeys(persons))
    kept = _Kept.of(user, unit_id)
    try:
        readings = list(open_directory().people_of(unit_id).readings(wanted))
    except DirectoryError as exc:
        readings = _unread(wanted, exc.code)
    return [(reading, _row(user, unit_id, reading, kept, may_order=may_order)) for reading in readings]


def _whole(people: _People, *, may_order: bool) -> Matrix:
    return _matrix(people, people.readings(people.persons), may_order=may_order)


def _matrix(
    people: _People, readings: Sequence[Reading], *, may_order: bool, page: Page[HsaId] | None = None
) -> Matrix:
    rows = [
        _row(people.user, people.unit_id, reading, people.kept, may_order=may_order) for reading in readings
    ]
    rows.sort(key=lambda row: place_of(row.name))
    return Matrix(
        people.unit_name,
        tuple(access_name(service.value, level.value) for service, level in accesses()),
        tuple(rows),
        people.is_read,
        max((one.read_at for one in readings), default=timezone.now()),
        page,
    )


class _People:
    """Everybody in a matrix. As soon as the directory is silent, only those of whom we know without it."""

    def __init__(self, user: User, unit_id: HsaId):
        self.user, self.unit_id, self.kept = user, unit_id, _Kept.of(user, unit_id)
        self.unit_name = next((row.unit_name for row in self.kept.rows if row.unit_name), unit_id.text)
        self.persons: Sequence[HsaId] = self.kept.persons
        self._silence = ""  # the code of why the directory is silent
        try:
            self._at_unit = open_directory().people_of(unit_id)
            unit = self._at_unit.unit
            self.unit_name = unit.name if unit is not None else self.unit_name
            self.persons = list(dict.fromkeys([*self._at_unit.coupled, *self.kept.persons]))
        except DirectoryError as exc:
            self._fall_silent(exc)

    @property
    def is_read(self) -> bool:
        return not self._silence

    def readings(self, persons: Iterable[HsaId]) -> list[Reading]:
        """A reading of each; where the directory is silent, of those whom we know, and it says nothing."""
        wanted = list(persons)
        try:
            if not self._silence:
                return list(self._at_unit.readings(wanted))
        except DirectoryError as exc:
            self._fall_silent(exc)
        return _unread((one for one in wanted if one in self.persons), self._silence)

    def by_name(self) -> list[tuple[HsaId, str | None]]:
        """Everybody with the name that the reader may see, in its order; None: it may not be seen."""
        names: Mapping[HsaId, PersonName] = {}
        try:
            if not self._silence:
                names = self._at_unit.names(self.persons)
        except DirectoryError as exc:
            self._fall_silent(exc)
        known = {row.subject_id: row for row in self.kept.rows}
        found = [(one, _shown_name(self.user, one, names.get(one), known.get(one))) for one in self.persons]
        return sorted(found, key=lambda pair: (place_of(pair[1] or str(words.MASKED)), pair[0].folded))

    def _fall_silent(self, error: DirectoryError) -> None:
        self._silence, self.persons = error.code, self.kept.persons


def _unread(persons: Iterable[HsaId], code: str) -> list[Reading]:
    now = timezone.now()
    return [Reading.failed(person, code, read_at=now) for person in persons]


@dataclass(frozen=True, slots=True)
class _Kept:
    """What is kept here of a unit, as far as the reader may see it: rights, and orders under way."""

    grants: list[Grant]
    requests: list[AccessRequest]

    @classmethod
    def of(cls, user: User, unit_id: HsaId) -> _Kept:
        grants = access.visible_grants(user).living().filter(unit_key=unit_id.folded)
        requests = access.visible_requests(user).open().filter(unit_key=unit_id.folded)
        return cls(list(grants), list(requests.prefetch_related("handlers", "incidents", "questions")))

    @property
    def rows(self) -> list[AccessRequest | Grant]:
        return [*self.requests, *self.grants]

    @property
    def persons(self) -> list[HsaId]:
        return list(dict.fromkeys(row.subject_id for row in self.rows))


def _shown_name(
    user: User, person_id: HsaId, told: PersonName | None, known: AboutOneRight | None
) -> str | None:
    """The name that the reader may see, or the HSA-id where there is none; None of a protected person."""
    is_protected = told.is_protected if told else bool(known and known.subject_is_protected)
    if is_protected and person_id.folded != user.hsa_key:
        return None
    return (told.text if told else known.subject_name if known else "") or person_id.text


def _row(user: User, unit_id: HsaId, reading: Reading, kept: _Kept, *, may_order: bool) -> MatrixRow:
    key = reading.person_id.folded
    own_grants = {(row.service, row.level): row for row in kept.grants if row.subject_key == key}
    own_requests = {(row.service, row.level): row for row in kept.requests if row.subject_key == key}
    known = next(iter([*own_grants.values(), *own_requests.values()]), None)
    person = reading.person
    told = PersonName(person.name, person.is_protected) if person else None
    name = _shown_name(user, reading.person_id, told, known)
    cells = []
    for service, level in accesses():
        request = own_requests.get((service.value, level.value))
        order = OrderedAccess(reading.person_id, service, level, unit_id)
        wanted = f"{reading.person_id.text}|{service.value}:{level.value}|{unit_id.text}"
        may_order_it = may_order and name is not None and key != user.hsa_key
        cells.append(
            _cell(
                user, order, reading, request,
                has_right=(service.value, level.value) in own_grants,
                wanted=wanted if may_order_it else "",
            )
        )  # fmt: skip
    if name is None:
        return MatrixRow(str(words.MASKED), "", tuple(cells))
    return MatrixRow(name, reading.person_id.text, tuple(cells))


def _cell(
    user: User,
    order: OrderedAccess,
    reading: Reading,
    request: AccessRequest | None,
    *,
    has_right: bool,
    wanted: str,
) -> MatrixCell:
    name = access_name(order.service.value, order.level.value)
    found = assessments_reading.assess_now(order, reading)
    if request is not None and found.answer is not Answer.YES:
        state, who = str(request.get_state_display()), words.with_whom(user, request)
        reason = _("%(state)s. With: %(who)s") % {"state": state, "who": who} if who else state
        return MatrixCell(
            name, UNDER_WAY, _("Under way"), reason, url=reverse("case", args=[request.public_id])
        )
    if found.answer is Answer.YES:
        reason = "" if has_right else _("Not ordered here: nobody has approved it, or no order is needed.")
        return MatrixCell(name, GETS_IN, _("Gets in"), reason)
    if found.answer is Answer.UNKNOWN or not reading.is_readable(Part.PERSON):
        reason = next((explain(cause).sentence for cause in found.causes), "")
        return MatrixCell(name, UNKNOWN, _("Don't know"), reason)
    if Code.ORDER_LEVEL_NOT_AVAILABLE in found.codes:
        return MatrixCell(name, NOT_FOR_THEM, _("Not for this person"), "")
    has_left = any(code.value.startswith("person.") for code in found.codes)
    reason = _why_not(found, reading)
    return MatrixCell(
        name,
        LACKS,
        _("Does not get in"),
        reason,
        wanted="" if has_left else wanted,
        lacks_role=proposals.lacks_the_role_alone(found),
    )


def _why_not(found: Assessment, reading: Reading) -> str:
    """What of the two is missing, commission or role; else the first cause."""
    lacks_commission = any(code.value.startswith("commission.") for code in found.codes)
    lacks_role = Code.ROLE_MISSING in found.codes
    if lacks_commission and (Code.ROLE_WITHOUT_COMMISSION in found.codes or _has_role(found, reading)):
        return _("Has the role, but not the commission.")
    if lacks_role and lacks_commission:
        return _("Has neither the commission nor the role.")
    if lacks_role:
        return _("Has the commission, but not the role.")
    return next((explain(cause).sentence for cause in found.causes), "")


def _has_role(found: Assessment, reading: Reading) -> bool:
    """The very role that the access takes stands there."""
    order = found.order
    role = catalogue.wanted_role(order.service, order.level, found.effective_unit_id)
    return role is not None and reading.person is not None and role in reading.person.system_roles
