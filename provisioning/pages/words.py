"""A request in words: its state, who has it, what comes next, and what each reader may see of names.

Pages say what is shown here and decide nothing of their own. Engine and database words never reach a screen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from provisioning import access, dates
from provisioning.assessments.causes import Explained, explain, explain_stored
from provisioning.audit.prolonged import prolonged_until
from provisioning.cases.candidates import Asked
from provisioning.messages import absences
from provisioning.messages.absences import Away
from provisioning.models import (
    AboutOneRight,
    AccessRequest,
    Case,
    Handler,
    HandlerRole,
    PersonAndPlace,
    TeamMember,
    Ticket,
    User,
)
from provisioning.orders.draft import Choice
from provisioning.pages import stalls
from provisioning.rules.causes import DIRECTORY_CODES, Cause, Code
from provisioning.rules.hsa import Answer, HsaId, Level, Person, Service
from provisioning.rules.services import catalogue
from provisioning.rules.states.request import UNATTESTED, RequestState

Text = str | Promise


class ExactText(str):
    """A fact that is typed or searched elsewhere letter by letter: a value, an HSA-id after a name."""

    name: str
    exact: str

    def __new__(cls, exact: str, name: str = "") -> ExactText:
        made = super().__new__(cls, f"{name} ({exact})" if name else exact)
        made.name, made.exact = name, exact
        return made


MASKED = gettext_lazy("Person with protected identity")
NOT_SHOWN = gettext_lazy("Not shown, because the person has protected identity.")

TONE_OF: Mapping[RequestState, str] = {
    RequestState.AWAITING_ATTESTATION: "waiting",
    RequestState.AWAITING_SECOND_ATTESTATION: "waiting",
    RequestState.CHECKING: "info",
    RequestState.AWAITING_CHOICE: "warning",
    RequestState.WAITING_FOR_COMMISSION: "waiting",
    RequestState.AWAITING_KIV: "waiting",
    RequestState.VERIFYING: "info",
    RequestState.AWAITING_HSA: "waiting",
    RequestState.DONE: "success",
    RequestState.REJECTED: "error",
    RequestState.WITHDRAWN: "neutral",
    RequestState.CANNOT_BE_DONE: "error",
    RequestState.GAVE_UP: "error",
}

# What happens next, and when. Working days: rules/deadlines.
NEXT_STEP: Mapping[RequestState, Text] = {
    RequestState.AWAITING_ATTESTATION: gettext_lazy(
        "The approver decides. If the answer is yes, the directory is checked at once."
    ),
    RequestState.AWAITING_SECOND_ATTESTATION: gettext_lazy(
        "Whoever is responsible for the care provider in KIV approves, too. Then we check the directory."
    ),
    RequestState.CHECKING: gettext_lazy("The directory is being read. This usually takes a few seconds."),
    RequestState.AWAITING_CHOICE: gettext_lazy(
        "The orderer chooses: ask for what is missing, wait for it, or withdraw the order."
    ),
    RequestState.WAITING_FOR_COMMISSION: gettext_lazy(
        "Ask whoever is responsible for HSA to put what is missing in place. We read the directory "
        "regularly, and go on automatically when it is done."
    ),
    RequestState.AWAITING_KIV: gettext_lazy(
        "The KIV administrator sets the value in KIV. The case sees it in the directory and goes on."
    ),
    RequestState.VERIFYING: gettext_lazy(
        "The service's own login rule is tried on what the directory holds. This usually takes a few seconds."
    ),
    RequestState.AWAITING_HSA: gettext_lazy(
        "The value is set in KIV. HSA is read again and again; the case is done when the value "
        "has arrived there and the login would succeed."
    ),
    RequestState.DONE: gettext_lazy(
        "Nothing more. The person logs in with a SITHS card. Whoever is logged in to the service already "
        "logs out and in again."
    ),
    RequestState.REJECTED: gettext_lazy("Nothing more. The order can be copied, changed and sent again."),
    RequestState.WITHDRAWN: gettext_lazy("Nothing more. The order can be copied and sent again."),
    RequestState.CANNOT_BE_DONE: gettext_lazy(
        "Nothing more. Read why, and order again when it has been fixed."
    ),
    RequestState.GAVE_UP: gettext_lazy(
        "Nothing more. Read why, and order again if the access is still needed."
    ),
}

ASKED = gettext_lazy(
    "The KIV administrator has asked a question and waits for the answer. If the change is made in KIV "
    "meanwhile, it goes on all the same."
)

# In whose hands a request is, after the names.
_HANDLER_AS: Mapping[HandlerRole, Text] = {
    HandlerRole.ATTESTER: gettext_lazy("approver"),
    HandlerRole.SECOND_ATTESTER: gettext_lazy("second approver"),
    HandlerRole.KIV_ADMINISTRATOR: gettext_lazy("KIV administrator"),
    HandlerRole.CHOOSER: gettext_lazy("chooses for the orderer"),
}

# Warnings that say what an order does, not what is wrong.
_EFFECTS = frozenset(
    {
        Code.EFFECT_DOCTOR_BECOMES_COORDINATOR.value,
        Code.EFFECT_WHOLE_PROVIDER.value,
        Code.ORDER_ROLE_NOT_NEEDED.value,
    }
)


@dataclass(frozen=True, slots=True)
class CaseLine:
    """A request as one line of a list."""

    case_number: str
    url: str
    subject: str
    what: str
    unit: str
    tone: str
    state: str
    with_whom: str
    since: datetime
    lasts_unusually: bool = False
    action: str = ""
    action_url: str = ""


@dataclass(frozen=True, slots=True)
class CauseLine:
    """A cause or warning as the cause list shows it."""

    sentence: str
    mended_by: str
    tone: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the service would say at login, in words."""

    answer: str
    sentences: tuple[str, ...]
    causes: tuple[CauseLine, ...]
    warnings: tuple[CauseLine, ...]


