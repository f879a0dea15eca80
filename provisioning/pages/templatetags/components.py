"""The interface's building blocks, one tag each; the markup is in templates/provisioning/components/.

State is never told by colour alone: every tone has an icon and a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from django import template
from django.core.paginator import Page
from django.forms import BaseForm
from django.template import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from provisioning.pages import words
from provisioning.pages.paging import AFTER, BEFORE, KeyPage
from provisioning.rules.hsa import Answer

Text: TypeAlias = str | Promise

register = template.Library()

ICON_NAME = re.compile(r"[a-z-]+")


@dataclass(frozen=True, slots=True)
class Tone:
    """How something is meant: FKUI's colour family, our icon, and the word for those who see neither."""

    family: str
    icon: str
    word: Text


TONES = {
    "neutral": Tone("default", "minus", ""),
    "waiting": Tone("default", "clock", _("Waiting")),
    "info": Tone("info", "info", _("Information")),
    "success": Tone("success", "success", _("Done")),
    "warning": Tone("warning", "warning", _("Warning")),
    "unknown": Tone("warning", "question", _("Don't know")),
    "error": Tone("error", "error", _("Error")),
    "missing": Tone("info", "info", _("Missing")),
}

ANSWERS: dict[Answer, tuple[str, Text]] = {
    Answer.YES: ("success", _("Yes")),
    Answer.NO: ("error", _("No")),
    Answer.UNKNOWN: ("unknown", _("Don't know")),
}


@dataclass(frozen=True, slots=True)
class ErrorLine:
    """One line of an error summary; `target` is the id to go to, empty when no field is to blame."""

    message: str
    label: str = ""
    target: str = ""


@register.filter
def foreign(text: Text) -> SafeString:
    """Somebody else's text within a sentence of ours: whichever way it runs, ours goes on as before."""
    return format_html("<bdi>{}</bdi>", text)


@register.filter
def age(since: datetime) -> str:
    """How long ago that was, in its largest unit: `3 days`. Under a minute is said as a minute."""
    return words.length(timezone.now() - since)


@register.simple_tag
def icon(name: str) -> SafeString:
    """Draw an icon from icons.svg. It is decoration: the word beside it carries the meaning."""
    if not ICON_NAME.fullmatch(name):
        raise ValueError(f"no such icon: {name!r}")
    href = static("provisioning/icons.svg")
    drawing = '<svg class="icon app-icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>'
    return format_html(drawing, href, name)


@register.inclusion_tag("provisioning/components/state_badge.html")
def state_badge(tone: str, text: Text) -> dict[str, Any]:
    """Show a state: icon and text in a frame. `tone` is a key of TONES."""
    return {"tone": TONES[tone], "text": text}


@register.inclusion_tag("provisioning/components/state_badge.html")
def answer_badge(answer: str) -> dict[str, Any]:
    """Show one of the three answers. "Don't know" looks like neither yes nor no."""
    tone, text = ANSWERS[Answer(answer)]
    return {"tone": TONES[tone], "text": text}


@register.simple_block_tag
def message_box(content: SafeString, tone: str, heading: Text = "", level: int = 2) -> str:
    """Frame a message: info, warning, error or success, with a heading of the given level or none."""
    context = {"content": content, "tone": TONES[tone], "heading": heading, "level": level}
    return render_to_string("provisioning/components/message_box.html", context)


@register.simple_block_tag
def error_box(content: SafeString, heading: Text, name: str = "error-summary", above: object = None) -> str:
    """Frame a list of what is wrong; `name` is its id. It takes focus, unless errors `above` do."""
    context = {"items": content, "heading": heading, "name": name, "takes_focus": not above}
    return render_to_string("provisioning/components/error_box.html", context)


@register.inclusion_tag("provisioning/components/error_summary.html")
def error_summary(*forms: BaseForm, heading: str = "") -> dict[str, Any]:
    """List what is wrong in these forms, each line leading to its field; takes focus when the page opens.

    `heading`: for a page of which a part may have been saved; else nothing has been.
    """
    return {"lines": [line for form in forms for line in _error_lines(form)], "heading": heading}


def _error_lines(form: BaseForm) -> Iterable[ErrorLine]:
    if not form.is_bound:
        return
    for message in dict.fromkeys(map(str, form.non_field_errors())):
        yield ErrorLine(message)
    for field in form:
        label = "" if field.is_hidden else str(field.label).rstrip(".")
        if label and not label.endswith("?"):
            label += ":"  # a question has its own sign
        target = "" if field.is_hidden else getattr(field, "focus_id", field.id_for_label)
        for message in dict.fromkeys(map(str, field.errors)):
            yield ErrorLine(message, label, target)


