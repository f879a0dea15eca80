"""Personal identity numbers, coordination numbers and reserve numbers: what looks like one within a text.

No person is named by such a number here: people are told apart by their HSA-ids. A text that holds one is not
taken. Ten digits without any sign between them that begin with 070 are a mobile telephone's, though they
could be those of somebody born in 2007.

Sources: lagen (1991:481) folkbokföringslagen 18 § and Skatteverket SKV 704 (form, check digit) and SKV 707
(coordination numbers: 60 is added to the day); HL7 Sweden, basprofiler R4,
PatientIdentifierConformancePatternSE (the national reserve number and those of the regions); Inera,
Nationellt ReservID – specifikation 1.0; Region Stockholm, Vårdgivarguiden "Reservnummer".
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

# Keys that programs make are no numbers of persons, whatever digits they hold, and neither is an HSA-id.
_NOT_ONE = re.compile(
    r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"  # a UUID
    r"|\b(?=[0-9]*[a-z_])[0-9a-z_]{32,}\b"  # a fingerprint or a token
    r"|\b(?:SE|TSTNMT)[0-9]{10}-[0-9a-z]{1,18}\b",
    re.IGNORECASE | re.ASCII,
)

# Ten or twelve digits. Blanks or hyphens stand where people put them, which is not where telephone numbers
# have theirs: 850709-9805, 19850709 9805, 1985-07-09-9805, 85 07 09 98 05.
_DIGITS = re.compile(
    r"(?<![0-9])(?:"
    r"(?P<solid>(?:[0-9]{2} ?)?[0-9]{6}) ?[-+]? ?(?P<last>[0-9]{4})"
    r"|(?P<parted>(?:[0-9]{2})?[0-9]{2}[-./ ][0-9]{2}[-./ ][0-9]{2}) ?[-+/]? ?(?P<end>[0-9]{4})"
    r"|(?P<pairs>(?:[0-9]{2} )?[0-9]{2}(?: [0-9]{2}){2}) ?[-+]? ?(?P<two>[0-9]{2} [0-9]{2})"
    r")(?!-?[0-9])"
)

# A day and four signs, of which one at least is a letter.
_MONTH = "(?:0[1-9]|1[0-2])"
_DATE = rf"(?:1[7-9]|2[01])[0-9]{{2}}{_MONTH}(?:0[1-9]|[12][0-9]|3[01])"
_ANY_8 = "[0-9]{8}"
_LETTERED = (
    # national, with and without a known sex; I, O, Q, V and W are not used
    (_ANY_8, "[A-HJ-NPR-UX-Z]{2}[0-9]{2}"),
    (_ANY_8, "[A-HJ-NPR-UX-Z]{3}[0-9]"),
    (_ANY_8, "[KMX](?:0[6-9]|[1-8][0-9])[0-9]"),  # Västra Götaland, local
    (_ANY_8, "[ABCDEFHJKLMNPRSTUVWXY][0-9]{3}"),  # Västra Götaland; Västerbotten, Dalarna and Sörmland, too
    (_ANY_8, "S[FUXPL][0-9][A-UW-Z1-9]"),  # Värmland
    (_DATE, "T[A-Z][0-9][A-J]"),  # Örebro
    ("[0-9]{6}|[0-9]{8}", "[DEF][A-Z][01][A-Z]"),  # Skåne
    (_DATE, "[A-Z]{2}[0-9][A-Z]"),  # Blekinge, Sörmland
    (_DATE, "[0-9]{3}R"),  # Västernorrland
    (_DATE, "[A-Z][0-9]{3}"),  # Dalarna
    (_ANY_8, "[0-9]{2}[MKX][0-9]"),  # Gävleborg
)
_ENDS = "|".join(f"(?:{day})-?(?:{end})" for day, end in _LETTERED)
_AFTER_A_BLANK = "|".join(f"(?:{day}) (?:{end})" for day, end in _LETTERED)
_EDGE, _OTHER_EDGE = "(?<![0-9A-Za-z])", "(?![0-9A-Za-z])"
# After a blank only in capitals: "20260901 kl08" is a time.
_LETTER_KINDS = (
    re.compile(rf"{_EDGE}(?:{_ENDS}){_OTHER_EDGE}", re.IGNORECASE | re.ASCII),
    re.compile(rf"{_EDGE}(?:{_AFTER_A_BLANK}){_OTHER_EDGE}", re.ASCII),
)
_MOBILE = "070"
_NATIONAL_CENTURIES = ("18", "19", "20")


def is_held_by(text: str) -> bool:
    """Say whether something in the text looks like a personal identity number, however it is written."""
    return any(True for _found in _spans(_plain(text)))


def taken_out(text: str, *, instead: str) -> str:
    """The text with `instead` where such a number stood; in its own signs where the number was in ours."""
    if not any(True for _found in _spans(text)) and is_held_by(text):
        text = _plain(text)
    parts, at = [], 0
    for start, end in sorted(_spans(text)):
        if start >= at:
            parts += [text[at:start], instead]
            at = end
    return "".join([*parts, text[at:]])


def _plain(text: str) -> str:
    """Digits of any script and width as ours, one kind of hyphen and of blank, no invisible signs."""
    signs = []
    for sign in unicodedata.normalize("NFKC", text):
        kind = unicodedata.category(sign)
        if kind == "Nd":
            signs.append(str(unicodedata.decimal(sign)))
        elif kind == "Pd" or sign == "\u2212":
            signs.append("-")
        elif sign.isspace():
            signs.append(" ")
        elif kind != "Cf":
            signs.append(sign)
    return re.sub(" +", " ", "".join(signs))


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Where such numbers stand."""
    rest = _NOT_ONE.sub(lambda found: "x" * len(found[0]), text)
    for found in _DIGITS.finditer(rest):
        if _is_numbers(found):
            yield found.span()
    for kind in _LETTER_KINDS:
        for found in kind.finditer(rest):
            yield found.span()


def _is_numbers(found: re.Match[str]) -> bool:
    held = "".join(found[name] or "" for name in ("solid", "parted", "pairs", "last", "end", "two"))
    digits = re.sub("[^0-9]", "", held)
    century, ten = digits[:-10], digits[-10:]
    month, day = int(ten[2:4]), int(ten[4:6])
    if found[0] == ten and ten.startswith(_MOBILE):
        return False
    if century == "99":  # Region Stockholm: 99, then the year it was given out
        return ten[:2] in ("19", "20")
    if not 1 <= month <= 12:
        return False
    if century in ("17", *_NATIONAL_CENTURIES) and 32 <= day <= 59:  # Inera Carelink, Halland
        return True
    if century and century not in _NATIONAL_CENTURIES:
        return False
    return (1 <= day <= 31 or 61 <= day <= 91) and _check_digit(ten[:9]) == int(ten[9])


def _check_digit(nine: str) -> int:
    """By the "10 modulus": each second digit twice, and all digits of the products added. SKV 704."""
    products = (int(digit) * (2 - place % 2) for place, digit in enumerate(nine))
    return -sum(sum(divmod(product, 10)) for product in products) % 10