# -- names --------------------------------------------------------------------------------------------------


def subject_name(viewer: User, request: AccessRequest) -> str:
    """The name of the person it concerns, or what stands in its place."""
    return request.subject_name if access.may_read_name(viewer, request) else str(MASKED)


def written(viewer: User, request: AccessRequest, text: str) -> str:
    """What somebody wrote about the person it concerns: for those who may read the name."""
    return text if access.may_read_name(viewer, request) else str(NOT_SHOWN)


def subject_with_id(viewer: User, request: AccessRequest) -> str:
    """Name and HSA-id of the person it concerns, or what stands in their place."""
    is_shown = access.may_read_name(viewer, request)
    return ExactText(request.subject_hsa_id, request.subject_name) if is_shown else str(MASKED)


def is_hidden(viewer: User, about: PersonAndPlace | TeamMember) -> bool:
    """Whether lists leave out whom it is about: a protected person, but for the person. Source: domain §7."""
    return about.subject_is_protected and viewer.hsa_key != about.subject_key


def listed_name(viewer: User, about: PersonAndPlace) -> str:
    """The name as lists show it: a protected person's never stands in one. Source: domain §7."""
    return str(MASKED) if is_hidden(viewer, about) else about.subject_name


def name_or_id(viewer: User, about: PersonAndPlace | TeamMember) -> str:
    """The same, with the HSA-id where no name is known."""
    return str(MASKED) if is_hidden(viewer, about) else about.subject_name or about.subject_hsa_id


def actor_name(viewer: User, actor: User, request: AccessRequest) -> str:
    """The name of somebody who acted. A protected person's name is for the case's own people."""
    return actor.name or actor.hsa_id if access.may_read_actor(viewer, actor, request) else str(MASKED)


def names(persons: Iterable[Person]) -> str:
    """Several persons of the directory in one line: any of them will do."""
    return one_of(str(MASKED) if person.is_protected else person.name for person in persons)


def one_of(several: Iterable[str]) -> str:
    """Names in one line, of whom one is enough."""
    *first, last = list(several) or [""]
    return _("%(names)s or %(last)s") % {"names": ", ".join(first), "last": last} if first else last


# -- state --------------------------------------------------------------------------------------------------


def service_name(service: str) -> str:
    return catalogue.words(Service(service)).name


def level_name(about: AboutOneRight) -> str:
    """The level by the service's own words. What stands in KIV may have a level that the service does not."""
    known = catalogue.words(Service(about.service)).levels.get(Level(about.level))
    return _(known.name) if known else about.level


def role_sentence(service: str, role: str, *, unit_name: str) -> str:
    """The service's answer on one unit, by the role that it gives there."""
    return _(catalogue.words(Service(service)).roles[role].answer) % {"unit": unit_name}


def refusal_sentence(service: str, refusal: str) -> str:
    """The service's own name for a refused login, by what it means."""
    known = catalogue.words(Service(service)).refusals.get(refusal)
    return _(known) if known else _("The service refuses the login.")


def what(about: AboutOneRight) -> str:
    """Service and level in one phrase."""
    phrase = _("%(service)s: %(level)s")
    return phrase % {"service": service_name(about.service), "level": level_name(about)}


