"""Who may see and settle a finding. Source: domain §7."""

from __future__ import annotations

import json
from collections.abc import Collection
from uuid import UUID

from django.db.models import Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.shortcuts import get_object_or_404

from provisioning.mandates import current
from provisioning.models import Finding, User
from provisioning.rules import names
from provisioning.rules.drift.differences import Owner
from provisioning.rules.hsa import Level


def visible_findings(user: User) -> QuerySet[Finding]:
    """Findings this person may read: those to settle, by the mandates held now, and those that wait for
    somebody nearer. Never about oneself or about somebody whose delegate one is."""
    rows = Finding.objects.select_related("request__order", "removal", "grant")
    return rows if user.is_auditor else _by_mandates(rows, user, not_own=Q())


def reads_findings(user: User) -> bool:
    """Say whether there is any finding that this person may read. The order lets an index find the first."""
    return bool(visible_findings(user).select_related(None).order_by("unit_key", "state").values("pk")[:1])


def _by_mandates(rows: QuerySet[Finding], user: User, *, not_own: Q) -> QuerySet[Finding]:
    """`not_own`: which of those on sub-units, and of those that are passed on to a head further up."""
    mandates = current.for_display(user)
    own = [unit.hsa_id.folded for unit in mandates.units]
    below = [one.folded for one in mandates.unit_ids]
    providers = [one.folded for one in mandates.provider_ids(user)]
    mine = Q(unit_key__in=own) | Q(level=Level.PROVIDER.value, unit_key__in=providers)
    mine |= _at_or_below(mandates.managed_dns, Q(owner=Owner.KIV_ADMINISTRATOR.value))
    above = _at_or_below(mandates.headed_dns, Q(passed_to=Finding.PassedTo.ABOVE.value))
    mine |= (Q(unit_key__in=below) | above) & not_own
    not_theirs = [one.folded for one in mandates.ids_of(user.identity) | mandates.givers]
    whose = ~Q(owner=Owner.OPERATORS.value) & mine
    if user.is_operator:
        whose |= Q(owner=Owner.OPERATORS.value) | Q(passed_to=Finding.PassedTo.OPERATORS.value)
    return rows.filter(whose).exclude(subject_key__in=not_theirs)


def find_finding(user: User, public_id: UUID) -> Finding:
    """The finding, if this person may read it. Raises Http404."""
    return get_object_or_404(visible_findings(user), public_id=public_id)


def to_settle(user: User) -> QuerySet[Finding]:
    """Findings that wait for this person: whoever is mailed to act has it here, and nobody else.

    What is passed on, or is about a sub-unit, waits for the nearest head, who was told; those further up
    may read and settle it. An auditor reads them all, and settles none for that.
    """
    rows = Finding.objects.select_related("request__order", "removal", "grant").filter(
        state=Finding.State.OPEN
    )
    told = rows.alias(told=Cast("told_keys", TextField()))
    return _by_mandates(told, user, not_own=Q(told__contains=json.dumps(user.hsa_key)))


def _at_or_below(dns: Collection[str], which: Q) -> Q:
    """Those of these findings whose unit is one of these entries or below one, however it is written."""
    if not dns:
        return Q(pk__in=())
    known = Finding.objects.filter(which).exclude(unit_dn="").order_by().values_list("unit_dn", flat=True)
    return which & Q(unit_dn__in=[dn for dn in known.distinct() if names.lies_in(dn, dns)])
