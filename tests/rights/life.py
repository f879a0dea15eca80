"""What people and time do to a right, through the real operations."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from provisioning import dates
from provisioning.directory import open_directory
from provisioning.findings import settle
from provisioning.mandates import current
from provisioning.models import Finding, Grant, Removal
from provisioning.removals import begin, carry_out, not_seen
from provisioning.rights import find
from provisioning.rules.hsa import Attribute, HsaId, Level, Service
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import EndCause, RemovalState
from tests import acts, cast
from workflows import steps, tasks
from workflows.sweeps import expiry, kiv_tasks

ROLE = "INTYG;Rehab-" + cast.BJORKHAGA.text


def granted(kiv, **wishes) -> Grant:
    """Order, carry out and verify: a right by the real way."""
    request = acts.order(**wishes)
    if request.current_state is RequestState.AWAITING_ATTESTATION:
        acts.attest(request, cast.HEAD)
    acts.work()
    acts.couple_where_asked(request, by=wishes.get("by", cast.HEAD))
    if request.current_state is RequestState.AWAITING_KIV:
        acts.set_values(request, kiv)
        acts.work()
        request.refresh_from_db()
    assert request.current_state is RequestState.DONE, request.assessment
    assert request.grant is not None
    return request.grant


def statistics(kiv, person_id: HsaId = cast.COORDINATOR, **wishes) -> Grant:
    """A right to a unit's statistics, which rests on a coupling."""
    return granted(kiv, person_id=person_id, service=Service.INTYGSSTATISTIK, level=Level.UNIT, **wishes)


def has_run_out(grant: Grant, days_ago: int = 1) -> Grant:
    """As if its time had passed: its last day was so many days ago; an order that prolongs it is as old."""
    last_day = dates.today() - timedelta(days=days_ago)
    orders = find.open_renewals(grant).filter(starts_on=grant.ends_on + timedelta(days=1))
    orders.update(starts_on=last_day + timedelta(days=1))
    Grant.objects.filter(pk=grant.pk).update(starts_on=last_day - timedelta(days=300), ends_on=last_day)
    grant.refresh_from_db()
    return grant


def nearly_over(grant: Grant, days_left: int = 60) -> Grant:
    """As if time had passed: it can be prolonged now."""
    Grant.objects.filter(pk=grant.pk).update(ends_on=dates.today() + timedelta(days=days_left))
    grant.refresh_from_db()
    return grant


def run_out(grant: Grant) -> Removal:
    """Its time has passed, and the sweep has been there."""
    has_run_out(grant)
    assert expiry.end_due() == 1
    return grant.removals.get()


def removal_by_head(
    grant: Grant, by: HsaId = cast.HEAD, reason: str = "Har bytt arbetsuppgifter."
) -> Removal:
    head = acts.user(by)
    mandates = current.read(head.identity)
    return steps.begin_removal(begin.begin_by_head, grant, by=head, mandates=mandates, reason=reason)


def removal_by_person(grant: Grant, by: HsaId | None = None, reason: str = "Behöver den inte.") -> Removal:
    person = acts.user(by or grant.subject_id)
    return steps.begin_removal(begin.begin_by_person, grant, by=person, reason=reason)


def removal_by_tool(grant: Grant, cause: EndCause) -> Removal:
    return steps.begin_removal(begin.begin, grant, cause, by=None)


def removal_of_finding(finding: Finding, by: HsaId = cast.HEAD) -> Removal:
    """The value of a finding, which belongs to no right, goes to removal."""
    user, directory = acts.user(by), open_directory()
    return steps.begin_removal(
        settle.begin_removal,
        finding,
        by=user,
        mandates=current.read(user.identity),
        reason="Hör inte hit.",
        person=directory.person(HsaId(finding.subject_hsa_id)),
        unit=directory.unit(finding.unit_id),
    )


def work() -> None:
    """One round of everything the worker does, at once."""
    tasks.sweep_background()
    Removal.objects.filter(next_poll_at__isnull=False).update(next_poll_at=timezone.now())
    acts.work()
    for _state in (RemovalState.LOOKING, RemovalState.AWAITING_HSA):  # each with its look an hour later
        an_hour_ago = timezone.now() - not_seen.UNSEEN_LOOK
        young = Removal.objects.filter(gone_doubted_at__gt=an_hour_ago)
        if not young.exclude(state=RemovalState.AWAITING_KIV.value).update(gone_doubted_at=an_hour_ago):
            break
        acts.make_everything_due()
        acts.work()


def with_kiv(removal: Removal) -> Removal:
    """Until the task is with the KIV administrators."""
    work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.AWAITING_KIV, (removal.state, removal.end_code)
    return removal


def take_away(kiv, removal: Removal) -> None:
    """In KIV: remove exactly what the task says."""
    for change in removal.changes:
        kiv.remove_value(change["dn"], Attribute(change["attribute"]), change["remove"])


def put_back(kiv, removal: Removal) -> None:
    for change in removal.changes:
        kiv.add_value(change["dn"], Attribute(change["attribute"]), change["remove"])


def report_done(removal: Removal, by: HsaId = cast.KIV_ADMINISTRATOR, *, already: bool = False) -> Removal:
    administrator = acts.user(by)
    mandates = current.read(administrator.identity)
    seen = kiv_tasks.look_at_removal(removal)

    def operation(row: Removal) -> bool:
        return carry_out.report_done(
            row, by=administrator, mandates=mandates, seen=seen, already=already, note=""
        )

    return steps.act(removal, RemovalState.AWAITING_KIV, operation, by=administrator)


def cannot(
    removal: Removal,
    why: carry_out.CannotRemove = carry_out.CannotRemove.OTHER,
    by: HsaId = cast.KIV_ADMINISTRATOR,
    text: str = "Posten är låst i KIV.",
) -> Removal:
    administrator = acts.user(by)
    mandates = current.read(administrator.identity)
    return steps.act(
        removal,
        RemovalState.AWAITING_KIV,
        lambda row: carry_out.cannot(row, by=administrator, mandates=mandates, why=why, text=text),
        by=administrator,
    )


def withdraw(removal: Removal, by: HsaId, reason: str = "Ett misstag.") -> Removal:
    seen = kiv_tasks.look_at_removal(removal) if removal.changes else None
    mandates = current.read(by)
    return steps.withdraw_removal(removal, by=acts.user(by), mandates=mandates, seen=seen, reason=reason)


def values(removal_or_dn: str, attribute: Attribute = Attribute.SYSTEM_ROLE) -> tuple[str, ...] | None:
    return open_directory().values({(removal_or_dn, attribute)})[removal_or_dn, attribute]


def kiv_removes_role(kiv, grant: Grant) -> None:
    """Somebody takes the role away in KIV, outside the tool."""
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, ROLE)


def kiv_adds_role(kiv, grant: Grant) -> None:
    """Somebody sets it there."""
    kiv.add_value(grant.person_dn, Attribute.SYSTEM_ROLE, ROLE)
