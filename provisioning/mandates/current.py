"""What a person may do: which units they head, what they administer in KIV, and who delegates to them.

Read fresh before every decision; a short-lived copy serves pages that only show things. Sources:
hsaHealthCareUnitManager and vgrManagedObjects, domain §2 and §7.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext_lazy as _

from provisioning import copies, dates
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, NotAllowed
from provisioning.mandates import delegates
from provisioning.models import Delegation, User
from provisioning.rules import names
from provisioning.rules.hsa import HsaId, Provider, Unit
from provisioning.rules.mandates import Delegable, has_left

ENDED = _("The directory no longer says that this is yours to do. Your mandate may have ended.")
DELEGATION_ENDED = _("The delegation has ended, or the one who gave it is not head of the unit any more.")

COPY_SECONDS = 120
SILENCE_SECONDS = 5  # a page asks several times: a directory that hangs is waited for once


@dataclass(frozen=True, slots=True)
class Delegated:
    """One delegation that counts at one moment: its kind of act, its giver and its units."""

    pk: int
    kind: Delegable
    principal_id: HsaId
    principal_name: str
    unit_id: HsaId
    unit_ids: frozenset[HsaId]  # with its sub-units


@dataclass(frozen=True, slots=True)
class Mandates:
    """One person's mandates at one moment. `is_known` is False when the directory did not tell."""

    units: tuple[Unit, ...] = ()  # units the person is head of
    providers: tuple[Provider, ...] = ()
    managed_dns: tuple[str, ...] = ()  # DNs whose subtree the person administers in KIV
    is_known: bool = True
    delegated: tuple[Delegated, ...] = ()  # what heads of units have delegated to the person
    other_ids: frozenset[HsaId] = frozenset()  # the same human's other HSA-ids, as the directory shows them
    has_left: bool = False  # the employment is over: there is no mandate any more, whatever units still say
    is_seen: bool = True  # False: the directory shows no such person, which ends nothing by one look
    # The person decides nothing about these, because they delegate to the person.
    givers: frozenset[HsaId] = frozenset()

    @property
    def unit_ids(self) -> frozenset[HsaId]:
        """Own units and their sub-units: what a head of unit may order and attest for."""
        return frozenset(unit_id for unit in self.units for unit_id in (unit.hsa_id, *unit.member_ids))

    @property
    def headed_dns(self) -> tuple[str, ...]:
        """Where the units and care providers stand that the holder is head of."""
        return (*(unit.dn for unit in self.units), *(provider.dn for provider in self.providers))

    def is_of_provider(self, provider_id: HsaId, holder: User) -> bool:
        """Say whether the holder of these mandates has that care provider's: by its entry, or by name."""
        return provider_id in self.provider_ids(holder)

    def provider_ids(self, holder: User) -> frozenset[HsaId]:
        """The care providers whose mandate the holder has: by their entries, or by name in the settings."""
        if self.has_left:
            return frozenset()
        named = (one for one in map(HsaId, settings.PROVIDER_MANDATES) if holder.identity in named_for(one))
        return frozenset([*named, *(provider.hsa_id for provider in self.providers)])

    def heads_unit_of(self, provider_id: HsaId) -> bool:
        """Say whether the holder is head of a unit of that care provider: who orders its process leaders."""
        return any(unit.provider_id == provider_id for unit in self.units)

    def heads_at_or_above(self, unit_id: HsaId, dn: str) -> bool:
        """Say whether the holder is head of that unit or of one above it, where a case climbs. Domain §7."""
        return unit_id in self.unit_ids or names.lies_in(dn, self.headed_dns)

    def heads_within(self, provider_id: HsaId, dn: str) -> bool:
        """Say whether the holder is head of a unit of that care provider, or of one that stands in it."""
        return any(unit.provider_id == provider_id or names.lies_in(unit.dn, [dn]) for unit in self.units)

    def may_order_at(self, unit_id: HsaId, dn: str, holder: User) -> bool:
        """Say whether the holder could order there now: by a mandate there or above, or by a delegation."""
        if unit_id in self.provider_ids(holder) or self.heads_at_or_above(unit_id, dn):
            return True
        return self.delegated_for(Delegable.ORDERING, unit_id) is not None

    @property
    def is_head_of_unit(self) -> bool:
        return bool(self.units)

    @property
    def is_kiv_administrator(self) -> bool:
        return bool(self.managed_dns)

    def ids_of(self, person_id: HsaId) -> frozenset[HsaId]:
        """Every HSA-id of the human whose mandates these are: none of them is somebody else. Domain §2."""
        return self.other_ids | {person_id}

    def delegated_for(self, kind: Delegable, unit_id: HsaId) -> Delegated | None:
        """By which delegation the person does acts of this kind on the unit, if by any."""
        return next((one for one in self.delegated if one.kind is kind and unit_id in one.unit_ids), None)

    def administers(self, dn: str) -> bool:
        """Say whether the entry lies at or below one of the managed DNs."""
        return names.lies_in(dn, self.managed_dns)


