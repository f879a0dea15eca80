"""Contract: readings of many persons say what readings of each one say; whom a sweep must look at."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Collection, Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from provisioning.directory import ConnectionSettings, Directory
from provisioning.directory.ldap.library import exceptions, ldap3
from provisioning.directory.reading import many, mapping, members
from provisioning.errors import DirectoryError, DirectoryRefused, DirectoryTruncated, DirectoryUnavailable
from provisioning.rules.drift import compare
from provisioning.rules.drift.compare import NOTHING_TOLD
from provisioning.rules.hsa import HsaId, Level, Part, Reading, Service
from provisioning.rules.removal import Right
from tests import cast
from tests.directory import oddities
from tests.directory.conftest import DEMO_LAYOUT
from tests.directory.everybody import PEOPLE
from tests.directory.standins import Server, Wire

PARTS = set(Part) - {Part.IDENTITIES, Part.UNIT_COMMISSIONS}


@pytest.fixture(params=[1, 10**6, None], ids=["all commissions gone through", "by prefixes", "again"])
def either_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Very many persons' commissions are found in another way than few persons'; a second look asks anew."""
    if request.param is None:
        monkeypatch.setattr(Directory, "read_many", Directory.read_again)
    else:
        monkeypatch.setattr(members, "WORTH_IT_FROM", request.param)


def read_many(
    directory: Directory, ids: Iterable[HsaId], units: Collection[HsaId] = ()
) -> dict[HsaId, Reading]:
    return {reading.person_id: reading for reading in directory.read_many([(one, units) for one in ids])}


@pytest.mark.usefixtures("either_way")
def test_everybody_read_together_is_as_if_read_alone(directory: Directory):
    units = [cast.BJORKHAGA, cast.CLOSED_UNIT, cast.NOWHERE]
    together = read_many(directory, PEOPLE, units)
    assert list(together) == PEOPLE
    for person_id, reading in together.items():
        alone = directory.read(person_id, unit_ids=units)
        assert reading.person == alone.person, person_id
        ours = {c.dn: c for c in alone.commissions if any(x.person_id == person_id for x in c.couplings)}
        assert {c.dn for c in reading.commissions} == set(ours), person_id
        for commission in reading.commissions:
            assert commission.unit_id == ours[commission.dn].unit_id
            assert {x.person_id for x in commission.couplings} == {person_id}
        for unit_id in units:
            assert reading.units[unit_id] == alone.units[unit_id]
        assert {part for part in PARTS if not reading.is_readable(part)} == {
            part for part in PARTS if not alone.is_readable(part)
        }, person_id


@pytest.mark.usefixtures("either_way")
def test_both_ways_of_reading_lead_to_the_same_findings(directory: Directory):
    """Whatever somebody might have been given at Björkhaga: the sweep sees what a single look sees."""
    now = datetime.now(UTC)
    for person_id, reading in read_many(directory, PEOPLE, [cast.BJORKHAGA, cast.PROVIDER]).items():
        rights = [
            Right(person_id, Service.REHABSTOD, Level.UNIT, cast.BJORKHAGA),
            Right(person_id, Service.INTYGSSTATISTIK, Level.PROVIDER, cast.PROVIDER),
        ]
        alone = directory.read(person_id, unit_ids=[cast.BJORKHAGA], provider_ids=[cast.PROVIDER])
        assert compare.compare(reading, rights, at=now) == compare.compare(alone, rights, at=now), person_id


@pytest.mark.usefixtures("either_way")
def test_what_is_not_asked_for_is_a_gap_and_never_nothing(directory: Directory):
    reading = read_many(directory, [cast.TWO_IDS])[cast.TWO_IDS]
    assert not reading.is_readable(Part.IDENTITIES)
    assert not reading.is_readable(Part.UNIT_COMMISSIONS)


