"""Four eyes at the moment of an act: nobody acts in their own case, by whichever of their HSA-ids.

The directory is asked for all HSA-ids of the actor together with their mandates; where it shows none, ids
alone are compared, and so do the constraints of the database. Source: domain §2, §7.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from provisioning.errors import NotAllowed
from provisioning.mandates.current import Mandates
from provisioning.models import User
from provisioning.rules.hsa import HsaId
from provisioning.rules.mandates import Act, Conflict, conflict

_OWN_DECISION = _("You cannot decide on your own access. Somebody else has to.")
_CARRYING_OUT = _(
    "You are the person it concerns, or you approved it. Another KIV administrator has to do it."
)
_TEXTS: Mapping[tuple[Act, Conflict], Promise] = {
    (Act.ATTEST, Conflict.OWN_CASE): _OWN_DECISION,
    (Act.SECOND_ATTEST, Conflict.OWN_CASE): _OWN_DECISION,
    (Act.SECOND_ATTEST, Conflict.OWN_ATTESTATION): _(
        "You approved this order already. Somebody else has to be second."
    ),
    (Act.KEEP, Conflict.OWN_CASE): _OWN_DECISION,
    (Act.CARRY_OUT, Conflict.OWN_CASE): _CARRYING_OUT,
    (Act.CARRY_OUT, Conflict.OWN_ATTESTATION): _CARRYING_OUT,
    (Act.REVIEW, Conflict.OWN_CASE): _("You cannot review your own access. Somebody else has to."),
}
_FOR_EVERY_ACT: Mapping[Conflict, Promise] = {
    Conflict.ON_BEHALF_OF_SUBJECT: _(
        "The person it concerns has delegated to you, so you cannot decide about their access."
        " The head of a unit above has to."
    ),
    Conflict.OWN_ORDER: _("You placed this order yourself. Somebody else has to approve it."),
}


def require(
    act: Act,
    *,
    by: User,
    mandates: Mandates,
    subject_id: HsaId,
    attested_by: Iterable[str | None] = (),
    ordered_by: HsaId | None = None,
) -> None:
    """Raise NotAllowed with what stands against it. `mandates`: read just now; `attested_by`: users' keys."""
    found = conflict(
        act,
        own_ids=mandates.ids_of(by.identity),
        subject_id=subject_id,
        attested_by=[HsaId(key) for key in attested_by if key],
        ordered_by=ordered_by,
        givers=mandates.givers,
    )
    if found is not None:
        raise NotAllowed(_TEXTS.get((act, found)) or _FOR_EVERY_ACT[found])