def with_whom(viewer: User, request: AccessRequest) -> str:
    """Who has the request now: names and role. Empty when it has ended."""
    if not request.is_open:
        return ""
    orderer_id = request.order.orderer.identity
    is_to_choose = request.current_state is RequestState.AWAITING_CHOICE
    waits = request.current_state is RequestState.WAITING_FOR_COMMISSION
    if waits or request.open_question is not None or (is_to_choose and orderer_id in request.sitting_ids):
        return _("%(names)s (orderer)") % {"names": actor_name(viewer, request.order.orderer, request)}
    handlers = list(request.handlers.all())
    if not handlers:
        return str(stalls.WHO) if request.incident else _("Automatic")
    role = str(_HANDLER_AS[HandlerRole(handlers[0].role)])
    shown = [_handler_name(handler) for handler in handlers[:3]]
    named, more = one_of(shown), len(handlers) - 3
    if more > 0:
        named = ", ".join(shown)
        named = ngettext("%(names)s and %(count)d more", "%(names)s and %(count)d more", more) % {
            "names": named,
            "count": more,
        }
    return _("%(names)s (%(role)s)") % {"names": named, "role": role}


def who_is_away(viewer: User, case: Case) -> list[str]:
    """Who of those who have it is away, until when, and who has it meanwhile: a sentence for each."""
    found = absences.of(case)
    if not found:
        return []
    named = {row.person_key: row.person_name or str(MASKED) for row in case.handlers.all()}
    if isinstance(case, AccessRequest):
        orderer = case.order.orderer
        named.setdefault(orderer.pk, actor_name(viewer, orderer, case))
    return [_away(one, named) for one in found]


def _away(one: Away, named: Mapping[str, str]) -> str:
    day, name = dates.in_words(one.until), named.get(one.person_key, str(MASKED))
    if not one.substitute_key:
        return _("%(name)s is away until %(day)s.") % {"name": name, "day": day}
    substitute = named.get(one.substitute_key, str(MASKED))
    text = _("%(name)s is away until %(day)s; %(substitute)s has it meanwhile.")
    return text % {"name": name, "day": day, "substitute": substitute}


def _handler_name(handler: Handler) -> str:
    name = handler.person_name or str(MASKED)
    if not handler.acts_for_name:
        return name
    has_no_name = HsaId(handler.acts_for_name).has_form(strict=False)  # kept so for a protected person
    return _in_place_of(name, str(MASKED) if has_no_name else handler.acts_for_name)


def _in_place_of(name: str, principal: str) -> str:
    return _("%(name)s (by delegation from %(principal)s)") % {"name": name, "principal": principal}


def asked_names(asked: Iterable[Asked]) -> str:
    """Those who may attest, in one line; a delegate with the one they stand in for."""
    return one_of(_asked_name(one) for one in asked)


def _asked_name(asked: Asked) -> str:
    name = names([asked.person])
    if asked.delegation is None:
        return name
    principal = asked.delegation.principal
    return _in_place_of(name, str(MASKED) if principal.is_protected else principal.name)


def _orderer(viewer: User, request: AccessRequest) -> str:
    orderer = request.order.orderer
    name = actor_name(viewer, orderer, request)
    if request.ordered_for is not None:
        name = _in_place_of(name, actor_name(viewer, request.ordered_for, request))
    return _with_id(viewer, orderer, request, name)


def _with_id(viewer: User, actor: User, request: AccessRequest, name: str) -> str:
    """The name of who acted with the HSA-id, where the reader may know who it was."""
    return ExactText(actor.hsa_id, name) if access.may_read_actor(viewer, actor, request) else name


def next_step(viewer: User, request: AccessRequest) -> Text:
    """What happens next, and when."""
    if request.incident:
        return stalls.NEXT
    if request.open_question is not None:
        return ASKED
    if request.current_state is RequestState.DONE:
        return _what_is_left(viewer, request)
    if request.current_state is RequestState.CHECKING and request.starts_on > dates.today():
        day = dates.in_words(request.starts_on)
        return _("Nothing is set before the first day. On %(day)s the case goes on by itself.") % {"day": day}
    return NEXT_STEP[request.current_state]


def _what_is_left(viewer: User, request: AccessRequest) -> Text:
    until = prolonged_until(request)
    if until is not None:
        text = _("Nothing more. The right is prolonged until %(day)s and works as before.")
        return text % {"day": dates.in_words(until)}
    if viewer.hsa_key == request.subject_key:
        return _(
            "Log in with your SITHS card. If you are logged in to the service already: log out and in again."
        )
    return NEXT_STEP[RequestState.DONE]


