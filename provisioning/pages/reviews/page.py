"""The pages of reviews: what waits for me, starting one, deciding right by right, and the result to keep."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core import signing
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from provisioning import access
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, Invalid, NotAllowed, WrongState
from provisioning.mandates import current
from provisioning.models import Decision, Review, ReviewItem, ReviewScope, User
from provisioning.pages import paging
from provisioning.pages.answers import acting_user, problem
from provisioning.pages.fields import LongText, ShortText, refuse_unfit_text
from provisioning.pages.paging import ListPart
from provisioning.pages.restoring import filled_in
from provisioning.pages.reviews import progress, words
from provisioning.pages.words import MASKED
from provisioning.reviews import begin as reviews_begin
from provisioning.reviews import news as reviews_news
from provisioning.reviews import said as reviews_said
from provisioning.reviews.decide import Given
from provisioning.reviews.news import News
from provisioning.reviews.said import Said
from provisioning.rules.hsa import typed_id
from workflows.sweeps import reviews as sweeps_reviews

PAGE_SIZE = 20
RIGHTS_PER_PAGE = 40
RESULTS_PER_PAGE = 100  # a page to print: most reviews are one
TEXT_LENGTH = 1000
LONGEST_SECONDS = 24 * 3600
_SALT = "workflows.reviews.shown"
_CHOICES = [(Decision.KEEP.value, gettext_lazy("Keep")), (Decision.REMOVE.value, gettext_lazy("Remove"))]


class ItemForm(forms.Form):
    """One right's answer. Nothing chosen and nothing written means: not decided yet."""

    decision = forms.ChoiceField(choices=_CHOICES, required=False)
    reason = ShortText(max_length=TEXT_LENGTH, required=False, validators=[refuse_unfit_text])
    shown = forms.CharField(max_length=64)


class SharedForm(forms.Form):
    """What holds for several rights: a reason, and on demand the answer "keep" where the directory agrees."""

    shared_reason = LongText(
        label=gettext_lazy("Reason for those without a reason of their own"),
        help_text=gettext_lazy("Used for every right you decide on now and give no reason of its own."),
        max_length=TEXT_LENGTH,
        rows=2,
    )
    keep_rest = forms.BooleanField(
        label=gettext_lazy(
            "Keep all rights on this page that I have not answered and that the directory agrees with"
        ),
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("keep_rest") and not data.get("shared_reason"):
            self.add_error("shared_reason", _("Write why these rights are kept."))
        return data


class BeginForm(forms.Form):
    """Which unit's rights are to be reviewed now."""

    def __init__(self, *args: Any, units: Sequence[tuple[str, str]], **kwargs: Any):
        super().__init__(*args, **kwargs)
        self.fields["unit"] = forms.ChoiceField(
            label=_("Which unit?"),
            choices=units,
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose a unit.")},
        )


class BeginAnywhereForm(forms.Form):
    """The same for an auditor, who knows the unit by its HSA-id."""

    unit = ShortText(label=gettext_lazy("HSA-id of the unit or care provider"), max_length=64)


@dataclass(slots=True)
class Sheet:
    """One page of a review as it is answered: what was given for each right, and what was wrong."""

    request: HttpRequest
    user: User
    review: Review
    page: Page[ReviewItem]
    items: list[ReviewItem]
    said: Mapping[int, Said]
    news: Mapping[int, Sequence[News]]
    given: dict[int, dict[str, str]] = field(default_factory=dict)


@never_cache
@require_safe
def reviews(request: HttpRequest) -> HttpResponse:
    """What waits for me first, then every review I may read."""
    user = acting_user(request)
    waiting = access.to_review(user)
    rows, with_mine = access.visible_reviews(user), waiting.order_by().values("review")
    page = paging.page_of(
        request.GET,
        ListPart(rows.filter(pk__in=with_mine)),
        ListPart(rows.exclude(pk__in=with_mine)),
        size=PAGE_SIZE,
    )
    of_page = waiting.filter(review__in=[row.pk for row in page]).order_by().values_list("review")
    left = dict(of_page.annotate(count=Count("pk")).values_list("review", "count"))
    counts = progress.counted(page)
    context = {
        "page": page,
        "rows": [{"review": row, "left": left.get(row.pk, 0), "counts": counts[row.pk]} for row in page],
        "may_begin": access.may_begin_review(user),
        "may_follow": access.overseen_reviews(user).exists(),
        "directory_is_silent": not current.for_display(user).is_known,
    }
    return render(request, "provisioning/review/list.html", context)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest) -> HttpResponse:
    """Start a review of all rights on a unit now; for heads of units and auditors."""
    user = acting_user(request)
    try:
        mandates = current.read(user.identity)
    except DirectoryError as exc:
        return _problem(request, str(exc.user_message), status=503)
    rights = access.rights_to_review(user, mandates)
    if not user.is_auditor and not mandates.is_head_of_unit and not mandates.provider_ids(user):
        raise Http404
    form = _begin_form(request, user, rights)
    if request.method != "POST" or not form.is_valid():
        has_units = user.is_auditor or rights.exists()
        status = 400 if form.is_bound else 200
        context = {"form": form, "has_units": has_units}
        return render(request, "provisioning/review/begin.html", context, status=status)
    return _begin(request, user, mandates, rights, form)


