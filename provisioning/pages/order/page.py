"""The order page: one form, with searches and a look into the directory on the way, without JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib import messages
from django.core import signing
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from provisioning import access, dates
from provisioning.directory import Directory, open_directory
from provisioning.errors import DirectoryError, Invalid
from provisioning.login import unsent_forms
from provisioning.mandates import current
from provisioning.models import AccessRequest, Grant, UnsentForm, User
from provisioning.orders import ask, prepare, prolong, ready_reasons
from provisioning.orders.draft import Prepared, Refusal
from provisioning.orders.refusals import STILL_TO_BE_WRITTEN
from provisioning.pages import entrance, sticking_words, words
from provisioning.pages.answers import acting_user
from provisioning.pages.fields import is_number
from provisioning.pages.order import begun, choices, preview, second_send
from provisioning.pages.order.choices import FoundOptions, Option, PlaceKind
from provisioning.pages.order.forms import OrderForm, first_order, kind_of, offered
from provisioning.rights import presence
from provisioning.rules.dates import deadlines
from provisioning.rules.hsa import HsaId, Level
from provisioning.rules.states.right import GrantState
from workflows import steps

_SALT = "workflows.order.shown"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page offers to choose from, carried with the form: a silent directory loses nothing of it."""

    persons: tuple[Option, ...] = ()
    units: tuple[Option, ...] = ()
    person_search: str = ""  # what was searched for last
    unit_search: str = ""
    is_cut: str = ""  # the search whose answer was cut
    placed: str = ""  # the person whose usual place has been looked up
    lacks_own: bool = False  # the directory was silent when the own units were asked for

    def dump(self) -> str:
        return signing.dumps(asdict(self), salt=_SALT, compress=True)

    @classmethod
    def load(cls, text: str) -> Shown:
        """What the form carried; nothing, where somebody changed it."""
        try:
            data: dict[str, Any] = signing.loads(text, salt=_SALT)
        except signing.BadSignature:
            return cls()
        persons, units = (
            tuple(Option(**option) for option in data.pop(name)) for name in ("persons", "units")
        )
        return cls(persons, units, **data)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def order(request: HttpRequest) -> HttpResponse:
    """Order access for oneself or, as head of unit, for somebody else."""
    user = acting_user(request)
    if request.method != "POST":
        return _resumed(request, user) or _empty(request, user)
    if request.POST.get("action") == "start_over":
        begun.throw_away(request, user)
        return redirect("order")
    if "starts_on" not in request.POST:
        request.POST = _begun_elsewhere(request, user)  # type: ignore[assignment]
    shown = _made_whole(_shown(request.POST, user), user)
    action = _action(request.POST, shown)
    if action == "search_person":
        return _search_person(request, user, shown)
    if action == "search_unit":
        return _search_unit(request, shown)
    if action in ("glance", "ready"):
        return _glance(request, user, shown, takes_ready=action == "ready")
    return _look_or_send(request, user, shown, is_sent=action == "send")


def _shown(data: QueryDict, user: User) -> Shown:
    shown = Shown.load(data.get("shown", ""))
    return shown if shown.persons else replace(shown, persons=(choices.myself(user),))


def _made_whole(shown: Shown, user: User) -> Shown:
    """With the own units, as soon as a directory that was silent when the page was opened answers again."""
    if not shown.lacks_own:
        return shown
    try:
        own = choices.own_units(open_directory(), user, current.read(user.identity))
    except DirectoryError:
        return shown
    return replace(shown, units=choices.unique([*own, *shown.units]), lacks_own=False)


def _action(data: QueryDict, shown: Shown) -> str:
    """The button that was pressed. Enter in a search field searches, elsewhere it shows the preview."""
    pressed = data.get("action", "")
    searches = {"person_search": "search_person", "unit_search": "search_unit"}
    if pressed in searches.values():
        return pressed
    for name, action in searches.items():
        text = data.get(name, "").strip()
        if text and text != getattr(shown, name):
            return action
    return pressed


def _resumed(request: HttpRequest, user: User) -> HttpResponse | None:
    """The order that was begun, as it was left; not where the address itself says what to begin with."""
    row = begun.wanted(request, user)
    if row is None:
        return None
    data, shown = _from_draft(row, user, *_opening(request, user))
    return _page(request, _unchecked(data, shown), shown, is_resumed=True)


