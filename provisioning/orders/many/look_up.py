"""What the directory says of each line, before anything is written: in few searches for all of them.

Each line is judged alone: what is wrong with one stands in its row, and the others can be sent all the same.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from django.conf import settings
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from provisioning import dates
from provisioning.assessments import reading
from provisioning.errors import DirectoryError
from provisioning.models import ManyOrder, Order, OrderLine, User
from provisioning.orders import prepare
from provisioning.orders.draft import Draft, Prepared, PreparedItem, Refusal, asks_for_signed_assignment
from provisioning.orders.many.lines import (
    WantedLine,
    access_of,
    choice_of,
    day_of,
    offered,
    require_not_too_many,
)
from provisioning.rules.hsa import HsaId, Level, Person, Service, typed_id
from provisioning.rules.states.request import ENDED, RequestState


@dataclass(frozen=True, slots=True)
class ForAll:
    """What the page says once, for every row that does not say it: accesses are `service:level`."""

    accesses: tuple[str, ...] = ()
    units: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    starts_on: str = ""
    ends_on: str = ""
    need: str = ""
    risk: str = ""
    signed: str = ""
    choice: str = ""


@dataclass(frozen=True, slots=True)
class JudgedLine:
    """One line with what the directory says, and what stands in the way. `doubt`: is it somebody else?"""

    line: WantedLine
    prepared: Prepared | None = None
    refusals: tuple[Refusal, ...] = ()
    doubt: str = ""

    @property
    def item(self) -> PreparedItem | None:
        return self.prepared.items[0] if self.prepared and self.prepared.items else None

    @property
    def person(self) -> Person | None:
        return self.prepared.person if self.prepared else None

    @property
    def may_be_sent(self) -> bool:
        """Whether it can be sent as it stands."""
        return self.prepared is not None and not self.refusals and not self.doubt


def expanded(lines: Iterable[WantedLine], for_all: ForAll) -> list[WantedLine]:
    """Each line with what the page says: one for every access and place that it leaves open.

    Raises Invalid where that makes more lines than one order may have.
    """
    found: list[WantedLine] = []
    for line in lines:
        if line.problem:
            found.append(line)
            continue
        filled = replace(
            line,
            starts_on=line.starts_on or for_all.starts_on,
            ends_on=line.ends_on or for_all.ends_on,
            need=line.need or for_all.need,
            risk=line.risk or for_all.risk,
            signed=line.signed or for_all.signed,
            choice=line.choice or for_all.choice,
        )
        for access in [line.access] if line.access else for_all.accesses or ("",):
            key = access_of(access)
            named = f"{key[0].value}:{key[1].value}" if key else access
            places = for_all.providers if key and key[1] is Level.PROVIDER else for_all.units
            for unit in [line.unit] if line.unit else places or ("",):
                found.append(replace(filled, access=named, unit=unit))
        require_not_too_many(len(found))
    return found


def judged(lines: Sequence[WantedLine], *, by: User) -> list[JudgedLine]:
    """Look all lines up. Writes nothing. Raises DirectoryError when nothing at all is known."""
    drafts = [_draft(line) for line in lines]
    ready = [one for one in drafts if isinstance(one, Draft)]
    prepared = iter(prepare.prepare_together(ready, by=by)) if ready else iter(())
    found: list[JudgedLine] = []
    firsts: dict[tuple[HsaId, Service, Level, HsaId], WantedLine] = {}
    for line, draft in zip(lines, drafts, strict=True):
        if isinstance(draft, Draft):
            found.append(_judged(line, next(prepared), firsts))
        else:
            found.append(JudgedLine(line, refusals=tuple(draft)))
    return found


def unheard(lines: Iterable[WantedLine], error: DirectoryError) -> list[JudgedLine]:
    """The lines where the directory said nothing at all: each can be looked up again."""
    silent = Refusal(str(error.user_message), "", error.code)
    return [JudgedLine(line, refusals=(silent,)) for line in lines]


def lines_to_send_again(order: Order) -> list[WantedLine]:
    """What of an order for many came to nothing: refused before it was placed, or ended without access."""
    many = getattr(order, "many", None)
    if many is None:
        return []
    ended = [state.value for state in ENDED if state is not RequestState.DONE]
    rows = many.lines.filter(
        Q(state=OrderLine.LineState.REFUSED) | Q(state=OrderLine.LineState.PLACED, request__state__in=ended)
    )
    return [
        WantedLine(
            row.row,
            person=row.person_hsa_id,
            access=f"{row.service}:{row.level}",
            unit=row.unit_hsa_id,
            starts_on=max(row.starts_on, dates.today()).isoformat(),
            ends_on=row.ends_on.isoformat(),
            need=row.need or order.need,
            risk=row.risk_statement or order.risk_statement,
            signed=row.signed_assignment_on.isoformat() if row.signed_assignment_on else "",
            choice=row.if_missing,
        )
        for row in rows
    ]


def _draft(line: WantedLine) -> Draft | list[Refusal]:
    """The line as an order of its own; what cannot be understood in it is said of all its cells at once."""
    key, starts_on, ends_on = access_of(line.access), day_of(line.starts_on), day_of(line.ends_on)
    wrong = [
        Refusal(message, field, f"line.{field}")
        for message, field in (
            (line.problem, "person"),
            (_person_problem(line), "person"),
            ("" if key else _access_problem(line), "access"),
            ("" if line.unit else _("No place is named. Write the unit's HSA-id."), "units"),
            ("" if starts_on else _day_problem(line.starts_on, _("first day")), "starts_on"),
            ("" if ends_on else _day_problem(line.ends_on, _("last day")), "ends_on"),
            (_signed_problem(line, key), "signed_assignment_on"),
            (_choice_problem(line), "if_missing"),
        )
        if message
    ]
    if line.problem:
        return wrong[:1]
    if wrong or key is None or starts_on is None or ends_on is None:
        return wrong
    return Draft(
        person_id=typed_id(line.person),
        service=key[0],
        level=key[1],
        unit_ids=(typed_id(line.unit),),
        starts_on=starts_on,
        ends_on=ends_on,
        need=line.need,
        risk_statement=line.risk,
        signed_assignment_on=day_of(line.signed),
        if_missing=choice_of(line.choice),
        submission=uuid.UUID(int=0),  # the order of the lines has one; a line has none
    )


def _person_problem(line: WantedLine) -> str:
    if not line.person:
        return _("There is no HSA-id in this row. Write the person's HSA-id.")
    if not typed_id(line.person).has_form(strict=settings.HSA_ID_FORM == "strict"):
        return _("“%(text)s” is not an HSA-id. It looks like SE0000000000-AB12.") % {"text": line.person}
    return ""


def _access_problem(line: WantedLine) -> str:
    if not line.access:
        return _("No access is named. Choose one for all rows, or write it in the row.")
    return _("“%(text)s” is none of the accesses that can be ordered here.") % {"text": line.access}


def _signed_problem(line: WantedLine, key: tuple[Service, Level] | None) -> str:
    """Only what is no day: whether one is missing, the order's own rules say."""
    if key is None or not line.signed or day_of(line.signed) or not asks_for_signed_assignment(*key):
        return ""
    return _day_problem(line.signed, _("day of the signed assignment"))


