"""One silence is enough for somebody who waits; work that nobody waits for asks on."""

from __future__ import annotations

import pytest

from provisioning.directory import Directory, one_silence
from provisioning.directory.ldap.troubles import Trouble, trouble_of
from provisioning.errors import DirectoryUnavailable
from tests import cast
from tests.directory.ldap.test_troubles import Connect, through
from tests.directory.standins import Server, Wire


def ask_in_vain(silent: Directory) -> Trouble:
    with pytest.raises(DirectoryUnavailable) as caught:
        silent.person(cast.HEAD)
    return trouble_of(caught.value)


def test_after_one_silence_nothing_more_is_asked(server: Server, connect: Connect):
    with Wire(server.port) as wire:
        silent = connect(through(wire, server.settings(), receive_timeout_seconds=0.3))
        wire.freeze()
        with one_silence():
            assert [ask_in_vain(silent) for _ in range(5)] == [Trouble.SILENT] * 5
        assert wire.connections == 1
        with one_silence():
            assert ask_in_vain(silent) is Trouble.SILENT
        assert wire.connections == 2, "the next page asks again"


def test_another_directory_is_asked_all_the_same(server: Server, connect: Connect):
    with Wire(server.port) as wire:
        silent = connect(through(wire, server.settings(), receive_timeout_seconds=0.3))
        wire.freeze()
        with one_silence():
            ask_in_vain(silent)
            assert connect(server.settings()).person(cast.HEAD) is not None


def test_background_work_asks_on(server: Server, connect: Connect):
    with Wire(server.port) as wire:
        silent = connect(through(wire, server.settings(), receive_timeout_seconds=0.3))
        wire.freeze()
        assert [ask_in_vain(silent) for _ in range(3)] == [Trouble.SILENT] * 3
        assert wire.connections == 3


def test_what_is_not_there_is_no_silence(server: Server, connect: Connect):
    answering = connect(server.settings())
    with one_silence():
        assert answering.person(cast.NOBODY) is None
        assert answering.person(cast.HEAD) is not None
