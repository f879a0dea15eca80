"""Through a real slapd: units are renumbered while a KIV task is open, and whole units are reorganised."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from provisioning.demo.directory.server import DEMO_LDIF
from tests import made_once
from tests.directory import certificates
from tests.directory.slapd import Slapd, Suffix
from tests.orders import test_outdated as outdated
from tests.reorganisation import test_reorganisation as reorganisation
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
    monkeypatch.setattr("provisioning.worker._send", lambda name, args: None)


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
