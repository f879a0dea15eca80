"""Placing an order: what the directory says is looked up first, then everything is written at once.

`prepare` asks the directory and writes nothing; `place` writes order, requests, audit and messages in
one transaction and asks nobody. Sources: domain §5 (what an order needs), §7 (who may order and attest).
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from provisioning import (
    access,
    audit,
    dates,
    grants,
    handlers,
    mandates,
    notifications,
    outbox,
    prolongation,
    readings,
    statements,
)
from provisioning.audit import Action
from provisioning.causes import sentence
from provisioning.directory import Directory, open_directory
from provisioning.errors import Invalid, NotAllowed
from provisioning.grant_models import Grant
from provisioning.handlers import Asked
from provisioning.mandates import Delegated
from provisioning.models import AccessRequest, Delegation, Evidence, HandlerRole, Order, User
from provisioning.rules import deadlines
from provisioning.rules.assessment import Assessment
from provisioning.rules.causes import Code
from provisioning.rules.deadlines import EndProblem
from provisioning.rules.hsa import (
    Answer,
    HsaId,
    Level,
    OrderedAccess,
    Person,
    Provider,
    Reading,
    Service,
    Unit,
)
from provisioning.rules.lifecycle import State
from provisioning.rules.mandates import Kind, needs_second_attester, order_is_attestation

# No directory change and no waiting in the case makes these right: the order is refused at once.
HOPELESS = frozenset(
    {
        Code.PERSON_MISSING,
        Code.PERSON_ENDED,
        Code.PERSON_ARCHIVED,
        Code.UNIT_UNKNOWN,
        Code.UNIT_CLOSED,
        Code.UNIT_ARCHIVED,
        Code.PROVIDER_UNKNOWN,
        Code.PROVIDER_CLOSED,
        Code.ORDER_LEVEL_NOT_AVAILABLE,
    }
)


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody filled in. `unit_ids` are care providers' ids when level is PROVIDER."""

    person_id: HsaId
    service: Service
    level: Level
    unit_ids: tuple[HsaId, ...]
    starts_on: date
    ends_on: date
    need: str
    risk_statement: str
    submission: uuid.UUID = field(default_factory=uuid.uuid4)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an item can't be ordered as it stands: a sentence, and the form field it belongs beside."""

    message: str
    field: str
    code: str


@dataclass(frozen=True, slots=True)
class PreparedItem:
    """One unit of a draft with what the directory says about it, before anything is written."""

    wanted_id: HsaId
    wanted_name: str
    unit: Unit | Provider | None
    reading: Reading
    assessment: Assessment | None
    is_attested_by_order: bool = False
    ordered_for: Delegated | None = None  # by which delegation it is ordered and attested, where one is used
    attested_for: Delegated | None = None
    attesters: tuple[Asked, ...] = ()
    second_attesters: tuple[Person, ...] = ()
    administrators: tuple[Person, ...] = ()
    live_grant: Grant | None = None  # the right as it stands, which the order prolongs
    refusals: tuple[Refusal, ...] = ()

    @property
    def is_known(self) -> bool:
        return self.assessment is not None and self.assessment.answer is not Answer.UNKNOWN


@dataclass(frozen=True, slots=True)
class Prepared:
    """A whole draft, looked up. `refusals` concern the draft itself; each item has its own."""

    draft: Draft
    person: Person | None
    items: tuple[PreparedItem, ...]
    refusals: tuple[Refusal, ...]

    @property
    def may_be_placed(self) -> bool:
        return bool(self.items) and not self.refusals and not any(item.refusals for item in self.items)

    @property
    def all_refusals(self) -> tuple[Refusal, ...]:
        return (*self.refusals, *(refusal for item in self.items for refusal in item.refusals))


def prepare(draft: Draft, *, by: User) -> Prepared:
    """Look up everything the draft takes and say what stands in its way. Writes nothing.

    Raises DirectoryError when the directory does not answer: then nothing can be said, and nothing is lost.
    """
    directory = open_directory()
    refusals = [*_statement_refusals(draft), *_date_refusals(draft)]
    person, person_refusals = _look_up_person(directory, draft.person_id)
    refusals += person_refusals
    if person is None:
        return Prepared(draft, None, (), tuple(refusals))
    held = mandates.read(by.identity)
    look_up = _provider_item if draft.level is Level.PROVIDER else _unit_item
    items: list[PreparedItem] = []
    for wanted_id in dict.fromkeys(draft.unit_ids):
        item = look_up(directory, draft, person, wanted_id, by, held)
        items.append(_without_twins(item, items))
    return Prepared(draft, person, tuple(items), tuple(refusals))


