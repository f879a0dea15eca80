"""Whoever works while it storms: heads who order and end rights, and the KIV administrator."""

from __future__ import annotations

import contextlib
import http
import http.client
import http.cookiejar
import random
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.db import Error as DatabaseTrouble
from django.db import connection

from provisioning.demo.directory.changes import Kiv
from provisioning.errors import ProvisioningError
from provisioning.models import AccessRequest, Grant, Removal
from provisioning.rules.hsa import HsaId
from provisioning.rules.states.request import OPEN, RequestState
from provisioning.rules.states.right import REMOVAL_OPEN, GrantState, RemovalState
from tests import acts, cast
from tests.pages import reading
from tests.rights import life
from tests.workflows.storm.region import person_id

MISFORTUNES = (DatabaseTrouble, ProvisioningError, OSError)  # what a person sees of a storm, and tries again
PAUSE_SECONDS = 0.2
OPEN_REQUESTS = [state.value for state in OPEN]
OPEN_REMOVALS = [state.value for state in REMOVAL_OPEN]


@dataclass
class Page:
    """What came back, as tests.pages.reading reads it."""

    content: bytes
    url: str


class Browser:
    """Logged in as somebody of the cast, as far as the web server lets it."""

    def __init__(self, address: str, person: HsaId):
        self._address, self._person = address, person
        jar = http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        self._jar = jar

    def get(self, path: str) -> Page:
        """Logs in first where that is needed. Raises OSError for whatever is no page."""
        page = self._open(path)
        if "/logga-in/" in page.url or "/demo/login/" in page.url:
            self._jar.clear()
            self._open("/demo/login/")
            self._open("/demo/login/", {"person": [self._person.text]})
            page = self._open(path)
        return page

    def post(self, path: str, fields: dict[str, list[str]]) -> Page:
        return self._open(path, fields)

    def _open(self, path: str, fields: dict[str, list[str]] | None = None) -> Page:
        data = None
        if fields is not None:
            token = [cookie.value or "" for cookie in self._jar if cookie.name == "csrftoken"]
            data = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": token}, doseq=True).encode()
        request = urllib.request.Request(self._address + path, data)  # noqa: S310 - our own
        try:
            return self._answer(request)
        except http.client.HTTPException as exc:
            raise OSError(type(exc).__name__) from exc

    def _answer(self, request: urllib.request.Request) -> Page:
        try:
            with self._opener.open(request, timeout=60) as answer:
                return Page(answer.read(), answer.url)
        except urllib.error.HTTPError as exc:
            if exc.code == http.HTTPStatus.BAD_REQUEST:
                exc.msg = reading.text_of(Page(exc.read(), exc.url))
            raise


