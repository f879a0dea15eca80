"""The cast: persons and units of the demo directory by the part they play. See make_demo.py."""

from __future__ import annotations

from provisioning.rules.hsa import HsaId


def _person(number: int) -> HsaId:
    return HsaId(f"SE0000000000-{number}")


def _unit(number: int) -> HsaId:
    return HsaId(f"SE0000000000-E{number:012d}")


# Persons
HEAD = _person(1001)  # head of unit at BJORKHAGA (and at ALMBY)
HEAD_ABOVE = _person(1002)  # head of the unit above, AREA_NORTH
KIV_ADMINISTRATOR = _person(1003)  # of BJORKHAGA
KIV_ADMINISTRATOR_ABOVE = _person(1004)  # of everything under PROVIDER
COORDINATOR = _person(1005)  # commission at BJORKHAGA, no role: the main journey
COORDINATOR_UNCOUPLED = _person(1006)  # no commission; BJORKHAGA has one
COORDINATOR_NO_COMMISSION = _person(1007)  # at ALMBY, which has none at all
DOCTOR = _person(1008)  # commission at BJORKHAGA
DOCTOR_UNCOUPLED = _person(1009)
PROCESS_LEADER = _person(1010)  # candidate for the whole of PROVIDER
PROVIDER_HEAD = _person(1011)  # holds the mandate of PROVIDER
AUDITOR = _person(1012)
OUTSIDER = _person(1013)
TWO_IDS = _person(1014)  # commission and role sit on TWO_IDS_OTHER
TWO_IDS_OTHER = _person(1015)
PROTECTED = _person(1016)  # no mail
ENDED = _person(1017)  # employment over, role left behind
DELEGATE = _person(1018)
SETTLED = _person(1019)  # everything works
NOT_STARTED = _person(1020)
COUPLING_ENDED = _person(1021)
DATE_UNREADABLE = _person(1022)
WRONG_CASE = _person(1023)
BLANKS = _person(1024)
MALFORMED = _person(1025)
WRONG_UNIT = _person(1026)
SUBUNIT_ROLE = _person(1027)
PROVIDER_ROLE = _person(1028)
UNIT_IN_STATISTICS = _person(1029)
UNKNOWN_ID = _person(1030)
DEAD_RIGHT = _person(1031)
ARCHIVED = _person(1032)
SETTLED_PROCESS_LEADER = _person(1033)
UNDER_PROVIDER = _person(1034)
AT_CLOSED_UNIT = _person(1035)
NO_PURPOSE = _person(1036)
AT_CLOSED_PROVIDER = _person(1037)
CARE_ADMINISTRATOR = _person(1281)
PREFIX = _person(103)  # many ids begin with this one
NOBODY = _person(9999)  # in no entry

# Units
BJORKHAGA = _unit(1101)
BJORKHAGA_BVC = _unit(11011)  # sub-units of it
BJORKHAGA_REHAB = _unit(11012)
EKLIDEN = _unit(1102)
ALMBY = _unit(1103)  # no commission at all
GRANBY = _unit(1104)  # a commission without purpose
KVARNANGEN = _unit(1105)  # a commission without the usual right
CLOSED_UNIT = _unit(1109)
FUTURE_UNIT = _unit(1110)
ARCHIVED_UNIT = _unit(1111)
PRIVATE_UNIT = _unit(1112)  # of OTHER_PROVIDER
UNIT_OF_CLOSED_PROVIDER = _unit(1113)
UNIT_OF_FUTURE_PROVIDER = _unit(1114)
AREA_NORTH = _unit(1091)  # between PROVIDER and its units: a head, but no care unit
AREA_SOUTH = _unit(1092)
NOWHERE = _unit(9999)  # in no entry

# Care providers
PROVIDER = _unit(1)
OTHER_PROVIDER = _unit(2)
CLOSED_PROVIDER = _unit(3)
FUTURE_PROVIDER = _unit(4)