def place(prepared: Prepared, *, by: User, start: Callable[[AccessRequest], object]) -> Order:
    """Write the order and start each request; `start` begins its workflow, in the same transaction.

    The same submission placed twice is one order. Raises Invalid when something stands in the way,
    also when somebody else ordered the same right in between; NotAllowed when a delegation it rests on has
    just ended.
    """
    for refusal in prepared.all_refusals:
        raise Invalid(refusal.message, code=refusal.code, field=refusal.field)
    if not prepared.items or prepared.person is None:
        raise Invalid(_("Choose at least one unit."), code="order.no_unit", field="units")
    earlier = Order.objects.filter(submission=prepared.draft.submission, orderer=by).first()
    if earlier is not None:
        return earlier
    try:
        with transaction.atomic():
            return _write(prepared, prepared.person, by, start)
    except IntegrityError as exc:
        earlier = Order.objects.filter(submission=prepared.draft.submission, orderer=by).first()
        if earlier is not None:
            return earlier
        raise Invalid(duplicate_message(), code="order.duplicate", field="units") from exc


def duplicate_message() -> str:
    return _(
        "There is already an open order for this person, service, level and unit. Follow that one instead."
    )


def _statement_refusals(draft: Draft) -> list[Refusal]:
    found = [("need", draft.need), ("risk_statement", draft.risk_statement)]
    return [
        Refusal(message, name, "order.statement")
        for name, text in found
        if (message := statements.error_in(text)) is not None
    ]


def _date_refusals(draft: Draft) -> list[Refusal]:
    return [*_first_day_refusals(draft), *_last_day_refusals(draft)]


def _first_day_refusals(draft: Draft) -> list[Refusal]:
    today = dates.today()
    if draft.starts_on < today <= draft.ends_on:  # both days gone by: the last day's sentence says it all
        return [Refusal(_("The first day has already passed."), "starts_on", "order.start_passed")]
    if draft.starts_on > deadlines.latest_end(today):
        message = _("The first day is more than a year away. Order nearer to it.")
        return [Refusal(message, "starts_on", "order.start_too_late")]
    return []


def _last_day_refusals(draft: Draft) -> list[Refusal]:
    problem = deadlines.end_problem(draft.starts_on, draft.ends_on, on=dates.today())
    if problem is None:
        return []
    messages = {
        EndProblem.BEFORE_START: _("The last day is before the first day."),
        EndProblem.PASSED: _("The last day has already passed."),
        EndProblem.TOO_LATE: _(
            "A right can be ordered for at most 12 months from its first day. The latest possible last day "
            "is %(date)s."
        )
        % {"date": dates.in_words(deadlines.latest_end(draft.starts_on))},
    }
    return [Refusal(messages[problem], "ends_on", f"order.end_{problem.value}")]


def _look_up_person(directory: Directory, person_id: HsaId) -> tuple[Person | None, list[Refusal]]:
    if not person_id.has_form(strict=settings.HSA_ID_FORM == "strict"):
        message = _(
            "This is not an HSA-id. It looks like SE0000000000-AB12: SE, ten digits, a "
            "hyphen and up to 18 letters or digits."
        )
        return None, [Refusal(message, "person", "person.form")]
    person = directory.person(person_id)
    if person is None:
        message = _("Nobody in the directory has the HSA-id %(id)s. Check it, or search by name.") % {
            "id": person_id
        }
        return None, [Refusal(message, "person", Code.PERSON_MISSING.value)]
    return person, []