def _choice_problem(line: WantedLine) -> str:
    return _("Choose what is to happen.") if line.choice and choice_of(line.choice) is None else ""


def _day_problem(text: str, which: str) -> str:
    if not text:
        return _("The %(which)s is missing.") % {"which": which}
    return _("“%(text)s” is no day. Write the %(which)s as 2027-01-31.") % {"text": text, "which": which}


def _judged(
    line: WantedLine, prepared: Prepared, firsts: dict[tuple[HsaId, Service, Level, HsaId], WantedLine]
) -> JudgedLine:
    refusals = [*prepared.all_refusals]
    draft, item = prepared.draft, prepared.items[0] if prepared.items else None
    place_id = item.unit.hsa_id if item is not None and item.unit is not None else draft.unit_ids[0]
    first = firsts.setdefault((draft.person_id, draft.service, draft.level, place_id), line)
    if first is not line:
        refusals.append(Refusal(_twin_message(first, line), "person", "line.twice"))
    doubt = "" if line.is_sure or prepared.person is None else _doubt(line, prepared.person)
    return JudgedLine(line, prepared, tuple(refusals), doubt)


def _twin_message(first: WantedLine, line: WantedLine) -> str:
    if (first.starts_on, first.ends_on) != (line.starts_on, line.ends_on):
        message = _("The same person, access and care unit stand in row %(row)d with other days. Keep one.")
    else:
        message = _("The same person, access and care unit stand in row %(row)d already.")
    return message % {"row": first.number}


def _doubt(line: WantedLine, person: Person) -> str:
    """Why name or address beside the HSA-id seem another's. Of a protected person nothing is told."""
    if person.is_protected:
        return ""
    written, known = _words(line.name), _words(f"{person.name} {person.given_name} {person.surname}")
    has_other_name = bool(written) and not written & known
    mails = {mail.strip().casefold() for mail in person.mails}
    has_other_mail = bool(line.mail) and bool(mails) and line.mail.casefold() not in mails
    if has_other_name or (has_other_mail and not written):
        message = _("The row says %(written)s, and the directory has %(name)s for this HSA-id.")
        return message % {"written": line.name or line.mail, "name": person.name}
    return ""


def _words(text: str) -> set[str]:
    return {word for word in text.casefold().replace(",", " ").split() if len(word) > 1}


# -- what tells one sending from another --------------------------------------------------------------------


def mark(prepared: Prepared) -> str:
    """What the directory said of a line's item, in short: is it still what was shown?"""
    (item,) = prepared.items
    verdict = reading.verdict(item.assessment) if item.assessment else {}
    end = item.live_grant.ends_on.isoformat() if item.live_grant else None
    said = [verdict, item.is_attested_by_order, end]
    return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


def content_key(lines: Iterable[WantedLine], by: User) -> str:
    """Tells the same lines by the same person, in whatever order; nothing in it can be read."""
    cells = sorted(
        (line.person.casefold(), line.access, line.unit.casefold(), line.starts_on, line.ends_on)
        for line in lines
    )
    content = json.dumps([by.hsa_key, cells])
    return salted_hmac("provisioning.orders.many", content, algorithm="sha256").hexdigest()


def sent_before(key: str, by: User) -> ManyOrder | None:
    """The latest order of this person with the same lines."""
    rows = ManyOrder.objects.filter(content_key=key, order__orderer=by)
    return rows.select_related("order").order_by("-pk").first()


def template_row(today: date, last_day: date) -> list[str]:
    """An example of a line, in the template's columns."""
    service, level = offered()[0]
    signed = [""] if settings.SIGNED_ASSIGNMENT_FOR else []
    return [
        "SE0000000000-AB12",
        "",
        "",
        f"{service.value}:{level.value}",
        "SE0000000000-CD34",
        today.isoformat(),
        last_day.isoformat(),
        "",
        "",
        "",
        *signed,
    ]
