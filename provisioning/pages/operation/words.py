"""What the operators' list and a case that stands still say: what it is, why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from provisioning.incidents import settle
from provisioning.models import Case, Incident, IncidentKind, User
from provisioning.pages import stalls
from provisioning.pages.words import MASKED
from provisioning.rules.dates.automatic import Stall

Text = str | Promise

TO_DO: dict[Stall, Text] = {
    Stall.FAILING: gettext_lazy(
        "Read the log of the workers: it names the error. Fix the cause, then try again. Whoever ordered "
        "sees that you have it."
    ),
    Stall.SILENT: gettext_lazy(
        "Run manage.py check_directory: it says where it stops. If only this case stands still, an entry "
        "of it cannot be read. Then try again."
    ),
    Stall.NOT_DONE: gettext_lazy("See on this page whether workers and timetable run. Then try again."),
    Stall.MISSING: gettext_lazy(
        "Try again. If it stays here, ask whoever ordered to withdraw the case and order anew."
    ),
    Stall.TOO_LONG: gettext_lazy(
        "Look whether changes reach the national HSA, and whether something holds up the case. "
        "Then try again."
    ),
}
_ENTRY = gettext_lazy("The comparison with the directory fails at this entry. Everybody else is compared.")
_ENTRY_TO_DO = gettext_lazy(
    "Look in the directory for something odd in the entry, or in those of its units. It goes from here when "
    "the entry can be dealt with again."
)
_PIECE = gettext_lazy("This piece of the work fails. Everything else is done.")
_PIECE_TO_DO = gettext_lazy(
    "Read the log of the workers: it names the error. It goes from here when it goes well again."
)
_SEARCHES_TO_DO = gettext_lazy(
    "Ask the person, or their head, what the searches were for. Then mark it as dealt with."
)


@dataclass(frozen=True, slots=True)
class IncidentLine:
    """One thing to look after, in words."""

    heading: str
    what: str
    since: datetime
    why: str
    code: str
    to_do: Text
    tried_again_at: datetime | None
    retry_url: str = ""
    settle_url: str = ""


def line(viewer: User, incident: Incident, *, protected: frozenset[str | None]) -> IncidentLine:
    """`protected`: whose HSA-ids are shown to nobody here."""
    why, to_do = _why_and_what(incident)
    is_case, may = incident.kind == IncidentKind.STALLED, viewer.is_operator
    by_hand = incident.kind in settle.SETTLED_BY_HAND
    return IncidentLine(
        heading=str(IncidentKind(incident.kind).label),
        what=_what(incident, protected),
        since=incident.since,
        why=str(why),
        code=" ".join(part for part in (incident.code, incident.detail) if part),
        to_do=to_do,
        tried_again_at=incident.tried_again_at,
        retry_url=reverse("incident_retry", args=[incident.public_id]) if may and is_case else "",
        settle_url=reverse("incident_settle", args=[incident.public_id]) if may and by_hand else "",
    )


def _what(incident: Incident, protected: frozenset[str | None]) -> str:
    case: Case | None = incident.request or incident.removal
    if case is not None:
        return _("Case %(case)s") % {"case": case}
    if incident.person_key:
        return str(MASKED) if incident.person_key in protected else incident.person_hsa_id
    return incident.about


def _why_and_what(incident: Incident) -> tuple[Text, Text]:
    match incident.kind:
        case IncidentKind.STALLED:
            return stalls.WHY[Stall(incident.code)], TO_DO[Stall(incident.code)]
        case IncidentKind.ENTRY:
            return _ENTRY, _ENTRY_TO_DO
        case IncidentKind.PIECE:
            return _PIECE, _PIECE_TO_DO
    searches = ngettext("%(count)d search in one day.", "%(count)d searches in one day.", incident.count)
    return searches % {"count": incident.count}, _SEARCHES_TO_DO
