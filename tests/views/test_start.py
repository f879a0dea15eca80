"""The start page as each role meets it: here the auditor's."""

from __future__ import annotations

import pytest

from tests import cast

pytestmark = pytest.mark.django_db(transaction=True)


def test_an_auditor_is_told_what_auditors_may_do_and_nobody_else_is(enter, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    assert "vems=alla" in enter(cast.AUDITOR).get("/").content.decode()
    assert "vems=alla" not in enter(cast.OUTSIDER).get("/").content.decode()
