"""What an auditor looks for in the event log: who, what, when and on what."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning import dates
from provisioning.audit.events import Action
from provisioning.models import AccessRequest, AuditEntry, Finding, Grant, Removal
from provisioning.pages.fields import Day, ShortText, offer_days
from provisioning.rules.hsa import typed, typed_id

Text = str | Promise
_CONCERNS: tuple[type[Model], ...] = (Grant, Removal, Finding)  # beside cases

# Kinds of events, by how their actions begin.
KINDS: Mapping[str, tuple[Text, tuple[str, ...]]] = {
    "orders": (gettext_lazy("Orders and cases"), ("order.", "request.")),
    "rights": (gettext_lazy("Rights"), ("grant.",)),
    "removals": (gettext_lazy("Removals"), ("removal.",)),
    "delegations": (gettext_lazy("Delegations"), ("delegation.",)),
    "reviews": (gettext_lazy("Reviews"), ("review.",)),
    "findings": (gettext_lazy("Differences"), ("finding.", "sweep.", "losses.")),
    "teams": (gettext_lazy("Teams of units"), ("team.",)),
    "reorganisations": (gettext_lazy("Reorganisations"), ("reorganisation.",)),
    "reading": (
        gettext_lazy("Reading and searching"),
        ("case.protected", "person.", "search.", "receipt.", "register."),
    ),
    "log_ins": (gettext_lazy("Log-ins"), ("login.",)),
    "refused": (gettext_lazy("Refused acts"), (Action.REFUSED.value,)),
    "messages": (gettext_lazy("Messages"), ("message.", "notices.")),
    "incidents": (gettext_lazy("Stands still or failed"), ("incident.",)),
    "systems": (gettext_lazy("Other systems"), ("system.", "webhook.", "ticket.")),
    "log": (
        gettext_lazy("The event log and what is kept"),
        ("audit.", "retention.", "case.removed", "protection."),
    ),
}
_CASE_NUMBER = re.compile(r"(\d{4}-\d{6})(?:-(\d+))?", re.ASCII)


class EventFilter(forms.Form):
    """The filters. All that is given must hold."""

    who = ShortText(label=gettext_lazy("Who acted (HSA-id)"), max_length=64, required=False, strip=True)
    kind = forms.ChoiceField(
        label=gettext_lazy("What"),
        required=False,
        choices=[("", gettext_lazy("Everything")), *((key, name) for key, (name, _begin) in KINDS.items())],
    )
    about = ShortText(
        label=gettext_lazy("On what (case number, or the person's HSA-id)"), max_length=64, required=False
    )
    since = Day(label=gettext_lazy("From day"))
    until = Day(label=gettext_lazy("Until day"))

    def __init__(self, *args: Any, **kwargs: Any):
        super().__init__(*args, **kwargs)
        today = dates.today()
        first = AuditEntry.objects.order_by("pk").values_list("at", flat=True).first()
        offer_days(self, dates.today(first) if first else today, today, "since", "until")

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        since, until = data.get("since"), data.get("until")
        if since and until and until < since:
            self.add_error("until", _("The last day is before the first."))
        return data

    def condition(self) -> Q:
        """The filters as a condition on the log's rows; everything, where they are not valid any more."""
        wanted = Q()
        if not self.is_valid():
            return wanted
        data = self.cleaned_data
        if data["who"]:
            key = typed_id(data["who"]).folded
            wanted &= Q(actor_id=key) | Q(principal_id=key)
        if data["kind"]:
            wanted &= any_begins(KINDS[data["kind"]][1])
        if data["about"]:
            wanted &= about(typed(data["about"]))
        if data["since"]:
            wanted &= Q(at__gte=_begins(data["since"]))
        if data["until"]:
            wanted &= Q(at__lt=_begins(data["until"] + timedelta(days=1)))
        return wanted


def _begins(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def any_begins(beginnings: tuple[str, ...]) -> Q:
    """Events of these kinds, by how their actions begin."""
    found = Q()
    for beginning in beginnings:
        found |= Q(action__startswith=beginning)
    return found


def about(text: str) -> Q:
    """By the number of an order or of one of its cases; else by the person's HSA-id."""
    number = _CASE_NUMBER.fullmatch(text)
    if number is not None:
        order, position = number.groups()
        one = Q(request__position=int(position)) if position else Q()
        return Q(order=order) & one
    return Q(pk__in=_of_person(typed_id(text).folded))


def _of_person(key: str) -> QuerySet[Any, Any]:
    """The events about what concerns a person. By one condition with “or” every event would be read."""
    events = AuditEntry.objects.order_by()
    found = events.filter(request__in=_public_ids(AccessRequest, key)).values("pk")
    others = (events.filter(about__in=_public_ids(model, key)).values("pk") for model in _CONCERNS)
    all_of_them: QuerySet[Any, Any] = found.union(*others)
    return all_of_them


def _public_ids(model: type[Model], key: str) -> QuerySet[Any, Any]:
    rows: QuerySet[Any, Any] = model._default_manager.filter(subject_key=key).order_by()
    return rows.values("public_id")
