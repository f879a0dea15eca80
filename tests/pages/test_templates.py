"""What holds for every template and every style file."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.contrib.staticfiles import finders
from django.template.loader import get_template, render_to_string
from django.test import RequestFactory
from django.utils import translation

from provisioning.pages.templatetags.components import TONES

TEMPLATE_ROOT = settings.BASE_DIR / "provisioning" / "pages" / "templates"
TEMPLATES = sorted(TEMPLATE_ROOT.rglob("*.html"))
STATIC = settings.BASE_DIR / "provisioning" / "pages" / "static" / "provisioning"
ERROR_PAGES = ("400.html", "403.html", "403_csrf.html", "404.html", "500.html", "503.html")


def name_of(path: Path) -> str:
    return path.name


def page(name: str, **values: Any) -> str:
    request = RequestFactory().get("/cases/?page=2")
    request.user = SimpleNamespace(is_authenticated=True, name="Anna <b>Almqvist")  # type: ignore[assignment]
    return render_to_string(name, {"request": request, **values})


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_template_has_only_tags_that_exist(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    included = re.findall(r'{% (?:include|extends|listing [^"]+) "([^"]+\.html)"', text)

    for name in [str(path.relative_to(TEMPLATE_ROOT)), *(one for one in included if not one.startswith("."))]:
        get_template(name)


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_no_template_needs_inline_style_or_script(path: Path) -> None:
    text = path.read_text(encoding="utf-8")

    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", text)
    assert not re.search(r"<script(?![^>]*\ssrc=)", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_every_static_file_and_icon_that_a_template_names_exists(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    icons = set(re.findall(r'<symbol id="([a-z-]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))

    assert all(finders.find(name) for name in re.findall(r'{% static "([^"]+)" %}', text))
    assert set(re.findall(r'{% icon "([^"]+)" %}', text)) <= icons
    assert {tone.icon for tone in TONES.values()} <= icons


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.css")), ids=name_of)
def test_every_file_that_a_style_sheet_names_exists_and_is_our_own(path: Path) -> None:
    for address in re.findall(r"""url\(["']?(?!data:)([^"')]+)""", path.read_text(encoding="utf-8")):
        assert (path.parent / address).is_file(), address


def test_every_style_sheet_of_our_own_is_linked_in_the_head() -> None:
    head = (
        settings.BASE_DIR / "provisioning" / "pages" / "templates" / "provisioning" / "head.html"
    ).read_text("utf-8")
    sheets = {f"provisioning/css/{path.name}" for path in (STATIC / "css").glob("*.css")}

    assert sheets == set(re.findall(r'{% static "(provisioning/css/[^"]+)" %}', head))


@pytest.mark.parametrize("path", sorted((STATIC / "css").glob("*.css")), ids=name_of)
def test_every_class_of_our_own_in_a_style_sheet_has_a_user(path: Path) -> None:
    users = [*TEMPLATES, *(settings.BASE_DIR / "provisioning").rglob("*.py"), *STATIC.glob("*.js")]
    text = "\n".join(one.read_text(encoding="utf-8") for one in users)
    used = set(re.findall(r"(?<![\w-])app-[\w-]+", text))
    # A class that ends with `--` where a template writes it gets its last part from a value.
    styled = set(re.findall(r"\.(app-[\w-]+)", path.read_text(encoding="utf-8")))

    assert {name for name in styled if not {name, f"{name.partition('--')[0]}--"} & used} == set()


@pytest.mark.parametrize("name", ERROR_PAGES)
@pytest.mark.parametrize("language", ["sv", "en"])
def test_every_error_page_stands_without_a_request_and_leads_on(name: str, language: str) -> None:
    with translation.override(language):
        html = render_to_string(name)

    assert f'<html lang="{language}">' in html
    assert html.count("<h1>") == 1
    assert 'class="button button--primary button--medium" href="/"' in html
    assert re.search(r"<title>\s*\S.* – Behörighetsvägen</title>", html)


def test_the_base_page_shows_who_is_logged_in_and_where() -> None:
    nav = [("/", "Start", False), ("/cases/", "My <cases>", True)]
    with translation.override("en"):
        html = page(
            "provisioning/base.html", nav=nav, user_role="Head of unit", source_url="https://source.invalid/"
        )

    assert "Anna &lt;b&gt;Almqvist" in html
    assert "Head of unit" in html
    assert html.count('aria-current="page"') == 1
    assert 'href="/cases/" aria-current="page">My &lt;cases&gt;</a>' in html
    assert 'href="https://source.invalid/"' in html


def test_the_first_thing_the_tab_key_meets_leads_past_the_menu() -> None:
    html = page("provisioning/base.html", nav=[("/", "Start", True)])

    first_link = re.search(r"<a [^>]+>", html)
    assert first_link
    assert 'href="#main"' in first_link[0]
    assert 'id="main"' in html


def test_only_the_demo_says_that_it_is_one() -> None:
    with translation.override("en"):
        assert "Every person and unit here is made up" in page("provisioning/base.html", is_demo=True)
        assert "Every person and unit here is made up" not in page("provisioning/base.html", is_demo=False)


def test_the_other_language_has_its_own_name_and_leads_back_here() -> None:
    with translation.override("sv"):
        html = page("provisioning/base.html")

    assert re.search(r'<button[^>]+name="language" value="en" lang="en">English</button>', html)
    assert 'value="sv"' not in html
    assert '<input type="hidden" name="next" value="/cases/?page=2">' in html


@pytest.mark.parametrize("level", [20, 25, 30, 40])
def test_a_message_of_every_level_is_shown_where_it_is_announced(level: int) -> None:
    html = page("provisioning/base.html", messages=[Message(level, "Sent <b>")])

    status = re.split(r'role="status"[^>]*>', html)[1].split("<h1")[0]
    assert "<p>Sent &lt;b&gt;</p>" in status


def test_the_title_of_a_page_with_errors_says_so_first() -> None:
    with translation.override("en"):
        html = page("provisioning/base.html", form=SimpleNamespace(errors={"person": ["Missing."]}))

    assert "<title>Error: Access orders – Behörighetsvägen</title>" in html
