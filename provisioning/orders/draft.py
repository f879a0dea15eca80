"""What somebody wants to order, and the same looked up in the directory."""

from __future__ import annotations

import enum
import uuid
from dataclasses import dataclass, field
from datetime import date

from django.conf import settings

from provisioning.cases.candidates import Asked
from provisioning.mandates.current import Delegated
from provisioning.models import Grant
from provisioning.rules.assessment.assess import Assessment
from provisioning.rules.hsa import Answer, HsaId, Level, Person, Provider, Reading, Service, Unit


def asks_for_signed_assignment(service: Service, level: Level) -> bool:
    """Whether an order of this access names the day of the person's signed assignment for quality work."""
    return f"{service}:{level}" in settings.SIGNED_ASSIGNMENT_FOR


class Choice(enum.StrEnum):
    """What an orderer can choose when the commission is missing (withdrawal is an act of its own)."""

    COUPLE = "couple"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody filled in. `unit_ids` are care providers' ids when level is PROVIDER.

    `if_missing`: what happens where the check finds that something is missing; None: the orderer is asked.
    """

    person_id: HsaId
    service: Service
    level: Level
    unit_ids: tuple[HsaId, ...]
    starts_on: date
    ends_on: date
    need: str
    risk_statement: str
    submission: uuid.UUID = field(default_factory=uuid.uuid4)
    if_missing: Choice | None = None
    signed_assignment_on: date | None = None  # when the assignment for quality work was signed
    external_number: str = ""  # what the ordering portal or ticket system calls it

    @property
    def stated_assignment(self) -> date | None:
        """When the assignment was signed, where it is asked for; what else was written does not count."""
        is_asked = asks_for_signed_assignment(self.service, self.level)
        return self.signed_assignment_on if is_asked else None


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an item can't be ordered as it stands: a sentence, and the form field it belongs beside."""

    message: str
    field: str
    code: str
    case_id: uuid.UUID | None = None  # the page of the case that stands in the way, for whoever may read it


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
    is_read_with_others: bool = False  # the commissions nobody is coupled to yet were not asked for

    @property
    def is_known(self) -> bool:
        return self.assessment is not None and self.assessment.answer is not Answer.UNKNOWN

    @property
    def lacks_what_no_role_gives(self) -> bool:
        """Whether the check would ask the orderer how to go on: nothing that may be set now is enough."""
        found = self.assessment
        if found is None or found.answer is not Answer.NO:
            return False
        return found.needs_coupling or not found.can_be_granted_by_changes

    @property
    def may_be_coupled(self) -> bool:
        """Whether coupling the person to a commission would be enough, with what else can be set."""
        found = self.assessment
        if self.is_read_with_others:  # the check asks for them, and asks the orderer where there is none
            return self.lacks_what_no_role_gives
        return found is not None and found.needs_coupling and found.can_be_granted_by_changes


@dataclass(frozen=True, slots=True)
class Prepared:
    """A whole draft, looked up. `refusals` concern the draft itself; each item has its own."""

    draft: Draft
    person: Person | None
    items: tuple[PreparedItem, ...]
    refusals: tuple[Refusal, ...]
    may_not_be_asked: bool = False  # nothing was read: the orderer has no business there
    is_about_somebody_else: bool = False

    @property
    def may_be_placed(self) -> bool:
        return bool(self.items) and not self.refusals and not any(item.refusals for item in self.items)

    @property
    def lacks_what_no_role_gives(self) -> bool:
        return any(item.lacks_what_no_role_gives for item in self.items)

    @property
    def may_be_coupled(self) -> bool:
        return any(item.may_be_coupled for item in self.items)

    @property
    def all_refusals(self) -> tuple[Refusal, ...]:
        return (*self.refusals, *(refusal for item in self.items for refusal in item.refusals))
