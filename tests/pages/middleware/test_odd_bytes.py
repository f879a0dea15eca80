"""Bytes that no browser sends get a plain answer, on every address and from every kind of person."""

from __future__ import annotations

import os
from http.cookies import SimpleCookie
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from provisioning.pages.middleware import odd_bytes
from tests import acts, cast
from tests.visibility.test_every_address import ALL, Address
from tests.visibility.world import PAYLOADS, PEOPLE, World, made, served, world_once

__all__ = ["made", "served", "world_once"]

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "100"))

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "ODD")
NAMES = (
    "next", "page", "visa", "vems", "kopia", "forlang", "act", "action", "answer", "step", "seen", "shown",
    "who", "person", "unit", "value", "commission", "shown_at", "q", "o", "p", "e", "_popup", "all", "state",
    "code", "error", "iss", "identity", "language", "csrfmiddlewaretoken", "service", "level", "starts_on",
    "ends_on", "reason", "need", "risk_statement", "decision", "choice", "kinds", "submission", "pk__in",
    "id__exact", "efter", "fore",
)  # fmt: skip
ODD_TEXTS = (
    "\x00", "a\x00b", "abc", "/", "//evil.invalid", "..", "%", "'", '"', "\\", "\ud800", "\ufffe",
    "\u202e", "\u200b", "1e300", "-1", "0", "99999999999999999999", "NaN", "2026-02-30", "9999-12-31",
    "0001-01-01", "\u0663", "{}", "[]", "null", "x" * 3000, "å" * 400, " ", "\r\n", "=?utf-8?q?x?=",
    "*)(uid=*", "${x}", "{{7*7}}",
)  # fmt: skip
CONTENT_TYPES = (
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "application/x-www-form-urlencoded; charset=utf-7",
    "application/x-www-form-urlencoded; charset=idna",
    "application/x-www-form-urlencoded; charset=base64",
    "application/x-www-form-urlencoded; charset=\x00",
    'application/x-www-form-urlencoded; charset="',
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=å; charset=utf-16",
    "application/json",
    "text/plain; charset=unknown",
    ";;;",
    "",
)
HEADERS = ("HTTP_COOKIE", "HTTP_HOST", "HTTP_REFERER", "HTTP_USER_AGENT", "HTTP_X_FORWARDED_FOR",
           "HTTP_ACCEPT_LANGUAGE", "HTTP_IF_MODIFIED_SINCE", "HTTP_RANGE", "CONTENT_LENGTH", "HTTP_ORIGIN",
           "HTTP_X_CSRFTOKEN", "HTTP_TRANSFER_ENCODING")  # fmt: skip
COOKIES = ("sessionid", "csrftoken", "django_language", "messages", "odd")

texts = st.sampled_from(ODD_TEXTS) | st.text(max_size=40)
pairs = st.lists(st.tuples(st.sampled_from(NAMES) | st.text(max_size=8), texts), max_size=5)
headers = st.dictionaries(st.sampled_from(HEADERS), texts, max_size=2)
cookies = st.dictionaries(st.sampled_from(COOKIES), texts, max_size=2)
raw = st.binary(max_size=200) | st.sampled_from(
    [b"\x00", b"--x\r\n", b"a=%00", b"\xff\xfe", b"a=" + b"%" * 50]
)
quoted = st.one_of(
    st.text(max_size=12).map(lambda text: percent(text.encode("utf-8", "surrogatepass"))),
    st.binary(max_size=12).map(lambda data: percent(data)),
    st.sampled_from(["%00", "%2f", "%ff", "%e2%80%ae", "..", "%2e%2e", "%", "%zz"]),
)


def percent(data: bytes) -> str:
    """Each byte as an address writes it."""
    return "".join(f"%{byte:02x}" for byte in data)


@pytest.fixture(autouse=True)
def _as_served(monkeypatch, settings) -> None:
    """The test client makes its requests as the server does."""
    settings.ALLOWED_HOSTS = ["testserver"]
    monkeypatch.setattr("django.test.client.WSGIRequest", odd_bytes.Utf8Request)