def _begin_form(request: HttpRequest, user: User, rights: QuerySet[Any]) -> forms.Form:
    data = request.POST if request.method == "POST" else None
    if user.is_auditor:
        return BeginAnywhereForm(data)
    units = rights.order_by("unit_name").values_list("unit_key", "unit_name").distinct()
    return BeginForm(data, units=list(dict(units).items()))


def _begin(
    request: HttpRequest, user: User, mandates: current.Mandates, rights: QuerySet[Any], form: forms.Form
) -> HttpResponse:
    key = typed_id(form.cleaned_data["unit"]).folded
    try:
        first = rights.filter(unit_key=key).order_by("-pk").first()
        if first is None:
            raise Invalid(_("There are no rights to review on this unit."), field="unit")
        place = reviews_begin.place_of(first)
        place.scope = ReviewScope.ALL
        reviews_begin.require_may_begin(place, by=user, mandates=mandates)
        made = sweeps_reviews.begin(open_directory(), place, by=user)
    except (Invalid, WrongState) as exc:
        form.add_error("unit", str(exc.user_message))
        context = {"form": form, "has_units": True}
        return render(request, "provisioning/review/begin.html", context, status=400)
    except NotAllowed as exc:
        return _problem(request, str(exc.user_message), status=403)
    except DirectoryError as exc:
        return _problem(request, str(exc.user_message), status=503)
    messages.success(request, _("The review has begun. Those who decide get a mail."))
    return redirect(_next_page(user, made), public_id=made.public_id)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Decide right by right. What is answered is saved; the rest waits."""
    user = acting_user(request)
    row = access.find_review(user, public_id)
    waiting = access.to_review(user).filter(review=row)
    if not waiting.exists():
        if request.method == "POST" and user.is_auditor:
            raise Http404  # reads everything, decides nothing
        _say_too_late(request, len(_answered(request)))
        return redirect("review_result", public_id=public_id)
    filled = filled_in(request) if request.method != "POST" else None
    sheet = _sheet(request, user, row, waiting, filled or request.POST)
    if request.method != "POST":
        sheet.given = _written(sheet, filled) if filled else {}
        return _page(sheet, SharedForm(initial=filled.dict() if filled else None))
    return _save(sheet, waiting)


def _sheet(
    request: HttpRequest, user: User, row: Review, waiting: QuerySet[ReviewItem], data: QueryDict
) -> Sheet:
    """What is sent is about the rights that were on the page then, on whichever page they are by now."""
    rows = waiting.select_related("grant__origin__order", "grant__origin__line")
    rows = rows.order_by(F("has_news").desc(nulls_last=True), "grant__subject_name", "subject_key", "pk")
    page = Paginator(rows, RIGHTS_PER_PAGE).get_page(request.GET.get("page"))
    sent = list(rows.filter(pk__in=_numbers(data, "shown"))[:RIGHTS_PER_PAGE])
    items = sent or list(page)
    said = reviews_said.look(item.grant for item in items)
    return Sheet(request, user, row, page, items, said, reviews_news.of(row, items, said))


def _written(sheet: Sheet, data: QueryDict) -> dict[int, dict[str, str]]:
    """What was written for each right before the card was asked for; nothing of it is decided."""
    decisions, reasons = _numbers(data, "decision"), _numbers(data, "reason")
    return {
        item.pk: {"decision": decisions.get(item.pk, ""), "reason": reasons.get(item.pk, "")}
        for item in sheet.items
    }


def _numbers(data: QueryDict, name: str) -> dict[int, str]:
    """What was sent under this name, by the right's item."""
    found: dict[int, str] = {}
    for key, value in data.items():
        number, _dash, last = key.partition("-")
        if last == name and number.isdecimal() and len(number) < 10:
            found[int(number)] = str(value)
    return found


