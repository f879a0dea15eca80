"""What has been delegated to somebody, in words: what, where, by whom and until when."""

from __future__ import annotations

from django.utils.translation import gettext as _

from provisioning import access, dates
from provisioning.models import Delegation, DelegationKind, User
from provisioning.pages import words


def in_force(user: User) -> list[Delegation]:
    """Those that count today, one after another by unit."""
    rows = Delegation.objects.usable(dates.today()).filter(delegate=user)
    return list(rows.select_related("principal", "delegate").order_by("unit_name", "kind", "pk"))


def sentences(user: User) -> list[str]:
    """One sentence for each delegation."""
    return [_sentence(user, row) for row in in_force(user)]


def as_role(user: User) -> str:
    """The same for the header of every page, in one short line; empty where nothing is delegated."""
    rows = in_force(user)
    if not rows:
        return ""
    units = {row.unit_key for row in rows}
    if len(units) > 1:
        return _("By delegation on %(count)d units") % {"count": len(units)}
    details = {
        "what": what({row.kind for row in rows}),
        "unit": rows[0].unit_name,
        "date": dates.in_words(max(row.ends_on for row in rows)),
    }
    return _("By delegation until %(date)s: %(what)s on %(unit)s") % details


def what(kinds: set[str]) -> str:
    """What may be done by delegations of these kinds, as a verb."""
    if len(kinds) > 1:
        return _("order and approve")
    return _("order") if DelegationKind.ORDERING in kinds else _("approve")


def _sentence(user: User, row: Delegation) -> str:
    principal = row.principal
    is_shown = access.may_read_party(user, principal, row)
    return _("You may %(what)s on %(unit)s by delegation from %(principal)s, until %(date)s.") % {
        "what": what({row.kind}),
        "unit": row.unit_name,
        "principal": (principal.name or principal.hsa_id) if is_shown else str(words.MASKED),
        "date": dates.in_words(row.ends_on),
    }