def send_odd_bytes(made: World, person: str) -> None:
    """Many requests of one person, each undone; none may fail for a reason of ours."""
    client = Client(raise_request_exception=True)
    hsa_id = PEOPLE[person]
    if hsa_id is not None:
        client.force_login(acts.user(hsa_id))
    kept = client.cookies.output(header="", sep=";")

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(st.data(), st.sampled_from(ALL), st.sampled_from(METHODS), pairs, headers, cookies)
    def ask(
        data: Any,
        address: Address,
        method: str,
        query: list[tuple[str, str]],
        odd_headers: dict[str, str],
        odd_cookies: dict[str, str],
    ) -> None:
        client.cookies = SimpleCookie(kept)
        objects = list(made.objects(address.about).values()) if address.about else [""]
        value = data.draw(st.sampled_from(objects))
        path = address.path(value)
        if data.draw(st.integers(0, 3)) == 0:
            path = address.path(data.draw(quoted)) if address.about else path + data.draw(quoted)
        body, content_type = odd_body(data, address, value)
        for name, text in odd_cookies.items():
            client.cookies[name] = latin(text)
        extra: dict[str, Any] = {name: latin(text) for name, text in odd_headers.items()}
        question = "&".join(f"{form(name)}={form(text)}" for name, text in query)
        with transaction.atomic():
            answer = client.generic(
                method, f"{path}?{question}" if question else path, body, content_type, **extra
            )
            transaction.set_rollback(True)
        assert answer.status_code < 500, (method, path, question, answer.status_code)

    ask()


def odd_body(data: Any, address: Address, value: Any) -> tuple[bytes, str]:
    """A form with odd values, or bytes that are no form at all."""
    content_type = data.draw(st.sampled_from(CONTENT_TYPES))
    if data.draw(st.booleans()):
        return data.draw(raw), latin(content_type)
    fields = dict(PAYLOADS[address.name](value)) if address.name in PAYLOADS else {}
    filled = [
        (name, one) for name, many in fields.items() for one in (many if isinstance(many, list) else [many])
    ]
    filled += data.draw(pairs)
    if filled and data.draw(st.booleans()):
        place = data.draw(st.integers(0, len(filled) - 1))
        filled[place] = (filled[place][0], data.draw(texts))
    text = "&".join(f"{form(name)}={form(str(one))}" for name, one in filled)
    return text.encode(), "application/x-www-form-urlencoded"


def form(text: str) -> str:
    return percent(text.encode("utf-8", "surrogatepass"))


def latin(text: str) -> str:
    """What a server may hand over as a header: each character a byte."""
    return text.encode("utf-8", "surrogatepass").decode("latin-1").replace("\r", "").replace("\n", "")


WHO = ("nobody", "subject", "head", "kiv", "auditor", "operator")


@pytest.mark.django_db
@pytest.mark.timeout(900)
@pytest.mark.parametrize("person", WHO)
def test_no_odd_bytes_are_a_fault_of_ours(person, made) -> None:
    send_odd_bytes(made, person)


@pytest.mark.django_db
@pytest.mark.postgres
@pytest.mark.timeout(900)
@pytest.mark.parametrize("person", WHO)
def test_no_odd_bytes_are_a_fault_of_ours_on_postgresql(person, made) -> None:
    send_odd_bytes(made, person)


@pytest.mark.django_db
def test_the_server_reads_every_request_as_utf_8() -> None:
    from config.wsgi import application

    assert application.request_class is odd_bytes.Utf8Request


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/%00", "/arenden/%00/", "/behorigheter/plats/SE%00/", "/static/%00.css"])
def test_a_nul_in_the_address_is_not_there(path, directory, enter) -> None:
    assert enter(cast.HEAD).get(path).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("charset", ["utf-16", "utf-7", "base64", "idna", "unknown", ""])
def test_a_form_in_another_encoding_is_a_bad_request(charset, directory, enter) -> None:
    content_type = f"application/x-www-form-urlencoded; charset={charset}"
    for path in ("/bestall/", "/", "/logga-in/", "/nowhere/"):
        answer = enter(cast.HEAD).generic("POST", path, b"a=b", content_type)
        assert answer.status_code == 400, path


@pytest.mark.django_db
@pytest.mark.parametrize("charset", ["utf-8", "UTF-8", '"utf-8"', "us-ascii"])
def test_a_form_in_our_encoding_is_taken(charset, directory, enter) -> None:
    content_type = f"application/x-www-form-urlencoded; charset={charset}"
    assert enter(cast.HEAD).generic("POST", "/language/", b"language=en", content_type).status_code == 302


@pytest.mark.django_db
def test_a_cookie_with_a_nul_is_not_there(directory, client) -> None:
    client.cookies["sessionid"] = "abcdefgh\x00ijkl"
    assert client.get("/arenden/").status_code == 302


@pytest.mark.parametrize("length", ["\x00", "abc", "-1", "1e3"])
def test_a_length_that_is_no_number_is_a_bad_request(client, db, length):
    answer = client.generic("POST", "/language/", "next=/", CONTENT_LENGTH=length)

    assert answer.status_code == 400