def usual_time(request: AccessRequest) -> str:
    """How long this usually takes, where a person has it. Empty where the tool does or it has ended."""
    if request.current_state is RequestState.WAITING_FOR_COMMISSION or not request.handlers.all():
        return ""
    days = settings.REMINDER_WORKING_DAYS
    return ngettext(
        "A reminder goes out after %(days)d working day. An ordered access is usually ready within a week.",
        "A reminder goes out after %(days)d working days. An ordered access is usually ready within a week.",
        days,
    ) % {"days": days}


def length(time: timedelta) -> str:
    """A length of time as somebody says it: its largest unit, such as `3 days`."""
    now = timezone.now()
    return timesince(now - max(time, timedelta(minutes=1)), now, depth=1).replace("\xa0", " ")


def act_of(viewer: User, request: AccessRequest) -> tuple[str, str] | None:
    """What the viewer has to do now: page and button's words. None if it waits for somebody else."""
    state = request.current_state
    if state is RequestState.AWAITING_KIV and viewer.identity in request.handler_ids:
        return "kiv_task", _("Open the KIV task")
    if viewer.identity not in request.sitting_ids:
        return None
    if request.open_question is not None:
        return "kiv_answer", _("Answer the question")
    if state is RequestState.AWAITING_CHOICE:
        return "choose", _("Choose how to go on")
    if state in UNATTESTED:
        return "attest", _("Approve or reject")
    return None


def line(viewer: User, request: AccessRequest, *, page: str = "") -> CaseLine:
    """The request as a line of a list, with what the viewer has to do; or of the list of `page` alone."""
    act = None if page else act_of(viewer, request)
    return CaseLine(
        case_number=request.case_number,
        url=reverse("case", args=[request.public_id]),
        subject=listed_name(viewer, request),
        what=what(request),
        unit=request.wanted_unit_name or request.unit_name,
        tone=TONE_OF[request.current_state],
        state=request.get_state_display(),
        with_whom=with_whom(viewer, request),
        since=request.state_since,
        lasts_unusually=request.lasts_unusually,
        action=act[1] if act else "",
        action_url=reverse(act[0] if act else page, args=[request.public_id]) if act or page else "",
    )


# -- verdicts -----------------------------------------------------------------------------------------------


def verdict(data: Mapping[str, Any], request: AccessRequest) -> Verdict | None:
    """A stored verdict in words; None where nothing has been read yet."""
    if not data:
        return None
    causes = [explain_stored(details) for details in data.get("cause_details", [])]
    warnings = [explain_stored(details) for details in data.get("warning_details", [])]
    return Verdict(
        answer=data["answer"],
        sentences=login_sentences(
            data, service=request.service, unit_id=request.unit_hsa_id, unit_name=request.unit_name
        ),
        causes=tuple(cause_line(cause, answer=data["answer"]) for cause in causes),
        warnings=tuple(cause_line(warning, answer=Answer.YES.value) for warning in warnings),
    )


def current_verdict(request: AccessRequest) -> Verdict | None:
    """The last verdict in words. On the way to HSA what HSA held counts, and nobody has to mend it."""
    if request.current_state is not RequestState.AWAITING_HSA:
        return verdict(request.assessment, request)
    found = verdict(request.hsa_shows, request)
    if found is None:
        return None
    return replace(found, causes=tuple(replace(cause, mended_by="") for cause in found.causes))


def login_sentences(
    data: Mapping[str, Any], *, service: str, unit_id: str, unit_name: str
) -> tuple[str, ...]:
    """What the service says at login, of the ordered unit first. `data` is as `readings.verdict` makes it."""
    login = data["login"]
    if login["answer"] == Answer.UNKNOWN.value or data["answer"] == Answer.UNKNOWN.value:
        return (_("We cannot see right now whether the login works. It does not affect the order."),)
    units = login["units"]
    here = [unit for unit in units if unit["id"].casefold() == unit_id.casefold()]
    found = [role_sentence(service, unit["role"], unit_name=unit_name) for unit in here]
    if login["refusal"]:
        found.append(refusal_sentence(service, login["refusal"]))
    elif not here:
        found.append(_("The person does not see %(unit)s in the service.") % {"unit": unit_name})
    others = len(units) - len(here)
    if others:
        found.append(
            ngettext(
                "The person also gets in on %(count)d other unit.",
                "The person also gets in on %(count)d other units.",
                others,
            )
            % {"count": others}
        )
    return tuple(found)


