"""The operators' page tells what the code does: sentences, attributes, variables, an example that loads."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from config.celery import TIMETABLE
from provisioning.directory.check import SENTENCES
from provisioning.directory.layout import Administrators, Layout
from provisioning.directory.ldap.troubles import Trouble
from provisioning.directory.reading import mapping

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
# Other names for the same things in other directories: named where the layout is.
ELSEWHERE = {
    "hsaProtectedPerson", "hsaConfidentialPerson", "hsaUnitName", "hsaHealthCareProviderName", "hsaOrgNo",
    "hsaCommissionName",
}  # fmt: skip


@pytest.mark.parametrize("trouble", list(Trouble), ids=lambda trouble: trouble.name)
@pytest.mark.usefixtures("in_english")
def test_every_trouble_is_explained_with_its_own_sentence(trouble: Trouble):
    assert f"| `{trouble.value}` | {SENTENCES[trouble]} | " in PAGE


@pytest.fixture
def in_english():
    from django.utils import translation

    with translation.override("en"):
        yield


def test_every_attribute_that_is_asked_for_is_named():
    layout = Layout()
    asked = {
        *mapping.person_attributes(layout),
        *mapping.organisation_attributes(layout),
        *mapping.commission_attributes(layout),
        layout.managed_objects,
        layout.admin_type,
    }
    assert sorted(name for name in asked - ELSEWHERE if f"`{name}`" not in PAGE) == []


def test_every_variable_on_the_page_exists():
    named = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b", PAGE))
    assert len(named) > 15
    assert sorted(name for name in named if not re.search(rf"^#?{name}=", EXAMPLE, re.MULTILINE)) == []


def test_the_other_layout_on_the_page_can_be_used():
    (written,) = re.findall(r"```json\n(.+?)```", PAGE, re.DOTALL)
    layout = Layout.from_mapping(json.loads(written))
    assert layout.administrators is Administrators.GROUP
    assert layout.unit_manager == "manager"


def test_every_sweep_is_on_the_page():
    table = PAGE[PAGE.index("## The timetable") : PAGE.index("## The event log")].lower()
    words = {"audit checkpoint": "checkpoint", "expiry": "rights that have ended"}
    assert [name for name in TIMETABLE if words.get(name, name).lower() not in table] == []


def test_every_page_it_leads_to_exists():
    for link in re.findall(r"\]\(([^)#]+)\)", PAGE):
        assert (ROOT / "docs" / link).exists(), link
