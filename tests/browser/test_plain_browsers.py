"""Without JavaScript everything works, and the language can be changed where one stands."""

from __future__ import annotations

import pytest

from provisioning.rules.states.request import RequestState
from tests import cast
from tests.browser.conftest import Visit

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]  # the tool is started first


def test_an_order_is_carried_out_without_javascript(visit: Visit) -> None:
    head = visit(cast.HEAD, java_script_enabled=False)
    case_url = head.order(cast.MALFORMED, "rehabstod:unit", [cast.BJORKHAGA])
    head.wait_for_state(case_url, RequestState.AWAITING_KIV)
    kiv = visit(cast.KIV_ADMINISTRATOR, java_script_enabled=False)
    task_url = case_url.replace("/arenden/", "/kiv/")
    kiv.page.goto(task_url)
    assert not kiv.page.locator("button[data-copy-value]").first.is_visible()  # nothing dead is on the page
    value = kiv.page.locator("code.app-copy__value", has_text="INTYG").inner_text()
    kiv.add_role(cast.MALFORMED, value)
    kiv.page.goto(task_url)
    if kiv.page.url == task_url:  # unless the tool has seen it first
        kiv.page.locator("button[value=already]").click()
    head.wait_for_state(case_url, RequestState.DONE)


def test_the_language_is_changed_where_one_stands_and_stays(visit: Visit) -> None:
    visitor = visit(cast.KIV_ADMINISTRATOR)
    page = visitor.page
    visitor.open("/kiv/")
    page.locator(".app-language button[value=en]").click()
    assert page.url == visitor.base_url + "/kiv/"
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("h1").inner_text() == "KIV tasks"
    visitor.open("/arenden/")
    assert page.locator("html").get_attribute("lang") == "en"
    page.locator(".app-language button[value=sv]").click()
    assert page.locator("html").get_attribute("lang") == "sv"
