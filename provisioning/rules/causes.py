"""Why an access does not work, as stable codes, and who can mend each.

The codes stand in JSON, logs, audit and tests: never change a value. Their order here is the
order in which causes are shown.
Source: domain page §6.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


class Code(enum.StrEnum):
    """Every cause and warning the rules can name."""

    PERSON_MISSING = "person.missing"
    PERSON_ENDED = "person.ended"
    PERSON_ARCHIVED = "person.archived"
    COMMISSION_MISSING = "commission.missing"
    COMMISSION_NOT_STARTED = "commission.not_started"
    COMMISSION_ENDED = "commission.ended"
    COMMISSION_ENDS_EARLY = "commission.ends_early"
    COMMISSION_NONE_ON_UNIT = "commission.none_on_unit"
    COMMISSION_DATE_UNREADABLE = "commission.date_unreadable"
    COMMISSION_PURPOSE_MISSING = "commission.purpose_missing"
    COMMISSION_PURPOSE_MISTYPED = "commission.purpose_mistyped"
    COMMISSION_INCOMPLETE = "commission.incomplete"
    COMMISSION_UNDER_PROVIDER = "commission.under_provider"
    COMMISSION_OTHER_IDENTITY = "commission.other_identity"
    ROLE_OTHER_IDENTITY = "role.other_identity"
    UNIT_UNKNOWN = "unit.unknown"
    UNIT_CLOSED = "unit.closed"
    UNIT_NOT_STARTED = "unit.not_started"
    UNIT_ARCHIVED = "unit.archived"
    PROVIDER_UNKNOWN = "provider.unknown"
    PROVIDER_CLOSED = "provider.closed"
    PROVIDER_NOT_STARTED = "provider.not_started"
    ROLE_MISSING = "role.missing"
    ROLE_WRONG_CASE = "role.wrong_case"
    ROLE_BLANKS = "role.blanks"
    ROLE_MALFORMED = "role.malformed"
    ROLE_WRONG_UNIT = "role.wrong_unit"
    ROLE_SUBUNIT = "role.subunit"
    ROLE_PROVIDER_IN_REHAB = "role.provider_in_rehab"
    ROLE_UNIT_IN_STATISTIK = "role.unit_in_statistik"
    ROLE_WRONG_KIND = "role.wrong_kind"
    ROLE_UNKNOWN_ID = "role.unknown_id"
    ROLE_WITHOUT_COMMISSION = "role.without_commission"
    RIGHT_MISSING = "right.missing"
    IDENTITY_BLANKS = "identity.blanks"
    EFFECT_DOCTOR_BECOMES_COORDINATOR = "effect.doctor_becomes_coordinator"
    EFFECT_WHOLE_PROVIDER = "effect.whole_provider"
    ORDER_ROLE_NOT_NEEDED = "order.role_not_needed"
    ORDER_ROLE_WOULD_WIDEN = "order.role_would_widen"
    ORDER_LEVEL_NOT_AVAILABLE = "order.level_not_available"
    ORDER_UNIT_CHANGED = "order.unit_changed"
    DIRECTORY_UNAVAILABLE = "directory.unavailable"
    DIRECTORY_REFUSED = "directory.refused"
    DIRECTORY_TRUNCATED = "directory.truncated"
    DIRECTORY_UNREADABLE_ATTRIBUTE = "directory.unreadable_attribute"


class Mender(enum.StrEnum):
    """Who can do something about a cause."""

    KIV_ADMINISTRATOR = "kiv_administrator"
    HEAD_OF_UNIT = "head_of_unit"
    ORDERER = "orderer"
    HSA_RESPONSIBLE = "hsa_responsible"  # the employer's HSA organisation
    OPERATORS = "operators"
    NOBODY = "nobody"  # time will


# No source names the mender of each code: GUESS throughout, from who edits what in KIV and HSA.
MENDER_OF: Mapping[Code, Mender] = {
    Code.PERSON_MISSING: Mender.HSA_RESPONSIBLE,
    Code.PERSON_ENDED: Mender.HSA_RESPONSIBLE,
    Code.PERSON_ARCHIVED: Mender.HSA_RESPONSIBLE,
    Code.COMMISSION_MISSING: Mender.KIV_ADMINISTRATOR,
    Code.COMMISSION_NOT_STARTED: Mender.NOBODY,
    Code.COMMISSION_ENDED: Mender.KIV_ADMINISTRATOR,
    Code.COMMISSION_ENDS_EARLY: Mender.KIV_ADMINISTRATOR,
    # A new commission is the head of unit's decision before it is anybody's work.
    Code.COMMISSION_NONE_ON_UNIT: Mender.HEAD_OF_UNIT,
    Code.COMMISSION_DATE_UNREADABLE: Mender.KIV_ADMINISTRATOR,
    Code.COMMISSION_PURPOSE_MISSING: Mender.KIV_ADMINISTRATOR,
    Code.COMMISSION_PURPOSE_MISTYPED: Mender.KIV_ADMINISTRATOR,
    Code.COMMISSION_INCOMPLETE: Mender.KIV_ADMINISTRATOR,
    Code.COMMISSION_UNDER_PROVIDER: Mender.KIV_ADMINISTRATOR,
    Code.COMMISSION_OTHER_IDENTITY: Mender.KIV_ADMINISTRATOR,
    Code.ROLE_OTHER_IDENTITY: Mender.KIV_ADMINISTRATOR,
    Code.UNIT_UNKNOWN: Mender.ORDERER,
    Code.UNIT_CLOSED: Mender.ORDERER,
    Code.UNIT_NOT_STARTED: Mender.NOBODY,
    Code.UNIT_ARCHIVED: Mender.ORDERER,
    Code.PROVIDER_UNKNOWN: Mender.HSA_RESPONSIBLE,
    Code.PROVIDER_CLOSED: Mender.HSA_RESPONSIBLE,
    Code.PROVIDER_NOT_STARTED: Mender.NOBODY,
    Code.ROLE_MISSING: Mender.KIV_ADMINISTRATOR,
    Code.ROLE_WRONG_CASE: Mender.KIV_ADMINISTRATOR,
    Code.ROLE_BLANKS: Mender.KIV_ADMINISTRATOR,
    Code.ROLE_MALFORMED: Mender.KIV_ADMINISTRATOR,
    Code.ROLE_WRONG_UNIT: Mender.KIV_ADMINISTRATOR,
    Code.ROLE_SUBUNIT: Mender.KIV_ADMINISTRATOR,
    Code.ROLE_PROVIDER_IN_REHAB: Mender.KIV_ADMINISTRATOR,
    Code.ROLE_UNIT_IN_STATISTIK: Mender.KIV_ADMINISTRATOR,
    Code.ROLE_WRONG_KIND: Mender.KIV_ADMINISTRATOR,
    Code.ROLE_UNKNOWN_ID: Mender.KIV_ADMINISTRATOR,
    Code.ROLE_WITHOUT_COMMISSION: Mender.KIV_ADMINISTRATOR,
    Code.RIGHT_MISSING: Mender.KIV_ADMINISTRATOR,
    Code.IDENTITY_BLANKS: Mender.HSA_RESPONSIBLE,
    Code.EFFECT_DOCTOR_BECOMES_COORDINATOR: Mender.HEAD_OF_UNIT,
    Code.EFFECT_WHOLE_PROVIDER: Mender.HEAD_OF_UNIT,
    Code.ORDER_ROLE_NOT_NEEDED: Mender.ORDERER,
    Code.ORDER_ROLE_WOULD_WIDEN: Mender.HEAD_OF_UNIT,
    Code.ORDER_LEVEL_NOT_AVAILABLE: Mender.ORDERER,
    Code.ORDER_UNIT_CHANGED: Mender.ORDERER,
    Code.DIRECTORY_UNAVAILABLE: Mender.NOBODY,
    Code.DIRECTORY_REFUSED: Mender.OPERATORS,
    Code.DIRECTORY_TRUNCATED: Mender.OPERATORS,
    Code.DIRECTORY_UNREADABLE_ATTRIBUTE: Mender.OPERATORS,
}

DIRECTORY_CODES = frozenset(code for code in Code if code.value.startswith("directory."))

_RANK = {code: rank for rank, code in enumerate(Code)}


@dataclass(frozen=True, slots=True)
class Cause:
    """One cause or warning: its code, what it is about, and what was expected instead.

    `about` is what the sentence on screen names: an HSA-id, a raw role value, a DN.
    """

    code: Code
    about: str = ""
    expected: str = ""

    @property
    def mender(self) -> Mender:
        return MENDER_OF[self.code]


def in_order(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """The causes without doubles, in the order of `Code`, so that two readings compare."""
    return tuple(sorted(set(causes), key=lambda cause: (_RANK[cause.code], cause.about, cause.expected)))
