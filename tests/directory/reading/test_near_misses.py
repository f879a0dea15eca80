"""Contract with the rules on top: every fault a directory can show is named, and none passes for a yes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from provisioning.directory import Directory
from provisioning.rules.assessment.assess import Assessment, assess
from provisioning.rules.causes import Code
from provisioning.rules.hsa import Answer, HsaId, Level, OrderedAccess, Part, Service
from tests import cast
from tests.directory import oddities
from tests.directory.certificates import Certificates
from tests.directory.standins import MockServer, Server

NOW = datetime(2026, 3, 2, 12, tzinfo=ZoneInfo("Europe/Stockholm"))
REHAB, STATISTICS = Service.REHABSTOD, Service.INTYGSSTATISTIK
UNIT, OWN, PROVIDER = Level.UNIT, Level.OWN, Level.PROVIDER


def judge(directory: Directory, person: HsaId, service: Service, level: Level, unit: HsaId) -> Assessment:
    reading = directory.read(person, unit_ids=[unit])
    order = OrderedAccess(person, service, level, unit)
    return assess(order, reading, on=NOW.date(), at=NOW)


def said(assessment: Assessment) -> set[str]:
    return {cause.code.value for cause in (*assessment.causes, *assessment.warnings)}


NO, YES, UNKNOWN = Answer.NO, Answer.YES, Answer.UNKNOWN

# person, service, level, unit → answer, codes that must be said
SEEDED: list[tuple[HsaId, Service, Level, HsaId, Answer, set[str]]] = [
    (cast.NOBODY, REHAB, UNIT, cast.BJORKHAGA, NO, {"person.missing"}),
    (cast.ENDED, REHAB, UNIT, cast.BJORKHAGA, NO, {"person.ended"}),
    (cast.ARCHIVED, REHAB, UNIT, cast.BJORKHAGA, NO, {"person.archived"}),
    (cast.COORDINATOR_UNCOUPLED, REHAB, UNIT, cast.BJORKHAGA, NO, {"commission.missing", "role.missing"}),
    (cast.NOT_STARTED, REHAB, UNIT, cast.BJORKHAGA, NO, {"commission.not_started"}),
    (cast.COUPLING_ENDED, REHAB, UNIT, cast.BJORKHAGA, NO, {"commission.ended"}),
    (cast.COORDINATOR_NO_COMMISSION, REHAB, UNIT, cast.ALMBY, NO, {"commission.none_on_unit"}),
    (cast.NO_PURPOSE, REHAB, UNIT, cast.GRANBY, NO, {"commission.purpose_missing"}),
    (cast.UNDER_PROVIDER, REHAB, UNIT, cast.PRIVATE_UNIT, NO, {"commission.under_provider"}),
    (cast.TWO_IDS, REHAB, UNIT, cast.BJORKHAGA, NO, {"commission.other_identity", "role.other_identity"}),
    (cast.SETTLED, REHAB, UNIT, cast.NOWHERE, NO, {"unit.unknown"}),
    (cast.AT_CLOSED_UNIT, REHAB, UNIT, cast.CLOSED_UNIT, NO, {"unit.closed"}),
    (cast.AT_CLOSED_UNIT, REHAB, UNIT, cast.FUTURE_UNIT, NO, {"unit.not_started"}),
    (cast.AT_CLOSED_UNIT, REHAB, UNIT, cast.ARCHIVED_UNIT, NO, {"unit.archived"}),
    (cast.AT_CLOSED_PROVIDER, REHAB, UNIT, cast.UNIT_OF_CLOSED_PROVIDER, NO, {"provider.closed"}),
    (cast.OUTSIDER, REHAB, UNIT, cast.UNIT_OF_FUTURE_PROVIDER, NO, {"provider.not_started"}),
    (cast.PROCESS_LEADER, STATISTICS, PROVIDER, cast.NOWHERE, NO, {"provider.unknown"}),
    (cast.COORDINATOR, REHAB, UNIT, cast.BJORKHAGA, NO, {"role.missing"}),
    (cast.WRONG_CASE, REHAB, UNIT, cast.BJORKHAGA, NO, {"role.missing", "role.wrong_case"}),
    (cast.BLANKS, REHAB, UNIT, cast.BJORKHAGA, NO, {"role.missing", "role.blanks"}),
    (cast.MALFORMED, REHAB, UNIT, cast.BJORKHAGA, NO, {"role.missing", "role.malformed"}),
    (cast.WRONG_UNIT, REHAB, UNIT, cast.BJORKHAGA, NO, {"role.missing", "role.wrong_unit"}),
    (cast.SUBUNIT_ROLE, REHAB, UNIT, cast.BJORKHAGA, NO, {"role.missing", "role.subunit"}),
    (cast.PROVIDER_ROLE, REHAB, UNIT, cast.BJORKHAGA, NO, {"role.missing", "role.provider_in_rehab"}),
    (cast.UNKNOWN_ID, REHAB, UNIT, cast.BJORKHAGA, NO, {"role.missing", "role.unknown_id"}),
    (cast.DEAD_RIGHT, REHAB, UNIT, cast.BJORKHAGA, NO, {"commission.missing", "role.without_commission"}),
    (cast.PROCESS_LEADER, STATISTICS, PROVIDER, cast.PROVIDER, NO, {"role.missing"}),
    (cast.UNIT_IN_STATISTICS, STATISTICS, PROVIDER, cast.PROVIDER, NO, {"role.unit_in_statistik"}),
    (cast.COORDINATOR, REHAB, OWN, cast.BJORKHAGA, NO, {"order.level_not_available"}),
    (HsaId("SE0000000000-1221"), REHAB, UNIT, cast.KVARNANGEN, NO, {"right.missing"}),
    (oddities.PURPOSED, REHAB, UNIT, oddities.DOUBLE_BLANK_PURPOSE, NO, {"commission.purpose_mistyped"}),
    (oddities.PURPOSED, REHAB, UNIT, oddities.DECOMPOSED_PURPOSE, NO, {"commission.purpose_mistyped"}),
    (oddities.BLANK_AT_END, REHAB, UNIT, oddities.BLANK_UNIT, NO, {"identity.blanks"}),
    (oddities.DUPLICATE, REHAB, UNIT, cast.BJORKHAGA, NO, {"directory.unreadable_attribute"}),
    (cast.DATE_UNREADABLE, REHAB, UNIT, cast.BJORKHAGA, UNKNOWN, {"commission.date_unreadable"}),
    (cast.SETTLED, REHAB, UNIT, cast.BJORKHAGA, YES, set()),
    (cast.SETTLED, REHAB, UNIT, cast.BJORKHAGA_REHAB, YES, set()),
    (cast.DOCTOR, REHAB, OWN, cast.BJORKHAGA, YES, {"order.role_not_needed"}),
    (cast.DOCTOR, REHAB, UNIT, cast.BJORKHAGA, NO, {"role.missing", "effect.doctor_becomes_coordinator"}),
    (cast.SETTLED, STATISTICS, UNIT, cast.BJORKHAGA, YES, {"order.role_not_needed"}),
    (cast.SETTLED_PROCESS_LEADER, STATISTICS, PROVIDER, cast.PROVIDER, YES, {"effect.whole_provider"}),
]  # fmt: skip


@pytest.mark.parametrize(("person", "service", "level", "unit", "answer", "codes"), SEEDED)
def test_each_seeded_fault_is_named(
    directory: Directory,
    person: HsaId,
    service: Service,
    level: Level,
    unit: HsaId,
    answer: Answer,
    codes: set[str],
):
    assessment = judge(directory, person, service, level, unit)
    assert codes <= said(assessment), said(assessment)
    assert assessment.answer is answer


def test_the_seeded_faults_are_most_of_what_a_directory_can_show():
    shown = {code for *_, codes in SEEDED for code in codes}
    elsewhere = {"directory.unavailable", "directory.refused", "directory.truncated"}
    # What was ordered then and what stands now are told apart: no fault of an entry, nor is a coupling that
    # ends before the last day of an order. A wrong kind has words of its own in the services that are offered
    # from the start: tests/rules/services shows the other.
    impossible = {"commission.incomplete", "order.role_would_widen", "order.unit_changed", "role.wrong_kind"}
    impossible.add("commission.ends_early")
    assert {code.value for code in Code} - shown <= elsewhere | impossible


def test_a_purpose_that_is_no_text_is_unknown(
    connect: Callable[..., Directory], tmp_path: Path, certificates: Certificates
):
    """Nobody can say what it means: not “create one”, and not “the person gets in”."""
    mock = MockServer(tmp_path, certificates)
    mock.start()
    directory = connect(mock.settings())
    found = judge(directory, oddities.ILLEGIBLE, REHAB, UNIT, oddities.ILLEGIBLE_PURPOSE)
    assert found.answer is not YES
    assert "directory.unreadable_attribute" in said(found)
    assert "commission.none_on_unit" not in said(found)
    [reading] = directory.read_many([(oddities.ILLEGIBLE, (oddities.ILLEGIBLE_PURPOSE,))])
    assert not reading.is_readable(Part.COMMISSIONS)
    mock.stop()


@pytest.mark.parametrize("attribute", oddities.BLIND_TO)
@pytest.mark.parametrize("person", [cast.SETTLED, cast.COORDINATOR, cast.COORDINATOR_UNCOUPLED, cast.NOBODY])
def test_what_may_not_be_read_never_gives_a_yes_or_no_that_is_wrong(
    server: Server, connect: Callable[..., Directory], attribute: str, person: HsaId
):
    """With an attribute hidden, the answer is the one with everything readable, or “don't know”."""
    truth = judge(connect(server.settings()), person, REHAB, UNIT, cast.BJORKHAGA)
    with server.blind(attribute) as settings:
        blind = judge(connect(settings), person, REHAB, UNIT, cast.BJORKHAGA)
    assert blind.answer in (truth.answer, Answer.UNKNOWN)
    if truth.answer is Answer.YES and attribute != "hsaTitle":
        assert blind.answer is Answer.UNKNOWN