UNKNOWN = Mandates(is_known=False)


def named_for(provider_id: HsaId) -> tuple[HsaId, ...]:
    """Who holds the care provider's mandate by the settings, beside the head that its entry names."""
    for key, named in settings.PROVIDER_MANDATES.items():
        if HsaId(key) == provider_id:
            return tuple(HsaId(text) for text in named)
    return ()


def read(person_id: HsaId) -> Mandates:
    """Ask the directory now. Raises DirectoryError: then nothing may be decided.

    Somebody who has left has none, even where a unit still names them. Domain §2, §7.
    """
    directory = open_directory()
    own_ids = directory.identities([person_id])[person_id]
    person = directory.person(person_id)
    if has_left(person, on=dates.today()):
        return Mandates(other_ids=own_ids - {person_id}, has_left=True, is_seen=person is not None)
    headed = directory.headed_by(person_id)
    return Mandates(
        units=headed.units,
        providers=headed.providers,
        managed_dns=directory.managed_dns(person_id),
        delegated=tuple(
            Delegated(
                row.pk, Delegable(row.kind), row.principal.identity, row.principal.name, row.unit_id, units
            )
            for row, units in delegates.received(directory, person_id)
        ),
        other_ids=own_ids - {person_id},
        givers=delegates.givers(directory, own_ids),
    )


def principal_of(delegation_pk: int, mandates: Mandates) -> User:
    """Who the delegate acts for; the delegation is locked, so that it is not revoked under the decision.

    `mandates`: read just now. Raises NotAllowed when the delegation does not count any more.
    """
    rows = Delegation.objects.select_for_update(of=("self",), no_key=True).select_related("principal")
    delegation = rows.get(pk=delegation_pk)
    if delegation.ended_at is not None or all(one.pk != delegation.pk for one in mandates.delegated):
        raise NotAllowed(DELEGATION_ENDED)
    return delegation.principal


def for_display(user: User) -> Mandates:
    """A copy at most two minutes old, or UNKNOWN when the directory does not answer. Never decide by it."""
    copy = _shown(user)
    user.is_shown_without_mandates = not copy.is_known
    return copy


def _shown(user: User) -> Mandates:
    key = _copy_key(user)
    copy: Mandates | None = copies.recall(key)
    if copy is not None:
        return copy
    try:
        copy = read(user.identity)
    except DirectoryError:
        copies.keep(key, UNKNOWN, SILENCE_SECONDS)
        return UNKNOWN
    copies.keep(key, copy, COPY_SECONDS)
    return copy


def forget_copy(user: User) -> None:
    """What pages show of the person's mandates is read again: a delegation has begun or ended."""
    copies.forget(_copy_key(user))


def _copy_key(user: User) -> str:
    return "mandates:6:" + salted_hmac("provisioning.mandates.current", user.hsa_key).hexdigest()