def _begun_elsewhere(request: HttpRequest, user: User) -> QueryDict:
    """What the start page sent, the person to search for, in the order that was begun or in a new one."""
    row = unsent_forms.latest(user, request.path)
    initial, shown = _opening(request, user)
    if row is None:
        data = QueryDict(mutable=True)
        data.update({name: str(value) for name, value in initial.items()})
    else:
        data, shown = _from_draft(row, user, initial, shown)
    data["shown"] = shown.dump()
    for name in ("person_search", "action"):
        data[name] = request.POST.get(name, "")
    _take_wanted(data, request.POST.get("wanted", ""), shown)
    return data


def _take_wanted(data: QueryDict, text: str, shown: Shown) -> None:
    """What a page about a unit wants ordered: person, access and unit, apart from each other by bars."""
    person, bar, rest = text.partition("|")
    access_wanted, _bar, unit = rest.partition("|")
    if not bar:
        return
    data["person_search"], data["action"] = person, "search_person"
    if access_wanted in offered():
        data["access"] = access_wanted
    if unit in {option.value for option in shown.units}:
        data.setlist("units", [unit])


def _from_draft(
    row: UnsentForm, user: User, initial: dict[str, Any], shown: Shown
) -> tuple[QueryDict, Shown]:
    """The draft as it was left, and what the page offers with it."""
    data = begun.filled_in(row, initial)
    persons, units = begun.chosen(data, user, offered={option.value for option in shown.units})
    return data, replace(
        shown,
        persons=choices.unique([*shown.persons, *persons]),
        units=choices.unique([*shown.units, *units]),
    )


def _opening(request: HttpRequest, user: User) -> tuple[dict[str, Any], Shown]:
    """What a new order holds and offers."""
    today = dates.today()
    initial = first_order(today, deadlines.latest_end(today) - timedelta(days=1))
    shown = Shown(persons=(choices.myself(user),))
    try:
        shown = replace(shown, units=choices.own_units(open_directory(), user, current.read(user.identity)))
    except DirectoryError as exc:
        messages.error(request, str(exc.user_message))
        shown = replace(shown, lacks_own=True)
    return initial, shown


def _empty(request: HttpRequest, user: User) -> HttpResponse:
    """The page as it opens; `kopia` names a case to begin from, `forlang` a right to prolong."""
    today = dates.today()
    initial, shown = _opening(request, user)
    if not _may_search(user):
        initial |= _for_myself(user, shown)
    source = _copied(user, request.GET.get("kopia", ""))
    grant = _prolonged(user, request.GET.get("forlang", ""))
    if source is None and grant is not None:
        source = grant.requests.order_by("-pk").first() or grant.origin
    if source is not None:
        shown, known = _from(user, source, shown)
        initial |= known
    if grant is not None:
        initial |= {
            "starts_on": max(today, prolong.next_first_day(grant)),
            "ends_on": prolong.next_last_day(grant),
        }
        _say_when_too_early(request, grant)
    form = OrderForm(initial=initial, persons=shown.persons, units=shown.units)
    return _page(request, form, shown, gets_in=entrance.gets_in_already(user))


def _for_myself(user: User, shown: Shown) -> dict[str, Any]:
    """Who may order for nobody else orders for themselves, mostly where they work."""
    try:
        place = choices.usual_place(open_directory(), user.identity, shown.units)
    except DirectoryError:
        place = ""
    return {"person": user.hsa_id, "units": [place] if place else []}


def _copied(user: User, text: str) -> AccessRequest | None:
    try:
        public_id = UUID(text)
    except ValueError:
        return None
    return access.find_request(user, public_id)


def _prolonged(user: User, text: str) -> Grant | None:
    try:
        public_id = UUID(text)
    except ValueError:
        return None
    return access.find_grant(user, public_id)


def _say_when_too_early(request: HttpRequest, grant: Grant) -> None:
    """Somebody came by an old link: said at once, not after the form has been filled in."""
    today = dates.today()
    if grant.current_state is not GrantState.ACTIVE:
        return
    if not prolong.is_offered(grant, on=today, works=presence.held_now([grant])[grant.pk]):
        messages.warning(request, prolong.sentence(grant, grant.ends_on, on=today, works=None))


