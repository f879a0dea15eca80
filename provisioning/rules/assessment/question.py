"""One order against one reading at one moment, seen from one care unit or care provider."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from provisioning.rules import certainty
from provisioning.rules.certainty import UNREAD, Gap
from provisioning.rules.dates import periods
from provisioning.rules.dates.periods import PeriodState
from provisioning.rules.hsa import Commission, Coupling, HsaId, Level, OrderedAccess, Provider, Reading, Unit
from provisioning.rules.services import catalogue, commissions
from provisioning.rules.services.entitlement import Entitlement, Subject
from provisioning.rules.services.profession import is_doctor


@dataclass(frozen=True, slots=True)
class Question:
    """What every check looks at.

    `ordered` is the ordered unit. `unit` is the care unit whose commission and role count: the
    ordered one, or the care unit above an ordered sub-unit. At level `provider` both are None.
    """

    order: OrderedAccess
    reading: Reading
    on: date
    at: datetime
    ordered: Unit | None | Gap = None
    unit: Unit | None | Gap = None

    @property
    def entitlement(self) -> Entitlement:
        return catalogue.entitlement(self.order.service)

    @property
    def is_for_provider(self) -> bool:
        return self.order.level is Level.PROVIDER

    @property
    def level_exists(self) -> bool:
        return self.order.level in self.entitlement.levels

    @property
    def is_doctor(self) -> bool | None:
        return is_doctor(self.reading)

    @property
    def provider_id(self) -> HsaId | None:
        """The care provider ordered, or the one responsible for the care unit."""
        if self.is_for_provider:
            return self.order.unit_id
        return self.unit.provider_id if isinstance(self.unit, Unit) else None

    @property
    def provider(self) -> Provider | None | Gap:
        """The care provider's entry; UNREAD also where the unit is not known."""
        return UNREAD if self.provider_id is None else certainty.provider(self.reading, self.provider_id)

    @property
    def subject_id(self) -> HsaId:
        """The id a role must name, as the entry has it where there is one."""
        entry = self.provider if self.is_for_provider else self.unit
        return entry.hsa_id if isinstance(entry, Unit | Provider) else self.order.unit_id

    @property
    def wanted_role(self) -> str | None:
        return catalogue.wanted_role(self.order.service, self.order.level, self.subject_id)

    @property
    def is_sub_unit_ordered(self) -> bool:
        return isinstance(self.unit, Unit) and self.unit.hsa_id != self.order.unit_id

    @property
    def names_units(self) -> bool:
        """Whether the service's role names a care unit (and not a care provider)."""
        return self.entitlement.role_subject is Subject.UNIT

    @property
    def roles(self) -> tuple[str, ...]:
        return self.reading.person.system_roles if self.reading.person else ()

    @property
    def unit_commissions(self) -> tuple[Commission, ...]:
        """The commissions that are child entries of the care unit, whatever their purpose."""
        if not isinstance(self.unit, Unit):
            return ()
        unit_id = self.unit.hsa_id
        return tuple(
            commission
            for commission in self.reading.commissions
            if commission.unit_id == unit_id and not commission.is_under_provider
        )

    @property
    def active_couplings(self) -> tuple[tuple[Commission, Coupling], ...]:
        """The person's couplings that count now on the care unit, each with its commission."""
        return tuple(
            (found, coupling)
            for found in self.unit_commissions
            if commissions.has_purpose(found, self.entitlement.purpose) and commissions.is_complete(found)
            for coupling in found.couplings
            if coupling.person_id == self.reading.person_id
            and periods.state(coupling.period, at=self.at) is PeriodState.ACTIVE
        )
