"""A removal on its way out of the national HSA: gone from KIV, and done when HSA does not hold it either.

Both services read HSA at login, so a right has not ended before. Each operation is one transaction; none asks
a directory: the readings are an argument. A silent or late HSA decides nothing. Source: domain §2, §8.
"""

from __future__ import annotations

from django.db import transaction

from provisioning.cases import evidence, hsa_following, silence
from provisioning.directory import Which
from provisioning.errors import WrongState
from provisioning.models import Evidence, Removal
from provisioning.removals import look, moves, not_seen
from provisioning.rules import proof_in_hsa
from provisioning.rules.hsa import Answer, Attribute, HsaId, Reading
from provisioning.rules.removal import Plan, StoredValue
from provisioning.rules.states.right import GrantState, RemovalState


@transaction.atomic
def record(row: Removal, *, kiv: Reading, hsa: Reading) -> bool:
    """What a look into the national HSA gave. Returns whether the removal is done.

    Never by one look alone. `kiv` is read in the same look and holds nothing of it: see
    `removal_looks.is_gone_from_kiv`. When it has lasted, those concerned are told, once.
    Raises WrongState when the right has been given anew meanwhile.
    """
    grant = moves.lock_grant(row)
    if row.current_state is not RemovalState.AWAITING_HSA:
        raise WrongState
    if grant is not None and grant.current_state is GrantState.ACTIVE:
        return False  # given anew since the caller looked: the next look ends the removal
    silence.end(row)
    found = left_in_hsa(row, kiv=kiv, hsa=hsa)
    row.hsa_shows = _shown_by_hsa(found, hsa)
    row.poll_count += 1
    after = not_seen.UNSEEN_LOOK if hsa.person is None else not_seen.second_look()
    if not_seen.is_held_back(row, is_gone=found.answer is Answer.NO, after=after):
        row.save(update_fields=["poll_count", "hsa_shows"])
        return False
    if found.answer is not Answer.NO:
        hsa_following.put_off(row)
        return False
    row.gone_from_hsa_at = hsa.read_at
    values = _values_still_there(row, hsa)
    evidence.keep(row, Evidence.Moment.VERIFICATION, hsa.read_at, values=values, which=Which.NATIONAL)
    look.finish(row, hsa.read_at, "gone_from_hsa_at", "hsa_shows", which=Which.NATIONAL)
    return True


def left_in_hsa(row: Removal, *, kiv: Reading, hsa: Reading) -> Plan:
    """What HSA still holds of it that no right needs which goes on."""
    living = look.living_rights(row)
    if row.grant is not None:
        return proof_in_hsa.left_of(row.right, hsa, living=living)
    asked = [moves.held_from(data) for data in row.asked]
    return proof_in_hsa.left_of_values(asked, kiv=kiv, hsa=hsa, living=living)


@transaction.atomic
def stop_following(row: Removal) -> None:
    """The national HSA is not configured any more: what KIV holds decides again. Raises WrongState."""
    moves.lock_grant(row)
    hsa_following.stop(row)


def _shown_by_hsa(found: Plan, hsa: Reading) -> dict[str, object]:
    """The last look in short: what HSA still held, or the code of what it did not tell."""
    codes = [problem.code for problem in hsa.problems] if found.answer is Answer.UNKNOWN else []
    return {
        "read_at": hsa.read_at.isoformat(),
        "answer": found.answer.value,
        "code": codes[0] if codes else "",
        "values": [held.value for held in found.remove],
    }


def _values_still_there(row: Removal, hsa: Reading) -> list[dict[str, object]]:
    """What HSA holds of this person where the removal is about. The places are HSA's own."""
    found: dict[tuple[str, Attribute], list[str]] = {}
    if hsa.person is not None:
        found[hsa.person.dn, Attribute.SYSTEM_ROLE] = list(hsa.person.system_roles)
    couplings = [held for held in moves.changes_of(row) if held.attribute is Attribute.COMMISSION_MEMBER]
    for commission in hsa.commissions:
        if any(_is_of(held, commission.unit_id, commission.purpose) for held in couplings):
            found[commission.dn, Attribute.COMMISSION_MEMBER] = [
                coupling.raw for coupling in commission.couplings if coupling.person_id == hsa.person_id
            ]
    return [
        {"dn": dn, "attribute": attribute.value, "values": values}
        for (dn, attribute), values in found.items()
    ]


def _is_of(held: StoredValue, unit_id: HsaId | None, purpose: str | None) -> bool:
    return held.unit_id == unit_id and held.purpose.casefold() == (purpose or "").strip().casefold()
