"""Reading pages as people do: what is beside a field, what a form holds, what can be seen."""

from __future__ import annotations

import html
import re
from html.parser import HTMLParser
from typing import Any


def text_of(response: Any) -> str:
    """The page's visible words, blanks folded."""
    page = response.content.decode()
    page = re.sub(r"<(script|style)\b.*?</\1>", " ", page, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", page)).split())


def link_to(response: Any, label: str) -> str:
    """Where the link with these words leads."""
    for address, words in re.findall(
        r'<a\b[^>]*href="([^"]*)"[^>]*>(.*?)</a>', response.content.decode(), re.S
    ):
        if " ".join(re.sub(r"<[^>]+>", " ", words).split()) == label:
            return html.unescape(address)
    raise AssertionError(f"no link says {label}")


def beside(response: Any, name: str) -> str:
    """What stands as error beside the field, as somebody sees it; empty if nothing does."""
    page = response.content.decode()
    found = re.search(
        rf'id="id_{name}_error">(.*?)</span>\s*(?=<div|<input|<textarea|<fieldset|</)',
        page,
        re.S,
    )
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", found[1])).split()) if found else ""


class _Fields(HTMLParser):
    """What a browser would send of the page's biggest form."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, list[str]] = {}
        self._area = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        held = dict(attrs)
        name, kind = held.get("name") or "", held.get("type") or "text"
        if tag == "textarea":
            self._area = name
            self.values[name] = [""]
        elif tag == "input" and name:
            if kind in ("radio", "checkbox") and "checked" not in held:
                return
            self.values.setdefault(name, []).append(held.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self._area:
            self.values[self._area] = [self.values[self._area][0] + data]

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            # A browser drops the first line break of a text area.
            self.values[self._area] = [self.values[self._area][0].removeprefix("\n").removeprefix("\r\n")]
            self._area = ""


def form_of(response: Any) -> dict[str, list[str]]:
    """What the page's main form holds now: exactly what the browser would send back."""
    page = response.content.decode()
    main = page.split("<main", 1)[1].split("</main>")[0]
    reader = _Fields()
    reader.feed(main)
    return {name: values for name, values in reader.values.items() if name != "csrfmiddlewaretoken"}
