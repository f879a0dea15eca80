"""A million cases: the time of every page for five kinds of readers, the plans, and the nightly jobs.

On a PostgreSQL of its own, filled by SQL (MILLION_CASES says how many), with the demo's directory on slapd
beside it. Bars: filled within five minutes; each page, and each file until its first part, within 0.1 seconds
on the server (19 of 20 looks), the directory's answers included, a search within 0.15, what reads a whole
unit from the directory within 1.5, all units' teams within 2, a hundred persons or places counted for the
region's access catalogue within 0.3; no large table read from end to end; the engine's own lists on the same
database at least five times slower than ours.
"""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

from benchmarks import apart, tables
from benchmarks.tables import Table

CASES = int(os.environ.get("MILLION_CASES", "1000000"))
LOOKS = int(os.environ.get("MILLION_LOOKS", "20"))
FILL_BAR_SECONDS = 300.0
PAGE_BAR_SECONDS = 0.1
OTHER_BARS = (
    ("/sok/", 0.15),
    ("/enheter/tackning/", 2.0),
    ("/enheter/SE", 1.5),
    ("/behorigheter/plats/", 1.5),
    ("scim/", 0.3),
)
TIMES_FASTER = 5.0
JOBS = {
    "expiry": "workflows.sweeps.expiry:end_due",
    "retention: what is due": "workflows.sweeps.retention:plan",
    "retention: a minute of it": "benchmarks.million:retain",
    "reviews due": "workflows.sweeps.reviews:open_due",
    "chain verified": "benchmarks.million:verify_chain",
    "readers checked": "benchmarks.million:check_readers",
}


def run() -> Table:
    """One server, one process that looks at pages, and one for each nightly job."""
    before = tables.load_average()
    return table_of(CASES, at_size(CASES), before)


def table_of(cases: int, found: dict[str, Any], before: float) -> Table:
    """What `at_size` measured; `before` is the load average when it began."""
    table = Table(f"{cases} cases on PostgreSQL", ("what", "median ms", "p95 ms", "queries", "bar ms"))
    filled = found["filled"]
    bar = f"{FILL_BAR_SECONDS * 1000:.0f}"
    table.add("filled", f"{filled * 1000:.0f}", "", "", bar, is_met=filled <= FILL_BAR_SECONDS)
    for name, times, queries, scans in found["pages"]:
        late = tables.percentile(times, 95)
        bar_seconds = bar_of(name)
        is_met = late <= bar_seconds and not scans
        cells = f"{tables.percentile(times, 50) * 1000:.0f}", f"{late * 1000:.0f}", str(queries)
        table.add(name, *cells, f"{bar_seconds * 1000:.0f}", is_met=is_met)
        table.notes += [f"Read from end to end by {name}: {scan[:300]}" for scan in scans]
    for name, ours, engines in found["lists"]:
        times = engines / ours
        table.add(f"{name}: ours, and the engine's", f"{ours * 1000:.0f}", f"{engines * 1000:.0f}", "",
                  f"{TIMES_FASTER:.0f} times", is_met=times >= TIMES_FASTER)  # fmt: skip
    for name, seconds, megabytes in found["jobs"]:
        table.add(f"nightly: {name}", f"{seconds * 1000:.0f}", "", "", f"{megabytes} MB at most")
    table.notes.append(f"Memory of the process that served: {found['memory']} MB at most.")
    table.notes.append(tables.surroundings(before))
    return tables.explained(table, before)


def at_size(cases: int) -> dict[str, Any]:
    """Everything that is measured with so many cases."""
    from tests import servers

    with servers.Postgres() as server:
        found: dict[str, Any] = apart.measured("benchmarks.million", server.url("postgres"), str(cases))
    return found


def bar_of(name: str) -> float:
    """How long the page of this row may take; `name` is its reader and its address."""
    address = name.split()[1]
    return next((bar for begin, bar in OTHER_BARS if address.startswith(begin)), PAGE_BAR_SECONDS)


def measure(folder: Path, cases: int) -> dict[str, Any]:
    """One run, in this process, on the database that DATABASE_URL names."""
    import django

    django.setup()
    from django.conf import settings
    from django.core.management import call_command

    from config import web_server
    from tests import cast, filling
    from tests.directory import certificates
    from tests.directory.slapd import Slapd

    call_command("migrate", verbosity=0)
    settings.ALLOWED_HOSTS = ["testserver"]
    # What is refused is quick, and no measure of a search.
    settings.LIMIT_SEARCHES_PER_MINUTE = settings.LIMIT_CALLS_PER_MINUTE = 1_000_000
    settings.AUDITORS = (cast.AUDITOR.text,)
    settings.OPERATORS = (cast.KIV_ADMINISTRATOR_ABOVE.text,)
    static = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STORAGES = {**settings.STORAGES, "staticfiles": {"BACKEND": static}}
    (folder / "static").mkdir()
    began = time.perf_counter()
    filling.fill(cases)
    found: dict[str, Any] = {"filled": time.perf_counter() - began}
    web_server.post_worker_init(None)
    with Slapd(folder / "slapd", [_tree()], certificates.make(folder / "certificates")) as slapd:
        settings.DIRECTORY_URL = slapd.url
        found["pages"] = [*_pages(), *_catalogue()]
        found["memory"] = _megabytes()
        found["lists"] = list(_beside_the_engine())
    found["jobs"] = [(name, *_job(what)) for name, what in JOBS.items()]
    return found


def _tree() -> Any:
    from provisioning.demo.directory.server import DEMO_LDIF
    from tests.directory.slapd import Suffix

    readers = ["cn=lasare,ou=Konton,o=Demoregionen"]
    return Suffix("o=Demoregionen", DEMO_LDIF.read_text(encoding="utf-8"), readers=readers)


