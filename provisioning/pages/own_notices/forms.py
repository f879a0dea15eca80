"""The form of how one wants to be told: a choice for each kind, among the ways that the rules allow."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from provisioning.messages.texts import MessageKind
from provisioning.models import User
from provisioning.pages.messages import ABOUT
from provisioning.rules.notice_ways import LIMITS, Ground, Way

Text = str | Promise

WAYS: Mapping[Way, Text] = {
    Way.AT_ONCE: gettext_lazy("Mail at once"),
    Way.DAILY: gettext_lazy("Together, in a mail each morning"),
    Way.PAGE: gettext_lazy("No mail, only on this page"),
}
GROUNDS: Mapping[Ground, Text] = {
    Ground.NONE: "",
    Ground.DEADLINE: gettext_lazy("Always mailed: what is not done in time goes to others, or ends."),
    Ground.TOLD_BY_LAW: gettext_lazy("Always mailed: the law says that you are to be told."),
    Ground.NO_LONGER_NEEDED: gettext_lazy("Always mailed: nobody may keep a right that is not needed."),
    Ground.FOLLOWED_UP: gettext_lazy("Always mailed: the law says that rights are followed up."),
    Ground.LOGS: gettext_lazy("Always mailed: the event log and what reads KIV must work."),
}
_OF_OPERATORS = frozenset(
    {
        MessageKind.REVIEW_STUCK,
        MessageKind.SWEEP_STOPPED,
        MessageKind.AUDIT_UNSOUND,
        MessageKind.INCIDENTS,
    }
)
_ASKS = frozenset(
    {
        MessageKind.ATTEST,
        MessageKind.CHOOSE,
        MessageKind.KIV,
        MessageKind.KIV_RETURNED,
        MessageKind.REMINDER,
        MessageKind.STUCK,
        MessageKind.DELEGATION_ENDS_SOON,
        MessageKind.RIGHTS_END_SOON,
        MessageKind.REMOVAL_KIV,
        MessageKind.REMOVAL_KIV_RETURNED,
        MessageKind.REMOVAL_REMINDER,
        MessageKind.REVIEW_WAITS,
        MessageKind.FINDINGS,
        MessageKind.REORGANISATION,
    }
)


@dataclass(frozen=True, slots=True)
class AlwaysAtOnce:
    """A kind that always comes at once, and why."""

    kind: str
    about: Text
    why: Text


@dataclass(frozen=True, slots=True)
class NoticeGroup:
    """Kinds that stand together on the page."""

    heading: Text
    fields: tuple[tuple[str, forms.BoundField], ...]
    fixed: tuple[AlwaysAtOnce, ...]


def kinds_of(user: User) -> list[MessageKind]:
    """The kinds that the person may be told of; those of the operation are for operators."""
    return [
        kind
        for kind in MessageKind
        if kind.value in LIMITS and (user.is_operator or kind not in _OF_OPERATORS)
    ]


class NoticeForm(forms.Form):
    """A field for each kind that can come in more than one way, and the language of the mails."""

    def __init__(self, *args: Any, user: User, ways: Mapping[MessageKind, Way], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self._kinds = kinds_of(user)
        language = user.language or settings.LANGUAGE_CODE
        self.fields["language"] = forms.ChoiceField(
            label=gettext_lazy("Language of your mails"), choices=settings.LANGUAGES, initial=language
        )
        for kind in self._kinds:
            limit = LIMITS[kind.value]
            if len(limit.ways) > 1:
                self.fields[kind.value] = forms.ChoiceField(
                    label=str(ABOUT[kind]),
                    help_text=str(GROUNDS[limit.ground]),
                    choices=[(way.value, WAYS[way]) for way in limit.ways],
                    initial=ways[kind].value,
                )

    def wanted(self) -> dict[MessageKind, Way]:
        """What was chosen, by kind."""
        return {kind: Way(self.cleaned_data[kind.value]) for kind in self._kinds if kind.value in self.fields}

    @property
    def parts(self) -> list[NoticeGroup]:
        """What one is asked to do first, then what one is told, then what concerns the operation."""
        asks = [kind for kind in self._kinds if kind in _ASKS]
        operation = [kind for kind in self._kinds if kind in _OF_OPERATORS]
        told = [kind for kind in self._kinds if kind not in _ASKS | _OF_OPERATORS]
        named = (
            (gettext_lazy("What you are asked to do"), asks),
            (gettext_lazy("What you are told"), told),
            (gettext_lazy("For those who run Behörighetsvägen"), operation),
        )
        return [self._part(heading, kinds) for heading, kinds in named if kinds]

    def _part(self, heading: Text, kinds: list[MessageKind]) -> NoticeGroup:
        fields = tuple((kind.value, self[kind.value]) for kind in kinds if kind.value in self.fields)
        fixed = tuple(
            AlwaysAtOnce(kind.value, ABOUT[kind], GROUNDS[LIMITS[kind.value].ground])
            for kind in kinds
            if kind.value not in self.fields
        )
        return NoticeGroup(heading, fields, fixed)
