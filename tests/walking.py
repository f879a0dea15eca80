"""Every list and page that grows with what is in the tables, for each kind of reader, as addresses.

What holds the plans of the queries and what measures their time walk the same way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection
from django.db.models import Q
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from provisioning.models import AccessRequest, Grant, Removal, Review, User
from provisioning.pages.register import sealed_ids
from provisioning.pages.register.kinds import REGISTERS
from provisioning.pages.sheets import FORMATS
from provisioning.rules.hsa import HsaId
from provisioning.systems.keep import Scope
from tests import cast
from tests.api.calling import portal

MANY_ROWS = 10_000
READERS = {
    "head": cast.HEAD,
    "kiv": cast.KIV_ADMINISTRATOR,
    "person": cast.DOCTOR,
    "auditor": cast.AUDITOR,
    "operator": cast.KIV_ADMINISTRATOR_ABOVE,
}
_LISTS = {
    "cases": ("", "?visa=avslutade", "?vems=alla", "?vems=alla&visa=avslutade"),
    "grants": ("", "?visa=avslutade", "?vems=alla", "?vems=alla&visa=avslutade"),
    "findings": ("", "?visa=avslutade"),
    "review_progress": ("", "?visa=avslutade"),
    "figures": ("", "?veckor=52", "?veckor=52&tjanst=rehabstod", "?plats=area-3"),
    "team_coverage": ("", "?state=nobody", "?text=bj"),
}
_PAGES = (
    "start",
    "kiv_tasks",
    "ending",
    "reviews",
    "delegations",
    "reorganisations",
    "messages",
    "operation",
    "units",
    "above_cap",
    "search",
    "events",
    "systems",
    "beside_mine",
    "drafts",
    "log_ins",
    "own_notices",
    "order",
    "order_many",
    "person_entrance",
    "help",
    "kiv_status",
    "kiv_file",
    "figures_csv",
)
_SOUGHT = {
    "number": "2024-0000042",
    "external": "INC-1",
    "hsa_id": cast.DOCTOR.text,
    "name": "Dan Doktor",
    "unit": "Vårdenhet",
}


def client_of(who: str) -> Client:
    """Somebody who is logged in, known by the directory that stands."""
    client = Client(headers={"accept-language": "sv"})
    client.force_login(User.objects.seen(READERS[who], name=READERS[who].text))
    return client


def addresses(who: str, *, has_every_state: bool = True) -> Iterator[str]:
    """What this reader may open: 404 where a page is not for them is no fault.

    `has_every_state`: also each register narrowed to each state that its rows can have.
    """
    for name in _PAGES:
        yield reverse(name)
    for name, filters in _LISTS.items():
        for one in filters:
            yield reverse(name) + one
    yield from _registers(who, has_every_state=has_every_state)
    yield from _things(READERS[who])


def _registers(who: str, *, has_every_state: bool) -> Iterator[str]:
    """Each register in each order, and narrowed by each of its filters."""
    by = User(hsa_key=READERS[who].folded)
    person = sealed_ids.seal(cast.DOCTOR, by)
    values = {
        "state": "open", "service": "rehabstod", "unit": cast.BJORKHAGA.text, "person": person,
        "actor": sealed_ids.seal(cast.HEAD, by), "since": "2020-01-01", "until": "2022-01-01", "age": "400",
    }  # fmt: skip
    for key, register in REGISTERS.items():
        address = reverse(f"register_{key}")
        yield from (f"{address}?order={order}" for order in register.orders)
        yield from (f"{address}?{name}={values[name]}" for name in register.fields if name in values)
        yield from (f"{address}?cause={cause}" for cause, _label in register.causes[:1])
        if has_every_state:
            yield from (f"{address}?state={state}" for state, _label in register.states)


def sent(who: str) -> Iterator[tuple[str, str, dict[str, str]]]:
    """What this reader may send that only reads, in a word: each kind of search, each list as each file."""
    yield from ((by, reverse("search"), {"sought": sought}) for by, sought in _SOUGHT.items())
    for kind in FORMATS:
        for key in REGISTERS:
            yield kind, reverse(f"register_{key}"), {"action": "file", "kind": kind}
        yield kind, reverse("team_coverage"), {"kind": kind}


def catalogue() -> dict[str, Callable[[], Any]]:
    """What the region's access catalogue reads, each by its address and filter."""
    reader, base = portal("katalog", scopes=(Scope.READ_CATALOGUE,)), "scim/v2/"
    unit = f'unit eq "{cast.BJORKHAGA.text}"'
    person = {"filter": f'userName eq "{cast.DOCTOR.text}"'}
    return {
        f"{base}Users": lambda: reader.get(f"{base}Users"),
        f"{base}Users?startIndex=9001": lambda: reader.get(f"{base}Users", startIndex="9001"),
        f"{base}Users/.search": lambda: reader.post(f"{base}Users/.search", person),
        f"{base}Groups": lambda: reader.get(f"{base}Groups"),
        f"{base}Groups?filter=unit": lambda: reader.get(f"{base}Groups", filter=unit),
    }


