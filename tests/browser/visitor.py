"""One person at a browser window: logs in, orders, answers, and waits for what the case says."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING

from django.utils import translation
from django.utils.translation import gettext

from provisioning.models import RemovalStateChoice, StateChoice
from provisioning.rules.hsa import HsaId
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState
from tests.servers import PATIENCE_SECONDS

if TYPE_CHECKING:
    from playwright.sync_api import Page

NEED = "Samordnar rehabiliteringen på enheten från och med i höst."
RISK = "Ser alla sjukskrivna på enheten. Har uppdraget och har gått utbildningen."


def swedish(msgid: str) -> str:
    """The words a Swedish reader sees."""
    with translation.override("sv"):
        return gettext(msgid)


class Visitor:
    """Somebody with a window of their own."""

    def __init__(self, page: Page, base_url: str):
        self.page = page
        self.base_url = base_url

    def open(self, path: str) -> None:
        self.page.goto(self.base_url + path)

    def log_in(self, hsa_id: HsaId) -> Visitor:
        """Choose who to be; works for those not on the list, too."""
        self.open("/demo/login/")
        self.page.get_by_role("textbox").fill(hsa_id.text)
        self.page.get_by_role("textbox").press("Enter")
        self.page.wait_for_url(self.base_url + "/")
        return self

    def open_order(self) -> None:
        """The order page, empty: what was begun in another test is begun anew."""
        self.open("/bestall/")
        anew = self.page.locator("button[value=start_over]")
        if anew.count():
            anew.click()
            anew.wait_for(state="detached")

    def fill_order(self, subject: HsaId | None, access: str, units: Iterable[HsaId]) -> None:
        """Fill in the order page and look at the preview. `subject` None: oneself."""
        page = self.page
        self.open_order()
        if subject is not None:
            page.locator("[name=person_search]").fill(subject.text)
            page.locator("button[value=search_person]").click()
            page.locator(f"[name=person][value='{subject}']").check()
        else:
            page.locator("[name=person]").first.check()
        page.locator(f"[name=access][value='{access}']").check()
        for unit in units:
            if not page.locator(f"[name=units][value='{unit}']").count():
                page.locator("[name=unit_search]").fill(unit.text)
                page.locator("button[value=search_unit]").click()
            page.locator(f"[name=units][value='{unit}']").check()
        page.locator("[name=need]").fill(NEED)
        page.locator("[name=risk_statement]").fill(RISK)
        before = page.url
        page.locator("button[value=preview]").click()
        page.wait_for_url(lambda url: url != before)
        couple = page.locator("[name=if_missing][value=couple]")
        if couple.count():
            couple.check()

    def order(
        self, subject: HsaId | None, access: str, units: Iterable[HsaId], *, last_day: date | None = None
    ) -> str:
        """Order and send; returns the address of the case. `last_day`: not the one that the form proposes."""
        self.fill_order(subject, access, units)
        if last_day is not None:
            self.page.locator("[name=ends_on]").fill(last_day.isoformat())
            self.page.locator("button[value=preview]").click()
        self.page.locator("button[value=send]").click()
        self.page.wait_for_url("**/arenden/*/")
        return self.page.url

    def wait_for_state(self, case_url: str, state: RequestState | RemovalState) -> None:
        """Open the case again and again until it is in this state."""
        with translation.override("sv"):
            choice = StateChoice if isinstance(state, RequestState) else RemovalStateChoice
            label = str(choice(state.value).label)
        self.page.goto(case_url)
        self.wait_until(lambda: label in self.page.locator(".app-case__state").inner_text())

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Load the page again until it is so."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            if time.monotonic() > deadline:
                raise AssertionError(f"waited in vain on {self.page.url}: {self.page.inner_text('main')}")
            self.page.wait_for_timeout(300)
            self.page.reload()

    def add_role(self, person_id: HsaId, value: str) -> None:
        """As KIV administrator: add a system role in the mock KIV."""
        page = self.page
        self.open("/demo/kiv/")
        page.locator("#find_person_text").fill(person_id.text)
        page.locator("button[value=find_person]").click()
        page.locator(f"button[name=person][value='{person_id}']").click()
        page.locator("#add_role_value").fill(value)
        page.locator("button[value=add_role]").click()
        page.locator("code.app-value", has_text=value).first.wait_for()

    @property
    def text(self) -> str:
        """What the page says, as its reader sees it."""
        return self.page.inner_text("main")
