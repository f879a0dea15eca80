"""Every way in which a log-in must not succeed: nobody is in, the page says why, the audit has the code."""

import time

import pytest

from provisioning.login import provider as providers
from provisioning.login.refusals import EXPLANATIONS
from provisioning.models import AuditEntry, User
from tests import cast
from tests.login.test_login import page_of
from tests.login.visitor import Visitor, changed, parameters
from tests.servers import free_port


def assert_refused(response, visitor, code, status=403, *, earlier=0):
    """`earlier`: how many facts there were before."""
    page = page_of(response, visitor)
    assert page.status_code == status
    text = page.content.decode()
    assert str(EXPLANATIONS[code].heading) in text or page.wsgi_request.LANGUAGE_CODE != "en"
    assert 'href="/logga-in/"' in text  # no dead end
    assert visitor.user_key is None
    entries = [(entry.action, entry.actor_id, entry.data) for entry in AuditEntry.objects.order_by("pk")]
    assert entries[earlier:] == [("login.refused", None, {"code": code, "how": "oidc"})]


# --- What the browser brings --------------------------------------------------------------------------------


@pytest.mark.parametrize("state", ["", "forged", None, "x" * 5000])
def test_a_forged_state(state, visitor):
    back = visitor.show_card(visitor.begin(), "head")
    assert_refused(visitor.come_back(changed(back, state=state)), visitor, "login.state_unknown")


def test_the_state_of_another_browser(visitor, another_visitor):
    attacker = another_visitor()
    back = attacker.show_card(attacker.begin(), "other")
    assert_refused(visitor.come_back(back), visitor, "login.state_unknown")


def test_an_answer_counts_once(visitor):
    back = visitor.show_card(visitor.begin(), "weak")
    visitor.come_back(back)
    assert_refused(visitor.come_back(back), visitor, "login.state_unknown", earlier=1)


def test_an_answer_that_took_too_long(visitor):
    back = visitor.show_card(visitor.begin(), "head")
    session = visitor.tool.session
    for attempt in session["oidc.attempts"].values():
        attempt["begun_at"] -= 601
    session.save()
    assert_refused(visitor.come_back(back), visitor, "login.state_unknown")


def test_a_replayed_code(visitor, another_visitor):
    victim = another_visitor()
    used = victim.show_card(victim.begin(), "head")
    victim.come_back(used)
    assert victim.user_key == cast.HEAD.folded
    own = visitor.show_card(visitor.begin(), "other")
    replayed = changed(own, code=parameters(used)["code"])
    assert_refused(visitor.come_back(replayed), visitor, "login.code_refused", earlier=1)


def test_a_stolen_code_is_worth_nothing_without_its_verifier(visitor, another_visitor):
    victim = another_visitor()
    stolen = victim.show_card(victim.begin(), "head")  # never came back
    own = visitor.show_card(visitor.begin(), "other")
    response = visitor.come_back(changed(own, code=parameters(stolen)["code"]))
    assert_refused(response, visitor, "login.code_refused")


@pytest.mark.parametrize("code", [None, "", "forged"])
def test_a_forged_or_missing_code(code, visitor):
    back = visitor.show_card(visitor.begin(), "head")
    assert_refused(visitor.come_back(changed(back, code=code)), visitor, "login.code_refused")


@pytest.mark.parametrize("issuer", [None, "https://evil.invalid"])
def test_an_answer_that_names_another_issuer_or_none(issuer, visitor):
    back = visitor.show_card(visitor.begin(), "head")
    assert_refused(visitor.come_back(changed(back, iss=issuer)), visitor, "login.wrong_issuer")


def test_a_person_who_cancels(visitor):
    assert_refused(visitor.log_in("cancel"), visitor, "login.cancelled")


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        ("invalid_scope", "login.provider_refused", 403),
        ("temporarily_unavailable", "login.provider_unavailable", 503),
        ("<script>alert(1)</script>", "login.provider_refused", 403),
    ],
)
def test_the_providers_own_refusal_is_told_without_its_words(error, code, status, visitor):
    back = visitor.show_card(visitor.begin(), "head")
    bad = changed(back, code=None, error=error, error_description="<b>Anna Andersson</b>")
    assert_refused(visitor.come_back(bad), visitor, code, status)
    assert "Anna" not in visitor.tool.get("/logga-in/nekad/").content.decode()


