"""A database of many cases, filled by SQL on PostgreSQL in seconds: what lists and searches are measured on.

Cases, their handlers, five events and three mails each, rights, removals, findings and reviews, spread over
people and units as a region has them. The cast of the demo directory has a part: a head of unit with some
thousands of cases, a KIV administrator who has carried out four of a hundred, a person with a few of their
own, a reviewer with a unit of two thousand rights. Nothing here is signed: the chain is not for checking.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.models import AutoField, DateTimeField, Field, JSONField, Model, UUIDField
from viewflow.workflow.models import Process, Task

from provisioning.access import readers
from provisioning.models import (
    AccessRequest,
    AuditEntry,
    DayFigures,
    FiguredPlace,
    Finding,
    Grant,
    Handler,
    Obstacle,
    Order,
    OutgoingMessage,
    Removal,
    Review,
    Reviewer,
    ReviewItem,
    StepHistory,
    User,
)
from provisioning.rules.states.request import OPEN
from tests import cast
from workflows.orders.flow import AccessRequestFlow
from workflows.removals.flow import RemovalFlow

NOW = "date_trunc('day', now())"
OPEN_PER_THOUSAND = 5
REVIEWERS = 51


@dataclass(frozen=True, slots=True)
class Size:
    """How many there are of everything, from the number of cases."""

    cases: int

    @property
    def people(self) -> int:
        """A prime, so that person and unit meet once only."""
        number = max(self.cases // 50, 200) + 1
        while any(number % one == 0 for one in range(2, int(number**0.5) + 1)):
            number += 1
        return number

    @property
    def units(self) -> int:
        return max(self.cases // 250, 60)

    @property
    def rights(self) -> int:
        return self.cases * 3 // 10

    @property
    def reviews(self) -> int:
        return max(self.cases // 500, 20)

    @property
    def in_large_review(self) -> int:
        return min(2_000, self.rights // 10)


def fill(cases: int) -> Size:
    """Fill an empty database. Triggers and foreign keys sleep meanwhile; indexes are made anew at the end."""
    size = Size(cases)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute("SET LOCAL work_mem = '128MB'")
        with _without_indexes():
            for statement in _statements(size):
                cursor.execute(statement)
            for thing in readers.THINGS:
                cursor.execute(thing.add())
    with connection.cursor() as cursor:
        models = [*apps.get_app_config("provisioning").get_models(), Process, Task]
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)
        cursor.execute("VACUUM (ANALYZE)" if cases > 50_000 else "ANALYZE")
    return size


@contextmanager
def _without_indexes() -> Iterator[None]:
    """Rows go in faster where no index is kept meanwhile. Those of constraints stay."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
            AND (tablename LIKE 'provisioning_%' OR tablename LIKE 'viewflow_%')
            AND indexname NOT IN (SELECT conname FROM pg_constraint)"""
        )
        found = cursor.fetchall()
        for name, _made in found:
            cursor.execute(f'DROP INDEX "{name}"')
        yield
        for _name, made in found:
            cursor.execute(made)


def _person(number: str) -> str:
    """The folded HSA-id of the person with that number, as SQL."""
    return f"'se0000000000-p' || lpad(({number})::text, 6, '0')"


def _default(field: Field[Any, Any]) -> str:
    """What an empty column of a new row holds, as SQL."""
    if isinstance(field, UUIDField):
        return "gen_random_uuid()"
    if isinstance(field, DateTimeField):
        return NOW
    if isinstance(field, JSONField):
        return f"'{json.dumps(field.get_default())}'::jsonb"
    value = field.get_default()
    return {True: "true", False: "false"}[value] if isinstance(value, bool) else f"'{value}'"


def _insert(model: type[Model], values: Mapping[str, str], source: str) -> str:
    """Insert a row for each of the source, with these columns as SQL and what is empty otherwise."""
    columns = {
        str(field.column): values.get(str(field.column)) or _default(field)
        for field in model._meta.local_concrete_fields
        if field.column in values or not (field.null or isinstance(field, AutoField))
    }
    unknown = set(values) - set(columns)
    assert not unknown, f"{model.__name__} has no {unknown}"
    return (
        f"INSERT INTO {model._meta.db_table} ({', '.join(columns)})"  # noqa: S608
        f" SELECT {', '.join(columns.values())} FROM {source}"
    )


def _persons_name(number: str) -> str:
    """Every two hundredth is protected: a name is stored nowhere."""
    return f"""CASE WHEN ({number}) % 200 = 9 THEN '' ELSE
        (ARRAY['Anna','Bo','Cecilia','David','Eva','Fatima','Gun','Hans'])[1 + ({number}) % 8] || ' ' ||
        (ARRAY['Berg','Lind','Ek','Alm','Dal','Sjö','Holm','Strand','Fors'])[1 + ({number}) / 8 % 9]
        || ' ' || ({number}) END"""


_RIGHT = (
    "subject_key", "subject_hsa_id", "subject_name", "subject_is_protected", "service", "level", "unit_key",
    "unit_hsa_id", "unit_name", "unit_dn",
)  # fmt: skip
_CAST = (
    cast.HEAD, cast.HEAD_ABOVE, cast.KIV_ADMINISTRATOR, cast.KIV_ADMINISTRATOR_ABOVE, cast.COORDINATOR,
    cast.DOCTOR, cast.AUDITOR, cast.OUTSIDER,
)  # fmt: skip


def _statements(size: Size) -> Iterator[str]:
    yield from _people(size)
    yield from _cases(size)
    yield from _around_cases(size)
    yield from _rights(size)
    yield from _reviews(size)
    yield from _figures(size)
    yield from _engine(size)


def _people(size: Size) -> Iterator[str]:
    values = {
        "hsa_key": _person("i"), "hsa_id": f"upper({_person('i')})", "name": _persons_name("i"),
        "is_protected": "i % 200 = 9", "is_active": "true",
    }  # fmt: skip
    yield _insert(User, values, f"generate_series(0, {size.people} - 1) AS i")
    ids = ", ".join(f"'{one.text}'" for one in _CAST)
    values = {"hsa_key": "lower(id)", "hsa_id": "id", "name": "id", "is_active": "true"}
    yield _insert(User, values, f"unnest(ARRAY[{ids}]) AS id") + " ON CONFLICT DO NOTHING"


def _moment(size: Size) -> str:
    """Five years, evenly."""
    return f"{NOW} - make_interval(secs => ({size.cases} - i) * {150_000_000.0 / size.cases})"


def _parts(size: Size) -> str:
    """Whom and which unit each case is about, who attests it, and how it stands; by its number `i`."""
    p, u = size.people, size.units
    is_doctors = f"i % {max(size.cases // 30, 1)} = 3"
    return f"""(SELECT i, {_moment(size)} AS at,
        CASE WHEN {is_doctors} THEN '{cast.DOCTOR.folded}' ELSE {_person(f"i % {p}")} END AS person,
        CASE WHEN {is_doctors} THEN 'Dan Doktor' ELSE {_persons_name(f"i % {p}")} END AS name,
        CASE WHEN i % 400 = 7 THEN '{cast.HEAD.folded}' ELSE {_person(f"(i + 1) % {p}")} END AS attester,
        CASE WHEN i % 400 = 7 THEN '{cast.BJORKHAGA.folded}'
            ELSE 'se0000000000-u' || lpad(((i / {p} + i % {p}) % {u})::text, 6, '0') END AS unit,
        CASE WHEN i % 1000 < {OPEN_PER_THOUSAND} OR i % 8000 = 7 THEN
                (ARRAY['awaiting_attestation', 'awaiting_kiv', 'awaiting_kiv', 'verifying',
                    'awaiting_choice'])
                [1 + (i / 1000) % 5]
            WHEN i % 20 = 6 THEN 'rejected' WHEN i % 20 = 8 THEN 'withdrawn' ELSE 'done' END AS state
        FROM generate_series(1, {size.cases}) AS i) AS made"""  # noqa: S608


def _cases(size: Size) -> Iterator[str]:
    p, kiv, parts = size.people, cast.KIV_ADMINISTRATOR.folded, _parts(size)
    values = {
        "id": "i", "case_number": "extract(year FROM at)::text || '-' || lpad(i::text, 7, '0')",
        "orderer_id": "CASE WHEN i % 3 = 0 THEN attester ELSE person END", "created_at": "at",
        "need": "'Behöver se enhetens pågående fall för att samordna rehabiliteringen.'",
        "risk_statement": "'Ingen särskild risk.'",
    }  # fmt: skip
    yield _insert(Order, values, parts)
    is_attested = "state NOT IN ('awaiting_attestation', 'withdrawn')"
    change = """jsonb_build_array(jsonb_build_object('dn', 'cn=' || person || ',ou=Personal,o=Demoregionen',
        'attribute', 'hsaSystemRole', 'add', 'INTYG;Rehab-' || upper(unit)))"""
    values = {
        "id": "i", "order_id": "i", "position": "1", "subject_key": "person",
        "subject_hsa_id": "upper(person)", "subject_name": "name", "subject_is_protected": "name = ''",
        "service": "'rehabstod'", "level": "'unit'",
        "unit_key": "unit", "unit_hsa_id": "upper(unit)", "unit_name": "'Vårdenhet ' || right(unit, 6)",
        "unit_dn": "'ou=' || unit || ',ou=Org,o=Demoregionen'", "starts_on": "current_date - 200",
        "ends_on": "current_date + 100", "state": "state", "state_since": "at + interval '2 days'",
        "changes": change,
        "attester_id": f"CASE WHEN {is_attested} THEN attester END",
        "attested_at": f"CASE WHEN {is_attested} THEN at + interval '1 day' END",
        "carried_out_by_id": f"""CASE WHEN state <> 'done' THEN NULL WHEN i % 25 = 4 THEN '{kiv}'
            ELSE {_person(f"(i + 2) % {p}")} END""",
        "carried_out_how": "CASE WHEN state = 'done' THEN 'done' ELSE '' END",
        "verified_at": "CASE WHEN state = 'done' THEN at + interval '2 days' END",
        "next_poll_at": f"""CASE WHEN state IN ('awaiting_kiv', 'verifying')
            THEN {NOW} + interval '10 years' END""",
        "grant_id": f"CASE WHEN state = 'done' AND i <= {size.rights} THEN i END",
    }  # fmt: skip
    yield _insert(AccessRequest, values, parts)


def _around_cases(size: Size) -> Iterator[str]:
    """Handlers, events and mails; of the ended ones, too, so that no list can count on there being few."""
    p, head, kiv = size.people, cast.HEAD.folded, cast.KIV_ADMINISTRATOR.folded
    made = f"""(SELECT id, state_since,
            CASE state WHEN 'awaiting_attestation' THEN 'attester' WHEN 'awaiting_choice' THEN 'chooser'
                ELSE 'kiv_administrator' END AS role,
            CASE WHEN who = 2 THEN {_person(f"(id + 5) % {p}")}
                WHEN unit_key = '{cast.BJORKHAGA.folded}' AND state = 'awaiting_attestation' THEN '{head}'
                WHEN unit_key = '{cast.BJORKHAGA.folded}' OR id % 25 = 4 THEN '{kiv}'
                ELSE {_person(f"(id + 3) % {p}")} END AS person
        FROM provisioning_accessrequest CROSS JOIN generate_series(1, 2) AS who) AS made"""  # noqa: S608
    values = {
        "request_id": "id", "role": "role", "person_key": "person", "person_hsa_id": "upper(person)",
        "person_name": "''", "acts_for_name": "''", "read_at": "state_since",
    }  # fmt: skip
    yield _insert(Handler, values, made)
    values = {
        "id": "(r.id - 1) * 5 + n", "sequence": "(r.id - 1) * 5 + n", "order_id": "o.case_number",
        "at": "r.state_since + make_interval(secs => n)",
        "action": "(ARRAY['order.placed','request.attested','request.checked','request.reported_done',"
        "'request.done'])[n]",
        "actor_id": "CASE n WHEN 1 THEN o.orderer_id WHEN 2 THEN r.attester_id"
        " WHEN 4 THEN r.carried_out_by_id END",
        "request_id": "CASE WHEN n > 1 THEN r.public_id END", "version": "1", "key_id": "'filled00'",
        "data": ''''{"state": "checking"}'::jsonb''', "previous": "repeat('0', 64)", "mac": "repeat('0', 64)",
    }  # fmt: skip
    rows = "provisioning_accessrequest AS r JOIN provisioning_order AS o ON o.id = r.order_id"
    yield _insert(AuditEntry, values, f"{rows} CROSS JOIN generate_series(1, 5) AS n")
    # The row that ends the chain is made by the first event, and emptied tables have none.
    yield f"""INSERT INTO provisioning_audithead (id, sequence, mac, cut_through)
        VALUES (1, {size.cases} * 5, repeat('0', 64), 0)
        ON CONFLICT (id) DO UPDATE SET sequence = EXCLUDED.sequence"""  # noqa: S608
    made = f"""(SELECT r.id, n, r.state_since, (ARRAY['attest', 'kiv', 'done'])[n] AS kind,
            CASE WHEN r.id % 997 = 5 AND n = 1 THEN 'failed' ELSE 'sent' END AS delivery,
            CASE n WHEN 1 THEN COALESCE(attester_id, {_person(f"(r.id + 1) % {p}")})
                WHEN 2 THEN COALESCE(carried_out_by_id, {_person(f"(r.id + 2) % {p}")})
                ELSE subject_key END AS person
        FROM provisioning_accessrequest AS r CROSS JOIN generate_series(1, 3) AS n) AS made"""  # noqa: S608
    values = {
        "cause_id": "(id - 1) * 5 + n", "request_id": "id", "kind": "kind", "recipient_key": "person",
        "recipient_hsa_id": "upper(person)", "state": "delivery", "attempts": "1",
        "created_at": "state_since",
        "next_try_at": "state_since", "sent_at": "state_since",
    }  # fmt: skip
    yield _insert(OutgoingMessage, values, made)


def _rights(size: Size) -> Iterator[str]:
    p, kiv, bjorkhaga = size.people, cast.KIV_ADMINISTRATOR.folded, cast.BJORKHAGA.folded
    right = {name: name for name in _RIGHT}
    source = """(SELECT *, id % 3 = 0 AS has_ended FROM provisioning_accessrequest
        WHERE grant_id IS NOT NULL) AS made"""
    values = right | {
        "id": "id", "person_dn": "'cn=' || subject_key || ',ou=Personal,o=Demoregionen'", "origin_id": "id",
        "starts_on": "current_date - 200", "ends_on": "current_date + 10 + (id % 330)::int",
        "next_review_on": "current_date + 180 + (id % 300)::int",
        "state": "CASE WHEN has_ended THEN 'ended' ELSE 'active' END", "state_since": "state_since",
        "end_cause": "CASE WHEN has_ended THEN 'expiry' ELSE '' END",
        "ended_at": "CASE WHEN has_ended THEN state_since + interval '1 day' END",
    }  # fmt: skip
    yield _insert(Grant, values, source)
    source = """(SELECT *, CASE WHEN id % 1000 = 3 THEN 'awaiting_kiv' ELSE 'done' END AS now
        FROM provisioning_grant WHERE state = 'ended') AS made"""
    values = right | {
        "id": "id", "case_number": "'B' || lpad(id::text, 8, '0')", "person_dn": "person_dn",
        "grant_id": "id",
        "cause": "'expiry'", "state": "now", "state_since": "state_since",
        "carried_out_by_id": f"""CASE WHEN now = 'done' THEN CASE WHEN id % 25 = 4 THEN '{kiv}'
            ELSE {_person(f"(id + 2) % {p}")} END END""",
        "verified_at": "state_since", "values_gone_at": "state_since",
    }  # fmt: skip
    yield _insert(Removal, values, source)
    values = {
        "removal_id": "id", "role": "'kiv_administrator'", "person_key": f"'{kiv}'", "person_name": "''",
        "person_hsa_id": f"'{cast.KIV_ADMINISTRATOR.text}'", "acts_for_name": "''",
    }  # fmt: skip
    yield _insert(Handler, values, "provisioning_removal WHERE state = 'awaiting_kiv'")
    values = right | {
        "kind": "'commission.missing'", "grant_id": "id", "situation": "'filled'",
        "owner": "CASE WHEN id % 2 = 0 THEN 'head_of_unit' ELSE 'kiv_administrator' END",
        "state": "CASE WHEN id % 40 = 1 THEN 'open' ELSE 'over' END",
        "state_since": "state_since", "found_at": "state_since",
    }  # fmt: skip
    source = f"provisioning_grant WHERE state = 'active' AND (id % 10 = 1 OR unit_key = '{bjorkhaga}')"
    yield _insert(Finding, values, source)


def _figures(size: Size) -> Iterator[str]:
    """A year of kept days: each of everything and of twenty areas, every fifth of each unit."""
    counts = """jsonb_build_object('done', 4, 'right', 3, 'vain', 1, 'cause:request.not_seen', 1,
        'lead:40', 2, 'lead:52', 2, 'ATTESTATION:30', 3, 'ATTESTATION:45', 1, 'CHECK:0', 4, 'KIV:38', 2,
        'KIV:49', 2, 'VERIFICATION:0', 4, 'removal:44', 2)"""
    day = f"({NOW} - make_interval(days => d))::date"
    units = f"""SELECT 'se0000000000-u' || lpad(n::text, 6, '0') AS unit FROM
        generate_series(0, {size.units} - 1) AS n UNION SELECT '{cast.BJORKHAGA.folded}'"""  # noqa: S608
    by_name = "encode(sha256(convert_to(unit, 'UTF8')), 'hex')"
    places = f"""SELECT unit AS key, '' AS dn, '' AS name, 5 AS every FROM ({units}) AS by_id
        UNION ALL SELECT left({by_name}, 40), 'ou=' || unit || ',ou=Org,o=Demoregionen', unit, 5
            FROM ({units}) AS by_name
        UNION ALL SELECT 'area-' || n, 'ou=Område ' || n || ',ou=Org,o=Demoregionen', 'Område ' || n, 1
            FROM generate_series(1, 20) AS n
        UNION ALL SELECT 'all', '', '', 1"""  # noqa: S608
    values = {
        "day": day, "place_key": "key", "place_dn": "dn", "place_name": "name", "service": "'rehabstod'",
        "counts": counts,
    }  # fmt: skip
    kept = "d % every = 0"
    yield _insert(
        DayFigures, values, f"({places}) AS places CROSS JOIN generate_series(1, 365) AS d WHERE {kept}"
    )
    values |= {"place_key": "'all'", "place_dn": "''", "place_name": "''", "service": "''", "counts": "'{}'"}
    yield _insert(DayFigures, values, "generate_series(1, 365) AS d")
    values = {"place_key": "key", "place_dn": "dn", "place_name": "name"}
    yield _insert(FiguredPlace, values, f"({places}) AS places WHERE dn <> ''")
    cases = """(SELECT jsonb_agg(jsonb_build_array(739000 - n, n % 17, NULL, n % 3, n % 29, 0))
        FROM generate_series(1, 200) AS n)"""
    values = {"place_key": "key", "counted_to": f"({NOW} - interval '1 day')::date", "cases": cases}
    yield _insert(StepHistory, values, f"({places}) AS places")
    values = {"request_id": "id", "unit_key": "unit_key", "code": "'commission.missing'", "at": "attested_at"}
    yield _insert(Obstacle, values, "provisioning_accessrequest WHERE id % 9 = 7 AND attested_at IS NOT NULL")


def _reviews(size: Size) -> Iterator[str]:
    """The first is the large one; of the others every second is finished."""
    p, last = size.people, size.reviews
    is_closed = "i % 2 = 0"
    unit = (
        f"CASE WHEN i = 1 THEN '{cast.BJORKHAGA.folded}' ELSE 'se0000000000-u' || lpad(i::text, 6, '0') END"
    )
    values = {
        "id": "i", "unit_key": "unit", "unit_hsa_id": "upper(unit)",
        "unit_name": "'Vårdenhet ' || right(unit, 6)", "scope": "'all'",
        "due_on": "current_date + 20", "escalated_on": "current_date",
        "state": f"CASE WHEN {is_closed} THEN 'closed' ELSE 'open' END",
        "closed_at": f"CASE WHEN {is_closed} THEN {NOW} END",
    }  # fmt: skip
    yield _insert(Review, values, f"(SELECT i, {unit} AS unit FROM generate_series(1, {last}) AS i) AS made")  # noqa: S608
    source = f"""(SELECT *,
            CASE WHEN review > 1 AND (review % 2 = 0 OR grant_id % 4 = 1) THEN 'keep' ELSE '' END AS given
        FROM (SELECT 2 + number % {last - 1} AS review, id AS grant_id, subject_key FROM
            (SELECT id, subject_key, row_number() OVER (ORDER BY id) AS number FROM provisioning_grant
                WHERE state = 'active' ORDER BY id LIMIT {last * 15}) AS small
            UNION ALL SELECT 1, id, subject_key FROM (SELECT id, subject_key FROM provisioning_grant
                WHERE state = 'active' ORDER BY id DESC LIMIT {size.in_large_review}) AS large
            ) AS both_sizes) AS made"""  # noqa: S608
    values = {
        "review_id": "review", "grant_id": "grant_id", "subject_key": "subject_key", "decision": "given",
        "reason": "CASE given WHEN '' THEN '' ELSE 'Behövs.' END",
        "reviewer_id": f"CASE given WHEN '' THEN NULL ELSE {_person(f'(grant_id + 7) % {p}')} END",
        "decided_at": f"CASE given WHEN '' THEN NULL ELSE {NOW} END",
        "directory_digest": "CASE given WHEN '' THEN '' ELSE repeat('0', 64) END",
    }  # fmt: skip
    yield _insert(ReviewItem, values, source)
    source = f"""(SELECT i AS review, {_person(f"(i * 3 + n) % {p}")} AS person
            FROM generate_series(2, {last}) AS i CROSS JOIN generate_series(1, 3) AS n
        UNION ALL SELECT 1, {_person("n")} FROM generate_series(1, {REVIEWERS - 1}) AS n
        UNION ALL SELECT 1, '{cast.HEAD.folded}') AS made"""  # noqa: S608
    values = {"review_id": "review", "person_key": "person", "person_hsa_id": "upper(person)"}
    yield _insert(Reviewer, values, source)


def _engine(size: Size) -> Iterator[str]:
    """A process for each case, with its attestation and its task in KIV; of what is open, where it is."""
    open_states = ", ".join(f"'{state.value}'" for state in OPEN)
    requests = f"(SELECT *, state IN ({open_states}) AS is_open FROM provisioning_accessrequest) AS made"  # noqa: S608
    flow = Process._meta.get_field("flow_class").get_prep_value
    values = {
        "id": "id", "flow_class": f"'{flow(AccessRequestFlow)}'", "created": "state_since",
        "status": "CASE WHEN is_open THEN 'NEW' ELSE 'DONE' END",
        "finished": "CASE WHEN is_open THEN NULL ELSE state_since END",
    }  # fmt: skip
    yield _insert(Process, values, requests)
    yield (
        "INSERT INTO workflows_accessprocess (process_ptr_id, request_id)"
        " SELECT id, id FROM provisioning_accessrequest"
    )
    number = f"{size.cases} + id"
    removals = "(SELECT *, state <> 'done' AS is_open FROM provisioning_removal) AS made"
    values |= {"id": number, "flow_class": f"'{flow(RemovalFlow)}'"}
    yield _insert(Process, values, removals)
    yield (
        "INSERT INTO workflows_removalprocess (process_ptr_id, removal_id)"  # noqa: S608
        f" SELECT {number}, id FROM provisioning_removal"
    )
    node = Task._meta.get_field("flow_task").get_prep_value
    attest, kiv = node(AccessRequestFlow.attest), node(AccessRequestFlow.kiv)
    source = f"{requests} CROSS JOIN generate_series(1, 2) AS n WHERE n = 1 OR NOT is_open"  # noqa: S608
    administrator = cast.KIV_ADMINISTRATOR.folded
    values = {
        "flow_task": f"""CASE WHEN is_open AND state <> 'awaiting_attestation' OR n = 2
            THEN '{kiv}' ELSE '{attest}' END""",
        "flow_task_type": "'HUMAN'", "status": "CASE WHEN is_open THEN 'ASSIGNED' ELSE 'DONE' END",
        "created": "state_since", "finished": "CASE WHEN is_open THEN NULL ELSE state_since END",
        "process_id": "id", "token": "'start'",
        "owner_id": f"""CASE WHEN NOT is_open AND n = 1 THEN attester_id
            WHEN NOT is_open THEN carried_out_by_id
            WHEN unit_key = '{cast.BJORKHAGA.folded}' OR id % 25 = 4 THEN '{administrator}' END""",
    }  # fmt: skip
    yield _insert(Task, values, source)