def _unit_item(
    directory: Directory, draft: Draft, person: Person, wanted_id: HsaId, by: User, held: mandates.Mandates
) -> PreparedItem:
    order = OrderedAccess(person.hsa_id, draft.service, draft.level, wanted_id)
    reading = readings.read_for(order)
    found = readings.assess_now(order, reading)
    wanted = reading.units.get(wanted_id)
    unit = reading.units.get(found.effective_unit_id) or wanted
    if wanted is None or unit is None:
        message = _("No unit in the directory has the HSA-id %(id)s.") % {"id": wanted_id}
        refusal = Refusal(message, "units", Code.UNIT_UNKNOWN.value)
        return PreparedItem(wanted_id, str(wanted_id), None, reading, found, refusals=(refusal,))
    standing = _standing(held, unit.hsa_id, reading, by)
    refusals = [*_hopeless(found, wanted.name), *_duplicates(person, draft, unit.hsa_id, wanted.name, by)]
    live = grants.in_force(person.hsa_id, draft.service, draft.level, unit.hsa_id)
    refusals += _prolongation_refusals(live, draft, found, wanted.name)
    if not standing.may_order:
        message = _("You are not head of %(unit)s, so you cannot order there for somebody else.") % {
            "unit": unit.name
        }
        refusals.append(Refusal(message, "units", "order.not_head"))
    is_attested = standing.is_attested
    found_attesters = () if is_attested else handlers.attesters(directory, unit, subject_id=person.hsa_id)
    if not is_attested and not found_attesters:
        message = _(
            "Nobody can attest an order for %(unit)s: the directory names no head of unit there or above."
        )
        refusals.append(Refusal(message % {"unit": unit.name}, "units", "order.no_attester"))
    shut_out = {person.hsa_id} | ({by.identity} if is_attested else _the_only_one(found_attesters))
    administrators = handlers.kiv_administrators(directory, unit.dn, excluded=shut_out)
    refusals += _administrator_refusals(found, administrators, unit.name)
    return PreparedItem(
        wanted_id,
        wanted.name,
        unit,
        reading,
        found,
        is_attested_by_order=is_attested,
        ordered_for=standing.ordered_for,
        attested_for=standing.attested_for,
        attesters=found_attesters,
        administrators=administrators,
        live_grant=live,
        refusals=tuple(refusals),
    )


@dataclass(frozen=True, slots=True)
class _Standing:
    """What the orderer is to the unit: may order there, attests by ordering, and by which delegations."""

    may_order: bool
    is_attested: bool = False
    ordered_for: Delegated | None = None
    attested_for: Delegated | None = None


def _standing(held: mandates.Mandates, unit_id: HsaId, reading: Reading, by: User) -> _Standing:
    """Own access: anybody may ask. For others: the head of unit, or who the head has delegated ordering to.

    The head's order is its own attestation. A delegate's is only where attesting is delegated to the same
    person, too: then a second step would be the same decision by the same person. Never for the access of
    the head who delegated: that is attested in a step of its own, which the head above can take as well.
    Whichever HSA-id of the same human it is about. Source: domain §7; the last but one is our own caution.
    """
    subject_ids = {reading.person_id, *(person.hsa_id for person in reading.other_identities)}
    own_ids, is_head = held.ids_of(by.identity), unit_id in held.unit_ids
    if order_is_attestation(orderer_is_head=is_head, own_ids=own_ids, subject_id=reading.person_id):
        return _Standing(may_order=True, is_attested=True)
    if reading.person_id in own_ids:
        return _Standing(may_order=True)
    ordering = held.delegated_for(Kind.ORDERING, unit_id)
    attesting = held.delegated_for(Kind.ATTESTING, unit_id)
    if ordering is None:
        return _Standing(may_order=False)
    if attesting is None or subject_ids & {ordering.principal_id, attesting.principal_id}:
        return _Standing(may_order=True, ordered_for=ordering)
    return _Standing(may_order=True, is_attested=True, ordered_for=ordering, attested_for=attesting)


def _the_only_one(asked: tuple[Asked, ...]) -> set[HsaId]:
    """Who is sure to attest, and can therefore not carry out; of several, nobody is sure."""
    return {asked[0].person.hsa_id} if len(asked) == 1 else set()


