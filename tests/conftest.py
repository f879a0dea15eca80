"""What every test runs in: settings of its own, a folder of its own, and the real servers it asks for.

The variables are set here, before Django reads them. So no test ever sees the machine's own settings.
"""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests import made_once, servers

if TYPE_CHECKING:
    from django.test import Client
    from playwright.sync_api import Browser, Page

    from provisioning.demo.directory.changes import Kiv
    from provisioning.demo.directory.server import MockDirectory
    from provisioning.demo.directory.store import Store
    from provisioning.rules.hsa import HsaId

    Enter = Callable[..., Client]

OWN_VARIABLES = (
    "ALLOWED_HOSTS", "APP_MODE", "AUDITORS", "DATABASE_URL", "LOG_LEVEL",
    "OPERATORS", "OPERATORS_MAIL", "PROVIDER_MANDATES", "REDIS_URL",
    "REMINDER_WORKING_DAYS", "REMOVAL_RETRY_WORKING_DAYS", "RENEWAL_GRACE_DAYS", "SECRET_KEY",
    "SECRET_KEY_FILE", "SERVICE_DESK", "UNUSUAL_SEARCHES_PER_DAY",
    "SITE_URL", "SOURCE_URL", "SUPPORT_CONTACT", "VAR_DIR", "WAIT_FOR_COMMISSION_WORKING_DAYS", "WEB_PORT",
)  # fmt: skip
OWN_PREFIXES = (
    "AUDIT_", "AUTOMATIC_", "DEMO_", "DIRECTORY_", "EMAIL_", "HSA_", "LIMIT_", "MOCK_", "OIDC_", "POLL_",
    "RETENTION_", "REVIEW_", "SESSION_", "TRUSTED_",
)  # fmt: skip
CHROMIUM_ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
)  # fmt: skip
POSTGRES_WANTED = os.environ.get("TEST_DATABASE") == "postgres"
POSTGRES_FOUND = servers.look_for("initdb") is not None and servers.look_for("postgres") is not None