def test_a_wrong_secret_of_ours(visitor, settings):
    settings.OIDC_CLIENT_SECRET = "not the one that is registered"
    assert_refused(visitor.log_in("head"), visitor, "login.provider_refused")


# --- What the provider says ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        ({"claims": {"nonce": "forged"}}, "login.wrong_nonce"),
        ({"without": ["nonce"]}, "login.wrong_nonce"),
        ({"claims": {"aud": "another-client"}}, "login.wrong_audience"),
        ({"claims": {"aud": ["access-tool", "another"], "azp": "another"}}, "login.wrong_audience"),
        ({"claims": {"aud": ["access-tool", "another"]}}, "login.wrong_audience"),
        ({"without": ["aud"]}, "login.wrong_audience"),
        ({"claims": {"iss": "https://evil.invalid"}}, "login.wrong_issuer"),
        ({"without": ["iss"]}, "login.wrong_issuer"),
        # Names of their own: a test's name must not hold the time, or parallel runs collect different tests.
        pytest.param({"claims": {"exp": int(time.time()) - 3600}}, "login.token_expired", id="expired"),
        ({"without": ["exp"]}, "login.token_invalid"),
        ({"without": ["iat"]}, "login.token_invalid"),
        ({"without": ["sub"]}, "login.token_invalid"),
        pytest.param(
            {"claims": {"iat": int(time.time()) + 3600}}, "login.token_invalid", id="from the future"
        ),
        ({"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}, "login.token_invalid"),
        ({"claims": {"acr": "http://id.sambi.se/loa/loa2"}}, "login.acr_too_low"),
        ({"claims": {"acr": "HTTP://ID.SAMBI.SE/LOA/LOA3"}}, "login.acr_too_low"),
        ({"claims": {"acr": ["http://id.sambi.se/loa/loa3"]}}, "login.acr_too_low"),
        ({"claims": {"iss": ["https://evil.invalid"]}}, "login.wrong_issuer"),
        ({"without": ["acr"]}, "login.acr_too_low"),
        ({"without": ["employeeHsaId"]}, "login.hsa_id_missing"),
        ({"kind": "stranger"}, "login.token_invalid"),
        ({"kind": "unsigned"}, "login.token_invalid"),
        ({"kind": "shared-secret"}, "login.token_invalid"),
    ],
    ids=str,
)
def test_a_token_that_is_not_right_in_every_respect(fault, code, visitor, provider):
    provider.fault(**fault)
    assert_refused(visitor.log_in("head"), visitor, code)
    assert not User.objects.exists()


def test_a_token_changed_but_in_nothing_that_matters_is_still_taken(visitor, provider):
    """The faults above fail for what they change, not for being signed again."""
    provider.fault(claims={"harmless": "addition"})
    visitor.log_in("head")
    assert visitor.user_key == cast.HEAD.folded


@pytest.mark.parametrize(
    ("card", "code"),
    [
        ("weak", "login.acr_too_low"),
        ("no-hsa-id", "login.hsa_id_missing"),
        ("empty-hsa-id", "login.hsa_id_missing"),
        ("malformed-hsa-id", "login.hsa_id_malformed"),
        ("strange-hsa-id", "login.hsa_id_malformed"),
        ("unknown", "person.missing"),
        ("archived", "person.archived"),
    ],
)
def test_a_card_that_does_not_let_anybody_in(card, code, visitor):
    assert_refused(visitor.log_in(card), visitor, code)


def test_a_user_who_is_shut_out_here(visitor):
    User.objects.create(hsa_key=cast.HEAD.folded, hsa_id=cast.HEAD.text, is_active=False)
    response = visitor.log_in("head")
    assert page_of(response, visitor).status_code == 403
    assert visitor.user_key is None
    assert AuditEntry.objects.get().data["code"] == "user.inactive"


