"""Cases in every state, made once by their own people on the pages, for the tests that only look at pages."""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from django.conf import settings
from django.utils import timezone, translation

from provisioning.demo.directory.changes import Kiv
from provisioning.directory import ConnectionSettings
from provisioning.pages.findings import words as findings_words
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.hsa import Attribute, HsaId
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState
from tests import cast
from tests.browser.visitor import Visitor
from tests.servers import PATIENCE_SECONDS, EmbeddedTool

ROLE = f"INTYG;Rehab-{cast.BJORKHAGA}"
REHAB_UNIT = "rehabstod:unit"
SUBMIT = "main form button[type=submit]"


@dataclass(slots=True)
class World:
    """Public ids of cases by what they show; of a delegation, too."""

    cases: dict[str, str] = field(default_factory=dict)

    def path(self, pattern: str) -> str:
        """The address with each `{name}` replaced by that case's public id."""
        return pattern.format(**self.cases)

    def keep(self, name: str, case_url: str) -> None:
        self.cases[name] = case_url.rstrip("/").rpartition("/")[2]


def make(visit: Callable[[HsaId], Visitor], tool: EmbeddedTool) -> World:
    """Order, attest, reject and choose, until each kind of page has something to show."""
    world = World()
    head = visit(cast.HEAD)
    doctor = visit(cast.DOCTOR)
    other_doctor = visit(cast.DOCTOR_UNCOUPLED)
    soon = timezone.localdate() + timedelta(days=20)
    at_once = {
        "kiv": head.order(cast.WRONG_CASE, REHAB_UNIT, [cast.BJORKHAGA]),
        "choose": head.order(cast.COORDINATOR_UNCOUPLED, REHAB_UNIT, [cast.BJORKHAGA]),
        "couple": head.order(cast.WRONG_CASE, "intygsstatistik:unit", [cast.BJORKHAGA]),
        "settled": head.order(cast.SETTLED, REHAB_UNIT, [cast.BJORKHAGA]),
        "protected": head.order(cast.PROTECTED, REHAB_UNIT, [cast.BJORKHAGA]),
        "done": head.order(cast.DOCTOR, "rehabstod:own", [cast.BJORKHAGA], last_day=soon),
        "attest": doctor.order(None, REHAB_UNIT, [cast.BJORKHAGA]),
        "lost": head.order(cast.PROVIDER_ROLE, REHAB_UNIT, [cast.BJORKHAGA]),
        "gone": head.order(cast.WRONG_UNIT, REHAB_UNIT, [cast.BJORKHAGA]),
        "rejected": other_doctor.order(None, REHAB_UNIT, [cast.BJORKHAGA]),
    }
    for name, case_url in at_once.items():
        world.keep(name, case_url)
    head.open(world.path("/arenden/{rejected}/attestera/"))
    head.page.locator("[name=decision][value=reject]").check()
    head.page.locator("[name=reason]").fill("Behövs inte: läkaren slutar på enheten denna månad.")
    head.page.locator(SUBMIT).click()
    head.wait_for_state(at_once["choose"], RequestState.AWAITING_KIV)
    lack_the_commission(visit(cast.KIV_ADMINISTRATOR), world.path("/kiv/{choose}/"))
    world.cases["delegation"] = delegate(head)
    for name, state in (
        ("couple", RequestState.AWAITING_KIV),
        ("kiv", RequestState.AWAITING_KIV),
        ("protected", RequestState.AWAITING_KIV),
        ("choose", RequestState.AWAITING_CHOICE),
        ("done", RequestState.DONE),
        ("settled", RequestState.DONE),
    ):
        head.wait_for_state(at_once[name], state)
    world.cases["right"], world.cases["removal"] = end_a_right(head, visit(cast.KIV_ADMINISTRATOR))
    lose_a_right(head, at_once["lost"], tool)
    world.cases["outside"], world.cases["lost"] = compare(head, tool)
    world.cases["gone"] = take_a_right_away(head, at_once["gone"], tool)
    world.cases["review"] = begin_review(head)
    world.cases["reorganisation"] = propose_reorganisation(head)
    return world


def lack_the_commission(administrator: Visitor, task: str) -> None:
    """The KIV administrator finds no commission to couple to: the orderer chooses again."""
    page = administrator.page
    administrator.open(task)
    page.locator("details", has=page.locator("[name=cannot-why]")).locator("summary").click()
    page.locator("[name=cannot-why][value=commission_missing]").check()
    page.locator("[name=cannot-note]").fill("Enheten har inget medarbetaruppdrag att koppla till.")
    page.locator("button[name=answer][value=cannot]").click()


def end_a_right(head: Visitor, administrator: Visitor) -> tuple[str, str]:
    """The head of unit ends the right that rests on a role; returns another right and the removal."""
    head.open("/behorigheter/?vems=alla")
    rights = {}
    for link in head.page.locator("main a[href^='/behorigheter/']").all():
        address = link.get_attribute("href") or ""
        if re.fullmatch(r"/behorigheter/[0-9a-f-]{36}/", address):
            rights[address] = address.split("/")[2]
    kept = ""
    for address, public_id in rights.items():
        head.open(address)
        if cast.SETTLED.text not in head.text:
            kept = public_id
            continue
        head.open(address + "avsluta/")
        head.page.locator("[name=reason]").fill("Uppdraget på enheten är slut.")
        head.page.locator(SUBMIT).click()
        head.page.wait_for_url(re.compile(r"/borttag/[0-9a-f-]{36}/$"))
        removal = head.page.url.rstrip("/").rpartition("/")[2]
    deadline = time.monotonic() + PATIENCE_SECONDS
    while f"/kiv/borttag/{removal}/" not in administrator.page.content():
        assert time.monotonic() < deadline, "the KIV administrator gets the task of removing"
        administrator.open("/kiv/")
    return kept, removal