def _provider_item(
    directory: Directory, draft: Draft, person: Person, wanted_id: HsaId, by: User, held: mandates.Mandates
) -> PreparedItem:
    order = OrderedAccess(person.hsa_id, draft.service, draft.level, wanted_id)
    reading = readings.read_for(order)
    found = readings.assess_now(order, reading)
    provider = reading.providers.get(wanted_id)
    if provider is None:
        message = _("No care provider in the directory has the HSA-id %(id)s.") % {"id": wanted_id}
        refusal = Refusal(message, "units", Code.PROVIDER_UNKNOWN.value)
        return PreparedItem(wanted_id, str(wanted_id), None, reading, found, refusals=(refusal,))
    own_ids = held.ids_of(by.identity)
    is_own = person.hsa_id in own_ids
    is_head = held.heads_unit_of(provider.hsa_id)
    refusals = [
        *_hopeless(found, provider.name),
        *_duplicates(person, draft, provider.hsa_id, provider.name, by),
    ]
    live = grants.in_force(person.hsa_id, draft.service, draft.level, provider.hsa_id)
    refusals += _prolongation_refusals(live, draft, found, provider.name)
    if not is_head and not is_own:
        message = _(
            "You are not head of any unit of %(provider)s, so you cannot order there for somebody else."
        )
        refusals.append(Refusal(message % {"provider": provider.name}, "units", "order.not_head"))
    is_attested = order_is_attestation(orderer_is_head=is_head, own_ids=own_ids, subject_id=person.hsa_id)
    first = (
        ()
        if is_attested
        else handlers.by_own_mandate(
            handlers.provider_attesters(directory, provider, subject_id=person.hsa_id)
        )
    )
    if not is_attested and not first:
        message = _(
            "Nobody can attest an order for %(unit)s: the directory names no head of unit there or above."
        )
        refusals.append(Refusal(message % {"unit": provider.name}, "units", "order.no_attester"))
    shut_out = {person.hsa_id} | ({by.identity} if is_attested else _the_only_one(first))
    second = handlers.mandate_holders(directory, provider, excluded=shut_out)
    if not second:
        message = _(
            "Nobody else holds the mandate of %(provider)s, and a process leader needs a second attester."
        )
        refusals.append(Refusal(message % {"provider": provider.name}, "units", "order.no_second_attester"))
    if len(second) == 1:
        shut_out |= {second[0].hsa_id}
    administrators = handlers.kiv_administrators(directory, provider.dn, excluded=shut_out)
    refusals += _administrator_refusals(found, administrators, provider.name)
    return PreparedItem(
        wanted_id,
        provider.name,
        provider,
        reading,
        found,
        is_attested_by_order=is_attested,
        attesters=first,
        second_attesters=second,
        administrators=administrators,
        live_grant=live,
        refusals=tuple(refusals),
    )


def _hopeless(found: Assessment, unit_name: str) -> list[Refusal]:
    where = {Code.PERSON_MISSING: "person", Code.PERSON_ENDED: "person", Code.PERSON_ARCHIVED: "person"}
    return [
        Refusal(
            f"{unit_name}: {sentence(cause)}", where.get(cause.code, _field_of(cause.code)), cause.code.value
        )
        for cause in found.causes
        if cause.code in HOPELESS
    ]


def _field_of(code: Code) -> str:
    return "level" if code is Code.ORDER_LEVEL_NOT_AVAILABLE else "units"


def _duplicates(person: Person, draft: Draft, unit_id: HsaId, unit_name: str, by: User) -> list[Refusal]:
    """The open request for the same right, if there is one; named to those who may read it."""
    open_twins = (
        AccessRequest.objects.open()
        .filter(
            subject_key=person.hsa_id.folded,
            service=draft.service.value,
            level=draft.level.value,
            unit_key=unit_id.folded,
        )
        .exclude(order__submission=draft.submission)
    )
    if not open_twins.exists():
        return []
    twin = access.visible_requests(by).filter(pk__in=open_twins.values("pk")).first()
    message = duplicate_message()
    if twin is not None:
        message += " " + _("It is case %(case)s.") % {"case": twin.case_number}
    return [Refusal(f"{unit_name}: {message}", "units", "order.duplicate")]


def _prolongation_refusals(
    standing: Grant | None, draft: Draft, found: Assessment, unit_name: str
) -> list[Refusal]:
    problems = prolongation.problems(
        standing,
        draft.starts_on,
        draft.ends_on,
        on=dates.today(),
        works=found.answer,
        unit_name=unit_name,
    )
    return [Refusal(problem.message, problem.field, problem.code) for problem in problems]


def _administrator_refusals(
    found: Assessment, administrators: tuple[Person, ...], unit_name: str
) -> list[Refusal]:
    if not found.changes or administrators:
        return []
    message = _(
        "%(unit)s has no KIV administrator who may carry this out: neither the person nor the attester may."
    )
    return [Refusal(message % {"unit": unit_name}, "units", "order.no_administrator")]


def _without_twins(item: PreparedItem, earlier: list[PreparedItem]) -> PreparedItem:
    """Two sub-units of one care unit are one right: the second is refused, not ordered twice."""
    twin = next(
        (other for other in earlier if item.unit and other.unit and other.unit.hsa_id == item.unit.hsa_id),
        None,
    )
    if twin is None:
        return item
    message = _("%(unit)s and %(other)s get access through the same care unit. Choose one of them.")
    refusal = Refusal(
        message % {"unit": item.wanted_name, "other": twin.wanted_name}, "units", "order.same_care_unit"
    )
    return PreparedItem(
        item.wanted_id,
        item.wanted_name,
        item.unit,
        item.reading,
        item.assessment,
        refusals=(*item.refusals, refusal),
    )


