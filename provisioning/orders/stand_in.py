"""Choosing and withdrawing in the place of an orderer who is gone, or does not answer: who may.

Source: domain §7 (no case waits for somebody who is not there).
"""

from __future__ import annotations

from typing import TypedDict

from provisioning import dates
from provisioning.directory import Directory, open_directory
from provisioning.mandates import current
from provisioning.mandates.current import Mandates
from provisioning.models import AccessRequest, HandlerRole, User
from provisioning.rules.mandates import has_left


def orderer_is_gone(directory: Directory, request: AccessRequest) -> bool:
    """Ask the directory whether the orderer has left. Raises DirectoryError."""
    return has_left(directory.person(request.orderer_id), on=dates.today())


class StandInGrounds(TypedDict):
    """What `may` needs of the directory."""

    mandates: Mandates
    is_gone: bool


def ask(request: AccessRequest, *, by: User) -> StandInGrounds:
    """Ask the directory what this person holds, and whether the orderer is there. Raises DirectoryError."""
    return StandInGrounds(
        mandates=current.read(by.identity), is_gone=orderer_is_gone(open_directory(), request)
    )


def may(request: AccessRequest, *, by: User, mandates: Mandates | None, is_gone: bool) -> bool:
    """Say whether this person may choose and withdraw in the orderer's place.

    `mandates`: read just now. `is_gone`: the orderer has left, as the directory said just now; else only who
    was asked by the ladder may.
    """
    if mandates is None or not mandates.may_order_at(request.unit_id, request.unit_dn, by):
        return False
    return is_gone or request.handlers.filter(person_key=by.pk, role=HandlerRole.CHOOSER).exists()