def cause_line(explained: Explained, *, answer: str) -> CauseLine:
    """A cause in words; `answer` yes makes it a warning. An effect is no fault, so nobody mends it."""
    tone = {"yes": "warning", "no": "error", "unknown": "unknown"}[answer]
    if tone == "error" and explained.is_set_in_kiv:
        tone = "missing"
    if explained.code in {code.value for code in DIRECTORY_CODES}:
        tone = "unknown"
    if explained.code == Code.ORDER_ROLE_NOT_NEEDED.value:
        tone = "info"
    is_effect = explained.code in _EFFECTS
    return CauseLine(sentence_about(explained), "" if is_effect else explained.mender, tone)


def cause_lines(causes: Iterable[Cause], *, answer: str) -> tuple[CauseLine, ...]:
    return tuple(cause_line(explain(cause), answer=answer) for cause in causes)


def sentence_about(explained: Explained) -> str:
    """The sentence with the system role it is about, if any: a blank too many must be seen."""
    if not explained.about or not explained.code.startswith("role."):
        return explained.sentence
    return _("%(sentence)s It says “%(value)s”.") % {"sentence": explained.sentence, "value": explained.about}


# -- one case -----------------------------------------------------------------------------------------------


def facts(viewer: User, request: AccessRequest) -> list[tuple[Text, str]]:
    """What was ordered, as term and value."""
    unit = request.unit_name
    if request.wanted_unit_name:
        unit = _("%(unit)s, through the care unit %(care_unit)s") % {
            "unit": request.wanted_unit_name,
            "care_unit": request.unit_name,
        }
    return [
        (gettext_lazy("Person"), subject_with_id(viewer, request)),
        (gettext_lazy("Service"), service_name(request.service)),
        (gettext_lazy("Access"), level_name(request)),
        (gettext_lazy("Where"), ExactText(request.wanted_unit_hsa_id or request.unit_hsa_id, unit)),
        *_days(request),
        (gettext_lazy("Ordered by"), _orderer(viewer, request)),
        *_attested_by(viewer, request),
        (gettext_lazy("Why it is needed"), written(viewer, request, request.need)),
        (gettext_lazy("Risks, and how they are met"), written(viewer, request, request.risk_statement)),
        *_signed_assignment(request),
        *_if_missing(request),
        *_external(request),
    ]


def task_facts(viewer: User, request: AccessRequest) -> list[tuple[Text, str]]:
    """What a KIV administrator needs to know of the order: the unit, the days, by whose decision, and why."""
    return [
        (gettext_lazy("Where"), ExactText(request.unit_hsa_id, request.unit_name)),
        *_days(request),
        *_attested_by(viewer, request),
        (gettext_lazy("Why it is needed"), written(viewer, request, request.need)),
    ]


def _days(request: AccessRequest) -> list[tuple[Text, str]]:
    return [
        (gettext_lazy("First day"), dates.in_words(request.starts_on)),
        (gettext_lazy("Last day"), dates.in_words(request.ends_on)),
    ]


def _signed_assignment(request: AccessRequest) -> list[tuple[Text, str]]:
    """The day that was confirmed in the order, where the region asks for it."""
    if request.signed_assignment_on is None:
        return []
    day = dates.in_words(request.signed_assignment_on)
    return [(gettext_lazy("Assignment for quality work signed"), day)]


def _if_missing(request: AccessRequest) -> list[tuple[Text, str]]:
    """What was chosen in the order, for those who decide on it and for those who wonder why it waits."""
    chosen = {
        Choice.COUPLE.value: _("The KIV administrator couples it."),
        Choice.WAIT.value: _("The order waits for it."),
    }
    if request.if_missing not in chosen:
        return []
    return [(gettext_lazy("If the commission is missing"), chosen[request.if_missing])]


def _external(request: AccessRequest) -> list[tuple[Text, str]]:
    numbers = [request.order.external_number] if request.order.external_number else []
    numbers += Ticket.objects.filter(case_id=request.public_id, number__gt="").values_list(
        "number", flat=True
    )
    return [(gettext_lazy("Number in another system"), ExactText(number)) for number in numbers]


def _attested_by(viewer: User, request: AccessRequest) -> list[tuple[Text, str]]:
    """The attesters so far: who acted, and on whose behalf."""
    lines: list[tuple[Text, str]] = []
    if request.attester is not None:
        name = actor_name(viewer, request.attester, request)
        if request.attested_for is not None:
            name = _in_place_of(name, actor_name(viewer, request.attested_for, request))
        name = _with_id(viewer, request.attester, request, name)
        lines.append((gettext_lazy("Approved by"), name))
    if request.second_attester is not None:
        name = actor_name(viewer, request.second_attester, request)
        name = _with_id(viewer, request.second_attester, request, name)
        lines.append((gettext_lazy("Second approver"), name))
    return lines
