"""The kinds of difference between rights and directory: whose each is, and what can be done about it.

Sources: domain §6 (near misses), §7 (who may do what), §8 (leavers, movers, lost commissions).
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.removal import Right


class DriftKind(enum.StrEnum):
    """What does not agree. Stable: stored, audited, shown; the same words as the causes where both exist."""

    PERSON_MISSING = "person.missing"
    PERSON_ENDED = "person.ended"
    PERSON_ARCHIVED = "person.archived"
    UNIT_UNKNOWN = "unit.unknown"
    UNIT_CLOSED = "unit.closed"
    UNIT_ARCHIVED = "unit.archived"
    PROVIDER_UNKNOWN = "provider.unknown"
    PROVIDER_CLOSED = "provider.closed"
    COMMISSION_MOVED = "commission.moved"  # not here any more, but with the same purpose elsewhere
    COMMISSION_MISSING = "commission.missing"
    COMMISSION_ENDED = "commission.ended"
    COMMISSION_NOT_STARTED = "commission.not_started"
    COMMISSION_PURPOSE_MISSING = "commission.purpose_missing"
    ROLE_MISSING = "role.missing"  # the right is lost
    SUB_UNIT_MOVED = "sub_unit.moved"  # the sub-unit it was ordered for belongs to its care unit no more
    BECAME_DOCTOR = "profession.became_doctor"
    NO_LONGER_DOCTOR = "profession.no_longer_doctor"
    ROLE_OUTSIDE = "role.outside"  # it opens, and nobody attested it here: "okänd roll"
    ROLE_WITHOUT_COMMISSION = "role.without_commission"
    ROLE_WRONG_UNIT = "role.wrong_unit"
    ROLE_SUBUNIT = "role.subunit"
    ROLE_PROVIDER_IN_REHAB = "role.provider_in_rehab"
    ROLE_UNIT_IN_STATISTIK = "role.unit_in_statistik"
    ROLE_WRONG_KIND = "role.wrong_kind"  # in a service without a word of its own for it
    ROLE_UNKNOWN_ID = "role.unknown_id"
    ROLE_MALFORMED = "role.malformed"
    ROLE_WRONG_CASE = "role.wrong_case"
    ROLE_BLANKS = "role.blanks"


class Owner(enum.StrEnum):
    """Whose finding it is to settle."""

    HEAD_OF_UNIT = "head_of_unit"
    KIV_ADMINISTRATOR = "kiv_administrator"
    OPERATORS = "operators"


class NextStep(enum.StrEnum):
    """What can be done about a finding. Each is a person's act; none happens by itself."""

    ADOPT = "adopt"  # the head of unit attests it: it becomes a right with its origin named
    ORDER_AGAIN = "order_again"
    REMOVE = "remove"
    EXPLAIN = "explain"
    RECONSIDER = "reconsider"  # an explanation that does not hold


ORDERING = frozenset({NextStep.ADOPT, NextStep.ORDER_AGAIN})
PERSON_KINDS = frozenset({DriftKind.PERSON_MISSING, DriftKind.PERSON_ENDED, DriftKind.PERSON_ARCHIVED})
UNIT_KINDS = frozenset({DriftKind.UNIT_UNKNOWN, DriftKind.UNIT_CLOSED, DriftKind.UNIT_ARCHIVED})
PROVIDER_KINDS = frozenset({DriftKind.PROVIDER_UNKNOWN, DriftKind.PROVIDER_CLOSED})
COMMISSION_KINDS = frozenset(
    {
        DriftKind.COMMISSION_MOVED,
        DriftKind.COMMISSION_MISSING,
        DriftKind.COMMISSION_ENDED,
        DriftKind.COMMISSION_NOT_STARTED,
        DriftKind.COMMISSION_PURPOSE_MISSING,
    }
)
PROFESSION_KINDS = frozenset({DriftKind.BECAME_DOCTOR, DriftKind.NO_LONGER_DOCTOR})