@pytest.mark.usefixtures("either_way")
def test_very_many_persons_come_in_their_order_and_none_is_lost(directory: Directory):
    ids = [HsaId(f"SE0000000000-X{number}") for number in range(350)]
    ids[170] = cast.COORDINATOR
    found = list(directory.read_many((one, ()) for one in ids))
    assert [reading.person_id for reading in found] == ids
    assert [reading.person_id for reading in found if reading.person] == [cast.COORDINATOR]


def test_no_more_ids_are_held_than_at_once(directory: Directory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(many, "AT_ONCE", 300)
    asked: list[HsaId] = []

    def ids() -> Iterable[tuple[HsaId, Collection[HsaId]]]:
        for number in range(10_000):
            asked.append(HsaId(f"SE0000000000-X{number}"))
            yield asked[-1], ()

    readings = directory.read_many(ids())
    assert asked == []
    next(iter(readings))
    assert len(asked) == 300


def test_a_reading_is_as_old_as_its_oldest_part(directory: Directory, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(members, "WORTH_IT_FROM", 1)
    before = datetime.now(UTC)
    moments = {reading.read_at for reading in directory.read_many((one, ()) for one in PEOPLE * 5)}
    (moment,) = moments
    assert before <= moment


def test_all_commissions_are_read_once_and_nobody_by_prefix(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(members, "WORTH_IT_FROM", 1)
    asked: list[str] = []
    search = ldap3.Connection.search

    def note(link: Any, **question: Any) -> Any:
        asked.append(question["search_filter"])
        return search(link, **question)

    monkeypatch.setattr(ldap3.Connection, "search", note)
    assert any(reading.commissions for reading in directory.read_many((one, ()) for one in PEOPLE))
    assert asked.count("(hsaCommissionMember=*)") == 1
    assert not [text for text in asked if "(hsaCommissionMember=SE" in text]


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    ("attribute", "parts"),
    [
        ("hsaSystemRole", {Part.SYSTEM_ROLES}),
        ("hsaTitle", {Part.PROFESSION}),
        ("hsaIdentity", PARTS),
        ("hsaCommissionMember", {Part.COMMISSIONS}),
        ("objectClass", PARTS),
    ],
)
def test_an_attribute_we_may_not_read_is_a_gap(
    own_server: Server, connect: Callable[..., Directory], attribute: str, parts: set[Part]
):
    with own_server.blind(attribute) as settings:
        reading = read_many(connect(settings), [oddities.BARE])[oddities.BARE]
    assert {part for part in PARTS if not reading.is_readable(part)} >= parts
    assert compare.compare(reading, [], at=reading.read_at).found == ()


@pytest.mark.usefixtures("either_way")
def test_an_answer_cut_short_is_asked_for_again_in_smaller_parts(
    own_server: Server, connect: Callable[..., Directory]
):
    """Three entries are all this account gets: together too many, one by one enough."""
    ids = [cast.COORDINATOR, cast.DOCTOR, cast.SETTLED, cast.HEAD, cast.OUTSIDER, oddities.BUSY]
    with own_server.limited() as settings:
        found = read_many(connect(settings), ids)
    assert all(found[one].person is not None for one in ids[:5])
    assert not found[oddities.BUSY].is_readable(Part.COMMISSIONS)
    assert compare.compare(found[oddities.BUSY], [], at=datetime.now(UTC)) == NOTHING_TOLD


@pytest.mark.usefixtures("either_way")
def test_a_directory_that_goes_away_in_the_middle_raises(
    own_server: Server, connect: Callable[..., Directory]
):
    readings = connect(own_server.settings()).read_many((one, ()) for one in PEOPLE * 10)
    assert next(readings)
    own_server.stop()
    with pytest.raises(DirectoryUnavailable):
        list(readings)
    own_server.start()


def unread_roles(readings: dict[HsaId, Reading]) -> set[HsaId]:
    return {one for one, reading in readings.items() if not reading.is_readable(Part.SYSTEM_ROLES)}


def test_a_second_look_goes_by_each_entrys_own_access_rules(
    own_server: Server, connect: Callable[..., Directory]
):
    """Roles that are readable in one entry may be hidden in the next; of protected persons also at first."""
    ids = [oddities.BARE, oddities.VEILED, cast.COORDINATOR, oddities.VEILED_PROTECTED, cast.SETTLED]
    with own_server.blind_in() as settings:
        first = {
            reading.person_id: reading for reading in connect(settings).read_many((one, ()) for one in ids)
        }
        again = {
            reading.person_id: reading for reading in connect(settings).read_again((one, ()) for one in ids)
        }
    # Of a plain entry it is seen in the first look only where none that may be read came before it.
    assert unread_roles(first) - {oddities.VEILED} == {oddities.VEILED_PROTECTED}
    assert unread_roles(again) == {oddities.VEILED, oddities.VEILED_PROTECTED}
    assert all(again[one].is_readable(*PARTS) for one in (oddities.BARE, cast.COORDINATOR, cast.SETTLED))


def test_an_entry_with_its_own_rules_casts_no_doubt_on_the_next(
    own_server: Server, connect: Callable[..., Directory], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(many, "BY_ID_AT_ONCE", 1)  # in this order, whatever the server's
    ids = [oddities.VEILED, oddities.BARE, cast.COORDINATOR, cast.SETTLED]
    with own_server.blind_in() as settings:
        read = {
            reading.person_id: reading for reading in connect(settings).read_many((one, ()) for one in ids)
        }
    assert unread_roles(read) == {oddities.VEILED}


def test_a_server_that_finds_what_it_hides_to_be_lacking_is_not_believed(
    own_server: Server, connect: Callable[..., Directory], monkeypatch: pytest.MonkeyPatch
):
    """One that ignores what it should call undefined: Compare says otherwise, and counts."""
    search = ldap3.Connection.search

    def ignoring(link: Any, **question: Any) -> Any:
        question["search_filter"] = re.sub(r"\(!\([^()]*\)\)", "", question["search_filter"])
        return search(link, **question)

    monkeypatch.setattr(ldap3.Connection, "search", ignoring)
    with own_server.blind_in() as settings:
        found = connect(settings).read_again([(oddities.VEILED, ())])
        assert unread_roles({reading.person_id: reading for reading in found}) == {oddities.VEILED}


def test_an_attribute_the_server_has_never_heard_of_is_lacking_everywhere(
    server: Server, connect: Callable[..., Directory]
):
    """A region has one name for a date or a title and not the other: that is no gap."""
    layout = dataclasses.replace(DEMO_LAYOUT, title_codes="inventedTitleCode")
    found = list(
        connect(server.settings(), layout).read_again((one, ()) for one in (cast.DOCTOR, oddities.BARE))
    )
    assert all(reading.is_readable(*PARTS) for reading in found)


def test_a_second_look_asks_few_questions_for_many_persons(
    directory: Directory, monkeypatch: pytest.MonkeyPatch
):
    asked: list[str] = []

    def counted(ask: Callable[..., Any]) -> Callable[..., Any]:
        def count(*arguments: Any, **question: Any) -> Any:
            asked.append(ask.__name__)
            return ask(*arguments, **question)

        return count

    for ask in (ldap3.Connection.search, ldap3.Connection.compare):
        monkeypatch.setattr(ldap3.Connection, ask.__name__, counted(ask))
    ids = PEOPLE[: many.AGAIN_AT_ONCE]
    assert len(list(directory.read_again((one, ()) for one in ids))) == len(ids)
    assert len(asked) < 2 * len(ids)


def test_everybody_with_a_role_of_ours_is_found_near_misses_included(directory: Directory):
    found = set(directory.role_holders())
    assert found >= {
        cast.SETTLED, cast.DEAD_RIGHT, cast.WRONG_CASE, cast.BLANKS, cast.MALFORMED, cast.UNKNOWN_ID,
        cast.SETTLED_PROCESS_LEADER, cast.ENDED,
    }  # fmt: skip
    assert not found & {cast.COORDINATOR, cast.DOCTOR, cast.OUTSIDER}


def test_who_holds_a_role_that_names_a_unit_is_found_however_it_is_written(directory: Directory):
    found = set(directory.holders_naming(cast.BJORKHAGA))
    assert found >= {cast.SETTLED, cast.WRONG_CASE, cast.BLANKS}
    assert not found & {cast.COORDINATOR, cast.SETTLED_PROCESS_LEADER, cast.WRONG_UNIT}
    assert cast.SETTLED_PROCESS_LEADER in directory.holders_naming(cast.PROVIDER)
    assert directory.holders_naming(cast.NOWHERE) == [cast.UNKNOWN_ID]


def test_holders_that_cannot_all_be_told_are_not_told_at_all(
    own_server: Server, connect: Callable[..., Directory]
):
    with own_server.limited() as settings, pytest.raises(DirectoryTruncated):
        connect(settings).role_holders()
    with own_server.blind("hsaSystemRole") as settings:
        with pytest.raises(DirectoryRefused):
            connect(settings).role_holders()
        with pytest.raises(DirectoryRefused):
            connect(settings).holders_naming(cast.BJORKHAGA)


def test_what_was_changed_is_told_where_the_server_tells(
    server: Server, directory: Directory, connect: Callable[..., Directory]
):
    """slapd stamps every entry when it is written; the mock does not, and then everybody is looked at."""
    long_ago = directory.changed_since(datetime(2020, 1, 1, tzinfo=UTC))
    if long_ago is None:
        assert type(server).__name__ == "MockServer"
        return
    assert type(server).__name__ == "SlapdServer"
    assert {cast.COORDINATOR, oddities.BEGINNING, oddities.LONGER} <= long_ago.person_ids
    assert cast.BJORKHAGA in long_ago.unit_ids
    nothing = directory.changed_since(datetime.now(UTC) + timedelta(days=1))
    assert nothing is not None and not nothing.person_ids and not nothing.unit_ids


# Answers that do not come whole

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
QUESTIONS: dict[str, Callable[[Directory], object]] = {
    "whose roles are ours": lambda directory: directory.role_holders(),
    "what was changed": lambda directory: directory.changed_since(LONG_AGO),
    "many persons": lambda directory: list(directory.read_many((one, ()) for one in PEOPLE)),
    "a second look": lambda directory: list(directory.read_again((one, ()) for one in PEOPLE)),
}


def small_pages(settings: ConnectionSettings, **changes: Any) -> ConnectionSettings:
    return dataclasses.replace(settings, page_size=oddities.LIMIT - 1, **changes)


@pytest.mark.parametrize("ask", [QUESTIONS["whose roles are ours"], QUESTIONS["what was changed"]])
def test_a_size_limit_in_the_middle_of_the_pages_is_no_end(
    own_server: Server, connect: Callable[..., Directory], ask: Callable[[Directory], object]
):
    """The first page is whole; a limit falls into the second."""
    with own_server.limited() as settings:
        directory = connect(small_pages(settings))
        if ask is QUESTIONS["what was changed"] and type(own_server).__name__ == "MockServer":
            assert ask(directory) is None, "the mock never tells"
            return
        with pytest.raises(DirectoryTruncated):
            ask(directory)


@pytest.mark.usefixtures("either_way")
def test_what_is_read_within_a_size_limit_is_right_or_unknown(
    own_server: Server, connect: Callable[..., Directory]
):
    whole = read_many(connect(own_server.settings()), PEOPLE)
    with own_server.limited() as settings:
        limited = read_many(connect(small_pages(settings)), PEOPLE)
    assert list(limited) == PEOPLE
    for person_id, reading in limited.items():
        known = whole[person_id]
        if reading.is_readable(Part.PERSON):
            assert reading.person == known.person, person_id
        if reading.is_readable(Part.COMMISSIONS):
            assert {one.dn for one in reading.commissions} == {one.dn for one in known.commissions}, person_id
    assert any(reading.is_readable(*PARTS) and reading.commissions for reading in limited.values())
    assert not limited[oddities.BUSY].is_readable(Part.COMMISSIONS)


@pytest.mark.parametrize(
    ("ask", "worth_it_from"),
    [*((ask, 10**6) for ask in QUESTIONS.values()), (QUESTIONS["many persons"], 1)],
    ids=[*QUESTIONS, "many persons, all commissions gone through"],
)
def test_a_connection_cut_anywhere_in_an_answer_raises(
    own_server: Server,
    connect: Callable[..., Directory],
    monkeypatch: pytest.MonkeyPatch,
    ask: Callable[[Directory], object],
    worth_it_from: int,
):
    monkeypatch.setattr(members, "WORTH_IT_FROM", worth_it_from)
    with Wire(own_server.port) as between:
        url = f"ldap://localhost:{between.port}"
        settings = dataclasses.replace(own_server.settings(), url=url, page_size=50)
        directory = connect(settings)
        ask(directory)
        before = between.answered_octets
        ask(directory)
        octets = between.answered_octets - before
        assert octets > 10
        for fifth in range(5):
            between.let_through(2**30)
            assert directory.person(cast.HEAD) is not None  # connected, as in the middle of a sweep
            between.let_through(octets * fifth // 5)
            with pytest.raises(DirectoryUnavailable):
                ask(directory)
        between.let_through(2**30)
        ask(directory)


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("error", [ValueError, TypeError, KeyError])
def test_an_entry_nobody_foresaw_is_unknown_and_costs_nobody_else(
    directory: Directory, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
):
    people = [*PEOPLE, *(HsaId(f"SE0000000000-X{number}") for number in range(120))]
    before = {
        one: (reading.person, reading.commissions) for one, reading in read_many(directory, people).items()
    }
    real = mapping.to_person

    def to_person(entry: Any, layout: Any) -> Any:
        person = real(entry, layout)
        if person is not None and person.hsa_id == cast.COORDINATOR:
            raise error
        return person

    monkeypatch.setattr(mapping, "to_person", to_person)
    found = read_many(directory, people)
    assert list(found) == people
    _is_unknown_alone(found, before, {cast.COORDINATOR})
    assert {problem.about for problem in found[cast.COORDINATOR].problems} == {many.ENTRY_FAILED}


def _is_unknown_alone(found: dict[HsaId, Reading], before: dict[HsaId, Any], ids: set[HsaId]) -> None:
    for one, reading in found.items():
        if one in ids:
            assert reading.person is None
            assert not any(reading.is_readable(part) for part in Part)
        else:
            assert (reading.person, reading.commissions) == before[one], one


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("code", [80, 51, 3], ids=["unexpected", "busy", "time limit"])
def test_a_person_the_server_fails_about_is_unknown_and_costs_nobody_else(
    directory: Directory, monkeypatch: pytest.MonkeyPatch, code: int
):
    before = {
        one: (reading.person, reading.commissions) for one, reading in read_many(directory, PEOPLE).items()
    }
    search = ldap3.Connection.search

    def fail(link: Any, **question: Any) -> Any:
        if f"(hsaIdentity={cast.DOCTOR.bare})" in question["search_filter"]:
            raise exceptions.LDAPOperationResult(result=code)
        return search(link, **question)

    monkeypatch.setattr(ldap3.Connection, "search", fail)
    found = read_many(directory, PEOPLE)
    assert list(found) == PEOPLE
    _is_unknown_alone(found, before, {cast.DOCTOR})


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize(
    ("code", "at_most"), [(51, 12), (49, 3), (50, 3)], ids=["busy", "account", "refused"]
)
def test_a_server_that_answers_nobody_is_not_asked_about_each(
    directory: Directory, monkeypatch: pytest.MonkeyPatch, code: int, at_most: int
):
    asked: list[str] = []

    def fail(_link: Any, **question: Any) -> Any:
        asked.append(question["search_filter"])
        raise exceptions.LDAPOperationResult(result=code)

    monkeypatch.setattr(ldap3.Connection, "search", fail)
    with pytest.raises(DirectoryError):
        read_many(directory, PEOPLE)
    assert len(asked) <= at_most