def _answered(request: HttpRequest) -> set[int]:
    return {number for number, value in _numbers(request.POST, "decision").items() if value}


def _save(sheet: Sheet, waiting: QuerySet[ReviewItem]) -> HttpResponse:
    """Save every complete answer; show the incomplete ones again as they were written."""
    shared = SharedForm(sheet.request.POST)
    shared_is_whole = shared.is_valid()
    answers = [answer for item in sheet.items if (answer := _answer(sheet, item, shared)) is not None]
    try:
        mandates = current.read(sheet.user.identity)
        saved = 0
        if answers:
            saved = sweeps_reviews.decide(
                sheet.review,
                answers,
                by=sheet.user,
                mandates=mandates,
                said=dict(sheet.said),
                seconds=_seconds(sheet.request),
            )
    except DirectoryError as exc:
        return _again(sheet, shared, answers, str(exc.user_message), status=503)
    except NotAllowed as exc:
        return _problem(sheet.request, str(exc.user_message), status=403)
    except WrongState as exc:
        messages.warning(sheet.request, str(exc.user_message))
        return redirect("review_result", public_id=sheet.review.public_id)
    _say_saved(sheet.request, saved)
    too_late = len(_answered(sheet.request) - {item.pk for item in sheet.items}) + len(answers) - saved
    _say_too_late(sheet.request, too_late)
    if shared_is_whole and not _has_errors(sheet):
        if not answers and not too_late:
            messages.info(sheet.request, _("You have not answered for any right yet."))
        return redirect(_next_page(sheet.user, sheet.review), public_id=sheet.review.public_id)
    fresh = _sheet(sheet.request, sheet.user, sheet.review, waiting.all(), sheet.request.POST)
    fresh.given = sheet.given
    return _page(fresh, shared, status=400)


def _answer(sheet: Sheet, item: ReviewItem, shared: SharedForm) -> Given | None:
    """The whole answer for this right; None where there is none, and then `given` keeps what was written."""
    form = ItemForm(sheet.request.POST, prefix=str(item.pk))
    if not form.is_valid() and "shown" in form.errors:
        return None  # it was not on the page
    data = form.cleaned_data
    decision, reason = data.get("decision", ""), data.get("reason", "")
    said = sheet.said[item.grant_id]
    kept = {"decision": decision, "reason": reason}
    sheet.given[item.pk] = kept
    if form.errors:
        kept["reason"] = form.data.get(form.add_prefix("reason"), "")
        too_long = _("Write at most %(count)d characters.") % {"count": TEXT_LENGTH}
        problem = form.errors.get("reason", [too_long])[0]
        kept["reason_error"] = too_long if form.has_error("reason", "max_length") else str(problem)
        return None
    common = shared.cleaned_data.get("shared_reason", "")
    is_rest = not decision and not reason and bool(shared.cleaned_data.get("keep_rest")) and said.agrees
    if is_rest and common and data["shown"] == said.fingerprint:
        return Given(item.pk, Decision.KEEP, common, is_shared=True)
    if not decision:
        if reason:
            kept["decision_error"] = _("Choose keep or remove.")
        return None
    if not reason and not common:
        kept["reason_error"] = _("Write why the access is kept or removed.")
        return None
    if data["shown"] != said.fingerprint:
        kept["decision"] = ""
        kept["decision_error"] = _("What the directory says has changed. Read it, and decide again.")
        return None
    return Given(item.pk, Decision(decision), reason or common)


