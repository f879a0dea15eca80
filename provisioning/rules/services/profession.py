"""Who is a doctor in the eyes of Rehabstöd.

Source: domain page §3.3 (RS), first match wins; the free-text title is ignored.
"""

from __future__ import annotations

from provisioning.rules.hsa import Part, Person, Reading

DOCTOR_LICENCES = frozenset({"Läkare", "Tandläkare"})
DOCTOR_TITLE_CODES = frozenset({"204010", "203020"})
# Title code → the group prescription codes that make a doctor of it.
DOCTOR_CODE_PAIRS = {
    "203090": frozenset({"9300005", "9400003"}),
    "204090": frozenset({"9100009"}),
}


def is_doctor(reading: Reading) -> bool | None:
    """Say whether the person is a doctor; None when that cannot be told.

    What was read and makes a doctor stands, whatever else could not be read.
    """
    if reading.person is not None and _has_doctor_marks(reading.person):
        return True
    if reading.person is None or not reading.is_readable(Part.PROFESSION):
        return None
    return False


def _has_doctor_marks(person: Person) -> bool:
    """Licence, title code, or title code beside group prescription code; compared exactly."""
    if DOCTOR_LICENCES & set(person.titles) or DOCTOR_TITLE_CODES & set(person.title_codes):
        return True
    prescriptions = set(person.group_prescription_codes)
    return any(DOCTOR_CODE_PAIRS.get(code, frozenset()) & prescriptions for code in person.title_codes)
