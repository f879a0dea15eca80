"""What an orderer can choose: persons found by a search, own units, and units and care providers found."""

from __future__ import annotations

import enum
import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from provisioning.directory import Directory, Matches
from provisioning.errors import Invalid
from provisioning.mandates.current import Mandates
from provisioning.models import User
from provisioning.pages import words
from provisioning.rules.hsa import HsaId, Person, Provider, Reading, Unit, typed, typed_id
from provisioning.rules.mandates import Delegable

MOST_FOUND = 20
MOST_PERSONS = 10  # the directory is no telephone book
FEWEST_LETTERS = 3
_LOOKED_AMONG = 50  # to have those of own units first
_BEGINS_AS_AN_ID = re.compile(r"(SE|TSTNMT)?\d{2}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Option:
    """Something to choose: a person, or a unit with the group it stands in."""

    value: str
    label: str
    note: str = ""
    group: str = ""
    is_provider: bool = False
    is_inner: bool = False  # a sub-unit, shown under its care unit
    title: str = ""  # a person's licensed profession, as the directory has it

    @property
    def choice(self) -> tuple[str, str | SafeString]:
        if not self.note:
            return self.value, self.label
        return self.value, format_html('{} <span class="app-quiet">{}</span>', self.label, self.note)


class PlaceKind(enum.Enum):
    """What an access is given for."""

    UNITS = enum.auto()
    PROVIDERS = enum.auto()


def fits(option: Option, kind: PlaceKind | None) -> bool:
    """Say whether the place can be chosen for such an access; every place where none is chosen yet."""
    return kind is None or option.is_provider is (kind is PlaceKind.PROVIDERS)


def _no_fitting_message(kind: PlaceKind | None) -> str:
    if kind is PlaceKind.PROVIDERS:
        return _("Only units match. The access that you have chosen is for care providers.")
    return _("Only care providers match. The access that you have chosen is for units.")


@dataclass(frozen=True, slots=True)
class FoundOptions:
    """What a search gave; `is_cut`: there are more than are shown."""

    options: tuple[Option, ...]
    is_cut: bool = False


def myself(user: User) -> Option:
    return Option(user.hsa_id, _("Myself"), note=f"{user.name} ({user.hsa_id})")


def search_persons(directory: Directory, text: str, *, own_units: Collection[HsaId] = ()) -> FoundOptions:
    """Persons by name, mail address or exact HSA-id; a protected person by exact HSA-id only, name masked.

    Few, those with a commission on one of the searcher's own units first, and each with a unit: of five with
    the same name one must be chosen. Raises Invalid for something
    that is neither a name nor an HSA-id, is too short, or matches nobody; DirectoryError.
    """
    text = typed(text)
    if "@" in text:
        return _found(directory, directory.persons_by_mail(text, limit=MOST_PERSONS), text, own_units)
    if _has_digit(text):
        return FoundOptions((person_option(_by_exact_id(directory, text)),))
    if sum(character.isalpha() for character in text) < FEWEST_LETTERS:
        raise Invalid(
            _("Write at least three letters of the name."), code="search.short", field="person_search"
        )
    return _found(directory, directory.find_persons(text, limit=_LOOKED_AMONG), text, own_units)


def _found(
    directory: Directory, found: Matches[Person], text: str, own_units: Collection[HsaId]
) -> FoundOptions:
    persons = [person for person in found.items if not person.is_protected]
    if not persons:
        message = _("Nobody in the directory matches “%(text)s”. Check the spelling, or use the HSA-id.")
        raise Invalid(message % {"text": text}, code="search.nobody", field="person_search")
    own = frozenset(own_units)
    readings = {one.person_id: one for one in directory.read_many([(one.hsa_id, ()) for one in persons])}
    places = {person.hsa_id: _place_of(readings.get(person.hsa_id), own) for person in persons}
    persons.sort(key=lambda person: not places[person.hsa_id].is_own)
    options = tuple(
        person_option(person, unit=places[person.hsa_id].name) for person in persons[:MOST_PERSONS]
    )
    return FoundOptions(options, found.is_cut or len(persons) > MOST_PERSONS)


@dataclass(frozen=True, slots=True)
class _PersonsPlace:
    """Where somebody works, as far as one unit says it."""

    name: str = ""
    is_own: bool = False


def _place_of(reading: Reading | None, own: frozenset[HsaId]) -> _PersonsPlace:
    """A unit of the person's commissions: one of the searcher's own, where there is one."""
    units = [] if reading is None else _coupled_units(reading)
    near = [unit for unit in units if unit.hsa_id in own]
    first = next(iter(near or units), None)
    return _PersonsPlace() if first is None else _PersonsPlace(first.name, is_own=bool(near))


def usual_place(directory: Directory, person_id: HsaId, offered: Collection[Option]) -> str:
    """The place among these where the person works, where it is one alone; else the only care unit; or none.

    Raises DirectoryError.
    """
    care_units = [one for one in offered if not one.is_provider and not one.is_inner]
    reading = next(iter(directory.read_many([(person_id, ())])), None)
    at_work = {unit.hsa_id.text for unit in _coupled_units(reading)} if reading is not None else set()
    near = [one.value for one in care_units if one.value in at_work]
    if len(near) == 1:
        return near[0]
    return care_units[0].value if len(care_units) == 1 else ""


def search_units(directory: Directory, text: str, *, of: PlaceKind | None = None) -> FoundOptions:
    """Units and care providers, by name or by exact HSA-id; `of`: those of the kind that fit the access.

    Raises Invalid when nothing matches; DirectoryError.
    """
    text = typed(text)
    options: list[Option] = []
    is_cut = False
    if _has_form(text):
        provider = directory.provider(typed_id(text))
        unit = directory.unit(typed_id(text))
        options = [
            *([unit_option(unit, _found_group())] if unit else []),
            *([provider_option(provider)] if provider else []),
        ]
    else:
        found = directory.find_units(text, limit=MOST_FOUND)
        providers = directory.find_providers(text, limit=MOST_FOUND)
        is_cut = found.is_cut or providers.is_cut
        options = [
            *(unit_option(unit, _found_group()) for unit in found.items),
            *(provider_option(provider) for provider in providers.items),
        ]
    fitting = [one for one in options if fits(one, of)]
    if options and not fitting:
        raise Invalid(_no_fitting_message(of), code="unit.kind", field="unit_search")
    options = fitting
    if not options:
        if _has_form(text) and directory.person(typed_id(text)) is not None:
            message = _("This is the HSA-id of a person, not of a place. Choose the person further up.")
            raise Invalid(message, code="unit.is_person", field="unit_search")
        raise _no_unit(text)
    return FoundOptions(tuple(options), is_cut)


def _no_unit(text: str) -> Invalid:
    """Why nothing was found. A unit's name may hold digits, so only the beginning tells an HSA-id."""
    if _has_form(text):
        return Invalid(
            _("The directory has no unit with this HSA-id."), code="unit.unknown", field="unit_search"
        )
    if _BEGINS_AS_AN_ID.match(text):
        return Invalid(_no_id_message(), code="unit.form", field="unit_search")
    message = _("No unit in the directory matches “%(text)s”. Check the spelling, or use the HSA-id.")
    return Invalid(message % {"text": text}, code="search.no_unit", field="unit_search")


def own_units(directory: Directory, user: User, mandates: Mandates) -> tuple[Option, ...]:
    """What the person most likely orders for: units headed, units of own commissions, their providers.

    Raises DirectoryError.
    """
    options = [*headed_units(directory, mandates)]
    lent = directory.units(_lent_for_ordering(mandates))
    options += [unit_option(unit, _("Delegated to you")) for unit in lent.values()]
    commissioned = _commissioned(directory, user)
    options += [unit_option(unit, _("Units of your commissions")) for unit in commissioned]
    provider_ids = dict.fromkeys(
        unit.provider_id for unit in (*mandates.units, *commissioned) if unit.provider_id
    )
    options += [provider_option(provider) for provider in directory.providers(provider_ids).values()]
    return unique(options)


def _lent_for_ordering(mandates: Mandates) -> set[HsaId]:
    """Units where somebody else's mandate to order is lent to the person."""
    return {
        unit_id for one in mandates.delegated if one.kind is Delegable.ORDERING for unit_id in one.unit_ids
    }


def headed_units(directory: Directory, mandates: Mandates) -> tuple[Option, ...]:
    """The units the person is head of, each with its sub-units. Raises DirectoryError."""
    inner = directory.units([unit_id for unit in mandates.units for unit_id in unit.member_ids])
    options: list[Option] = []
    for unit in mandates.units:
        options.append(unit_option(unit, _("Your units")))
        members = [inner[unit_id] for unit_id in unit.member_ids if unit_id in inner]
        options += [unit_option(member, _("Your units"), is_inner=True) for member in members]
    return unique(options)


def unique(options: Iterable[Option]) -> tuple[Option, ...]:
    """Each choice once, where it stands first."""
    kept: dict[str, Option] = {}
    for option in options:
        kept.setdefault(option.value, option)
    return tuple(kept.values())


def _commissioned(directory: Directory, user: User) -> list[Unit]:
    return _coupled_units(directory.read(user.identity))


def _coupled_units(reading: Reading) -> list[Unit]:
    """The units of the commissions to which the person is coupled, each once."""
    ids = dict.fromkeys(
        commission.unit_id
        for commission in reading.commissions
        if commission.unit_id
        and any(coupling.person_id == reading.person_id for coupling in commission.couplings)
    )
    return [unit for unit_id in ids if (unit := reading.units.get(unit_id)) is not None]


def _by_exact_id(directory: Directory, text: str) -> Person:
    """The person with this HSA-id. A text with a digit is taken for one, as names hold no digits."""
    if not _has_form(text):
        raise Invalid(_no_id_message(), code="person.form", field="person_search")
    person = directory.person(typed_id(text))
    if person is None:
        place = directory.unit(typed_id(text)) or directory.provider(typed_id(text))
        if place is not None:
            message = _("This is the HSA-id of %(place)s, not of a person. Choose the place further down.")
            raise Invalid(message % {"place": place.name}, code="person.is_place", field="person_search")
        message = _("Nobody in the directory has the HSA-id %(id)s. Check it, or search by name.")
        raise Invalid(message % {"id": typed_id(text)}, code="person.missing", field="person_search")
    return person


def _no_id_message() -> str:
    return _(
        "This is not an HSA-id. It looks like SE0000000000-AB12: "
        "SE, ten digits, a hyphen and up to 18 letters or digits."
    )


def _has_form(text: str) -> bool:
    return typed_id(text).has_form(strict=settings.HSA_ID_FORM == "strict")


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def person_option(person: Person, *, unit: str = "") -> Option:
    """The person with title and unit. Of a protected one the HSA-id alone."""
    if person.is_protected:
        return Option(person.hsa_id.text, str(words.MASKED), note=person.hsa_id.text, group="protected")
    title = ", ".join(person.titles)
    note = ", ".join(filter(None, (title, unit, person.hsa_id.text)))
    return Option(person.hsa_id.text, person.name, note=note, title=title)


def unit_option(unit: Unit, group: str, *, is_inner: bool = False) -> Option:
    return Option(unit.hsa_id.text, unit.name, note=unit.hsa_id.text, group=group, is_inner=is_inner)


def provider_option(provider: Provider) -> Option:
    group = _("Care providers (for process leaders only)")
    return Option(
        provider.hsa_id.text, provider.name, note=provider.hsa_id.text, group=group, is_provider=True
    )


def _found_group() -> str:
    return _("Found in the directory")
