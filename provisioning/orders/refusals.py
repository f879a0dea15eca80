"""What stands in the way of an order: each a sentence beside its field. Sources: domain §5, §8."""

from __future__ import annotations

from django.utils.translation import gettext as _

from provisioning import access, dates, statements
from provisioning.assessments.causes import sentence
from provisioning.models import AccessRequest, Grant, User
from provisioning.orders import prolong
from provisioning.orders.draft import Draft, Refusal, asks_for_signed_assignment
from provisioning.rules.assessment import outdated
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.causes import Code
from provisioning.rules.dates import deadlines
from provisioning.rules.dates.deadlines import EndProblem, SignedProblem
from provisioning.rules.hsa import HsaId, Person

# No directory change and no waiting in the case makes these right: the order is refused at once.
HOPELESS = outdated.OVER
STATEMENT = "order.statement"  # the code where a need or a risk says nothing
UNSIGNED = "order.signed_assignment_missing"
STILL_TO_BE_WRITTEN = frozenset({STATEMENT, UNSIGNED})  # whoever only looks has not come so far


def duplicate_message() -> str:
    return _(
        "There is already an open order for this person, service, level and unit. Follow that one instead."
    )


def of_what_is_written(draft: Draft) -> list[Refusal]:
    """What can be said of an order before the directory is asked."""
    return [*of_statements(draft), *of_signed_assignment(draft), *of_dates(draft)]


def of_statements(draft: Draft) -> list[Refusal]:
    found = [("need", draft.need), ("risk_statement", draft.risk_statement)]
    return [
        Refusal(message, name, STATEMENT)
        for name, text in found
        if (message := statements.error_in(text)) is not None
    ]


def of_dates(draft: Draft) -> list[Refusal]:
    return [*_first_day_refusals(draft), *_last_day_refusals(draft)]


def of_signed_assignment(draft: Draft) -> list[Refusal]:
    """Where the region asks when the assignment for quality work was signed: a day that counts."""
    if not asks_for_signed_assignment(draft.service, draft.level):
        return []
    today = dates.today()
    problem = deadlines.signed_problem(draft.signed_assignment_on, on=today)
    if problem is None:
        return []
    messages = {
        SignedProblem.MISSING: _(
            "Write the day on which the person's assignment for quality work was signed."
        ),
        SignedProblem.FUTURE: _(
            "The day is in the future. The assignment for quality work is signed before one orders."
        ),
        SignedProblem.TOO_OLD: _(
            "The assignment for quality work is too old. It must have been signed on %(date)s or later."
        )
        % {"date": dates.in_words(deadlines.oldest_signed(today))},
    }
    code = f"order.signed_assignment_{problem.value}"
    return [Refusal(messages[problem], "signed_assignment_on", code)]


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


def of_what_cannot_be(found: Assessment, unit_name: str) -> list[Refusal]:
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


def of_duplicates(
    person: Person, draft: Draft, unit_id: HsaId, unit_name: str, by: User, *, may_order: bool
) -> list[Refusal]:
    """The open request for the same right, if there is one.

    Its number is told to those who may read it, and with its state to those who may order there: they read
    whose turn it is.
    """
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
    twin = open_twins.select_related("order").first()
    if twin is None:
        return []
    message = duplicate_message()
    is_readable = access.visible_requests(by).filter(pk=twin.pk).exists()
    if may_order or is_readable:
        told = _("It is case %(case)s: %(state)s.")
        message += " " + told % {"case": twin.case_number, "state": _lowered(twin.get_state_display())}
    case_id = twin.public_id if is_readable else None
    return [Refusal(f"{unit_name}: {message}", "units", "order.duplicate", case_id)]


def _lowered(label: str) -> str:
    return label[:1].lower() + label[1:]


def of_prolongation(
    prolonged: Grant | None, draft: Draft, found: Assessment, unit_name: str
) -> list[Refusal]:
    problems = prolong.problems(
        prolonged,
        draft.starts_on,
        draft.ends_on,
        on=dates.today(),
        works=found.answer,
        unit_name=unit_name,
    )
    return [Refusal(problem.message, problem.field, problem.code) for problem in problems]


def of_administrators(found: Assessment, administrators: tuple[Person, ...], unit_name: str) -> list[Refusal]:
    if not found.changes or administrators:
        return []
    message = _(
        "%(unit)s has no KIV administrator who may carry this out: neither the person nor the approver may."
    )
    return [Refusal(message % {"unit": unit_name}, "units", "order.no_administrator")]
