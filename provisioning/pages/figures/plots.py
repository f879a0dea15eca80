"""Plots as SVG with title and description, drawn by svg-py; their colours are the page's own CSS.

No script and no style inside. The table beside each plot says the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import svg
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

WIDTH, HEIGHT = 640, 260
_LEFT, _RIGHT, _TOP, _BOTTOM = 44, 12, 16, 34
_BAR, _LABEL = 30, 250


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of a plot; None where there is nothing to show."""

    label: str
    values: tuple[float | None, ...]


def lines(
    name: str,
    title: str,
    description: str,
    labels: Sequence[str],
    shown: Sequence[Curve],
    *,
    goal: float,
    goal_label: str,
) -> SafeString:
    """Values over time, with a goal as a straight line. `name`: unique on the page."""
    top = max([goal, *(value for line in shown for value in line.values if value is not None)]) * 1.15
    step = (WIDTH - _LEFT - _RIGHT) / max(len(labels) - 1, 1)

    def x(number: int) -> float:
        return round(_LEFT + number * step, 1)

    def y(value: float) -> float:
        return round(HEIGHT - _BOTTOM - value / top * (HEIGHT - _TOP - _BOTTOM), 1)

    parts: list[svg.Element] = [
        _rule(y(0), "app-plot__axis"),
        _text(_LEFT - 6, y(0) + 5, "0", "app-plot__end"),
        _text(_LEFT - 6, y(top / 1.15) + 5, f"{top / 1.15:.0f}", "app-plot__end"),
        _rule(y(goal), "app-plot__goal"),
        _text(WIDTH - _RIGHT, y(goal) - 5, goal_label, "app-plot__end"),
    ]
    every = max(1, len(labels) // 6)
    parts += [
        _text(x(number), HEIGHT - 10, label, "app-plot__middle")
        for number, label in enumerate(labels)
        if number % every == 0 and number < len(labels) - every / 2
    ]
    for number, line in enumerate(shown, start=1):
        for run in _runs(line.values):
            points: list[Any] = [one for place, value in run for one in (x(place), y(value))]
            parts.append(svg.Polyline(points=points, class_=["app-plot__line", f"app-plot__line--{number}"]))
            parts += [
                svg.Circle(cx=x(place), cy=y(value), r=3, class_=[f"app-plot__dot--{number}"])
                for place, value in run
            ]
    return _picture(name, title, description, HEIGHT, parts)


def _runs(values: Sequence[float | None]) -> list[list[tuple[int, float]]]:
    """The stretches without a gap: a week without cases is no zero."""
    found: list[list[tuple[int, float]]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            found.append([])
        else:
            found[-1].append((place, value))
    return [run for run in found if run]


def bars(name: str, title: str, description: str, shown: Sequence[tuple[str, float, str]]) -> SafeString:
    """A bar for each: label, value and how the value is written."""
    top = max([value for _label, value, _said in shown] or [1]) or 1
    height = _BAR * len(shown) + 8
    room = WIDTH - _LABEL - 90
    parts: list[svg.Element] = []
    for number, (label, value, said) in enumerate(shown):
        begin = number * _BAR + 6
        wide = round(value / top * room, 1)
        parts += [
            _text(_LABEL - 8, begin + 16, label, "app-plot__end"),
            svg.Rect(x=_LABEL, y=begin, width=max(wide, 1), height=_BAR - 10, class_=["app-plot__bar"]),
            _text(_LABEL + wide + 6, begin + 16, said, ""),
        ]
    return _picture(name, title, description, height, parts)


def _rule(y: float, css: str) -> svg.Element:
    return svg.Line(x1=_LEFT, x2=WIDTH - _RIGHT, y1=y, y2=y, class_=[css])


def _text(x: float, y: float, words: str, css: str) -> svg.Element:
    return svg.Text(x=x, y=y, text=escape(words), class_=[css] if css else None)


def _picture(name: str, title: str, description: str, height: int, parts: list[svg.Element]) -> SafeString:
    picture = svg.SVG(
        viewBox=svg.ViewBoxSpec(0, 0, WIDTH, height),
        class_=["app-plot"],
        extra={"role": "img", "aria-labelledby": f"{name}-title {name}-desc"},
        elements=[
            svg.Title(id=f"{name}-title", text=escape(title)),
            svg.Desc(id=f"{name}-desc", text=escape(description)),
            *parts,
        ],
    )
    return mark_safe(picture.as_str())  # noqa: S308 - every text in it is escaped above
