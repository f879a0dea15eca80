"""The only door to LDAP: questions to HSA or KIV answered yes, no or don't know.

Nothing outside this package imports ldap3. Start with `open_directory()`.
"""

from __future__ import annotations

from provisioning.directory.connect import Which, address, has_national_directory, open_directory, open_round
from provisioning.directory.gateway import Directory, Matches
from provisioning.directory.layout import ConnectionSettings, Layout
from provisioning.directory.ldap.one_silence import one_silence
from provisioning.directory.reading.many import ENTRY_FAILED, Wanted
from provisioning.directory.reading.unit_people import PersonName, UnitPeople
from provisioning.directory.reading.values_now import ValuePlace, ValuesNow
from provisioning.directory.round import Round

__all__ = [
    "ENTRY_FAILED",
    "ConnectionSettings",
    "Directory",
    "ValuesNow",
    "Matches",
    "Layout",
    "ValuePlace",
    "PersonName",
    "Round",
    "UnitPeople",
    "Wanted",
    "Which",
    "address",
    "has_national_directory",
    "one_silence",
    "open_directory",
    "open_round",
]
