"""How quietly a person may be told: which notices may wait for the daily mail, and which need no mail at all.

What has to be done by a day, or what the law wants done or told, is always mailed. Sources: GDPR is
Regulation (EU) 2016/679; PDL is patientdatalagen (2008:355); HSLF-FS is HSLF-FS 2016:40; domain §7 is the
ladder of reminders of this project.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass


class Way(enum.StrEnum):
    """From the loudest to the quietest. Stored: never rename."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    PAGE = "page"


class Ground(enum.StrEnum):
    """Why a notice cannot be made quieter."""

    NONE = "none"  # nothing hangs on it: the page says the same
    DEADLINE = "deadline"  # what is not done in time is asked further up, or ends
    TOLD_BY_LAW = "told_by_law"  # a person must be told
    NO_LONGER_NEEDED = "no_longer_needed"  # an access without ground must go, or must not be set
    FOLLOWED_UP = "followed_up"  # rights must be followed up
    LOGS = "logs"  # the event log must be sound, and what reads KIV must work


@dataclass(frozen=True, slots=True)
class QuietestWay:
    """The quietest way that a notice may take, why, and where that stands."""

    quietest: Way
    ground: Ground
    source: str = ""

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways that may be chosen, the loudest first."""
        every = tuple(Way)
        return every[: every.index(self.quietest) + 1]


_FREE = QuietestWay(Way.PAGE, Ground.NONE)
_DEADLINE = QuietestWay(Way.DAILY, Ground.DEADLINE, "domain §7: reminded after days, then asked further up")
_ENDS = QuietestWay(Way.DAILY, Ground.DEADLINE, "domain §6: a right or a delegation ends on its last day")
_TOLD = QuietestWay(Way.DAILY, Ground.TOLD_BY_LAW, "GDPR art. 14: whose data came from others is told")
_REMOVE = QuietestWay(Way.AT_ONCE, Ground.NO_LONGER_NEEDED, "PDL 4:2, HSLF-FS ch. 4: no access without need")
_SET_NOTHING = QuietestWay(
    Way.DAILY, Ground.NO_LONGER_NEEDED, "PDL 4:2, HSLF-FS ch. 4: no access without need"
)
_FOLLOW_UP = QuietestWay(Way.DAILY, Ground.FOLLOWED_UP, "PDL 4:2, HSLF-FS ch. 4: regular follow-up")
_LOGS = QuietestWay(Way.AT_ONCE, Ground.LOGS, "PDL 4:3, HSLF-FS ch. 4: logs are kept and checked")

LIMITS: Mapping[str, QuietestWay] = {
    "ordered": _TOLD,
    "attest": _DEADLINE,
    "choose": _DEADLINE,
    "kiv": _DEADLINE,
    "kiv_returned": _DEADLINE,
    "question": _DEADLINE,
    "answer": _DEADLINE,
    "attested": _FREE,
    "rejected": _FREE,
    "done": _FREE,
    "ended": _SET_NOTHING,
    "reminder": _DEADLINE,
    "unusually_long": _FREE,
    "directory_silent": _FREE,
    "hsa_late": _FREE,
    "stuck": _DEADLINE,
    "delegated": _DEADLINE,
    "delegation_ended": _FREE,
    "delegation_ends_soon": _ENDS,
    "rights_end_soon": _ENDS,
    "removal_started": _TOLD,
    "removal_kiv": _REMOVE,
    "removal_kiv_returned": _REMOVE,
    "removal_question": _REMOVE,
    "removal_answer": _REMOVE,
    "removal_reminder": _REMOVE,
    "removal_hsa_late": _FREE,
    "removal_done": _FREE,
    "removal_ended": _SET_NOTHING,
    "removal_stuck": _REMOVE,
    "review_waits": _FOLLOW_UP,
    "review_stuck": _FOLLOW_UP,
    "findings": _FOLLOW_UP,
    "sweep_stopped": _LOGS,
    "reorganisation": _DEADLINE,
    "reorganisation_over": _FREE,
    "audit_unsound": _LOGS,
    "incidents": _LOGS,
}


def way_of(kind: str, chosen: str) -> Way:
    """The way that a notice takes: the chosen one where it is allowed, otherwise the quietest that is."""
    limit = LIMITS.get(kind)
    if limit is None or chosen not in tuple(Way):
        return Way.AT_ONCE
    return Way(chosen) if Way(chosen) in limit.ways else limit.quietest
