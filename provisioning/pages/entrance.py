"""“Do I get in?” in words: a card for each service, and the chain from person to service where not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from provisioning import access
from provisioning.assessments.entrance import Entrance, entrances
from provisioning.cases import candidates, step_times
from provisioning.directory import Directory, open_directory
from provisioning.errors import DirectoryError
from provisioning.mandates import current
from provisioning.models import User
from provisioning.pages import words
from provisioning.pages.words import CauseLine
from provisioning.rules.causes import Code, Mender
from provisioning.rules.hsa import Answer, HsaId, Unit
from provisioning.rules.services import catalogue
from provisioning.rules.services.login_answer import UnitAccess

Text = str | Promise

# Which link of the chain a cause breaks, by the first word of its code.
_LINK_OF = {
    "person": 0, "identity": 0,
    "commission": 1, "right": 1, "unit": 1, "provider": 1,
    "role": 2,
    "order": 3, "effect": 3,
}  # fmt: skip
_STATES: Mapping[str, tuple[str, Text]] = {
    "whole": ("success", gettext_lazy("In place")),
    "broken": ("error", gettext_lazy("Missing or wrong")),
    "unknown": ("question", gettext_lazy("Not known")),
    "unneeded": ("minus", gettext_lazy("Not needed")),
    "shut": ("error", gettext_lazy("Does not let you in")),
    "shut_to_them": ("error", gettext_lazy("Does not let the person in")),
}


@dataclass(frozen=True, slots=True)
class Link:
    """One link of the chain. `state` is a key of `_STATES`."""

    label: str
    state: str

    @property
    def icon(self) -> str:
        return _STATES[self.state][0]

    @property
    def words(self) -> Text:
        return _STATES[self.state][1]

    @property
    def css(self) -> str:
        return self.state.partition("_")[0]


@dataclass(frozen=True, slots=True)
class EntranceCard:
    """One service: whether the reader gets in, and what is to be done where not."""

    service: str
    answer: str
    sentences: tuple[str, ...]
    read_at: datetime
    unit: str = ""
    chain: tuple[Link, ...] = ()
    causes: tuple[CauseLine, ...] = ()
    administrators: str = ""  # who can mend it in KIV, by name, where it is theirs
    usual: str = ""
    order_url: str = ""  # only where an order helps
    case_url: str = ""  # an order for it is under way that the reader may see
    case_number: str = ""
    is_own: bool = True  # it is about the reader


def cards(user: User) -> list[EntranceCard] | None:
    """One card for each service; None where the directory does not answer."""
    mandates = current.for_display(user)
    if not mandates.is_known:
        return None
    try:
        directory = open_directory()
        headed = [unit.hsa_id for unit in mandates.units]
        found = entrances(directory, user.identity, unit_ids=headed)
        return [_card(user, directory, one, user.identity) for one in found]
    except DirectoryError:
        return None


def cards_about(
    reader: User, directory: Directory, person_id: HsaId, found: Iterable[Entrance]
) -> list[EntranceCard]:
    """The same of somebody else, said of the person. Raises DirectoryError."""
    return [_card(reader, directory, one, person_id) for one in found]


def gets_in_already(user: User) -> list[EntranceCard]:
    """The services that need no order by this person for themselves; empty where nobody can say."""
    return [card for card in cards(user) or () if card.answer == Answer.YES.value]


def _card(reader: User, directory: Directory, found: Entrance, person_id: HsaId) -> EntranceCard:
    is_own = person_id == reader.identity
    service, read_at = words.service_name(found.service.value), found.reading.read_at
    if found.answer is Answer.YES:
        said = tuple(dict.fromkeys(_gets_in(found, one) for one in found.accesses))
        return EntranceCard(service, found.answer.value, said, read_at, is_own=is_own)
    nearest = found.nearest
    if nearest is None:
        said = (_without_unit(found, is_own),)
        chain = _chain_without_unit(found, is_own)
        return EntranceCard(service, found.answer.value, said, read_at, chain=chain, is_own=is_own)
    unit = found.reading.units.get(nearest.effective_unit_id)
    mendable = nearest.can_be_granted_by_changes
    requests = access.own_requests(reader) if is_own else access.visible_requests(reader)
    case = (
        requests.open()
        .select_related(None)
        .select_related("order")
        .filter(
            subject_key=person_id.folded,
            service=found.service.value,
            unit_key=nearest.effective_unit_id.folded,
        )
        .first()
    )
    is_kivs = any(cause.mender is Mender.KIV_ADMINISTRATOR for cause in nearest.causes)
    return EntranceCard(
        service,
        found.answer.value,
        (_sentence(found.answer, is_own),),
        read_at,
        unit=unit.name if unit else "",
        chain=_chain(found, is_own),
        causes=words.cause_lines(nearest.causes, answer=found.answer.value),
        administrators=_administrators(person_id, directory, unit) if is_kivs and unit else "",
        usual=_usual(found) if mendable else "",
        order_url=reverse("order") if mendable and case is None and is_own else "",
        case_url=reverse("case", args=[case.public_id]) if case else "",
        case_number=case.case_number if case else "",
        is_own=is_own,
    )


def _gets_in(found: Entrance, one: UnitAccess) -> str:
    place = found.reading.units.get(one.id) or found.reading.providers.get(one.id)
    phrase = catalogue.words(found.service).roles[one.role].own
    return _(phrase) % {"unit": place.name if place else one.id.text}


def _sentence(answer: Answer, is_own: bool) -> str:
    if answer is Answer.UNKNOWN:
        if is_own:
            return _("We cannot say right now whether you get in.")
        return _("We cannot say right now whether the person gets in.")
    return _("No, you do not get in now.") if is_own else _("No, the person does not get in now.")


def _without_unit(found: Entrance, is_own: bool) -> str:
    if found.answer is Answer.UNKNOWN:
        return _sentence(found.answer, is_own)
    if not is_own:
        return _(
            "No. The directory shows no commission of the person, so the service cannot tell where they "
            "work. Write the unit, too, to see what is missing there."
        )
    return _(
        "No. The directory shows no commission of yours, so the service cannot tell where you work. An "
        "order helps if the unit has a commission that you can be coupled to: choose the unit to see."
    )


def _chain_without_unit(found: Entrance, is_own: bool) -> tuple[Link, ...]:
    if found.answer is Answer.UNKNOWN:
        return _links("unknown", "unknown", "unknown", "unknown")
    return _links("whole" if found.reading.person else "broken", "broken", "unknown", _shut(is_own))


def _chain(found: Entrance, is_own: bool) -> tuple[Link, ...]:
    """Each link by the causes that name it. What could not be read leaves the rest of the chain open."""
    nearest = found.nearest
    if nearest is None:
        return ()
    named = {cause.code.value.partition(".")[0] for cause in nearest.causes}
    broken = {_LINK_OF[word] for word in named if word in _LINK_OF}
    rest = "unknown" if "directory" in named else "whole"
    states = ["broken" if number in broken else rest for number in range(3)]
    if states[2] == "whole" and not _needs_role(found):
        states[2] = "unneeded"
    return _links(*states, "unknown" if found.answer is Answer.UNKNOWN else _shut(is_own))


def _shut(is_own: bool) -> str:
    return "shut" if is_own else "shut_to_them"


def _needs_role(found: Entrance) -> bool:
    nearest = found.nearest
    if nearest is None or Code.ORDER_ROLE_NOT_NEEDED in {cause.code for cause in nearest.warnings}:
        return False
    order, subject_id = nearest.order, nearest.effective_unit_id
    return catalogue.wanted_role(order.service, order.level, subject_id) is not None


def _links(*states: str) -> tuple[Link, ...]:
    labels = (_("Person"), _("Commission"), _("System role"), _("Service"))
    return tuple(Link(label, state) for label, state in zip(labels, states, strict=True))


def _administrators(person_id: HsaId, directory: Directory, unit: Unit) -> str:
    """Who can set a value for the person: nobody does for themself."""
    return words.names(candidates.kiv_administrators(directory, unit.dn, excluded={person_id})[:3])


def _usual(found: Entrance) -> str:
    """How long an order for the service takes here; empty where nothing can be said of it."""
    usual = step_times.usual(found.service.value)
    if usual is None:
        return ""
    return _("An order usually takes %(time)s here.") % {"time": words.length(usual.whole)}