def _from(user: User, source: AccessRequest, shown: Shown) -> tuple[Shown, dict[str, Any]]:
    """A new order like an earlier one: the same person, access, unit and reasons; new dates."""
    person = Option(
        source.subject_hsa_id,
        str(words.MASKED) if source.subject_is_protected else source.subject_name,
        note=source.subject_hsa_id,
        group="protected" if source.subject_is_protected else "",
    )
    unit = Option(
        source.wanted_unit_hsa_id or source.unit_hsa_id,
        source.wanted_unit_name or source.unit_name,
        note=source.wanted_unit_hsa_id or source.unit_hsa_id,
        group=_("From the earlier order"),
        is_provider=source.level == Level.PROVIDER.value,
    )
    shown = replace(
        shown,
        persons=choices.unique([*shown.persons, person]),
        units=choices.unique([*shown.units, unit]),
    )
    known = {
        "person": person.value,
        "access": f"{source.service}:{source.level}",
        "units": [unit.value],
        "need": source.need,
        "risk_statement": source.risk_statement,
        "signed_assignment_on": source.signed_assignment_on,
    }
    return shown, known


def _search_person(request: HttpRequest, user: User, shown: Shown) -> HttpResponse:
    def find(directory: Directory, text: str) -> FoundOptions:
        mandates = current.read(user.identity)
        if not ask.may_ask_about_others(user, mandates):
            message = _(
                "You can order for yourself here. To get access for somebody else, ask their head of unit."
            )
            raise Invalid(message, code="search.not_theirs", field="person_search")
        return choices.search_persons(directory, text, own_units=_own_units(mandates))

    def take(data: QueryDict, shown: Shown, found: FoundOptions) -> Shown:
        return _with_usual_place(data, _with_persons(data, shown, found), user)

    return _search(request, shown, "person", find, take, focus="person")


def _own_units(mandates: current.Mandates) -> set[HsaId]:
    return {unit_id for one in mandates.delegated for unit_id in one.unit_ids} | mandates.unit_ids


def _with_usual_place(data: QueryDict, shown: Shown, user: User) -> Shown:
    """Choose where the person works, once for each person and where no place is chosen.

    Of others it is looked up on the orderer's own units alone: of those the orderer may ask. Raises
    DirectoryError.
    """
    person = data.get("person", "")
    if not person or person == shown.placed:
        return shown
    if not data.getlist("units") and kind_of(data.get("access", "")) is not PlaceKind.PROVIDERS:
        offered = shown.units
        if HsaId(person).folded != user.hsa_key:
            own = _own_units(current.read(user.identity))
            offered = tuple(one for one in offered if HsaId(one.value) in own)
        place = choices.usual_place(open_directory(), HsaId(person), offered)
        if place:
            data.setlist("units", [place])
    return replace(shown, placed=person)


def _search_unit(request: HttpRequest, shown: Shown) -> HttpResponse:
    def find(directory: Directory, text: str) -> FoundOptions:
        return choices.search_units(directory, text, of=kind_of(request.POST.get("access", "")))

    return _search(request, shown, "unit", find, _with_units, focus="units")


def _search(
    request: HttpRequest,
    shown: Shown,
    what: str,
    find: Callable[[Directory, str], FoundOptions],
    take: Callable[[QueryDict, Shown, FoundOptions], Shown],
    *,
    focus: str,
) -> HttpResponse:
    """Search for what is written in the field `<what>_search`; `take` adds what was found to the page."""
    data = request.POST.copy()
    name = f"{what}_search"
    if is_number(data.get(name)):
        return _page(request, _unchecked(data, shown), shown, status=400)
    text = data.get(name, "").strip()
    searched: dict[str, Any] = {name: text}
    shown = replace(shown, is_cut="", **searched)
    try:
        found = find(open_directory(), _asked(text, name))
    except Invalid as exc:
        return _page(request, _unchecked(data, shown, exc), shown, status=400)
    except DirectoryError as exc:
        return _silent(request, _unchecked(data, shown), shown, exc)
    try:
        shown = replace(take(data, shown, found), is_cut=what if found.is_cut else "")
    except DirectoryError as exc:
        return _silent(request, _unchecked(data, shown), shown, exc)
    return _page(request, _unchecked(data, shown), shown, focus=focus)


def _with_persons(data: QueryDict, shown: Shown, found: FoundOptions) -> Shown:
    """Choose the only one found; drop a choice that is no longer shown."""
    shown = replace(shown, persons=choices.unique([shown.persons[0], *found.options]))
    if len(found.options) == 1:
        data["person"] = found.options[0].value
    elif data.get("person") not in {option.value for option in shown.persons}:
        data.pop("person", None)
    return shown