# A role value that no right here explains.
VALUE_KINDS = frozenset(
    {
        DriftKind.ROLE_OUTSIDE,
        DriftKind.ROLE_WITHOUT_COMMISSION,
        DriftKind.ROLE_WRONG_UNIT,
        DriftKind.ROLE_SUBUNIT,
        DriftKind.ROLE_PROVIDER_IN_REHAB,
        DriftKind.ROLE_UNIT_IN_STATISTIK,
        DriftKind.ROLE_WRONG_KIND,
        DriftKind.ROLE_UNKNOWN_ID,
        DriftKind.ROLE_MALFORMED,
        DriftKind.ROLE_WRONG_CASE,
        DriftKind.ROLE_BLANKS,
    }
)
LOSS_KINDS = frozenset(DriftKind) - VALUE_KINDS


# The person is not there any more, or not on this unit: rights go to removal, and nothing brings them back.
LEAVER_KINDS = PERSON_KINDS | {DriftKind.COMMISSION_MOVED}


# Known only by something not being there. An answer that lost something looks the same: look twice.
RESTS_ON_ABSENCE = frozenset(
    {
        DriftKind.PERSON_MISSING,
        DriftKind.UNIT_UNKNOWN,
        DriftKind.PROVIDER_UNKNOWN,
        DriftKind.COMMISSION_MOVED,
        DriftKind.COMMISSION_MISSING,
        DriftKind.COMMISSION_PURPOSE_MISSING,
        DriftKind.ROLE_MISSING,
        DriftKind.SUB_UNIT_MOVED,
        DriftKind.NO_LONGER_DOCTOR,
        DriftKind.ROLE_WITHOUT_COMMISSION,
        DriftKind.ROLE_UNKNOWN_ID,
    }
)


UNSEEN_LEAVER_KINDS = LEAVER_KINDS & RESTS_ON_ABSENCE


# No source says whose each is: GUESS, from who decides about access and who edits what in KIV.
_OWNERS: Mapping[DriftKind, Owner] = (
    dict.fromkeys(
        (DriftKind.UNIT_UNKNOWN, DriftKind.PROVIDER_UNKNOWN, DriftKind.PROVIDER_CLOSED), Owner.OPERATORS
    )
    | dict.fromkeys(
        (
            DriftKind.UNIT_CLOSED,
            DriftKind.UNIT_ARCHIVED,
            DriftKind.COMMISSION_PURPOSE_MISSING,
            *(
                VALUE_KINDS
                - {DriftKind.ROLE_OUTSIDE, DriftKind.ROLE_WITHOUT_COMMISSION, DriftKind.ROLE_UNKNOWN_ID}
            ),
        ),
        Owner.KIV_ADMINISTRATOR,
    )
    | {DriftKind.ROLE_UNKNOWN_ID: Owner.OPERATORS}
)


# Not where the profession has changed: the access works as it is, or cannot be had in that form any more.
_MAY_BE_ORDERED_AGAIN = COMMISSION_KINDS - {DriftKind.COMMISSION_MOVED} | {DriftKind.ROLE_MISSING}


def owner_of(kind: DriftKind) -> Owner:
    return _OWNERS.get(kind, Owner.HEAD_OF_UNIT)


def steps_for(kind: DriftKind) -> tuple[NextStep, ...]:
    """The next steps, the likeliest first."""
    first: tuple[NextStep, ...] = ()
    if kind is DriftKind.ROLE_OUTSIDE:
        first = (NextStep.ADOPT,)
    elif kind in _MAY_BE_ORDERED_AGAIN:
        first = (NextStep.ORDER_AGAIN,)
    return (*first, NextStep.REMOVE, NextStep.EXPLAIN)


@dataclass(frozen=True, slots=True)
class Drift:
    """One thing that does not agree.

    `right` is the right that has lost its ground; None for a role value that no right explains: then
    `value` is that value and `dn` its entry. `situation` is what an explanation rests on: when it
    changes, the explanation does not count any more.
    """

    kind: DriftKind
    service: Service
    level: Level
    unit_id: HsaId
    right: Right | None = None
    dn: str = ""
    value: str = ""
    expected: str = ""
    situation: tuple[str, ...] = ()

    @property
    def owner(self) -> Owner:
        return owner_of(self.kind)

    @property
    def steps(self) -> tuple[NextStep, ...]:
        return steps_for(self.kind)
