"""Four eyes, and the limits of a delegation: who may do what to whose case.

Pure: who IS head of unit or KIV administrator is read from the directory elsewhere. Every id of a
human counts as that human, so `own_ids` holds all HSA-ids of the person who acts.
Source: domain page §7 (PDL; the region's portal rules of 2012).
"""

from __future__ import annotations

import enum
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from provisioning.rules.dates import deadlines
from provisioning.rules.dates.periods import PeriodState, employment
from provisioning.rules.hsa import HsaId, Level, Person, Service
from provisioning.rules.services import catalogue


def has_left(person: Person | None, *, on: date) -> bool:
    """Say whether the person acts no more: no entry, an archived one, or an employment that is over that day.

    Whatever a unit still says of such a person. An end that cannot be read shuts nobody out: it is unknown.
    Source: domain §2 (employment has ended when endDate has passed), §7 (mandates at the moment of the act).
    """
    return person is None or person.is_archived or employment(person.period, on=on) is PeriodState.ENDED


class Act(enum.StrEnum):
    """What needs other eyes than the subject's."""

    ATTEST = "attest"
    SECOND_ATTEST = "second_attest"
    CARRY_OUT = "carry_out"
    REVIEW = "review"
    KEEP = "keep"  # take back what would end it


_DECISIONS = frozenset({Act.ATTEST, Act.SECOND_ATTEST, Act.REVIEW, Act.KEEP})


class Conflict(enum.StrEnum):
    """Why somebody may not do an act, whatever mandate they hold. Administrators included."""

    OWN_CASE = "own_case"
    OWN_ATTESTATION = "own_attestation"  # the same person has attested
    OWN_ORDER = "own_order"  # the same person has ordered, and somebody else is to say yes
    ON_BEHALF_OF_SUBJECT = "on_behalf_of_subject"  # a delegate of the person it concerns


class Delegable(enum.StrEnum):
    """What can be delegated, each on its own."""

    ORDERING = "ordering"
    ATTESTING = "attesting"


class DelegationProblem(enum.StrEnum):
    """What is wrong with a delegation somebody wants to give."""

    NOT_HEAD = "not_head"  # only the head of the unit delegates; a delegate cannot pass it on
    TO_ONESELF = "to_oneself"
    BEFORE_START = "before_start"
    PASSED = "passed"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class DelegatedMandate:
    """One kind of act on one unit, lent by the head of the unit; `end` is the last day."""

    delegator_id: HsaId
    delegate_id: HsaId
    unit_id: HsaId
    kind: Delegable
    start: date
    end: date


def conflict(
    act: Act,
    *,
    own_ids: Collection[HsaId],
    subject_id: HsaId,
    attested_by: Collection[HsaId] = (),
    ordered_by: HsaId | None = None,
    givers: Collection[HsaId] = (),
) -> Conflict | None:
    """Say what stands against a human doing this act, or None. `own_ids`: every HSA-id of that human.

    `givers`: everybody who delegates to that human, and who delegates to them, and so on. Whoever carries out
    is neither subject nor one of those who attested; the second attester is not the first; a reviewer is not
    the subject. Nobody decides about somebody who delegates to them, and in a step of its own nobody attests
    what they ordered. Source: domain §7 "Four eyes", "her own access", §2 (several HSA-ids).
    """
    if subject_id in own_ids:
        return Conflict.OWN_CASE
    if act in _DECISIONS and subject_id in givers:
        return Conflict.ON_BEHALF_OF_SUBJECT
    if act in (Act.ATTEST, Act.SECOND_ATTEST) and ordered_by is not None and ordered_by in own_ids:
        return Conflict.OWN_ORDER
    if act in (Act.CARRY_OUT, Act.SECOND_ATTEST) and any(one in own_ids for one in attested_by):
        return Conflict.OWN_ATTESTATION
    return None


def order_is_attestation(
    *, orderer_is_head: bool, own_ids: Collection[HsaId], subject_id: HsaId, givers: Collection[HsaId] = ()
) -> bool:
    """Whether the order is its own attestation: by the head of unit, for somebody else. Source: domain §7.

    `own_ids`: every HSA-id of the human who orders; `givers`: as in `conflict`.
    """
    against = conflict(Act.ATTEST, own_ids=own_ids, subject_id=subject_id, givers=givers)
    return orderer_is_head and against is None


def needs_second_attester(service: Service, level: Level) -> bool:
    """Whether somebody with the care provider's mandate must attest, too. Source: domain §5."""
    return level is Level.PROVIDER and level in catalogue.levels(service)


def delegation_problem(wanted: DelegatedMandate, *, is_head: bool, on: date) -> DelegationProblem | None:
    """Say what is wrong with a delegation given on that day, if anything is.

    `is_head`: the delegator is head of that unit at this moment. Source: domain §7: "Only she may
    delegate", "at most one year".
    """
    if not is_head:
        return DelegationProblem.NOT_HEAD
    if wanted.delegate_id == wanted.delegator_id:
        return DelegationProblem.TO_ONESELF
    problems = {
        deadlines.EndProblem.BEFORE_START: DelegationProblem.BEFORE_START,
        deadlines.EndProblem.PASSED: DelegationProblem.PASSED,
        deadlines.EndProblem.TOO_LATE: DelegationProblem.TOO_LONG,
    }
    found = deadlines.end_problem(wanted.start, wanted.end, on=on)
    return problems[found] if found is not None else None
