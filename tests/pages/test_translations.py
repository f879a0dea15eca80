"""The Swedish catalogue: complete, without doubtful entries, and compiled."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from string import Formatter

import polib
import pytest

from tests import servers
from tests.servers import ROOT

CATALOGUE = ROOT / "provisioning" / "locale" / "sv" / "LC_MESSAGES" / "django.po"
PERCENT_NAMES = re.compile(r"%\((\w+)\)")


@pytest.fixture(scope="module")
def catalogue():
    return polib.pofile(str(CATALOGUE))


@pytest.fixture(scope="module")
def texts_in_code(tmp_path_factory):
    """Every msgid that Django's own tool finds in code and templates now."""
    servers.find("xgettext", "msgfmt")
    folder = tmp_path_factory.mktemp("texts")
    for room in ("provisioning", "workflows", "config"):
        shutil.copytree(
            ROOT / room,
            folder / room,
            ignore=shutil.ignore_patterns("locale", "static", "vendor", "__pycache__"),
        )
    (folder / "locale").mkdir()
    # Without our settings, whose own catalogue folder would take the texts apart.
    env = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", "-l", "sv", "--no-location"],
        cwd=folder, env=env, check=True, capture_output=True, timeout=240,
    )  # fmt: skip
    found = polib.pofile(str(folder / "locale" / "sv" / "LC_MESSAGES" / "django.po"))
    return {(entry.msgctxt, entry.msgid) for entry in found if not entry.obsolete}


def test_every_text_has_a_swedish_one(catalogue, texts_in_code):
    known = {(entry.msgctxt, entry.msgid) for entry in catalogue if not entry.obsolete}
    assert sorted(msgid for _context, msgid in texts_in_code - known) == []


def test_no_swedish_text_has_lost_its_use(catalogue, texts_in_code):
    known = {(entry.msgctxt, entry.msgid) for entry in catalogue if not entry.obsolete}
    assert sorted(msgid for _context, msgid in known - texts_in_code) == []
    assert catalogue.obsolete_entries() == []


def test_nothing_is_empty_or_doubtful(catalogue):
    assert [entry.msgid for entry in catalogue.untranslated_entries()] == []
    assert [entry.msgid for entry in catalogue.fuzzy_entries()] == []


def test_placeholders_are_the_same_in_both_languages(catalogue):
    for entry in catalogue:
        texts = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        for text in texts:
            assert placeholders(text) <= placeholders(entry.msgid) | placeholders(entry.msgid_plural), (
                entry.msgid
            )
        if not entry.msgid_plural:
            assert placeholders(entry.msgstr) == placeholders(entry.msgid), entry.msgid


def placeholders(text: str) -> set[str]:
    names = set(PERCENT_NAMES.findall(text))
    if "{" in text:
        names |= {name for _text, name, _format, _conversion in Formatter().parse(text) if name}
    return names


def test_the_compiled_catalogue_is_up_to_date(catalogue):
    compiled = polib.mofile(str(CATALOGUE.with_suffix(".mo")))
    wanted = {entry.msgid_with_context: (entry.msgstr, entry.msgstr_plural) for entry in catalogue}
    assert {entry.msgid_with_context: (entry.msgstr, entry.msgstr_plural) for entry in compiled} == wanted
