"""The whole order by keyboard alone: everything can be reached, is seen to have focus, and can be worked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from provisioning.rules.drift.differences import DriftKind
from tests import cast, servers
from tests.browser import world
from tests.browser.conftest import Visit
from tests.browser.visitor import NEED, RISK

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]  # the tool is started first

MOST_PRESSES = 90
HAS_FOCUS = "selector => document.activeElement.matches(selector)"
# FKUI draws focus as a shadow; a radio's and checkbox's on the label beside it.
IS_SEEN = """() => {
    const one = document.activeElement;
    const near = [one, one.nextElementSibling, one.parentElement].filter(Boolean);
    return near.some(each => ["", "::before", "::after"].some(part => {
        const style = getComputedStyle(each, part || null);
        const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0
            && !style.outlineColor.includes("rgba(0, 0, 0, 0)") && style.outlineColor !== "transparent";
        return outlined || style.boxShadow !== "none";
    }));
}"""


def tab_to(page: Page, selector: str) -> None:
    """Press Tab until the element has focus; on the way, every element with focus must show it."""
    for _ in range(MOST_PRESSES):
        if page.evaluate(HAS_FOCUS, selector):
            return
        page.keyboard.press("Tab")
        where = page.evaluate("document.activeElement.outerHTML.slice(0, 200)")
        assert page.evaluate("document.activeElement === document.body") or page.evaluate(IS_SEEN), where
    raise AssertionError(f"Tab never reaches {selector} on {page.url}")


def test_an_order_is_placed_and_withdrawn_by_keyboard_alone(visit: Visit) -> None:
    visitor = visit(cast.HEAD)
    page = visitor.page
    visitor.open_order()
    visitor.open("/arenden/")
    page.keyboard.press("Tab")
    assert page.evaluate(HAS_FOCUS, "a.iskiplink")
    page.keyboard.press("Enter")  # past the menu, to the content

    visitor.open("/")
    assert page.evaluate(HAS_FOCUS, "[name=person_search]")  # a head begins at once
    page.keyboard.type(cast.SUBUNIT_ROLE.text)
    page.keyboard.press("Enter")
    page.locator(f"[name=person][value='{cast.SUBUNIT_ROLE}']:checked").wait_for()
    assert page.evaluate(HAS_FOCUS, "#person")  # the answer is where the reader is
    tab_to(page, "[name=access]")
    page.keyboard.press("Space")
    tab_to(page, f"[name=units][value='{cast.BJORKHAGA}']")
    assert page.evaluate(HAS_FOCUS, ":checked")  # where the person works is chosen already
    tab_to(page, "[name=need]")
    page.keyboard.type(NEED)
    tab_to(page, "[name=risk_statement]")
    page.keyboard.type(RISK)
    tab_to(page, "button[value=preview]")
    page.keyboard.press("Enter")
    page.locator("#preview").wait_for()
    assert page.evaluate(HAS_FOCUS, "#preview")
    tab_to(page, "button[value=send]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/arenden/*/")

    tab_to(page, "a[href$='/dra-tillbaka/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/dra-tillbaka/")
    tab_to(page, "main button[type=submit]")
    page.keyboard.press("Space")
    page.locator(".app-case__state").wait_for()


def test_an_error_summary_takes_focus_and_leads_to_the_field(visit: Visit) -> None:
    visitor = visit(cast.HEAD)
    page = visitor.page
    visitor.open_order()
    tab_to(page, "button[value=preview]")
    page.keyboard.press("Enter")
    page.locator("#error-summary").wait_for()
    assert page.evaluate(HAS_FOCUS, "#error-summary")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate(HAS_FOCUS, "[name=person]")


def test_a_kiv_task_is_answered_by_keyboard_alone(visit: Visit) -> None:
    head = visit(cast.HEAD)
    case_url = head.order(cast.WRONG_UNIT, "rehabstod:unit", [cast.BJORKHAGA])
    visitor = visit(cast.KIV_ADMINISTRATOR)
    page = visitor.page
    visitor.page.goto(case_url)
    visitor.wait_until(lambda: page.locator("a[href^='/kiv/']:not([href='/kiv/'])").count() > 0)
    tab_to(page, "main a.button[href^='/kiv/']")
    page.keyboard.press("Enter")
    page.wait_for_url("**/kiv/*/")
    tab_to(page, "details summary")
    page.keyboard.press("Enter")
    tab_to(page, "[name=cannot-why]")
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    tab_to(page, "[name=cannot-note]")
    page.keyboard.type("Personen har slutat på enheten.")
    tab_to(page, "button[value=cannot]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/kiv/")
    visitor.page.goto(case_url)
    assert "Personen har slutat på enheten." in visitor.text


def test_a_finding_is_explained_by_keyboard_alone(visit: Visit, tool: servers.EmbeddedTool) -> None:
    tool.manage("sweep", "--full", "--believe-losses")
    visitor = visit(cast.HEAD)
    page = visitor.page
    address = f"/avvikelser/{world.finding(visitor, DriftKind.ROLE_WITHOUT_COMMISSION)}/"
    tab_to(page, f"main a[href='{address}']")
    page.keyboard.press("Enter")
    page.wait_for_url("**" + address)
    tab_to(page, "[name=step]")
    page.keyboard.press("ArrowUp")  # the last choice
    assert page.evaluate(HAS_FOCUS, "[name=step][value=explain]:checked")
    tab_to(page, "[name=reason]")
    page.keyboard.type("Rollen är kvar för en person som är tjänstledig.")
    tab_to(page, "main form button[type=submit]")
    page.keyboard.press("Enter")
    page.wait_for_url("**/avvikelser/")
    assert page.locator(f"main a[href='{address}']").count() == 0
