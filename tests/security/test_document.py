"""docs/security.md points at tests that exist."""

import re

import pytest

from tests.servers import ROOT

POINTERS = sorted(
    set(
        re.findall(
            r"`(tests/[\w/]+\.py(?:::\w+)?)`", (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
        )
    )
)


def test_the_document_points_at_tests():
    assert len(POINTERS) > 20


@pytest.mark.parametrize("pointer", POINTERS)
def test_what_it_points_at_is_there(pointer):
    path, _, name = pointer.partition("::")
    text = (ROOT / path).read_text(encoding="utf-8")
    assert not name or f"def {name}(" in text