def first_part(client: Client, address: str, data: dict[str, str]) -> Any:
    """The answer to what is sent, of a file no more than its first part."""
    answer = client.post(address, data)
    if getattr(answer, "streaming", False):
        next(iter(answer.streaming_content), b"")  # type: ignore[attr-defined]
    return answer


def _things(reader: HsaId) -> Iterator[str]:
    """One case, right, removal and review of theirs."""
    own = Q(readers__reader_key__in=[reader.folded, cast.BJORKHAGA.folded])
    if request := AccessRequest.objects.filter(own).order_by("-pk").first():
        yield reverse("case", args=[request.public_id])
        yield reverse("receipt", args=[request.public_id])
        yield reverse("order_lines", args=[request.order.submission])
    if grant := Grant.objects.filter(own).order_by("-pk").first():
        yield reverse("grant", args=[grant.public_id])
        yield reverse("beside_person", args=[grant.public_id])
    if removal := Removal.objects.filter(own).order_by("-pk").first():
        yield reverse("removal", args=[removal.public_id])
        yield reverse("removal_receipt", args=[removal.public_id])
    if review := Review.objects.filter(unit_key=cast.BJORKHAGA.folded).first():
        yield reverse("review", args=[review.public_id])
        yield reverse("review_result", args=[review.public_id])
        yield reverse("review_evidence", args=[review.public_id])
    yield reverse("beside_place", args=[cast.BJORKHAGA.text])
    yield reverse("unit_people", args=[cast.BJORKHAGA.text])
    yield reverse("unit_proposals", args=[cast.BJORKHAGA.text])
    yield reverse("unit_team", args=[cast.BJORKHAGA.text])


def with_next_page(client: Client, address: str) -> Iterator[tuple[str, Any]]:
    """The page with its answer, and the one that it leads to, if any."""
    answer = client.get(address)
    yield address, answer
    if found := re.search(
        r'rel="next" href="([^"]+)"', getattr(answer, "content", b"").decode(errors="replace")
    ):
        further = address.partition("?")[0] + found[1].replace("&amp;", "&")
        yield further, client.get(further)


def large_tables() -> set[str]:
    """The tables of more than ten thousand rows, as the planner knows them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relkind = 'r' AND reltuples > %s", [MANY_ROWS])
        return {name for (name,) in cursor.fetchall()}


def scanned(queries: CaptureQueriesContext, large: set[str]) -> list[str]:
    """The large tables that one of the queries reads from end to end, each with the query."""
    found = []
    for query in queries.captured_queries:
        sql = query["sql"]
        if not sql.startswith("SELECT"):
            continue
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}".replace("%", "%%"), [])
            plan = "\n".join(line for (line,) in cursor.fetchall())
        read = _read_to_the_end(plan) & large
        found += [f"{', '.join(sorted(read))}: {sql}\n{plan}"] if read else []
    return found


def _read_to_the_end(plan: str) -> set[str]:
    """The tables that a plan reads whole; one whose first rows are enough, whatever they hold, is not."""
    lines = plan.splitlines()
    tables = set()
    for number, line in enumerate(lines):
        if not (scan := re.search(r"Seq Scan on (\w+)", line)):
            continue
        is_limited = number > 0 and lines[number - 1].lstrip(" ->").startswith("Limit ")
        has_filter = number + 1 < len(lines) and lines[number + 1].lstrip().startswith("Filter:")
        if has_filter or not is_limited:
            tables.add(scan[1])
    return tables


def shown(address: str) -> str:
    """The address without what tells one row from another."""
    path, _mark, query = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "…", address).partition("?")
    query = re.sub(r"(efter|fore|person|actor)=[^&]*", r"\1=…", query)
    return f"{path}?{query}" if query else path