@register.inclusion_tag("provisioning/components/pagination.html", takes_context=True)
def pagination(context: Context, page: Page[Any] | KeyPage, parameter: str = "page") -> dict[str, Any]:
    """Lead to the page before and after, keeping every other parameter of the address.

    Only a short list knows how many pages it has.
    """

    def address(**place: str) -> str:
        query = context["request"].GET.copy()
        for name in (AFTER, BEFORE) if isinstance(page, KeyPage) else (parameter,):
            query.pop(name, None)
        for name, value in place.items():
            query[name] = value
        return f"?{query.urlencode()}"

    if isinstance(page, KeyPage):
        return {
            "is_needed": bool(page.before or page.after),
            "first_url": "" if page.is_first else address(),
            "previous_url": address(**{BEFORE: page.before}) if page.before else "",
            "next_url": address(**{AFTER: page.after}) if page.after else "",
        }
    before = str(page.previous_page_number()) if page.has_previous() else ""
    after = str(page.next_page_number()) if page.has_next() else ""
    return {
        "is_needed": page.paginator.num_pages > 1,
        "page": page,
        "previous_url": address(**{parameter: before}) if before else "",
        "next_url": address(**{parameter: after}) if after else "",
    }


@register.inclusion_tag("provisioning/components/empty_state.html")
def empty_state(heading: Text, advice: Text, url: str = "", action: Text = "") -> dict[str, Any]:
    """Say that a list is empty, and what to do about it or what will make something appear."""
    return {"heading": heading, "advice": advice, "url": url, "action": action}


@register.inclusion_tag("provisioning/components/copyable.html")
def copyable(value: str, label: Text) -> dict[str, Any]:
    """Show an exact value to be typed elsewhere; `label` names it for those who only hear the button."""
    return {"value": value, "label": label}


@register.inclusion_tag("provisioning/components/listing.html", takes_context=True)
def listing(
    context: Context,
    lines: Iterable[Any],
    line_template: str,
    page: Page[Any] | KeyPage | None = None,
    level: int = 2,
) -> dict[str, Any]:
    """List cases, rights or the like, each drawn as `line` by its template. `page`: lead to the others.

    Each line begins with a heading of that level, so that one can go from line to line.
    """
    shown = {"lines": lines, "line_template": line_template, "page": page, "level": level}
    return {"request": context.get("request"), **shown}


@register.simple_block_tag(takes_context=True)
def table(
    context: Context,
    content: SafeString,
    caption: Text,
    *headings: Text,
    shows_caption: bool = False,
    page: Page[Any] | KeyPage | None = None,
) -> str:
    """Frame the rows of a table: caption, headings (an empty one is left out), and the other pages."""
    parts = {"request": context.get("request"), "rows": content, "caption": caption, "page": page}
    parts |= {"headings": [heading for heading in headings if heading], "shows_caption": shows_caption}
    return render_to_string("provisioning/components/table.html", parts)


@register.inclusion_tag("provisioning/components/definition_list.html")
def definition_list(pairs: Iterable[tuple[Text, Any]], *, copies: bool = False) -> dict[str, Any]:
    """Show facts as term and value. An empty value is shown as "not stated", never as a gap.

    `copies`: what is typed elsewhere letter by letter (`words.ExactText`) has a button that copies it.
    """
    return {"pairs": list(pairs), "copies": copies}


@register.inclusion_tag("provisioning/components/steps.html")
def steps(items: Iterable[Any]) -> dict[str, Any]:
    """Show how far a case has come. Each item: `label`, `state` (done, current, coming or stopped)."""
    return {"items": list(items)}


@register.inclusion_tag("provisioning/components/timeline.html")
def timeline(events: Iterable[Any]) -> dict[str, Any]:
    """Show what has happened, in the order given. Each: `at`, `tone`, `heading`, `by`, `text`.

    `by` and `text` may be empty; `at` is None for what is still expected.
    """
    return {"events": [(event, TONES[_of(event, "tone")]) for event in events]}


@register.inclusion_tag("provisioning/components/cause_list.html")
def cause_list(causes: Iterable[Any]) -> dict[str, Any]:
    """Show causes or warnings. Each: `sentence`, `mended_by` (may be empty), `tone` (a key of TONES)."""
    return {"causes": [(cause, TONES[_of(cause, "tone")]) for cause in causes]}


@register.inclusion_tag("provisioning/components/evidence.html")
def evidence(item: Any) -> dict[str, Any]:
    """Show one attribute before and after a change.

    `item`: `attribute`, `dn`, `before_at`, `after_at` (None: not read yet), `rows`; each row: `value`,
    `before`, `after` (True there, False not there, None not read), `is_wanted`.
    """
    return {"item": item}


def _of(item: Any, name: str) -> Any:
    """Read `name` from a value object or a mapping, as templates do."""
    return item[name] if isinstance(item, dict) else getattr(item, name)