def _prepare_environment() -> None:
    """Once per run; the processes that share the tests inherit it."""
    # A shell that runs us beside others has this ignored, and nothing that we start would hear Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in list(os.environ):
        if name in OWN_VARIABLES or name.startswith(OWN_PREFIXES):
            del os.environ[name]
    folder = tempfile.mkdtemp(prefix="provisioning-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["VAR_DIR"] = folder
    os.environ["DIRECTORY_BACKGROUND_SEARCHES_PER_SECOND"] = (
        "1000"  # the mock bears it; the pace has its own tests
    )
    os.environ["DEMO_HISTORY"] = "false"  # each test begins with nobody's cases
    os.mkdir(os.path.join(folder, "static"))  # where collected files would be; whitenoise warns without it
    if POSTGRES_WANTED and POSTGRES_FOUND:
        server = servers.Postgres()
        atexit.register(server.stop)
        server.start()
        os.environ["DATABASE_URL"] = server.url("postgres")


os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
if "PYTEST_XDIST_WORKER" not in os.environ:
    _prepare_environment()


def pytest_configure(config: pytest.Config) -> None:
    """Read the settings now; pytest-django sets Django up right after this."""
    from django.conf import settings

    assert settings.configured or settings.INSTALLED_APPS
    from django.db.backends.signals import connection_created

    from tests import asked_before, browsing, emptying, migrated

    if not POSTGRES_WANTED:
        connection_created.connect(migrated.fill)
    emptying.replace_flush()
    browsing.follow_answers()
    asked_before.keep_searches()


@pytest.hookimpl(wrapper=True)
def pytest_collection(session: pytest.Session) -> Iterator[None]:
    """A day that is worked out on import is yesterday in the run that crosses midnight: refuse it."""
    from django.utils import timezone

    real, may_be_read = timezone.now, False

    def now() -> datetime:  # modules that are imported meanwhile keep it
        if not may_be_read:
            raise RuntimeError("Nothing reads the clock before its test runs.")
        return real()

    timezone.now = now
    try:
        return (yield)
    finally:
        timezone.now, may_be_read = real, True


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what the other database is for. Where several processes share, what takes long is first."""
    if hasattr(config, "workerinput"):
        from tests import sharing

        sharing.long_first(items)
    if POSTGRES_WANTED:
        return
    apart = {item for item in items if item.get_closest_marker("postgres")}
    if apart:
        config.hook.pytest_deselected(items=list(apart))
        items[:] = [item for item in items if item not in apart]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    if config.getvalue("dist") != "loadfile":
        return None
    from tests import sharing

    return sharing.ByFile(config, log)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is imported and collected stays to the end: the garbage collector need not walk it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("postgres") and not POSTGRES_FOUND:
        servers.find("initdb")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say loudly, at the end, what was not tested and what to install."""
    missing: dict[str, int] = {}
    for report in terminalreporter.stats.get("skipped", []):
        text = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if servers.MISSING in text:
            what = text.split(servers.MISSING, 1)[1].strip()
            missing[what] = missing.get(what, 0) + 1
    if missing:
        terminalreporter.section(
            "NOT TESTED: parts are missing on this machine", sep="!", red=True, bold=True
        )
        for what, count in sorted(missing.items()):
            terminalreporter.write_line(f"{count:5} tests skipped: {what}")
        terminalreporter.write_line("With REQUIRE_REAL=1 each of these is a failure.")


@pytest.fixture(autouse=True)
def _plain_static_files(settings: Any) -> None:
    """Static files by their own names: nothing is collected for a test."""
    settings.STORAGES = {**settings.STORAGES, "staticfiles": made_once.PLAIN_STATIC_FILES}


@pytest.fixture(autouse=True)
def _empty_cache() -> None:
    """No test meets what another has left: its count of attempts to log in, a copy of a mandate."""
    from django.core.cache import caches

    for name in caches:
        caches[name].clear()


@pytest.fixture(autouse=True)
def _default_language() -> None:
    """No test speaks the language that the last page of another one was in."""
    from django.utils import translation

    translation.deactivate()


@pytest.fixture(autouse=True)
def lost_nudges(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, tuple[int, ...]]]:
    """No broker: every nudge is lost, and the sweeps have to do. Returns what would have been sent."""
    sent: list[tuple[str, tuple[int, ...]]] = []
    monkeypatch.setattr("provisioning.worker._send", lambda name, args, headers: sent.append((name, args)))
    return sent


@pytest.fixture
def dead_cache() -> Iterator[None]:
    """Redis where nobody listens, for the test alone: what clears the cache afterwards meets a living one."""
    from django.conf import settings
    from django.core.cache import caches
    from django.test import override_settings

    address = f"redis://{servers.LOOPBACK}:{servers.free_port()}/0"
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": address}
    with override_settings(CACHES={**settings.CACHES, "default": redis}):
        yield
    caches["near"].clear()


@pytest.fixture(scope="session")
def demo_store() -> Store:
    """The demo region as it is delivered; whoever serves it serves a copy."""
    from provisioning.demo.directory import ldif
    from provisioning.demo.directory.server import DEMO_LDIF
    from provisioning.demo.directory.store import Store

    return Store(ldif.read(DEMO_LDIF))


@pytest.fixture
def served(demo_store: Store) -> Store:
    """The entries that `directory` begins with. A file whose tests share a world puts that world's here."""
    return demo_store


@pytest.fixture
def directory(settings: Any, served: Store) -> Iterator[MockDirectory]:
    """The demo directory, fresh, on a free port; faults can be switched on."""
    from provisioning.demo.directory.server import MockDirectory

    with MockDirectory(
        store=served.copy(),
        bind_dn=settings.DIRECTORY_BIND_DN,
        bind_password=settings.DIRECTORY_BIND_PASSWORD,
    ) as mock:
        settings.DIRECTORY_URL = mock.url
        for name, seconds in made_once.PATIENT.items():
            setattr(settings, name, seconds)
        yield mock


@pytest.fixture
def enter(directory: MockDirectory) -> Enter:
    """Call it for each person: a browser that is logged in, in English unless said otherwise."""
    from django.test import Client

    from tests import acts

    def log_in(hsa_id: HsaId, language: str = "en") -> Client:
        client = Client()
        client.force_login(acts.user(hsa_id))
        client.cookies["django_language"] = language
        return client

    return log_in


