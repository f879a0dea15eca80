"""A unit that becomes another, through the real operations."""

from __future__ import annotations

from django.core.cache import caches
from django.utils import timezone

from provisioning.mandates import current
from provisioning.models import AccessRequest, Grant, Removal, Reorganisation
from provisioning.reorganisation import decide, preview
from provisioning.rules.hsa import HsaId
from tests import acts, cast
from tests.findings import drifting
from tests.rights import life
from workflows import tasks

NEW_HEAD = HsaId("SE0000000000-1041")  # of EKLIDEN
REASON = "Björkhaga går upp i Ekliden vid årsskiftet."
OLD_ROLE = life.ROLE
NEW_ROLE = "INTYG;Rehab-" + cast.EKLIDEN.text


def right(kiv, person_id: HsaId = cast.COORDINATOR, **wishes) -> Grant:
    """A right on the old unit, of somebody who is coupled to the new one, too."""
    grant = life.granted(kiv, person_id=person_id, **wishes)
    drifting.couple(kiv, person_id, cast.EKLIDEN)
    return grant


def propose(by: HsaId = cast.HEAD, new: HsaId | None = cast.EKLIDEN) -> Reorganisation:
    user = acts.user(by)
    mandates = current.read(user.identity)
    return decide.propose(preview.look(cast.BJORKHAGA, new), by=user, mandates=mandates, reason=REASON)


def attest(row: Reorganisation, by: HsaId = NEW_HEAD) -> Reorganisation:
    user = acts.user(by)
    found = preview.look(row.old_id, row.new_id)
    return decide.attest(row.pk, found, by=user, mandates=current.read(user.identity))


def attested(new: HsaId | None = cast.EKLIDEN, by: HsaId = NEW_HEAD) -> Reorganisation:
    row = attest(propose(new=new), by=by)
    tasks.sweep_reorganisations()
    acts.work()
    return row


def work() -> None:
    """One round of everything."""
    caches["default"].clear()
    acts.work()
    tasks.sweep_reorganisations()
    Removal.objects.filter(next_poll_at__isnull=False).update(next_poll_at=timezone.now())
    acts.work()


def new_request(grant: Grant) -> AccessRequest:
    request = grant.reorganised.get().new_request
    assert request is not None
    return request


def roles(kiv, grant: Grant) -> set[str]:
    """What opens Rehabstöd for the person on one of the two units."""
    return {OLD_ROLE, NEW_ROLE} & set(kiv.values(grant.person_dn, "hsaSystemRole"))
