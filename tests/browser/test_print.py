"""What is printed: what a page says, without what is filled in, pressed or ticked."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests import cast
from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]  # the tool is started first


def test_the_people_of_a_unit_are_printed_without_what_is_pressed(visit: Visit) -> None:
    visitor = visit(cast.HEAD)
    visitor.open(reverse("unit_people", args=[cast.BJORKHAGA.text]))
    page = visitor.page
    table, button = page.locator("main table"), page.locator("main table button").first
    button.wait_for(state="visible")
    page.emulate_media(media="print")
    table.wait_for(state="visible")
    assert cast.COORDINATOR.text in table.inner_text()
    for pressed in (button, page.locator("main table [type=checkbox]").first, page.locator("[role=search]")):
        assert not pressed.is_visible()
    assert not page.locator("nav").first.is_visible()
    assert page.locator("h1").is_visible()
