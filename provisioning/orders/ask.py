"""Who may ask what an order would do: the answer tells what the directory holds about a person.

About oneself anybody. About others on own units: heads of units, those they have delegated to, KIV
administrators; and the service desk everywhere. Each look at somebody else is recorded. Source: domain §7.
"""

from __future__ import annotations

from collections.abc import Collection

from django.db import transaction
from django.utils.translation import gettext as _

from provisioning.audit import events
from provisioning.audit.events import Action
from provisioning.directory import Directory
from provisioning.mandates.current import Mandates
from provisioning.models import User
from provisioning.orders.draft import Draft, Prepared, Refusal
from provisioning.rules.hsa import HsaId


def may_ask(directory: Directory, draft: Draft, *, by: User, mandates: Mandates) -> bool:
    """Say whether this person may see what the directory says about the draft. `mandates`: read just now.

    Nothing is read about the person it concerns; about a place only for a KIV administrator, to know where it
    lies. Raises DirectoryError.
    """
    return may_ask_about(directory, draft.person_id, draft.unit_ids, by=by, mandates=mandates)


def may_ask_about(
    directory: Directory, person_id: HsaId, place_ids: Collection[HsaId], *, by: User, mandates: Mandates
) -> bool:
    """The same of a person and the places asked about; only the service desk need name no place."""
    if person_id in mandates.ids_of(by.identity) or by.is_service_desk:
        return True
    return bool(place_ids) and all(_is_own_place(directory, one, by, mandates) for one in place_ids)


def may_ask_about_others(by: User, mandates: Mandates) -> bool:
    """Say whether there is anybody but themself this person may ask about, and so search for."""
    return by.is_service_desk or has_own_places(by, mandates)


def has_own_places(by: User, mandates: Mandates) -> bool:
    """Say whether there are units or care providers that are this person's, or lent to them."""
    holds = mandates.is_head_of_unit or mandates.is_kiv_administrator or bool(mandates.provider_ids(by))
    return holds or bool(mandates.delegated)


def _is_own_place(directory: Directory, place_id: HsaId, by: User, mandates: Mandates) -> bool:
    lent = {unit_id for one in mandates.delegated for unit_id in one.unit_ids}
    if place_id in mandates.unit_ids | mandates.provider_ids(by) | lent:
        return True
    if mandates.heads_unit_of(place_id):
        return True
    if not mandates.is_kiv_administrator:
        return False
    entry = directory.unit(place_id) or directory.provider(place_id)
    return entry is not None and mandates.administers(entry.dn)


def refusal() -> Refusal:
    """The one answer to everybody who may not ask: nothing in it depends on what the directory holds."""
    message = _(
        "You are not head of all these units, and ordering there has not been delegated to you. You can order"
        " for yourself. Otherwise ask the head of the unit to order."
    )
    return Refusal(message, "units", "order.not_head")


@transaction.atomic
def record_look(prepared: Prepared, *, by: User) -> None:
    """Record that the directory's answer about somebody else was shown, or that it was refused."""
    draft = prepared.draft
    if prepared.may_not_be_asked:
        events.record(Action.REFUSED, actor=by, code="order.may_not_ask", places=_keys(draft.unit_ids))
    elif prepared.is_about_somebody_else and prepared.person is not None:
        events.record_look(
            by=by,
            subject_key=prepared.person.hsa_id.folded,
            places=_keys(draft.unit_ids),
            service=draft.service.value,
            level=draft.level.value,
        )


@transaction.atomic
def record_looks(found: Collection[Prepared], *, by: User) -> None:
    """The same of many that were shown together: once for each person, and once for all that was refused."""
    refused = {one for each in found if each.may_not_be_asked for one in each.draft.unit_ids}
    if refused:
        events.record(Action.REFUSED, actor=by, code="order.may_not_ask", places=sorted(_keys(refused)))
    seen: dict[str, set[HsaId]] = {}
    for each in found:
        if each.is_about_somebody_else and each.person is not None:
            seen.setdefault(each.person.hsa_id.folded, set()).update(each.draft.unit_ids)
    for subject_key, places in seen.items():
        events.record_look(by=by, subject_key=subject_key, places=sorted(_keys(places)))


def _keys(ids: Collection[HsaId]) -> list[str]:
    return [one.folded for one in ids]