@dataclass
class Town:
    """What all of them share: how much is under way at the most, and what has been acknowledged."""

    people: int
    at_once: int
    address: str
    is_working: threading.Event = field(default_factory=threading.Event)  # orders and removals are begun
    is_over: threading.Event = field(default_factory=threading.Event)
    acknowledged: set[str] = field(default_factory=set)  # public ids of cases whose orderer was told so
    removals: set[str] = field(default_factory=set)
    by_web: int = 0
    misfortunes: int = 0
    errors: list[str] = field(default_factory=list)
    _choosing: threading.Lock = field(default_factory=threading.Lock)
    _chosen: set[int] = field(default_factory=set)

    def begin(self) -> list[threading.Thread]:
        """Everybody goes to work, each in a thread of their own."""
        browser = Browser(self.address, cast.HEAD)
        kiv = Kiv()
        turns: list[tuple[Callable[[], None], threading.Event | None]] = [
            (self._order, self.is_working),
            (lambda: self._order_by_web(browser), self.is_working),
            (self._end_a_right, self.is_working),
            (lambda: self._carry_out(kiv), None),
        ]
        threads = [threading.Thread(target=self._work, args=turn, daemon=True) for turn in turns]
        for thread in threads:
            thread.start()
        return threads

    def _work(self, act: Callable[[], None], allowed: threading.Event | None) -> None:
        while not self.is_over.is_set():
            try:
                if allowed is None or allowed.is_set():
                    act()
            except MISFORTUNES as exc:
                self.misfortunes += 1
                connection.close()
                if isinstance(exc, urllib.error.HTTPError) and exc.code not in (403, 409, 429, 502, 503):
                    self.errors.append(f"{exc.code} {urllib.parse.urlsplit(exc.url).path} {exc.msg}")
            except Exception as exc:
                self.errors.append(f"{type(exc).__name__}: {exc}")
                connection.close()
            self.is_over.wait(PAUSE_SECONDS)
        connection.close()

    def _order(self) -> None:
        with self._somebody() as person:
            if person is not None:
                self.acknowledged.add(str(acts.order(person_id=person).public_id))

    def _order_by_web(self, browser: Browser) -> None:
        with self._somebody() as person:
            if person is not None:
                self._fill_in_and_send(browser, person)

    def _fill_in_and_send(self, browser: Browser, person: HsaId) -> None:
        page = browser.get("/bestall/")
        filled = reading.form_of(page) | {"person_search": [person.text], "action": ["search_person"]}
        page = browser.post("/bestall/", filled)
        if cast.BJORKHAGA.text.encode() not in page.content:
            raise OSError("the units are not shown: the directory was silent")
        filled = reading.form_of(page) | {
            "person": [person.text],
            "access": ["rehabstod:unit"],
            "units": [cast.BJORKHAGA.text],
            "need": [acts.NEED],
            "risk_statement": [acts.RISK],
        }
        page = browser.post("/bestall/", filled | {"action": ["preview"]})
        page = browser.post("/bestall/", reading.form_of(page) | {"action": ["send"]})
        place = urllib.parse.urlsplit(page.url).path.strip("/").split("/")
        if place[0] == "arenden" and len(place) == 2:
            self.acknowledged.add(place[1])
            self.by_web += 1

    def _end_a_right(self) -> None:
        if self.under_way() >= self.at_once:
            return
        grants = list(Grant.objects.filter(state=GrantState.ACTIVE.value)[:50])
        if len(grants) > 2:
            self.removals.add(str(life.removal_by_head(random.choice(grants)).public_id))  # noqa: S311

    def _carry_out(self, kiv: Kiv) -> None:
        """Whatever waits for KIV is set or taken away; sometimes it is reported, too, and not again."""
        waiting = AccessRequest.objects.filter(state=RequestState.AWAITING_KIV.value)
        for request in waiting.order_by("pk"):
            acts.set_values(request, kiv)
            if request.pk % 4 == 0 and request.reported_done_at is None:
                with contextlib.suppress(ProvisioningError):
                    acts.report_done(request)
        for removal in Removal.objects.filter(state=RemovalState.AWAITING_KIV.value).order_by("pk"):
            life.take_away(kiv, removal)
            if removal.pk % 4 == 0 and removal.reported_done_at is None:
                with contextlib.suppress(ProvisioningError):
                    life.report_done(removal)

    def under_way(self) -> int:
        requests = AccessRequest.objects.filter(state__in=OPEN_REQUESTS)
        return requests.count() + Removal.objects.filter(state__in=OPEN_REMOVALS).count()

    @contextlib.contextmanager
    def _somebody(self) -> Iterator[HsaId | None]:
        """Someone without right and without an open case, whom nobody else orders for meanwhile."""
        number = self._choose() if self.under_way() < self.at_once else None
        try:
            yield None if number is None else person_id(number)
        finally:
            if number is not None:
                self._chosen.discard(number)

    def _choose(self) -> int | None:
        with self._choosing:
            busy = {
                *AccessRequest.objects.filter(state__in=OPEN_REQUESTS).values_list("subject_key", flat=True),
                *Removal.objects.filter(state__in=OPEN_REMOVALS).values_list("subject_key", flat=True),
                *Grant.objects.living().values_list("subject_key", flat=True),
            }
            free = [
                number
                for number in range(self.people)
                if person_id(number).folded not in busy and number not in self._chosen
            ]
            if not free:
                return None
            number = random.choice(free)  # noqa: S311
            self._chosen.add(number)
            return number
