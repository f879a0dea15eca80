"""The words for every code: one sentence each, and who can mend it. Shown on pages; never in logs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning.rules.causes import Cause, Code, Mender

SENTENCES: Mapping[Code, str | Promise] = {
    Code.PERSON_MISSING: _("There is no person with this HSA-id in the directory."),
    Code.PERSON_ENDED: _("The person's employment has ended, according to the directory."),
    Code.PERSON_ARCHIVED: _("The person's entry is archived in the directory."),
    Code.COMMISSION_MISSING: _(
        "The person is not coupled to a commission with the right purpose on the unit."
    ),
    Code.COMMISSION_NOT_STARTED: _("The person's commission has not started yet."),
    Code.COMMISSION_ENDED: _("The person's commission has ended."),
    Code.COMMISSION_ENDS_EARLY: _(
        "The person's commission ends before the new last day of the right, so its last day has to be moved."
    ),
    Code.COMMISSION_NONE_ON_UNIT: _(
        "The unit has no commission with the right purpose at all. One must be created "
        "before anybody can be coupled."
    ),
    Code.COMMISSION_DATE_UNREADABLE: _(
        "A date of the person's commission cannot be read, so nobody can say whether it is valid."
    ),
    Code.COMMISSION_PURPOSE_MISSING: _(
        "The person's commission has no purpose, so the service never sees it."
    ),
    Code.COMMISSION_PURPOSE_MISTYPED: _(
        "The unit has a commission whose purpose only looks right: there are other blanks in it, "
        "or letters put together in another way. Write the purpose anew."
    ),
    Code.COMMISSION_INCOMPLETE: _(
        "The commission lacks something that HSA demands, so the service never sees it."
    ),
    Code.COMMISSION_UNDER_PROVIDER: _(
        "The commission lies directly under the care provider instead of under a care unit."
    ),
    Code.COMMISSION_OTHER_IDENTITY: _("The commission is coupled to another HSA-id of the same person."),
    Code.ROLE_OTHER_IDENTITY: _("The system role is set on another HSA-id of the same person."),
    Code.UNIT_UNKNOWN: _("The directory has no unit with this HSA-id."),
    Code.UNIT_CLOSED: _("The unit is closed."),
    Code.UNIT_NOT_STARTED: _("The unit has not opened yet."),
    Code.UNIT_ARCHIVED: _("The unit is archived in the directory."),
    Code.PROVIDER_UNKNOWN: _("The directory has no care provider with this HSA-id."),
    Code.PROVIDER_CLOSED: _("The care provider is closed."),
    Code.PROVIDER_NOT_STARTED: _("The care provider has not started yet."),
    Code.ROLE_MISSING: _("The person lacks the system role that the service asks for."),
    Code.ROLE_WRONG_CASE: _(
        "There is a system role that is right but for capital and small letters. The "
        "service compares exactly."
    ),
    Code.ROLE_BLANKS: _("There is a system role with a blank too many. The service compares exactly."),
    Code.ROLE_MALFORMED: _(
        "There is a system role that is not written in two parts with a semicolon between."
    ),
    Code.ROLE_WRONG_UNIT: _("There is a system role, but it names another unit."),
    Code.ROLE_SUBUNIT: _(
        "There is a system role, but it names a sub-unit. The service wants the care unit's HSA-id."
    ),
    Code.ROLE_PROVIDER_IN_REHAB: _(
        "There is a system role, but it names the care provider. Rehabstöd wants the care unit's HSA-id."
    ),
    Code.ROLE_UNIT_IN_STATISTIK: _(
        "There is a system role that names a unit. Intygsstatistik wants the care "
        "provider's HSA-id; the wrong one can stop the whole login."
    ),
    Code.ROLE_WRONG_KIND: _(
        "There is a system role, but it names a care provider where the service wants a unit, "
        "or the other way round."
    ),
    Code.ROLE_UNKNOWN_ID: _("There is a system role that names an HSA-id the directory does not have."),
    Code.ROLE_WITHOUT_COMMISSION: _(
        "There is a system role for a unit where the person has no commission. It does "
        "nothing now, but becomes live the day somebody adds one."
    ),
    Code.RIGHT_MISSING: _("The commission lacks the right that is usual for this service."),
    Code.IDENTITY_BLANKS: _(
        "The HSA-id has a blank at its beginning or end in the directory. "
        "A service that compares every character will not find it."
    ),
    Code.EFFECT_DOCTOR_BECOMES_COORDINATOR: _(
        "The person is a doctor. With this role the person acts as rehabilitation "
        "coordinator on the unit and sees the whole unit's cases."
    ),
    Code.EFFECT_WHOLE_PROVIDER: _("A process leader sees statistics for the whole care provider."),
    Code.ORDER_ROLE_NOT_NEEDED: _(
        "No system role is needed for this: the commission is enough. Nothing has to be set in KIV."
    ),
    Code.ORDER_ROLE_WOULD_WIDEN: _(
        "A system role in Intygsstatistik gives the whole care provider. That is more than "
        "this order asks for."
    ),
    Code.ORDER_LEVEL_NOT_AVAILABLE: _(
        "This level cannot be had in this service for this person. Own cases are for doctors in Rehabstöd."
    ),
    Code.ORDER_UNIT_CHANGED: _(
        "The sub-unit it was ordered for belongs to another care unit now. Order again for where it is now."
    ),
    Code.DIRECTORY_UNAVAILABLE: _("The directory does not answer right now. Try again in a moment."),
    Code.DIRECTORY_REFUSED: _("The directory refuses our look-up, so nobody can say."),
    Code.DIRECTORY_TRUNCATED: _("The directory gave only a part of the answer, so nobody can say."),
    Code.DIRECTORY_UNREADABLE_ATTRIBUTE: _(
        "The directory does not let us read what we need, so nobody can say."
    ),
}

MENDERS: Mapping[Mender, str | Promise] = {
    Mender.KIV_ADMINISTRATOR: _("The KIV administrator can fix this."),
    Mender.HEAD_OF_UNIT: _("The head of unit can fix this."),
    Mender.ORDERER: _("The one who orders can fix this by ordering differently."),
    Mender.HSA_RESPONSIBLE: _("Whoever is responsible for HSA at the employer can fix this."),
    Mender.OPERATORS: _("Those who run this tool have to look at it."),
    Mender.NOBODY: _("Nobody has to do anything: it passes with time."),
}


@dataclass(frozen=True, slots=True)
class Explained:
    """A cause in words: the sentence, who can mend it, and the values it is about."""

    code: str
    sentence: str
    mender: str
    about: str
    expected: str
    is_set_in_kiv: bool  # what the order's task is there for: it is missing, and stops nothing


def sentence(cause: Cause) -> str:
    return str(SENTENCES[cause.code])


def explain(cause: Cause) -> Explained:
    return Explained(
        cause.code.value,
        sentence(cause),
        str(MENDERS[cause.mender]),
        about=cause.about,
        expected=cause.expected,
        is_set_in_kiv=cause.mender is Mender.KIV_ADMINISTRATOR,
    )


def explain_stored(details: Mapping[str, str]) -> Explained:
    """A cause as `readings.detailed_verdict` stored it, in words."""
    return explain(
        Cause(Code(details["code"]), about=details.get("about", ""), expected=details.get("expected", ""))
    )