def test_a_user_who_is_shut_out_while_logged_in_is_out_at_once(visitor):
    visitor.log_in("head")
    User.objects.update(is_active=False)
    assert visitor.tool.get("/arenden/").status_code == 302


# --- What does not answer -----------------------------------------------------------------------------------


def test_a_provider_that_is_down_before(db, configured, settings):
    settings.OIDC_ISSUER = f"http://127.0.0.1:{free_port()}"
    visitor = Visitor(settings.OIDC_ISSUER)
    response = visitor.tool.get("/logga-in/kort/")
    assert_refused(response, visitor, "login.provider_unavailable", 503)


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503},
        {"status": 502, "body": "<html>bad gateway</html>"},
        {"status": 200, "body": "not json"},
        {"status": 200, "body": [1]},
        {"status": 302, "body": ""},
    ],
    ids=str,
)
def test_a_provider_that_fails_while_the_person_is_away(fault, visitor, provider):
    back = visitor.show_card(visitor.begin(), "head")
    provider.fault(kind="broken", **fault)
    assert_refused(visitor.come_back(back), visitor, "login.provider_unavailable", 503)


def test_a_slow_provider_keeps_nobody_waiting(visitor, provider, settings):
    """Its answer, six seconds later, would have let the person in."""
    settings.OIDC_TIMEOUT_SECONDS = 1
    back = visitor.show_card(visitor.begin(), "head")
    provider.fault(kind="slow", milliseconds=6000)
    assert_refused(visitor.come_back(back), visitor, "login.provider_unavailable", 503)


@pytest.mark.parametrize("path", ["/.well-known/openid-configuration", "/jwks"])
@pytest.mark.parametrize(
    "body", ["no json", [], {}, {"keys": "none"}, {"issuer": "https://evil.invalid"}], ids=str
)
def test_published_addresses_and_keys_that_cannot_be_used(path, body, visitor, provider):
    provider.fault(kind="broken", path=path, status=200, body=body)
    response = visitor.tool.get("/logga-in/kort/")
    if response["Location"].startswith(provider.issuer):  # an empty set of keys refuses later
        response = visitor.come_back(visitor.show_card(response["Location"], "head"))
    assert response["Location"] == "/logga-in/nekad/"
    assert visitor.user_key is None


def test_a_provider_that_names_itself_otherwise_is_not_believed(visitor, provider, settings):
    settings.OIDC_ISSUER = provider.issuer + "/"
    response = visitor.tool.get("/logga-in/kort/")
    assert_refused(response, visitor, "login.provider_unavailable", 503)


def test_plain_http_addresses_are_not_used_where_the_issuer_is_https(settings):
    settings.OIDC_ISSUER = "https://login.invalid"
    assert providers._is_safe("https://login.invalid/token")
    assert not providers._is_safe("http://login.invalid/token")
    assert not providers._is_safe("file:///etc/passwd")


def test_a_silent_directory_after_a_good_card(visitor, directory):
    back = visitor.show_card(visitor.begin(), "head")
    directory.stop()
    assert_refused(visitor.come_back(back), visitor, "directory.unavailable", 503)


def test_it_goes_on_when_what_was_silent_is_back(visitor, provider):
    back = visitor.show_card(visitor.begin(), "head")
    provider.fault(kind="broken")
    visitor.come_back(back)
    provider.fault()
    visitor.log_in("head")
    assert visitor.user_key == cast.HEAD.folded


# --- Without a provider -------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["kort", "svar", "identitet", "nekad"])
def test_without_a_provider_its_pages_are_not_there(path, db, client, settings):
    settings.OIDC_ISSUER = ""
    assert client.get(f"/logga-in/{path}/").status_code == 404


def test_there_are_words_for_every_code():
    for code, explanation in EXPLANATIONS.items():
        assert all((explanation.heading, explanation.message, explanation.advice)), code