def _write(prepared: Prepared, person: Person, by: User, start: Callable[[AccessRequest], object]) -> Order:
    draft = prepared.draft
    _require_delegations(prepared)
    order = Order.objects.create(
        orderer=by,
        need=draft.need.strip(),
        risk_statement=draft.risk_statement.strip(),
        submission=draft.submission,
    )
    order.case_number = f"{dates.today(order.created_at).year}-{order.pk:06d}"
    order.save(update_fields=["case_number"])
    audit.record(Action.ORDERED, actor=by, order=order, requests=len(prepared.items))
    for position, item in enumerate(prepared.items, start=1):
        request = _write_request(order, position, draft, person, item)
        _hand_out(request, item, by)
        start(request)
    return order


def _require_delegations(prepared: Prepared) -> None:
    """What was looked up a moment ago still counts: no delegation it rests on has been ended. Locks them."""
    used = {
        one.pk for item in prepared.items for one in (item.ordered_for, item.attested_for) if one is not None
    }
    if not used:
        return
    rows = Delegation.objects.select_for_update(no_key=True).filter(pk__in=used, ended_at=None)
    if len(rows) != len(used):
        raise NotAllowed(_("The delegation by which you could order has just ended."))


def _write_request(
    order: Order, position: int, draft: Draft, person: Person, item: PreparedItem
) -> AccessRequest:
    if item.unit is None or item.assessment is None:
        raise Invalid(_("Choose at least one unit."), field="units")
    now = timezone.now()
    is_sub_unit = item.wanted_id != item.unit.hsa_id
    request = AccessRequest.objects.create(
        order=order,
        position=position,
        subject_key=person.hsa_id.folded,
        subject_hsa_id=person.hsa_id.text,
        subject_name=person.name,
        subject_is_protected=person.is_protected,
        service=draft.service.value,
        level=draft.level.value,
        unit_key=item.unit.hsa_id.folded,
        unit_hsa_id=item.unit.hsa_id.text,
        unit_name=item.unit.name,
        unit_dn=item.unit.dn,
        wanted_unit_hsa_id=item.wanted_id.text if is_sub_unit else "",
        wanted_unit_name=item.wanted_name if is_sub_unit else "",
        starts_on=prolongation.first_day(item.live_grant, draft.starts_on, draft.ends_on),
        ends_on=draft.ends_on,
        needs_second_attester=needs_second_attester(draft.service, draft.level),
        state=_first_state(draft, item).value,
        ordered_for_id=item.ordered_for.principal_id.folded if item.ordered_for else None,
        attester=order.orderer if item.is_attested_by_order else None,
        attested_for_id=item.attested_for.principal_id.folded if item.attested_for else None,
        attested_at=now if item.is_attested_by_order else None,
        assessment=readings.detailed_verdict(item.assessment),
    )
    Evidence.objects.create(
        request=request,
        moment=Evidence.Moment.ORDER,
        read_at=item.reading.read_at,
        source=readings.source(),
        verdict=readings.verdict(item.assessment),
    )
    return request


def _first_state(draft: Draft, item: PreparedItem) -> State:
    if not item.is_attested_by_order:
        return State.AWAITING_ATTESTATION
    needs_second = needs_second_attester(draft.service, draft.level)
    return State.AWAITING_SECOND_ATTESTATION if needs_second else State.CHECKING


def _hand_out(request: AccessRequest, item: PreparedItem, by: User) -> None:
    """Say who has the request first, and tell them. An order by the head of unit is its own attestation."""
    warnings = [warning["code"] for warning in request.assessment["warning_details"]]
    started = audit.record(
        Action.REQUEST_STARTED, actor=by, principal=request.ordered_for, request=request, shown=warnings
    )
    if item.is_attested_by_order:
        audit.record(
            Action.ATTESTED,
            actor=by,
            principal=request.attested_for,
            request=request,
            by_order=True,
            shown=warnings,
        )
    if request.current_state is State.AWAITING_ATTESTATION:
        handlers.assign(request, HandlerRole.ATTESTER, item.attesters)
        persons = [asked.person for asked in item.attesters]
        outbox.enqueue(started, notifications.Kind.ATTEST, [person.hsa_id for person in persons])
    elif request.current_state is State.AWAITING_SECOND_ATTESTATION:
        second = item.second_attesters
        handlers.assign(request, HandlerRole.SECOND_ATTESTER, handlers.by_own_mandate(second))
        outbox.enqueue(started, notifications.Kind.ATTEST, [person.hsa_id for person in second])
