"""Through a real slapd: units are renumbered while a KIV task is open, and whole units are reorganised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from provisioning.demo.directory.make_demo import PERSONS
from provisioning.demo.directory.server import DEMO_LDIF
from provisioning.directory.ldap.library import ldap3
from provisioning.models import Grant, Removal, Reorganisation, ReorganisationState
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import EndCause, RemovalState
from tests import acts, cast, made_once
from tests.directory import certificates, in_parts
from tests.directory.slapd import Slapd, Suffix
from tests.findings import drifting
from tests.moving import NEW_BASE
from tests.orders import test_outdated as outdated
from tests.reorganisation import moving
from tests.reorganisation import test_reorganisation as reorganisation
from tests.rights import life
from tests.workflows.storm.__main__ import READER, WRITER

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slapd]

# Stories that change the directory through LDAP alone; each is told of the mock in its own file.
STORIES: list[Callable[..., None]] = [
    outdated.test_a_unit_that_was_renumbered_sends_the_order_back,
    outdated.test_who_has_the_half_done_value_gets_a_task,
    outdated.test_an_id_that_is_spelled_anew_gives_the_task_its_new_value,
    outdated.test_a_commission_that_is_for_something_else_now_is_noticed,
    reorganisation.test_the_new_right_comes_first_and_keeps_need_and_last_day,
    reorganisation.test_an_open_order_ends_and_its_successor_is_ordered,
    reorganisation.test_a_unit_that_closes_sends_its_rights_to_removal,
]


@pytest.fixture(autouse=True)
def lost_nudges(monkeypatch: pytest.MonkeyPatch) -> None:
    """No broker: the sweeps have to do."""
    monkeypatch.setattr("provisioning.worker._send", lambda *given: None)


@pytest.fixture
def directory(settings: Any, tmp_path: Path) -> Iterator[Slapd]:
    """The demo region on a slapd of the test's own."""
    suffix = Suffix("o=Demoregionen", DEMO_LDIF.read_text("utf-8"), readers=[READER], writers=[WRITER])
    server = Slapd(tmp_path / "slapd", [suffix], certificates.make(tmp_path / "certificates"))
    server.start()
    settings.DIRECTORY_URL = server.url
    settings.DIRECTORY_BIND_DN, settings.DIRECTORY_BIND_PASSWORD = READER, "lasare"
    for name, seconds in made_once.PATIENT.items():
        setattr(settings, name, seconds)
    yield server
    server.stop()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__.removeprefix("test_"))
def test_it_is_the_same_through_slapd(story: Callable[..., None], directory: Any, kiv: Any):
    story(directory, kiv)


def rename(server: Slapd, dn: str, *, below: str) -> None:
    """The entry, with all that stands below it, gets another place, and keeps its HSA-id."""
    link = ldap3.Connection(
        ldap3.Server(server.url), settings.MOCK_KIV_BIND_DN, settings.MOCK_KIV_BIND_PASSWORD, auto_bind=True
    )
    if below == NEW_BASE:
        link.add(NEW_BASE, "organizationalUnit")
    link.modify_dn(dn, dn.partition(",")[0], new_superior=below)
    assert link.result["description"] == "success", link.result
    link.unbind()


def test_the_command_reorganises_what_has_moved_in_between(
    directory: Slapd, kiv: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The person, and the new unit with its commissions, stand elsewhere when the new value is set."""
    monkeypatch.setattr(settings, "DIRECTORY_PERSON_BASE", PERSONS.partition(",")[2])
    grant = moving.right(kiv)
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(f"gammal;ny\n{cast.BJORKHAGA};{cast.EKLIDEN}\n", encoding="utf-8-sig")
    reorganisation.command("--csv", str(pairs), "--propose", "--reason", moving.REASON)
    moving.attest(Reorganisation.objects.get())
    moving.work()
    request = moving.new_request(grant)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV

    old_place = drifting.person_dn(cast.COORDINATOR)
    rename(directory, old_place, below=NEW_BASE)
    rename(directory, drifting.unit_dn(cast.EKLIDEN), below=drifting.unit_dn(cast.AREA_NORTH))
    new_place = drifting.person_dn(cast.COORDINATOR)
    assert new_place != old_place
    kiv.add_value(new_place, drifting.ROLE, moving.NEW_ROLE)
    for _round in range(3):
        moving.work()
    removal = Removal.objects.get(grant=grant)
    assert removal.cause == EndCause.REORGANISATION.value
    assert {one["dn"] for one in removal.changes} == {new_place}
    life.take_away(kiv, removal)
    for _round in range(2):
        moving.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE
    assert Reorganisation.objects.get().state == ReorganisationState.DONE
    assert Grant.objects.active().get(subject_key=cast.COORDINATOR.folded).unit_id == cast.EKLIDEN


def process_leader(kiv: Any) -> Grant:
    """The right to a care provider's statistics, of somebody with a role of another service before it."""
    kiv.add_value(drifting.person_dn(cast.PROCESS_LEADER), drifting.ROLE, "ANNAT;Roll-x")
    request = acts.order_for_process_leader()
    acts.work()
    acts.attest(request, cast.PROVIDER_HEAD)
    acts.work()
    acts.couple_where_asked(request)
    acts.set_values(request, kiv)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE and request.grant is not None, request.assessment
    return request.grant


def test_a_process_leader_is_proven_though_attributes_come_in_parts(
    directory: Slapd, kiv: Any, monkeypatch: pytest.MonkeyPatch
):
    asked = in_parts.send(monkeypatch, at_once=1)
    process_leader(kiv)
    assert any(name.casefold().startswith("hsasystemrole;range=") for name in asked)
    swept = drifting.swept()
    assert swept.unread == 0 and drifting.found_of(cast.PROCESS_LEADER) == []


def test_a_part_of_a_process_leaders_roles_ends_no_removal(
    directory: Slapd, kiv: Any, monkeypatch: pytest.MonkeyPatch
):
    """The part that came lacks the value; the rest never comes."""
    removal = life.with_kiv(life.removal_by_head(process_leader(kiv), by=cast.PROVIDER_HEAD))
    in_parts.send(monkeypatch, at_once=1, withholds_rest=True)
    for _look in range(2):
        life.work()
        removal.refresh_from_db()
        assert removal.current_state is RemovalState.AWAITING_KIV
    assert drifting.swept().unread > 0
    assert drifting.found_of(cast.PROCESS_LEADER) == []