def _pages() -> Iterator[tuple[str, list[float], int, list[str]]]:
    """Each page for each reader: how long it took, how many queries, and which large tables it scans."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests import browsing, walking

    browsing.follow_answers()  # what is sent is answered by an address, and the page is there
    large = walking.large_tables()
    for who in walking.READERS:
        client = walking.client_of(who)
        for address in walking.addresses(who):
            with CaptureQueriesContext(connection) as queries:
                pages = list(walking.with_next_page(client, address))
            scans, count = walking.scanned(queries, large), len(queries) // len(pages)
            for further, answer in pages:
                if answer.status_code >= 400:
                    continue
                times = [_seconds(lambda: client.get(further)) for _look in range(LOOKS)]  # noqa: B023
                yield f"{who} {walking.shown(further)}", times, count, scans
        for what, address, data in walking.sent(who):
            with CaptureQueriesContext(connection) as queries:
                answer = walking.first_part(client, address, data)
            assert answer.status_code in (200, 403, 404), f"{who} {address} {what}: {answer.status_code}"
            if answer.status_code == 200:
                scans = walking.scanned(queries, large)
                act = functools.partial(walking.first_part, client, address, data)
                times = [_seconds(act) for _look in range(LOOKS)]
                yield f"{who} {address} {what}", times, len(queries), scans


def _catalogue() -> Iterator[tuple[str, list[float], int, list[str]]]:
    """The same of what the region's access catalogue reads."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from tests import walking

    large, read = walking.large_tables(), walking.catalogue()
    for name, ask in read.items():
        with CaptureQueriesContext(connection) as queries:
            assert ask().status_code == 200, name
        times = [_seconds(ask) for _look in range(LOOKS)]
        yield f"catalogue {name}", times, len(queries), walking.scanned(queries, large)


def _beside_the_engine() -> Iterator[tuple[str, float, float]]:
    """The rows of the first page, ours and the engine's, of what waits for and was done by one person.

    No page is drawn around either: so they are alike, whatever stands on ours beside the list.
    """
    from django.core.paginator import Paginator
    from django.test import RequestFactory
    from viewflow.workflow.flow import views

    from provisioning import access
    from provisioning.models import User
    from provisioning.pages import paging
    from provisioning.pages.paging import ListPart
    from tests import walking
    from workflows.orders.flow import AccessRequestFlow

    user = User.objects.get(pk=walking.READERS["kiv"].folded)
    request = RequestFactory().get("/")
    request.user = user

    def engines(view_class: Any) -> None:
        view = view_class(flow_classes=[AccessRequestFlow])
        view.setup(request)
        page = Paginator(view.queryset, view.paginate_by or 25).get_page(1)
        assert page.paginator.num_pages
        assert all(task.process for task in page)
        assert len(page), "the engine finds nothing of this person's"

    def ours(is_open: bool) -> None:
        numbers = access.listed_requests(user, is_open=is_open, only_own=False)
        page = paging.page_of({}, ListPart(numbers, ("-request_id",)), size=25)
        assert access.requests_in_order([row["request_id"] for row in page]) or is_open

    lists = {"inbox": (True, views.WorkflowInboxListView), "archive": (False, views.WorkflowArchiveListView)}
    for name, (is_open, view_class) in lists.items():
        mine = [_seconds(lambda: ours(is_open)) for _look in range(LOOKS)]  # noqa: B023
        # Whoever may see every flow: what the engine would ask about permissions is left out.
        with mock.patch.object(User, "has_perm", return_value=True):
            theirs = [_seconds(lambda: engines(view_class)) for _look in range(LOOKS)]  # noqa: B023
        yield name, tables.percentile(mine, 50), tables.percentile(theirs, 50)


def _seconds(act: Callable[[], Any]) -> float:
    began = time.perf_counter()
    act()
    return time.perf_counter() - began


def _megabytes() -> int:
    """The peak of this process's own memory. What getrusage tells is the parent's where that was more."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    kilobytes = next(line.split()[1] for line in status if line.startswith("VmHWM:"))
    return int(kilobytes) // 1024


def _job(what: str) -> tuple[float, int]:
    """A nightly job in a process of its own: seconds, and its peak of memory."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.million", "job", what],
        stdout=subprocess.PIPE,
        check=True,
        text=True,
    )
    seconds, megabytes = json.loads(done.stdout.splitlines()[-1])
    return seconds, megabytes


def do_job(what: str) -> tuple[float, int]:
    """Run it in this process."""
    import django

    django.setup()
    from importlib import import_module

    module, _colon, name = what.partition(":")
    seconds = _seconds(getattr(import_module(module), name))
    return seconds, _megabytes()


def retain() -> None:
    """The first night removes years of sent mails: it goes on the next nights where it has to stop."""
    from workflows.sweeps import retention

    retention.sweep_all(seconds=60.0)


def verify_chain() -> None:
    """Every event's signature and link. What was filled by SQL is not signed: each is found, none skipped."""
    from provisioning.audit import verify

    assert verify.verify([]).count


def check_readers() -> None:
    """That the table of readers is what the rule says, both sides."""
    from django.db import connection

    from provisioning.access import readers

    assert not readers.differing(connection)


if __name__ == "__main__":
    if sys.argv[1] == "job":
        print(json.dumps(do_job(sys.argv[2])))
    else:
        os.environ["DATABASE_URL"] = sys.argv[2]
        # Written at once: nothing else may come after it.
        print(json.dumps(measure(Path(sys.argv[1]), int(sys.argv[3]))))
