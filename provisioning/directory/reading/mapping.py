"""From an entry to the domain's value types: which attributes to ask for, and how to read them.

Texts stay as the directory has them. What kind of entry it is, its object classes say.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Iterator

from provisioning.directory.layout import Layout
from provisioning.directory.ldap.connection import Entry
from provisioning.directory.reading import fitting
from provisioning.rules import names
from provisioning.rules.hsa import Commission, Coupling, HsaId, Person, Provider, RawPeriod, Unit


def person_attributes(layout: Layout) -> list[str]:
    """What is asked of a person entry, and nothing else."""
    return _distinct(
        name_attributes(layout),
        layout.mail,
        (layout.titles, layout.title_codes, layout.group_prescription_codes, layout.system_roles),
        layout.start,
        layout.end,
    )


def name_attributes(layout: Layout) -> list[str]:
    """What of a person entry tells the name, and whether it may be shown."""
    return _distinct(
        ("objectClass", layout.hsa_identity),
        layout.person_name,
        layout.given_name,
        layout.surname,
        ("cn",),
        layout.protected_marks,
    )


def organisation_attributes(layout: Layout) -> list[str]:
    """What is asked of a unit or a provider: one list, so that one search can find both."""
    return _distinct(
        ("objectClass", layout.hsa_identity),
        layout.unit_name,
        layout.provider_name,
        (layout.unit_manager, layout.unit_members, layout.unit_provider, layout.unit_kinds),
        layout.provider_manager,
        layout.org_no,
        layout.start,
        layout.end,
    )


def commission_attributes(layout: Layout) -> list[str]:
    return _distinct(
        ("objectClass", layout.hsa_identity),
        layout.commission_name,
        (layout.commission_purpose, layout.commission_rights, layout.commission_members),
    )


def _distinct(*groups: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(name for group in groups for name in group))


def hsa_id(entry: Entry, layout: Layout) -> HsaId | None:
    """None also for a text longer than any HSA-id: nothing could be kept under it."""
    return _optional_id(entry.first(layout.hsa_identity))


def is_person(entry: Entry, layout: Layout) -> bool:
    """A person class, or none of the classes that make it something else (lenient with odd trees)."""
    if _has_class(entry, layout.person_classes):
        return True
    others = (
        layout.commission_classes + layout.unit_classes + layout.care_unit_classes + layout.provider_classes
    )
    return not _has_class(entry, others)


def is_commission(entry: Entry, layout: Layout) -> bool:
    return _has_class(entry, layout.commission_classes)


def is_provider(entry: Entry, layout: Layout) -> bool:
    return _has_class(entry, layout.provider_classes)


def is_care_unit(entry: Entry, layout: Layout) -> bool:
    """It has the class of a care unit, or the attributes that only this class allows.

    Source: HSA schema 5.3: hsaResponsibleHealthCareProvider and hsaHealthCareUnitMember belong to
    hsaHealthCareUnit. A head alone says nothing: a provider may have one.
    """
    if _has_class(entry, layout.care_unit_classes):
        return True
    return bool(entry.first(layout.unit_provider, layout.unit_members))


def is_unit(entry: Entry, layout: Layout) -> bool:
    """Any organisational entry with an HSA-id; a provider only when it is a care unit as well."""
    if is_commission(entry, layout) or _has_class(entry, layout.person_classes):
        return False
    if not _has_class(entry, layout.unit_classes + layout.care_unit_classes):
        return False
    return is_care_unit(entry, layout) or not is_provider(entry, layout)


def to_person(entry: Entry, layout: Layout) -> Person | None:
    """None when the entry has no HSA-id: such a person cannot be given anything."""
    identity = hsa_id(entry, layout)
    if identity is None:
        return None
    given_name = entry.first(*layout.given_name) or ""
    surname = entry.first(*layout.surname) or ""
    whole = entry.first(*layout.person_name) or f"{given_name} {surname}".strip()
    marks = entry.first(*layout.protected_marks) or ""
    return Person(
        hsa_id=identity,
        dn=entry.dn,
        name=_person_name(whole or entry.first("cn") or "") or identity.text,
        given_name=_person_name(given_name),
        surname=_person_name(surname),
        mails=tuple(value for name in layout.mail for value in entry.values(name) if value.strip()),
        titles=fitting.values(entry.values(layout.titles)),
        title_codes=fitting.values(entry.values(layout.title_codes)),
        group_prescription_codes=fitting.values(entry.values(layout.group_prescription_codes)),
        system_roles=fitting.values(entry.values(layout.system_roles)),
        period=_period(entry, layout),
        is_protected=_has_class(entry, layout.protected_classes) or marks.strip().upper() == "TRUE",
        is_archived=_has_class(entry, layout.archived_classes),
    )


def persons_in(entries: Iterable[Entry], layout: Layout) -> Iterator[Person]:
    """The persons among the entries, in their order; whoever has no HSA-id is left out."""
    for entry in entries:
        person = to_person(entry, layout) if is_person(entry, layout) else None
        if person is not None:
            yield person


def to_unit(entry: Entry, layout: Layout) -> Unit | None:
    identity = hsa_id(entry, layout)
    if identity is None:
        return None
    return Unit(
        hsa_id=identity,
        dn=entry.dn,
        name=_place_name(entry.first(*layout.unit_name) or "") or identity.text,
        is_care_unit=is_care_unit(entry, layout),
        provider_id=_optional_id(entry.first(layout.unit_provider)),
        manager_id=_optional_id(entry.first(layout.unit_manager)),
        member_ids=tuple(HsaId(text) for text in entry.values(layout.unit_members) if text.strip()),
        period=_period(entry, layout),
        is_archived=_has_class(entry, layout.archived_classes),
        kinds=fitting.values(entry.values(layout.unit_kinds)),
    )


def to_provider(entry: Entry, layout: Layout) -> Provider | None:
    identity = hsa_id(entry, layout)
    if identity is None:
        return None
    return Provider(
        hsa_id=identity,
        dn=entry.dn,
        name=_place_name(entry.first(*layout.provider_name) or "") or identity.text,
        org_no=entry.first(*layout.org_no),
        manager_id=_optional_id(entry.first(*layout.provider_manager)),
        period=_period(entry, layout),
        is_archived=_has_class(entry, layout.archived_classes),
    )


def to_commission(
    entry: Entry, layout: Layout, *, above: Entry | None, person_ids: Collection[HsaId]
) -> Commission:
    """`above` is the parent entry; only couplings of the given persons are kept."""
    return Commission(
        hsa_id=hsa_id(entry, layout),
        dn=entry.dn,
        name=_place_name(entry.first(*layout.commission_name) or ""),
        purpose=_optional_value(entry.first(layout.commission_purpose)),
        rights=fitting.values(entry.values(layout.commission_rights)),
        parent_dn=names.parent(entry.dn),
        unit_id=hsa_id(above, layout) if above is not None and is_unit(above, layout) else None,
        is_under_provider=above is not None and is_provider(above, layout) and not is_unit(above, layout),
        couplings=tuple(
            coupling
            for value in entry.values(layout.commission_members)
            if (coupling := to_coupling(value)).person_id in person_ids
        ),
    )


def to_coupling(raw: str) -> Coupling:
    """`<id>;<from>;<to>`; the dates may be missing. Source: domain, `id`, `id;;`, `id;from;`, `id;;to`.

    A fourth field stays glued to the last date, which makes it unreadable: a human decides.
    """
    identity, _, dates = raw.partition(";")
    start, _, end = dates.partition(";")
    return Coupling(HsaId(identity.strip()), RawPeriod(start or None, end or None), fitting.value(raw))


def _period(entry: Entry, layout: Layout) -> RawPeriod:
    return RawPeriod(entry.first(*layout.start), entry.first(*layout.end))


def _optional_id(text: str | None) -> HsaId | None:
    return HsaId(text) if text is not None and fitting.can_be_id(text) else None


def _optional_value(text: str | None) -> str | None:
    return None if text is None else fitting.value(text)


def _person_name(text: str) -> str:
    return fitting.name(text, at_most=fitting.PERSON_NAME_AT_MOST)


def _place_name(text: str) -> str:
    return fitting.name(text, at_most=fitting.PLACE_NAME_AT_MOST)


def _has_class(entry: Entry, classes: tuple[str, ...]) -> bool:
    return not _folded(classes).isdisjoint(_folded(entry.values("objectClass")))


@functools.lru_cache(maxsize=512)  # the same few combinations in every entry
def _folded(classes: tuple[str, ...]) -> frozenset[str]:
    return frozenset(name.casefold() for name in classes)
