"""Every page as people meet it: axe finds nothing, 320 pixels are wide enough, and a picture is kept."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from playwright.sync_api import ViewportSize

from provisioning.rules.hsa import HsaId
from tests import acts, cast, servers
from tests.browser import world as worlds
from tests.browser.conftest import Visit
from tests.browser.visitor import Visitor
from tests.browser.world import World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(1200)]  # a world is made first

PICTURES = servers.ROOT / "test-output" / "screenshots"
AXE = Path(__file__).parent / "vendor" / "axe" / "axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
# What passes is neither described nor sent here: that takes longer than the looking.
RUN_AXE = """async tags => {
    const found = await axe.run(document, {runOnly: {type: "tag", values: tags}, resultTypes: ["violations"]})
    return found.violations.map(
        one => ({id: one.id, help: one.help, targets: one.nodes.map(node => node.target)}))
}"""
DESKTOP: ViewportSize = {"width": 1280, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
NARROW: ViewportSize = {"width": 320, "height": 800}
MOST_HEADER = 120  # with the menu: the page itself begins on the first screen
HEADER_HEIGHT = """() => [...document.querySelectorAll('.app-header, .app-nav')]
    .reduce((sum, one) => sum + one.offsetHeight, 0)"""

Act = Callable[[Visitor], None]


@dataclass(frozen=True, slots=True)
class Shown:
    """One page in one situation: whose window, where, and what is done before looking."""

    name: str
    who: HsaId | None
    path: str
    act: Act | None = None
    url_name: str = ""
    status: int = 200


def press(selector: str) -> Act:
    def act(visitor: Visitor) -> None:
        visitor.page.locator(selector).first.click()
        visitor.page.wait_for_load_state()

    return act


def search_by_name(visitor: Visitor) -> None:
    visitor.page.locator("[name=person_search]").fill("Sagolund")
    visitor.page.locator("button[value=search_person]").click()


def preview(visitor: Visitor) -> None:
    visitor.fill_order(cast.SUBUNIT_ROLE, "rehabstod:unit", [cast.BJORKHAGA])
    visitor.page.locator("#preview").wait_for()


def preview_and_come_back(visitor: Visitor) -> None:
    preview(visitor)
    visitor.open("/bestall/")
    visitor.page.locator("button[value=start_over]").wait_for()


def refused_preview(visitor: Visitor) -> None:
    visitor.fill_order(cast.ENDED, "rehabstod:unit", [cast.BJORKHAGA])


def prolong_without_reasons(visitor: Visitor) -> None:
    visitor.page.locator("[value=prolong]").first.check()
    press("main form .button-group button[type=submit]")(visitor)


def find_in_kiv(visitor: Visitor) -> None:
    visitor.page.locator("#find_person_text").fill("son")
    visitor.page.locator("button[value=find_person]").click()


def open_in_kiv(visitor: Visitor) -> None:
    visitor.page.locator("#find_person_text").fill(cast.SUBUNIT_ROLE.text)
    visitor.page.locator("button[value=find_person]").click()
    visitor.page.locator("button[name=person]").click()
    visitor.page.locator("#find_unit_text").fill(cast.BJORKHAGA.text)
    visitor.page.locator("button[value=find_unit]").click()
    visitor.page.locator(f"button[name=unit][value='{cast.BJORKHAGA}']").click()


def cannot_without_words(visitor: Visitor) -> None:
    visitor.page.locator("details summary").click()
    visitor.page.locator("button[value=cannot]").click()


def reason_without_decision(visitor: Visitor) -> None:
    visitor.page.locator("[name$='-reason']").first.fill("Slutar i maj.")
    visitor.page.locator("main form button[type=submit]").click()


def preview_reorganisation(visitor: Visitor) -> None:
    visitor.page.locator("[name=old]").fill(cast.BJORKHAGA.text)
    visitor.page.locator("[name=new]").fill(cast.EKLIDEN.text)
    visitor.page.locator("button[value=preview]").click()
    visitor.page.locator("[name=reason]").wait_for()


def ask_about_a_coordinator(visitor: Visitor) -> None:
    visitor.page.locator("[name=person]").fill(cast.COORDINATOR.text)
    visitor.page.locator("[name=unit]").fill(cast.BJORKHAGA.text)
    visitor.page.locator("main form button[type=submit]").click()
    visitor.page.locator("#answer").wait_for()


def preview_many(visitor: Visitor) -> None:
    visitor.page.locator("[name=pasted]").fill(f"{cast.COORDINATOR} {cast.NOBODY}")
    visitor.page.locator("[name=access]").first.check()
    visitor.page.locator("[name=units]").first.check()
    visitor.page.locator("[name=need]").fill(acts.NEED)
    visitor.page.locator("[name=risk]").fill(acts.RISK)
    visitor.page.locator("button[value=preview]").click()
    visitor.page.locator("button[value=errors]").wait_for()


SUBMIT = press("main form button[type=submit]")
HEAD, KIV, AUDITOR = cast.HEAD, cast.KIV_ADMINISTRATOR, cast.AUDITOR

PAGES = [
    Shown("login", None, "/demo/login/", url_name="demo_login"),
    Shown("login-unknown", None, "/demo/login/", press("main form >> nth=-1 >> button"), status=400),
    Shown("start-head", HEAD, "/", url_name="start"),
    Shown("start-kiv", KIV, "/"),
    Shown("start-newcomer", cast.OUTSIDER, "/"),
    Shown("order-empty", HEAD, "/bestall/", url_name="order"),
    Shown("order-errors", HEAD, "/bestall/", press("button[value=preview]"), status=400),
    Shown("order-search", HEAD, "/bestall/", search_by_name),
    Shown("order-preview", HEAD, "/bestall/", preview),
    Shown("order-resumed", HEAD, "/bestall/", preview_and_come_back),
    Shown("order-refused", HEAD, "/bestall/", refused_preview, status=400),
    Shown("order-newcomer", cast.OUTSIDER, "/bestall/"),
    Shown("order-many", HEAD, "/bestall/flera/", url_name="order_many"),
    Shown("order-many-preview", HEAD, "/bestall/flera/", preview_many),
    Shown("cases-open", HEAD, "/arenden/", url_name="cases"),
    Shown("cases-ended", HEAD, "/arenden/?visa=avslutade"),
    Shown("cases-empty", cast.OUTSIDER, "/arenden/"),
    Shown("case-done", HEAD, "/arenden/{done}/", url_name="case"),
    Shown("case-kiv", HEAD, "/arenden/{kiv}/"),
    Shown("case-rejected", cast.DOCTOR_UNCOUPLED, "/arenden/{rejected}/"),
    Shown("case-protected", AUDITOR, "/arenden/{protected}/"),
    Shown("attest", HEAD, "/arenden/{attest}/attestera/", url_name="attest"),
    Shown("attest-errors", HEAD, "/arenden/{attest}/attestera/", SUBMIT, status=400),
    Shown("choose", HEAD, "/arenden/{choose}/valj/", url_name="choose"),
    Shown("choose-errors", HEAD, "/arenden/{choose}/valj/", SUBMIT, status=400),
    Shown("withdraw", HEAD, "/arenden/{choose}/dra-tillbaka/", url_name="withdraw"),
    Shown("receipt", HEAD, "/arenden/{done}/kvitto/", url_name="receipt"),
    Shown("delegations", HEAD, "/delegeringar/", url_name="delegations"),
    Shown("delegations-empty", cast.OUTSIDER, "/delegeringar/"),
    Shown("delegate", HEAD, "/delegeringar/ny/", url_name="delegate"),
    Shown("delegate-errors", HEAD, "/delegeringar/ny/", SUBMIT, status=400),
    Shown("revoke", HEAD, "/delegeringar/{delegation}/aterkalla/", url_name="revoke_delegation"),
    Shown("grants", HEAD, "/behorigheter/?vems=alla", url_name="grants"),
    Shown("grants-empty", cast.OUTSIDER, "/behorigheter/"),
    Shown("grant", HEAD, "/behorigheter/{right}/", url_name="grant"),
    Shown("ending", HEAD, "/behorigheter/upphor/", url_name="ending"),
    Shown("ending-errors", HEAD, "/behorigheter/upphor/", prolong_without_reasons, status=400),
    Shown("ending-empty", cast.OUTSIDER, "/behorigheter/upphor/"),
    Shown("beside-mine", HEAD, "/behorigheter/mina/", url_name="beside_mine"),
    Shown("beside-person", HEAD, "/behorigheter/{right}/person/", url_name="beside_person"),
    Shown("beside-place", HEAD, f"/behorigheter/plats/{cast.BJORKHAGA.text}/", url_name="beside_place"),
    Shown("grant-end", HEAD, "/behorigheter/{right}/avsluta/", url_name="grant_end"),
    Shown("grant-end-errors", HEAD, "/behorigheter/{right}/avsluta/", SUBMIT, status=400),
    Shown("grant-let-end", HEAD, "/behorigheter/{right}/lat-lopa-ut/", url_name="grant_let_end"),
    Shown("removal", HEAD, "/borttag/{removal}/", url_name="removal"),
    Shown("removal-receipt", HEAD, "/borttag/{gone}/kvitto/", url_name="removal_receipt"),
    Shown("removal-withdraw", HEAD, "/borttag/{removal}/ta-tillbaka/", url_name="removal_withdraw"),
    Shown("removal-task", KIV, "/kiv/borttag/{removal}/", url_name="removal_task"),
    Shown("reviews", HEAD, "/uppfoljningar/", url_name="reviews"),
    Shown("reviews-empty", cast.OUTSIDER, "/uppfoljningar/"),
    Shown("review-begin", HEAD, "/uppfoljningar/ny/", url_name="begin_review"),
    Shown("review-begin-errors", HEAD, "/uppfoljningar/ny/", SUBMIT, status=400),
    Shown("review", HEAD, "/uppfoljningar/{review}/", url_name="review"),
    Shown("review-errors", HEAD, "/uppfoljningar/{review}/", reason_without_decision, status=400),
    Shown("review-result", HEAD, "/uppfoljningar/{review}/resultat/", url_name="review_result"),
    Shown("reorganisations", HEAD, "/omorganisationer/", url_name="reorganisations"),
    Shown("reorganise", HEAD, "/omorganisationer/ny/", url_name="reorganise"),
    Shown("reorganise-errors", HEAD, "/omorganisationer/ny/", SUBMIT, status=400),
    Shown("reorganise-preview", HEAD, "/omorganisationer/ny/", preview_reorganisation),
    Shown("reorganisation", HEAD, "/omorganisationer/{reorganisation}/", url_name="reorganisation"),
    Shown("review-progress", HEAD, "/uppfoljningar/oversikt/", url_name="review_progress"),
    Shown("review-evidence", HEAD, "/uppfoljningar/{review}/underlag/", url_name="review_evidence"),
    Shown("findings", HEAD, "/avvikelser/", url_name="findings"),
    Shown("finding", HEAD, "/avvikelser/{outside}/", url_name="finding"),
    Shown("finding-lost", HEAD, "/avvikelser/{lost}/"),
    Shown("finding-errors", HEAD, "/avvikelser/{outside}/", SUBMIT, status=400),
    Shown("finding-auditor", AUDITOR, "/avvikelser/{lost}/"),
    Shown("findings-settled", HEAD, "/avvikelser/?visa=avslutade"),
    Shown("findings-empty", cast.OUTSIDER, "/avvikelser/"),
    Shown("kiv-tasks", KIV, "/kiv/", url_name="kiv_tasks"),
    Shown("kiv-ask", KIV, "/kiv/fraga/{kiv}/", url_name="kiv_ask"),
    Shown("kiv-tasks-empty", cast.OUTSIDER, "/kiv/"),
    Shown("kiv-task", KIV, "/kiv/{kiv}/", url_name="kiv_task"),
    Shown("kiv-task-not-there", KIV, "/kiv/{couple}/", press("button[name=answer][value=done]")),
    Shown("kiv-task-errors", KIV, "/kiv/{kiv}/", cannot_without_words, status=400),
    Shown("search", HEAD, "/sok/", url_name="search"),
    Shown("person-entrance", HEAD, "/kommer-in/", ask_about_a_coordinator, url_name="person_entrance"),
    Shown("person-entrance-errors", KIV, "/kommer-in/", SUBMIT, status=400),
    Shown("figures", HEAD, "/siffror/", url_name="figures"),
    Shown("figures-auditor", AUDITOR, "/siffror/?veckor=4"),
    Shown("messages", AUDITOR, "/meddelanden/", url_name="messages"),
    Shown("help", HEAD, "/hjalp/", url_name="help"),
    Shown("findings-many", HEAD, "/avvikelser/flera/?slag=role.outside", url_name="findings_many"),
    Shown("events", AUDITOR, "/handelser/", url_name="events"),
    Shown("units", HEAD, "/enheter/", url_name="units"),
    Shown("unit-team", HEAD, f"/enheter/{cast.BJORKHAGA.text}/team/", url_name="unit_team"),
    Shown(
        "unit-team-errors",
        HEAD,
        f"/enheter/{cast.BJORKHAGA.text}/team/",
        press("#name ~ form button"),
        status=400,
    ),
    Shown("above-cap", HEAD, "/enheter/over-taket/", url_name="above_cap"),
    Shown("team-coverage", AUDITOR, "/enheter/tackning/", url_name="team_coverage"),
    Shown("unit-people", HEAD, f"/enheter/{cast.BJORKHAGA.text}/", url_name="unit_people"),
    Shown("unit-proposals", HEAD, f"/enheter/{cast.BJORKHAGA.text}/forslag/", url_name="unit_proposals"),
    Shown("register-cases", HEAD, "/register/arenden/", url_name="register_cases"),
    Shown("register-rights", HEAD, "/register/behorigheter/", url_name="register_rights"),
    Shown("register-removals", HEAD, "/register/borttagningar/", url_name="register_removals"),
    Shown("register-findings", AUDITOR, "/register/avvikelser/", url_name="register_findings"),
    Shown("register-events", AUDITOR, "/register/handelser/", url_name="register_events"),
    Shown("register-no-filter", HEAD, "/register/arenden/?age=-1", status=400),
    Shown("operation", AUDITOR, "/drift/", url_name="operation"),
    Shown("systems", AUDITOR, "/drift/andra-system/", url_name="systems"),
    Shown(
        "subscribe", cast.KIV_ADMINISTRATOR_ABOVE, "/drift/andra-system/handelser/ny/", url_name="subscribe"
    ),
    Shown("log-ins", HEAD, "/mina-inloggningar/", url_name="log_ins"),
    Shown("own-notices", HEAD, "/mina-aviseringar/", url_name="own_notices"),
    Shown("own-absence", HEAD, "/mina-aviseringar/franvaro/", url_name="own_absence"),
    Shown(
        "own-absence-wrong",
        HEAD,
        "/mina-aviseringar/franvaro/",
        press("main form >> nth=-1 >> button"),
        status=400,
    ),
    Shown("mail-preview", HEAD, "/mina-aviseringar/mejl/?slag=kiv", url_name="mail_preview"),
    Shown("drafts", HEAD, "/utkast/", url_name="drafts"),
    Shown("logged-out", None, "/utloggad/", url_name="logged_out"),
    Shown("how-we-assess", HEAD, "/sa-bedomer-vi/", url_name="how_we_assess"),
    Shown("how-it-works", HEAD, "/sa-gar-det-till/", url_name="how_it_works"),
    Shown("about-accessibility", None, "/om/tillganglighet/", url_name="about_accessibility"),
    Shown("about-personal-data", None, "/om/personuppgifter/", url_name="about_personal_data"),
    Shown("demo-kiv", KIV, "/demo/kiv/", url_name="demo_kiv"),
    Shown("demo-kiv-found", KIV, "/demo/kiv/", find_in_kiv),
    Shown("demo-kiv-person", KIV, "/demo/kiv/", open_in_kiv),
    Shown("demo-kiv-closed", HEAD, "/demo/kiv/", status=403),
    Shown("demo-mail", HEAD, "/demo/mail/", url_name="demo_mail"),
    Shown("not-found", HEAD, "/arenden/00000000-0000-4000-8000-000000000000/", status=404),
]

# Addresses that show no page of their own: they answer machines, redirect, or take a form and lead on.
NO_PAGE = {
    "unsubscribe",
    "hook_secret",
    "hook_again",
    "hook_aside",
    "subscription",  # the demo has none: tests/pages/operation/test_webhooks_page.py
    "open_calendar",
    "end_absence",
    "end_team_task",
    "close_calendar",
    "own_calendar",
    "healthz",
    "readyz",
    "metrics",
    "set_language",
    "login",
    "logout",
    "resend",
    "resend_all",
    "incident_retry",
    "incident_settle",
    "end_log_in",
    "save_draft",
    "session_left",
    "session_go_on",
    "discard_draft",
    "remind",
    "case_stamp",
    "kiv_status",
    "kiv_answer",  # alike with kiv_ask
    "kiv_done",
    "kiv_take",
    "receipt_json",
    "figures_csv",
    "removal_receipt_json",
    "order_bpmn",
    "removal_bpmn",
    "delete_view",
    "order_stamp",
    "kiv_file",
    "order_template",
    "order_lines",
    "order_withdraw",
    "order_attest",
    "openapi-json",
    "api-root",
    "api_token",
    "api_orders",
    "api_order",
    "api_order_withdraw",
    "api_assess",
    "api_ticket",
    "scim_config",
    "scim_group",
    "scim_groups",
    "scim_search",
    "scim_user",
    "scim_users",
    "api_cases",
    "api_case",
    "api_rights",
    "api_findings",
    "api_reviews",
} | {
    # Shown only after a card has been read: tests/login looks at them.
    "login_refused",
    "oidc_begin",
    "oidc_again",
    "oidc_callback",
    "oidc_choose",
}


@pytest.fixture(scope="session")
def world(tool: servers.EmbeddedTool, browser: Any) -> Iterator[World]:
    """One world for all the pages; its windows are closed when it is made."""
    contexts = []

    def visit(hsa_id: HsaId) -> Visitor:
        context = browser.new_context(locale="sv-SE")
        context.set_default_timeout(servers.BROWSER_MILLISECONDS)
        contexts.append(context)
        return Visitor(context.new_page(), tool.url).log_in(hsa_id)

    made = worlds.make(visit, tool)
    for context in contexts:
        context.close()
    yield made


@pytest.mark.parametrize("shown", PAGES, ids=lambda shown: shown.name)
def test_the_page_is_accessible_and_fits_a_narrow_screen(shown: Shown, visit: Visit, world: World) -> None:
    visitor = visit(shown.who, bypass_csp=True, viewport=DESKTOP)
    page = visitor.page
    answers: list[int] = []
    page.on("response", lambda answer: answers.extend([answer.status] if is_page(answer) else []))
    if shown.path == "/bestall/" and shown.name != "order-resumed":
        visitor.open_order()
    visitor.open(world.path(shown.path))
    left = page.locator("main form[data-not-kept][action*='/utkast/'] button")
    if shown.path != "/bestall/" and left.count():  # another look has left it begun
        left.first.click()
        page.wait_for_url("**/utkast/")
        visitor.open(world.path(shown.path))
    if shown.act is not None:
        shown.act(visitor)
    deadline = time.monotonic() + servers.PATIENCE_SECONDS
    while answers[-1] != shown.status and time.monotonic() < deadline:  # a click waits for no answer
        page.wait_for_timeout(100)
    page.wait_for_load_state()
    assert answers[-1] == shown.status, visitor.text

    keep_picture(page, f"{shown.name}-desktop")
    assert violations(page) == []
    assert width_of(page) <= DESKTOP["width"], too_wide(page)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")  # no colour is on its way to another
    assert violations(page) == []
    page.set_viewport_size(PHONE)
    keep_picture(page, f"{shown.name}-390-dark")
    assert width_of(page) <= PHONE["width"], too_wide(page)
    assert page.evaluate(HEADER_HEIGHT) <= MOST_HEADER
    page.emulate_media(color_scheme="light")
    page.set_viewport_size(NARROW)
    keep_picture(page, f"{shown.name}-320")
    assert width_of(page) <= NARROW["width"], too_wide(page)
    assert violations(page) == []


def width_of(page: Any) -> int:
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


def test_what_is_not_accessible_is_found(visit: Visit) -> None:
    page = visit(bypass_csp=True).page
    page.set_content(
        '<html lang="sv"><title>x</title><main style="color: #ccc">En rad som knappt syns.</main>'
    )
    assert [one.partition(":")[0] for one in violations(page)] == ["color-contrast"]
    page.set_content('<html lang="sv"><title>x</title><main><img src="x"></main>')
    assert [one.partition(":")[0] for one in violations(page)] == ["image-alt"]


def test_every_address_with_a_page_is_looked_at() -> None:
    missing = set(url_names(get_resolver())) - {shown.url_name for shown in PAGES} - NO_PAGE
    assert not missing, "add these to PAGES"


def is_page(answer: Any) -> bool:
    return answer.request.is_navigation_request() and answer.status not in (301, 302, 303)


def keep_picture(page: Any, name: str) -> None:
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{name}.png", full_page=True)


def violations(page: Any) -> list[str]:
    """What axe finds, each with the rule and the places."""
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(path=str(AXE))
    found = page.evaluate(RUN_AXE, WCAG)
    return [f"{one['id']}: {one['help']} at {one['targets']}" for one in found]


def too_wide(page: Any) -> list[str]:
    """What sticks out to the right."""
    found: list[str] = page.evaluate(
        """() => [...document.querySelectorAll("main *, header *, nav *, footer *")]
            .filter(one => one.getBoundingClientRect().right > innerWidth + 1)
            .map(one => one.tagName + "." + one.className + ": " + one.textContent.trim().slice(0, 40))"""
    )
    return found


def url_names(resolver: URLResolver) -> Iterator[str]:
    """The names of all addresses but those of Django's own record pages."""
    for pattern in resolver.url_patterns:
        if isinstance(pattern, URLPattern):
            yield pattern.name or str(pattern.pattern)
        elif pattern.namespace != "admin":
            yield from url_names(pattern)
