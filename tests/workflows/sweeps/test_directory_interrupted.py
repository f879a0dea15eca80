"""Whatever goes wrong in whichever question of a sweep: nothing is found by it, and nothing is over by it.

The directory holds what it held, so that whatever a troubled sweep writes would be wrong. Each trouble is
tried at each question in turn: in the midst of pages, in the second look, while owners are looked up.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from provisioning.demo.directory.faults import Faults
from provisioning.directory.ldap.library import ldap3
from provisioning.directory.reading import members
from provisioning.models import Finding, Grant, Removal, Sweep
from provisioning.rules.hsa import Service
from tests import acts, cast
from tests.findings.drifting import swept
from tests.rights import life
from workflows.sweeps import directory as sweeps_directory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(900)]

WHO = cast.COORDINATOR
AT_MOST = 80  # questions of one sweep here; reached only if it has become far more talkative


class Trouble:
    """Something goes wrong at the nth question, and is mended after it or lasts."""

    def __init__(
        self, directory, monkeypatch: pytest.MonkeyPatch, make: Callable[[Faults], None], *, lasts: bool
    ):
        self.at: int | None = None
        self._lasts = lasts
        self.count = 0
        self._directory = directory
        self._make = make
        for name in ("search", "compare"):
            monkeypatch.setattr(ldap3.Connection, name, self._around(getattr(ldap3.Connection, name)))

    def _around(self, ask):
        def asked(*arguments, **question):
            self.count += 1
            if self.count == self.at:
                self._make(self._directory.faults)
            try:
                return ask(*arguments, **question)
            finally:
                if not self._lasts:
                    self._directory.faults.clear()

        return asked

    def sweep(self, at: int | None) -> Sweep:
        self.at, self.count = at, 0
        try:
            return swept()
        finally:
            self._directory.faults.clear()


def busy(faults):
    faults.is_busy = True


def cut_short(faults):
    """Some of the entries and then a size limit."""
    faults.size_limit = 1


def cut_off(faults):
    """The connection is lost, and so is the next one."""
    faults.drop_connections = -1


def hidden_ids(faults):
    faults.unreadable = {"hsaIdentity"}


def hidden_members(faults):
    faults.unreadable = {"hsaCommissionMember"}


def hidden_roles(faults):
    faults.unreadable = {"hsaSystemRole"}


def hidden_classes(faults):
    faults.unreadable = {"objectClass"}


TROUBLES = [busy, cut_short, cut_off, hidden_ids, hidden_members, hidden_roles, hidden_classes]


def findings_now() -> set[tuple[str, ...]]:
    return set(Finding.objects.values_list("subject_key", "kind", "unit_key", "value", "state"))


@pytest.fixture(params=[1, 10**6], ids=["all commissions gone through", "by prefixes"])
def either_way(request, monkeypatch, settings):
    monkeypatch.setattr(members, "WORTH_IT_FROM", request.param)
    monkeypatch.setattr(sweeps_directory, "CHUNK", 40)
    settings.DIRECTORY_PAGE_SIZE = 7


@pytest.mark.usefixtures("either_way")
@pytest.mark.parametrize("lasts", [False, True], ids=["for a moment", "from then on"])
@pytest.mark.parametrize("make", TROUBLES)
def test_trouble_at_any_question_finds_nothing_and_ends_nothing(directory, kiv, monkeypatch, make, lasts):
    grant = life.granted(kiv)
    request = acts.order(person_id=WHO, service=Service.INTYGSSTATISTIK, units=[cast.BJORKHAGA])
    swept()
    before = findings_now()
    assert before, "strangers with roles, findings that must not be over"
    trouble = Trouble(directory, monkeypatch, make, lasts=lasts)
    assert trouble.sweep(None).outcome == Sweep.Outcome.COMPLETE
    questions = trouble.count
    assert 10 < questions < AT_MOST
    for at in range(1, questions + 1):
        trouble.sweep(at)
        assert findings_now() == before, f"question {at} of {questions}"
    assert not Removal.objects.exists()
    grant.refresh_from_db()
    request.refresh_from_db()
    assert Grant.objects.active().filter(pk=grant.pk).exists()
    assert request.is_open
    assert trouble.sweep(None).outcome == Sweep.Outcome.COMPLETE
    assert findings_now() == before
