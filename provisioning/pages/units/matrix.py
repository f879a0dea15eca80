"""People × accesses of one unit, as the directory says it now, read in one go.

Shows, and decides nothing. Everybody is in it whom a commission on the unit names, who has a right there, or
for whom one is ordered.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning import access
from provisioning.assessments import reading as assessments_reading
from provisioning.assessments.causes import explain
from provisioning.directory import Directory, open_directory
from provisioning.errors import DirectoryError
from provisioning.mandates import current
from provisioning.models import AccessRequest, Grant, User
from provisioning.pages import words
from provisioning.pages.order.forms import access_name
from provisioning.rules import proposals
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.causes import Code
from provisioning.rules.hsa import Answer, HsaId, Level, OrderedAccess, Part, Reading, Service, Unit
from provisioning.rules.services import catalogue

Access = tuple[Service, Level]
GETS_IN, UNDER_WAY, LACKS, UNKNOWN = "gets_in", "under_way", "lacks", "unknown"
NOT_FOR_THEM = "not_for_them"
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
    """`is_read`: False where the directory did not answer; then only what is known here is in it."""

    unit_name: str
    accesses: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    is_read: bool
    read_at: datetime


def accesses() -> list[Access]:
    """The columns: every access to a unit that can be ordered here."""
    return [
        (service, level)
        for service in map(Service, settings.SERVICES)
        for level in catalogue.words(service).levels
        if level is not Level.PROVIDER
    ]


def of_unit(user: User, unit_id: HsaId, *, may_order: bool) -> Matrix:
    """The matrix of a unit that this person may read."""
    kept = _Kept.of(user, unit_id)
    name = next((row.unit_name for row in kept.rows if row.unit_name), unit_id.text)
    try:
        directory = open_directory()
        headed = next((one for one in current.for_display(user).units if one.hsa_id == unit_id), None)
        name, persons = _people(directory, unit_id, headed, kept.persons, name)
        readings, is_read = list(directory.read_many((person, [unit_id]) for person in persons)), True
    except DirectoryError as exc:
        readings, is_read = _unread(kept.persons, exc), False
    rows = [_row(user, unit_id, reading, kept, may_order=may_order) for reading in readings]
    names = tuple(access_name(service.value, level.value) for service, level in accesses())
    rows.sort(key=lambda row: row.name.casefold())
    return Matrix(
        name,
        names,
        tuple(rows),
        is_read,
        max((one.read_at for one in readings), default=timezone.now()),
    )


def of_persons(
    user: User, unit_id: HsaId, persons: Iterable[HsaId], *, may_order: bool
) -> list[tuple[Reading, MatrixRow]]:
    """The rows of these persons alone, in this order, each with what was read of the person."""
    wanted = list(dict.fromkeys(persons))
    kept = _Kept.of(user, unit_id)
    try:
        readings = list(open_directory().read_many((person, [unit_id]) for person in wanted))
    except DirectoryError as exc:
        readings = _unread(wanted, exc)
    return [(reading, _row(user, unit_id, reading, kept, may_order=may_order)) for reading in readings]


def _unread(persons: Iterable[HsaId], error: DirectoryError) -> list[Reading]:
    now = timezone.now()
    return [Reading.failed(person, error.code, read_at=now) for person in persons]


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


def _people(
    directory: Directory, unit_id: HsaId, headed: Unit | None, known: Iterable[HsaId], name: str
) -> tuple[str, list[HsaId]]:
    """The unit's name now, and everybody who belongs into the matrix, each once.

    `headed`: the unit as the reader's mandates hold it, which saves a search.
    """
    unit = headed or directory.unit(unit_id)
    coupled = directory.coupled_at(unit.dn) if unit is not None else ()
    return (unit.name if unit is not None else name), list(dict.fromkeys([*coupled, *known]))


def _row(
    user: User,
    unit_id: HsaId,
    reading: Reading,
    kept: _Kept,
    *,
    may_order: bool,
) -> MatrixRow:
    key = reading.person_id.folded
    own_grants = {(row.service, row.level): row for row in kept.grants if row.subject_key == key}
    own_requests = {(row.service, row.level): row for row in kept.requests if row.subject_key == key}
    known = next(iter([*own_grants.values(), *own_requests.values()]), None)
    person = reading.person
    is_protected = person.is_protected if person else bool(known and known.subject_is_protected)
    is_hidden = is_protected and key != user.hsa_key
    name = person.name if person else (known.subject_name if known else "")
    cells = []
    for service, level in accesses():
        request = own_requests.get((service.value, level.value))
        order = OrderedAccess(reading.person_id, service, level, unit_id)
        wanted = f"{reading.person_id.text}|{service.value}:{level.value}|{unit_id.text}"
        may_order_it = may_order and not is_hidden and key != user.hsa_key
        cells.append(
            _cell(
                user, order, reading, request,
                has_right=(service.value, level.value) in own_grants,
                wanted=wanted if may_order_it else "",
            )
        )  # fmt: skip
    if is_hidden:
        return MatrixRow(str(words.MASKED), "", tuple(cells))
    return MatrixRow(name or reading.person_id.text, reading.person_id.text, tuple(cells))


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