def _again(
    sheet: Sheet, shared: SharedForm, answers: Sequence[Given], message: str, *, status: int
) -> HttpResponse:
    """Nothing is saved and nothing is lost: the page comes back as it was answered."""
    shared.add_error(None, message)
    return _page(sheet, shared, status=status)


def _has_errors(sheet: Sheet) -> bool:
    return any("decision_error" in one or "reason_error" in one for one in sheet.given.values())


def _say_saved(request: HttpRequest, saved: int) -> None:
    if saved:
        text = ngettext("%(count)d decision is saved.", "%(count)d decisions are saved.", saved)
        messages.success(request, text % {"count": saved})


def _say_too_late(request: HttpRequest, count: int) -> None:
    if count:
        text = ngettext(
            "%(count)d right you answered for had already been decided, or has ended. It is not changed.",
            "%(count)d rights you answered for had already been decided, or have ended. None is changed.",
            count,
        )
        messages.warning(request, text % {"count": count})


def _next_page(user: User, row: Review) -> str:
    return "review" if access.to_review(user).filter(review=row).exists() else "review_result"


def _seconds(request: HttpRequest) -> int:
    """How long the page has been open; the longest there is where that cannot be told."""
    try:
        shown_at = int(signing.loads(request.POST.get("shown_at", ""), salt=_SALT))
    except (signing.BadSignature, TypeError, ValueError):
        return LONGEST_SECONDS
    return max(0, min(LONGEST_SECONDS, int(time.time()) - shown_at))


def _page(sheet: Sheet, shared: SharedForm, status: int = 200) -> HttpResponse:
    people = words.by_person(sheet.items, sheet.said, sheet.given, sheet.news)
    context = {
        "review": sheet.review,
        "page": sheet.page,
        "people": people,
        "own_are_reviewed_by": words.reviewers_of_reviewers(sheet.review),
        "shared": shared,
        "wrong": [
            (person, right)
            for person in people
            for right in person.rights
            if right.decision_error or right.reason_error
        ],
        "form": shared,
        "choices": _CHOICES,
        "text_length": TEXT_LENGTH,
        "shown_at": signing.dumps(int(time.time()), salt=_SALT),
        "is_silent": all(said.answer == "unknown" for said in sheet.said.values()),
    }
    return render(sheet.request, "provisioning/review/review.html", context, status=status)


@never_cache
@require_safe
def result(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """The decisions, who made them, why, and what the directory said then: a page to print and keep."""
    user = acting_user(request)
    row = access.find_review(user, public_id)
    items = access.visible_items(user, row).order_by("grant__subject_name", "subject_key", "pk")
    page = Paginator(items, RESULTS_PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "review": row,
        "results": [words.result(user, item) for item in page],
        "page": page,
        "undecided": items.filter(decided_at=None).count(),
        "may_decide": access.to_review(user).filter(review=row).exists(),
        "may_follow": access.overseen_reviews(user).filter(pk=row.pk).exists(),
        "asked": list(row.reviewers.filter(is_barred=False)),
        "masked": MASKED,
        "own_are_reviewed_by": words.reviewers_of_reviewers(row),
    }
    return render(request, "provisioning/review/result.html", context)


def _problem(request: HttpRequest, message: str, *, status: int) -> HttpResponse:
    return problem(
        request,
        message,
        status=status,
        back_url=reverse("reviews"),
        back_label=_("Back to the reviews"),
    )
