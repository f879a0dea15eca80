"""One word for one thing, in both languages: what the glossary has decided is kept by every text."""

from __future__ import annotations

import re

import polib
import pytest

from tests.servers import ROOT

CATALOGUE = ROOT / "provisioning" / "locale" / "sv" / "LC_MESSAGES" / "django.po"

# What is not written, and what is written for it.
FORBIDDEN = {
    "sv": {
        r"\båtkomst": "behörighet",
        r"\bärende(?!num)": "beställning, borttagning",
        r"\b(sin|din) egen attest\b": "behöver inte attestera",
        r"\batteste(n|r)\b|\battest\b": "attestera, attestering, attestant",
        r"\b(ta|tar|togs|tas) tillbaka\b|\båtertag": "återkalla",
        r"\blämna\w* tillbaka\b": "avsluta",
        r"\blöp\w* ut\b": "upphör",
        r"\bborttag\b|\bborttaget (är|avslut|start|går|prövas)": "borttagning",
        r"\bavvikels": "skillnad mot KIV",
        r"\breda\w* ut\b|\bredas\b|\butredd": "åtgärda, löst",
        r"\bkatalog": "KIV",
        r"\bnationella HSA\b": "HSA",
        r"\bmottagning": "ingående enhet",
        r"\bplats(en|er|erna)?\b(?<!på plats)": "enhet eller vårdgivare",
        r"\bde som (driver|sköter)\b|\bdin support\b": "supporten",
        r"\bverktyg": "Behörighetsvägen",
        r"\bmeddelande": "mejl",
        r"\be-post(?!adress)": "mejl",
        r"\bi stället för (verksamhetschefen|%\()": "på delegation från",
        r"\bverifi": "kontroll av inloggningen",
        r"\bskäl(et|en)?\b": "motivering",
        r"\bmandat": "ansvarig för vårdgivaren i KIV",
        r"\bav sig (själv|självt|själva)\b": "automatiskt",
    },
    "en": {
        r"\battest": "approve, approval, approver",
        r"\bmend(s|ed)?\b": "fix",
        r"\blaps": "ends",
        r"\bfindings?\b": "differences",
        r"\bsettle[sd]?\b": "resolve",
        r"^look again\b": "refresh",
        r"\bin place of\b|\bon behalf of\b": "by delegation from",
        r"\b(is|are|of) (its|their) own (attestation|approval)\b": "no need to approve",
        r"\bgive[sn]? (it|the right) back\b": "end",
        r"\bruns? out\b(?<!time ran out)": "ends",
    },
}

# Texts that may hold such a word, each with why.
EXCEPTIONS = {
    "katalog": {
        # The two directories and their server, spoken of to whoever sets them up.
        "HSA_DIRECTORY_URL is not set: there is no second directory to check.",
        "The directory cannot be used as it is: see the lines marked !!.",
        "The directory can be used.",
    },
    "åtkomst": {
        # The words of the law.
        "A care provider must decide who gets access to patient data, by need and risk, follow it up and "
        "be able to show it afterwards. Source: the Patient Data Act (2008:355) chapter 4 and HSLF-FS "
        "2016:40 chapter 4.",
    },
    "verktyg": {
        # The KIV administrator's own tool, which the demo plays.
        "Here you play the KIV administrator's own tool. What you change is written by LDAP in the mock "
        "directory, and Behörighetsvägen sees it only by reading the directory.",
        "This page plays the tool in which KIV administrators change the directory. You are somebody else "
        "right now.",
    },
    "de som": {
        # A server that is not ours.
        "The server does not offer StartTLS. Use ldaps://, or ask its operators.",
    },
    "platsen": {
        # Where an entry stands in the directory.
        "An entry in the directory has moved. Its new address was taken over.",
    },
}


def texts() -> list[tuple[str, str, str]]:
    found = []
    for entry in polib.pofile(str(CATALOGUE)):
        english = [entry.msgid, *([entry.msgid_plural] if entry.msgid_plural else [])]
        swedish = list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]
        found += [("en", entry.msgid, text) for text in english]
        found += [("sv", entry.msgid, text) for text in swedish]
    return found


@pytest.mark.parametrize("language", list(FORBIDDEN))
def test_no_text_uses_a_word_that_was_given_up(language):
    wrong = []
    for spoken, msgid, text in texts():
        if spoken != language:
            continue
        for pattern, better in FORBIDDEN[language].items():
            for word in re.finditer(pattern, text, re.IGNORECASE):
                if not is_excepted(msgid, word.group()):
                    wrong.append(f"{word.group()!r} (say: {better}): {text}")
    assert wrong == []


def is_excepted(msgid: str, word: str) -> bool:
    return any(word.lower().startswith(start) and msgid in known for start, known in EXCEPTIONS.items())


def test_every_exception_is_still_a_text_that_needs_it():
    by_msgid = {msgid: text for language, msgid, text in texts() if language == "sv"}
    for start, known in EXCEPTIONS.items():
        for msgid in known:
            assert start in by_msgid.get(msgid, "").lower(), msgid


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("sv", "Ärendet väntar"),
        ("sv", "Katalogen svarar inte"),
        ("sv", "Din beställning är sin egen attest."),
        ("sv", "Borttaget är avslutat"),
        ("en", "Your order is its own attestation."),
        ("en", "Findings to settle"),
    ],
)
def test_a_given_up_word_would_be_found(language, text):
    assert any(re.search(pattern, text, re.IGNORECASE) for pattern in FORBIDDEN[language])


@pytest.mark.parametrize("text", ["Ärendenumret är 1", "E-postadresser läses", "Allt är på plats"])
def test_a_word_that_only_looks_alike_is_left_alone(text):
    assert not any(re.search(pattern, text, re.IGNORECASE) for pattern in FORBIDDEN["sv"])
