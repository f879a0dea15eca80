"""Ready sentences of need and risk, by access and profession: a beginning that the orderer makes their own.

They are checked like everything that is written there. A region replaces them by a file, READY_REASONS_FILE.
Source: domain §5 (need and risk).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.conf import settings
from django.utils.translation import gettext as _

from provisioning.rules.hsa import Level, Service
from provisioning.rules.services.profession import DOCTOR_LICENCES
from provisioning.rules.services.wording import gettext_noop


@dataclass(frozen=True, slots=True)
class ReadyReason:
    """`access` as the form has it, `service:level`; `professions`: none where it holds for everybody."""

    access: str
    need: str
    risk: str
    professions: frozenset[str] = frozenset()

    @property
    def texts(self) -> tuple[str, str]:
        return self.need, self.risk


_DOCTORS = frozenset(one.casefold() for one in DOCTOR_LICENCES)

# The first that fits is offered.
_OURS = (
    ReadyReason(
        f"{Service.REHABSTOD}:{Level.UNIT}",
        gettext_noop(
            "Coordinates rehabilitation on the unit beside the work as a doctor, and needs to see the unit's "
            "current sick leave for that."
        ),
        gettext_noop(
            "Sees the current sick leave of the whole unit, also of other doctors' patients. The person "
            "opens only what the coordination takes, and knows that everything opened is logged and "
            "followed up."
        ),
        _DOCTORS,
    ),
    ReadyReason(
        f"{Service.REHABSTOD}:{Level.UNIT}",
        gettext_noop(
            "Works as rehabilitation coordinator on the unit, and needs to see its current sick leave to "
            "plan and follow up rehabilitation."
        ),
        gettext_noop(
            "Sees the current sick leave of the whole unit. The person opens only what the coordination "
            "takes, and knows that everything opened is logged and followed up."
        ),
    ),
    ReadyReason(
        f"{Service.REHABSTOD}:{Level.OWN}",
        gettext_noop(
            "Certifies sick leave on the unit, and needs an overview of the own patients' current sick leave."
        ),
        gettext_noop(
            "Sees only the sick leave that the person has certified. Knows that everything opened is logged "
            "and followed up."
        ),
    ),
    ReadyReason(
        f"{Service.INTYGSSTATISTIK}:{Level.UNIT}",
        gettext_noop(
            "Follows the unit's sick leave over time, to plan and improve how the unit works with it."
        ),
        gettext_noop(
            "Sees statistics without names. Small groups could still point to somebody: such figures are not "
            "passed on."
        ),
    ),
    ReadyReason(
        f"{Service.INTYGSSTATISTIK}:{Level.PROVIDER}",
        gettext_noop(
            "Leads the care provider's work with the sick leave process, and follows its units over time."
        ),
        gettext_noop(
            "Sees statistics of all units, without names. Small groups could still point to somebody: such "
            "figures are not passed on."
        ),
    ),
    ReadyReason(
        f"{Service.INTYGSBESTALLNING}:{Level.UNIT}",
        gettext_noop(
            "Receives and distributes orders of certificates to the unit as its care administrator."
        ),
        gettext_noop(
            "Sees all orders of certificates to the unit. The person opens only what the assignment takes, "
            "and knows that everything opened is logged and followed up."
        ),
    ),
)


def find(access: str, *, title: str) -> ReadyReason | None:
    """The sentences for this access and this title, in the reader's language; None where there are none."""
    held = {one.strip().casefold() for one in title.split(",")}
    return next(
        (one for one in _all() if one.access == access and (not one.professions or one.professions & held)),
        None,
    )


def is_ready(text: str) -> bool:
    """Say whether the text is one of the sentences as it stands, and so nobody's own words."""
    return text.strip() in {text for one in _all() for text in one.texts}


def _all() -> Iterator[ReadyReason]:
    if settings.READY_REASONS:
        for table in settings.READY_REASONS:
            professions = frozenset(one.casefold() for one in table["professions"])
            yield ReadyReason(table["access"], table["need"], table["risk"], professions)
        return
    for one in _OURS:
        yield ReadyReason(one.access, _(one.need), _(one.risk), one.professions)