def _with_units(data: QueryDict, shown: Shown, found: FoundOptions) -> Shown:
    """The only one found is chosen, besides those that were."""
    if len(found.options) == 1 and found.options[0].value not in data.getlist("units"):
        data.appendlist("units", found.options[0].value)
    return replace(shown, units=choices.unique([*shown.units, *found.options]))


def _asked(text: str, name: str) -> str:
    if len(text) < 2:
        raise Invalid(_("Write at least two letters to search for."), code="search.short", field=name)
    return text


def _glance(request: HttpRequest, user: User, shown: Shown, *, takes_ready: bool) -> HttpResponse:
    """The page as it is filled in until now, with what the directory says of it: nothing is complained about.

    Places that do not fit the access are let go of. `takes_ready`: with the ready sentences.
    """
    data = request.POST.copy()
    kind = kind_of(data.get("access", ""))
    unfit = {one.value for one in shown.units if not choices.fits(one, kind)}
    data.setlist("units", [value for value in data.getlist("units") if value not in unfit])
    if takes_ready:
        _take_ready(data, shown)
    focus = "reasons" if takes_ready else ""
    prepared = None
    try:
        shown = _with_usual_place(data, shown, user)
        draft = OrderForm(data, persons=shown.persons, units=shown.units).glanced()
        if draft is not None:
            prepared = prepare.prepare(draft, by=user)
            if not preview.was_shown(prepared, user, data.get("seen", "")):
                ask.record_look(prepared, by=user)
    except DirectoryError as exc:
        return _silent(request, _unchecked(data, shown), shown, exc)
    return _page(request, _unchecked(data, shown), shown, prepared=prepared, user=user, focus=focus)


def _take_ready(data: QueryDict, shown: Shown) -> None:
    """Fill the ready sentences in, but over nobody's own words."""
    ready = _ready(data.get("access", ""), data.get("person", ""), shown)
    if ready is None:
        return
    for name, text in zip(("need", "risk_statement"), ready.texts, strict=True):
        if not data.get(name, "").strip() or ready_reasons.is_ready(data.get(name, "")):
            data[name] = text


def _ready(access: str, person: str, shown: Shown) -> ready_reasons.ReadyReason | None:
    title = next((one.title for one in shown.persons if one.value == person), "")
    return ready_reasons.find(access, title=title)


def _look_or_send(request: HttpRequest, user: User, shown: Shown, *, is_sent: bool) -> HttpResponse:
    """Look the order up; send it if that is what was asked, and what is sent has been shown."""
    form = OrderForm(request.POST, persons=shown.persons, units=shown.units)
    if not form.is_valid():
        return _page(request, form, shown, status=400)
    sent = access.sent_before(user, form.cleaned_data["submission"]) if is_sent else None
    if sent is not None:
        return _sent_before(request, form, shown, sent)
    try:
        prepared = prepare.prepare(form.draft(), by=user)
    except DirectoryError as exc:
        return _silent(request, form, shown, exc)
    ask.record_look(prepared, by=user)
    if not prepared.may_be_placed:
        form.show(prepared.all_refusals)
        return _page(request, form, shown, prepared=prepared, user=user, status=400)
    was_seen = preview.was_shown(prepared, user, request.POST.get("seen", ""))
    if is_sent and was_seen and prepared.lacks_what_no_role_gives and prepared.draft.if_missing is None:
        form.add_error("if_missing", _("Choose what is to happen."))
        return _page(request, form, shown, prepared=prepared, user=user, status=400)
    if not is_sent or not was_seen:
        return _page(request, form, shown, prepared=prepared, user=user, is_new=is_sent)
    return _send(request, user, form, shown, prepared)


def _sent_before(request: HttpRequest, form: OrderForm, shown: Shown, sent: AccessRequest) -> HttpResponse:
    """A second click leads to the case. Where the page holds something else by now, that is said."""
    if second_send.is_same(form.draft(), sent.order):
        return redirect("case", public_id=sent.public_id)
    data = request.POST.copy()
    data["submission"] = str(uuid4())  # what is on the page is an order of its own from now on
    both = second_send.both(acting_user(request), form.draft(), sent)
    return _page(request, _unchecked(data, shown), shown, both=both, status=409)