@pytest.fixture
def wider(directory: MockDirectory, settings: Any) -> MockDirectory:
    """The same, with a second place for persons: both stand below what is searched."""
    from provisioning.demo.directory.make_demo import PERSONS
    from tests import moving

    settings.DIRECTORY_PERSON_BASE = PERSONS.partition(",")[2]
    moving.open_another_place(directory)
    return directory


@pytest.fixture
def read_about(monkeypatch: Any) -> list[HsaId]:
    """About which persons the directory is asked for what an order takes."""
    from provisioning.directory import Directory

    asked: list[HsaId] = []
    read, person = Directory.read, Directory.person

    def note_read(self: Any, person_id: HsaId, *args: Any, **kwargs: Any) -> Any:
        asked.append(person_id)
        return read(self, person_id, *args, **kwargs)

    def note_person(self: Any, hsa_id: HsaId) -> Any:
        asked.append(hsa_id)
        return person(self, hsa_id)

    monkeypatch.setattr(Directory, "read", note_read)
    monkeypatch.setattr(Directory, "person", note_person)
    return asked


@pytest.fixture
def kiv(directory: MockDirectory) -> Iterator[Kiv]:
    """The KIV administrator's own tool."""
    from provisioning.demo.directory.changes import Kiv

    tool = Kiv()
    yield tool
    tool.close()


@pytest.fixture
def hsa(directory: MockDirectory, settings: Any, demo_store: Store) -> Iterator[MockDirectory]:
    """The national HSA: the same people as in KIV, and a sync that runs when a test plays it."""
    from provisioning.demo.directory.server import MockDirectory

    account = settings.DIRECTORY_BIND_DN, settings.DIRECTORY_BIND_PASSWORD
    with MockDirectory(store=demo_store.copy(), bind_dn=account[0], bind_password=account[1]) as mock:
        settings.HSA_DIRECTORY_URL = mock.url
        settings.HSA_DIRECTORY_BIND_DN, settings.HSA_DIRECTORY_BIND_PASSWORD = account
        settings.HSA_DIRECTORY_PERSON_BASE = settings.DIRECTORY_PERSON_BASE
        settings.HSA_DIRECTORY_UNIT_BASE = settings.DIRECTORY_UNIT_BASE
        yield mock


@pytest.fixture
def sync(hsa: MockDirectory, settings: Any) -> Iterator[Kiv]:
    """The sync from KIV to HSA, played by hand."""
    from provisioning.demo.directory.changes import Kiv
    from provisioning.directory.layout import ConnectionSettings

    writer = ConnectionSettings(hsa.url, settings.MOCK_KIV_BIND_DN, settings.MOCK_KIV_BIND_PASSWORD)
    tool = Kiv(writer)
    yield tool
    tool.close()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.Postgres]:
    """A PostgreSQL server of this session's own; `.url(name)` is a database's address."""
    with servers.Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.Redis]:
    """A Redis server of this session's own; `.url` is its address."""
    with servers.Redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def embedded_tool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[servers.EmbeddedTool]:
    """The whole tool as `make run` starts it: web, worker, timetable and mock directory."""
    with servers.EmbeddedTool(tmp_path_factory.mktemp("embedded")) as tool:
        yield tool


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium, shared by the session."""
    from playwright.sync_api import sync_playwright

    program = servers.find("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    # Playwright's plain interface keeps an event loop in this thread, and Django would refuse the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program, args=list(CHROMIUM_ARGUMENTS), timeout=servers.BROWSER_MILLISECONDS
        )
        yield chromium
        chromium.close()


@pytest.fixture
def open_window(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Call it for each person: a window with cookies of its own, Swedish, closed after the test.

    Arguments go to Playwright's `new_context`, such as `viewport` or `java_script_enabled`.
    """
    contexts = []

    def open_one(**options: Any) -> Page:
        context = browser.new_context(**{"locale": "sv-SE", "timezone_id": "Europe/Stockholm", **options})
        context.set_default_timeout(servers.BROWSER_MILLISECONDS)
        contexts.append(context)
        return context.new_page()

    yield open_one
    for context in contexts:
        context.close()