def lose_a_right(head: Visitor, case_url: str, tool: EmbeddedTool) -> None:
    """The role is set in KIV and the right so given; then somebody takes the role away, and tells nobody."""
    with kiv_of(tool) as kiv:
        give_role(head, case_url, kiv, cast.PROVIDER_ROLE)
        kiv.remove_value(dn_of(cast.PROVIDER_ROLE), Attribute.SYSTEM_ROLE, ROLE)


def give_role(head: Visitor, case_url: str, kiv: Kiv, person: HsaId) -> None:
    head.wait_for_state(case_url, RequestState.AWAITING_KIV)
    kiv.add_value(dn_of(person), Attribute.SYSTEM_ROLE, ROLE)
    head.wait_for_state(case_url, RequestState.DONE)


def kiv_of(tool: EmbeddedTool) -> contextlib.closing[Kiv]:
    account = settings.MOCK_KIV_BIND_DN, settings.MOCK_KIV_BIND_PASSWORD
    return contextlib.closing(Kiv(ConnectionSettings(tool.directory_url, *account)))


def dn_of(person: HsaId) -> str:
    return f"cn=demo{person.text[-4:]},ou=Personal,o=Demoregionen"


def compare(head: Visitor, tool: EmbeddedTool) -> tuple[str, str]:
    """The tool compares itself with the directory; returns a role nobody attested, and the lost right."""
    tool.manage("sweep", "--full", "--believe-losses")
    return finding(head, DriftKind.ROLE_OUTSIDE), finding(head, DriftKind.ROLE_MISSING)


def finding(head: Visitor, kind: DriftKind) -> str:
    """The public id of the first of this kind in the list."""
    with translation.override("sv"):
        words = findings_words.sentence(kind)
    head.open("/avvikelser/")
    link = (
        head.page.locator("main li", has=head.page.locator("h2, h3"), has_text=words).first.locator("a").first
    )
    address = link.get_attribute("href") or ""
    return address.rstrip("/").rpartition("/")[2]


def take_a_right_away(head: Visitor, case_url: str, tool: EmbeddedTool) -> str:
    """The right is given, the head of unit ends it, and KIV removes the role; returns the removal, done."""
    with kiv_of(tool) as kiv:
        give_role(head, case_url, kiv, cast.WRONG_UNIT)
        right = head.page.locator("main a[href^='/behorigheter/']").first.get_attribute("href") or ""
        head.open(right + "avsluta/")
        head.page.locator("[name=reason]").fill("Har slutat som rehabkoordinator.")
        head.page.locator(SUBMIT).click()
        head.page.wait_for_url(re.compile(r"/borttag/[0-9a-f-]{36}/$"))
        removal = head.page.url.rstrip("/").rpartition("/")[2]
        # What no look ever saw is not believed to be gone before an hour has passed.
        head.wait_for_state(head.page.url, RemovalState.AWAITING_KIV)
        kiv.remove_value(dn_of(cast.WRONG_UNIT), Attribute.SYSTEM_ROLE, ROLE)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while "/kvitto/" not in head.page.content():
        assert time.monotonic() < deadline, "the removal ends when the value is gone"
        head.open(f"/borttag/{removal}/")
    return removal


def begin_review(head: Visitor) -> str:
    """The head of unit starts a review of the unit's rights; returns its public id."""
    head.open("/uppfoljningar/ny/")
    head.page.locator("[name=unit]").first.check()
    head.page.locator(SUBMIT).click()
    head.page.wait_for_url(re.compile(r"/uppfoljningar/[0-9a-f-]{36}/$"))
    return head.page.url.rstrip("/").rpartition("/")[2]


def propose_reorganisation(head: Visitor) -> str:
    """The head of unit proposes that the unit becomes another one; returns the proposal's public id."""
    page = head.page
    head.open("/omorganisationer/ny/")
    page.locator("[name=old]").fill(cast.BJORKHAGA.text)
    page.locator("[name=new]").fill(cast.EKLIDEN.text)
    page.locator(SUBMIT).click()
    page.locator("[name=reason]").fill("Björkhaga går upp i Ekliden vid årsskiftet.")
    page.locator("button[value=propose]").click()
    page.wait_for_url(re.compile(r"/omorganisationer/[0-9a-f-]{36}/$"))
    return page.url.rstrip("/").rpartition("/")[2]


def delegate(head: Visitor) -> str:
    """The head of unit lets somebody order; returns the delegation's public id."""
    page = head.page
    head.open("/delegeringar/ny/")
    page.locator("[name=who]").fill(cast.DELEGATE.text)
    page.locator("[name=unit]").first.check()
    page.locator("[name=kinds]").first.check()
    page.locator("[name=ends_on]").fill((timezone.localdate() + timedelta(days=60)).isoformat())
    page.locator("[name=reason]").fill("Ersätter mig under semestern i sommar.")
    page.locator(SUBMIT).click()
    page.wait_for_url("**/delegeringar/")
    address = page.locator("a[href$='/aterkalla/']").first.get_attribute("href") or ""
    return address.split("/")[-3]
