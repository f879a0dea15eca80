"""What pages say of a unit's insurance-medicine team."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning.models import TeamTaskChoice
from provisioning.rules.team import Coverage, TeamTask

TONE_OF: Mapping[Coverage, str] = {
    Coverage.COMPLETE: "success",
    Coverage.INCOMPLETE: "waiting",
    Coverage.NOBODY: "neutral",
}
COVERAGES: Mapping[Coverage, str | Promise] = {
    Coverage.COMPLETE: gettext_lazy("Complete"),
    Coverage.INCOMPLETE: gettext_lazy("Incomplete"),
    Coverage.NOBODY: gettext_lazy("Nobody named"),
}


def task_name(task: TeamTask) -> str:
    """The task in words."""
    return str(TeamTaskChoice(task.value).label)


def in_words(coverage: Coverage, missing: Collection[TeamTask]) -> str:
    """How far the team has come, and whom it lacks."""
    if not missing or coverage is Coverage.NOBODY:
        return str(COVERAGES[coverage])
    lacking = ", ".join(task_name(task).lower() for task in missing)
    return _("Lacks: %(tasks)s") % {"tasks": lacking}
