"""Every address in the table: headers, content policy, forms. A new page is tested by being there."""

import re
from uuid import UUID

import pytest
from django.test import Client
from django.urls import URLResolver, get_resolver

from tests import acts, cast

pytestmark = pytest.mark.django_db
NOBODYS = UUID(int=0)
TEXT = ("text/html",)


def addresses(resolver=None, prefix="/"):
    """Each address once, its variables filled with something of the right form."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = prefix + re.sub(r"<path:\w+>|<\w+:\w+>", "{}", str(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from addresses(pattern, route)
        elif "(?P" in route:
            yield re.sub(r"\^?\(\?P<app_label>[^)]*\)|\^?\(\?P<url>[^)]*\)\$?|\$", "provisioning", route)
        else:
            yield route


@pytest.fixture
def visits(enter):
    """Each address, visited by somebody who sees as much as possible, and by nobody."""
    case = acts.order()
    acts.work()
    people = [enter(cast.HEAD), enter(cast.KIV_ADMINISTRATOR), enter(cast.AUDITOR), Client()]
    for client in people:
        client.raise_request_exception = False
    answers = []
    for address in sorted(set(addresses())):
        for known in {str(case.public_id), str(NOBODYS)} if "{}" in address else {""}:
            path = address.replace("{}", known)
            answers += [(path, client.get(path)) for client in people]
    return answers


def test_the_table_is_read_whole():
    found = set(addresses())
    assert {"/", "/healthz", "/arenden/{}/", "/kiv/{}/", "/logga-in/svar/", "/demo/kiv/"} <= found
    assert len(found) > 30


def test_every_answer_has_the_headers_and_no_page_has_anything_inline(visits):
    pages = 0
    for path, response in visits:
        headers = response.headers
        assert response.status_code < 500 or path == "/logga-in/", (path, response.status_code)
        assert headers["X-Content-Type-Options"] == "nosniff", path
        assert headers["X-Frame-Options"] == "DENY", path
        assert headers["Referrer-Policy"] in ("same-origin", "no-referrer"), path
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", path
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin", path
        assert "camera=()" in headers["Permissions-Policy"], path
        assert "no-store" in headers["Cache-Control"] or "max-age" in headers["Cache-Control"], path
        policy = headers["Content-Security-Policy"]
        assert "unsafe" not in policy, path
        for part in ("default-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'"):
            assert part in policy, path
        assert "frame-ancestors 'none'" in policy, path
        if headers.get("Content-Type", "").startswith(TEXT):
            pages += 1
            text = response.content.decode()
            assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>\s*\S", text), path
            assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=|javascript:", text), path
            own = re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="([^"]*)"', text)
            assert all(address.startswith(("/", "data:")) and not address.startswith("//") for address in own)
    assert pages > 50


def test_every_form_that_sends_carries_a_token(visits):
    forms = 0
    for path, response in visits:
        if not response.headers.get("Content-Type", "").startswith(TEXT):
            continue
        for form in re.findall(r"<form\b.*?</form>", response.content.decode(), re.DOTALL):
            if re.search(r'method="post"', form, re.IGNORECASE):
                forms += 1
                assert "csrfmiddlewaretoken" in form, path
    assert forms > 20


API = "/api/v1/"


@pytest.mark.parametrize("has_logged_in", [True, False])
def test_no_address_takes_a_form_without_a_token(has_logged_in, enter):
    client = Client(enforce_csrf_checks=True)
    if has_logged_in:
        client.cookies = enter(cast.HEAD).cookies
    for address in sorted(set(addresses())):
        path = address.replace("{}", str(NOBODYS))
        response = client.post(path, {"csrfmiddlewaretoken": "forged"})
        if address.startswith(API):  # takes no cookie for an answer: who one is stands in the call alone
            assert response.status_code in (400, 401, 403, 404, 405, 415, 422), (path, response.status_code)
            continue
        # 403: the token. 302 and 404, 405: nothing is sent to here at all.
        assert response.status_code in (302, 403, 404, 405), (path, response.status_code)
        if response.status_code == 302 and has_logged_in:
            assert address.startswith(("/records/", "/logga-in/", "/utloggad/")), path
        elif response.status_code == 302:
            assert response["Location"].startswith(("/logga-in/?next=", "/records/")), path


def test_no_view_that_takes_a_cookie_is_exempt_from_the_token():
    def exempt(resolver, prefix="/"):
        for pattern in resolver.url_patterns:
            whole = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                yield from exempt(pattern, whole)
            elif getattr(pattern.callback, "csrf_exempt", False):
                yield whole

    assert [one for one in exempt(get_resolver()) if not one.startswith(API)] == []


def test_the_language_switch_leads_to_no_other_site(client):
    response = client.post("/language/", {"language": "en", "next": "https://evil.invalid/"})
    assert response["Location"] == "/"


def test_a_form_that_is_too_large_is_refused(enter, settings):
    client = enter(cast.HEAD)
    response = client.post("/bestall/", {"need": "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)})
    assert response.status_code in (400, 413)


def test_a_form_with_too_many_fields_is_refused(enter, settings):
    fields = {f"field{number}": "" for number in range(settings.DATA_UPLOAD_MAX_NUMBER_FIELDS + 1)}
    response = enter(cast.HEAD).post("/bestall/", fields)
    assert response.status_code == 400


@pytest.mark.parametrize("page", ["0", "-1", "99999999999999999999", "x", ""])
def test_no_page_number_gives_more_than_a_page(page, enter):
    assert enter(cast.HEAD).get("/arenden/", {"page": page}).status_code == 200