def _send(
    request: HttpRequest, user: User, form: OrderForm, shown: Shown, prepared: Prepared
) -> HttpResponse:
    try:
        placed = steps.place_order(prepared, by=user)
    except Invalid as exc:
        form.show([Refusal(str(exc.user_message), exc.field or "units", exc.code)])
        return _page(request, form, shown, status=400)
    first = access.sent_before(user, placed.submission)
    messages.success(
        request, _("The order is sent. Its case number is %(case)s.") % {"case": placed.case_number}
    )
    return redirect("case", public_id=first.public_id) if first else redirect("cases")


def _unchecked(data: QueryDict, shown: Shown, error: Invalid | None = None) -> OrderForm:
    form = OrderForm(data, persons=shown.persons, units=shown.units).without_checks()
    if error is not None:
        form.add_error(error.field, str(error.user_message))
    return form


def _silent(request: HttpRequest, form: OrderForm, shown: Shown, exc: DirectoryError) -> HttpResponse:
    """The directory did not answer: the page stays as it was filled in."""
    form.add_error(None, str(exc.user_message))
    return _page(request, form, shown, status=503)


def _page(
    request: HttpRequest,
    form: OrderForm,
    shown: Shown,
    *,
    prepared: Prepared | None = None,
    user: User | None = None,
    is_new: bool = False,
    is_resumed: bool = False,
    both: second_send.Both | None = None,
    gets_in: Sequence[entrance.EntranceCard] = (),
    focus: str = "",
    status: int = 200,
) -> HttpResponse:
    items = prepared.items if prepared else ()
    usual = sticking_words.warnings({item.unit.hsa_id.folded for item in items if item.unit is not None})
    outlooks = [preview.outlook(prepared, item, usual) for item in items] if prepared else []
    stopping = _stopping(prepared)
    may_send = prepared is not None and user is not None and bool(prepared.items) and not stopping
    may_search = _may_search(acting_user(request))
    form.narrow()
    if "signed_assignment_on" in form.fields:
        form.fields["signed_assignment_on"].required = True  # never marked as optional; the rules refuse
    if prepared is not None:
        form.let_choose(may_couple=prepared.may_be_coupled)
        form.fields["if_missing"].required = True  # it is asked where it is needed
    context = {
        "form": form,
        "twins": [one.case_id for one in prepared.all_refusals if one.case_id] if prepared else [],
        "shown": shown.dump(),
        "unit_groups": _groups(form),
        "is_cut": shown.is_cut,
        "may_search": may_search,
        "begins": may_search and request.method != "POST" and not is_resumed and not form["person"].value(),
        "ready": _ready(form["access"].value() or "", form["person"].value() or "", shown),
        "stopping": [] if form.errors else list(dict.fromkeys(one.message for one in stopping)),
        "lacks": may_send and prepared is not None and prepared.lacks_what_no_role_gives,
        "is_protected": _is_protected(form, shown),
        "has_units": bool(shown.units),
        "outlooks": [found for found in outlooks if found is not None],
        "may_send": may_send,
        "is_new": is_new,
        "is_resumed": is_resumed,
        "both": both,
        "continues": form.data.get("continues", ""),
        "gets_in": gets_in,
        "seen": preview.fingerprint(prepared, user) if may_send and prepared and user else "",
        "focus": focus,
    }
    return render(request, "provisioning/order/order.html", context, status=status)


def _stopping(prepared: Prepared | None) -> list[Refusal]:
    """What stands in the way, but for reasons that are still to be written."""
    return (
        []
        if prepared is None
        else [one for one in prepared.all_refusals if one.code not in STILL_TO_BE_WRITTEN]
    )


def _may_search(user: User) -> bool:
    """Whether the search for somebody else is shown. The search itself asks again."""
    mandates = current.for_display(user)
    return not mandates.is_known or ask.may_ask_about_others(user, mandates)


def _groups(form: OrderForm) -> list[tuple[str, list[tuple[Any, Option]]]]:
    """The places' checkboxes under their headings."""
    groups: dict[str, list[tuple[Any, Option]]] = {}
    for widget in form["units"]:
        option = form.unit_options[str(widget.data["value"])]
        groups.setdefault(option.group, []).append((widget, option))
    return list(groups.items())


def _is_protected(form: OrderForm, shown: Shown) -> bool:
    chosen = form["person"].value()
    return any(option.value == chosen and option.group == "protected" for option in shown.persons)
