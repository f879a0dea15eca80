"""A case that stands still, in words: why, who has it now, what happens next. See `rules.dates.automatic`."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from provisioning.models import Case
from provisioning.rules.dates.automatic import Stall

Text = str | Promise

WHY: dict[Stall, Text] = {
    Stall.FAILING: gettext_lazy("The work on it fails, with an error that nobody foresaw."),
    Stall.SILENT: gettext_lazy("The directory does not tell what the case needs to know."),
    Stall.NOT_DONE: gettext_lazy("The work on it is due, but is not done."),
    Stall.MISSING: gettext_lazy("No work on it is planned, though the tool should take it further."),
    Stall.TOO_LONG: gettext_lazy("The work on it goes as it should, but does not come to an end."),
}
WHO = gettext_lazy("Those who run this tool")
NEXT = gettext_lazy(
    "Those who run this tool have been given the case, and see to what stands in the way. Then it goes on by "
    "itself. You need not do anything."
)


def why(case: Case) -> Text:
    """Why it stands still; empty where it does not."""
    return WHY[Stall(case.incident.code)] if case.incident else ""
