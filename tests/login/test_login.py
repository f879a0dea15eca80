"""Logging in through a real provider, from the first click to the page that was wanted, and out again."""

import base64
import hashlib
import json
import re
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings

from provisioning.login import provider as providers
from provisioning.models import AuditEntry, User
from tests import cast
from tests.login.visitor import Visitor, parameters


def facts():
    return list(AuditEntry.objects.order_by("pk").values_list("action", "data"))


def page_of(response, visitor):
    """The page a refusal leads to."""
    assert response.status_code == 302
    assert response["Location"] == "/logga-in/nekad/"
    return visitor.tool.get(response["Location"])


def test_a_person_logs_in_and_comes_to_the_page_that_was_wanted(visitor):
    response = visitor.log_in("head", "/arenden/")
    assert response.status_code == 302
    assert response["Location"] == "/arenden/"
    assert visitor.user_key == cast.HEAD.folded
    assert visitor.tool.get("/arenden/").status_code == 200
    user = User.objects.get()
    assert user.hsa_id == cast.HEAD.text
    assert user.name  # from the directory: the provider was not asked for it
    assert facts() == [("login.accepted", {"how": "oidc"})]


def test_a_page_that_needs_a_log_in_leads_to_the_provider_by_itself(visitor):
    response = visitor.tool.get("/arenden/")
    for _step in range(2):
        response = visitor.tool.get(response["Location"])
    address = response["Location"]
    assert address.startswith(f"{visitor.issuer}/auth?")
    assert visitor.come_back(visitor.show_card(address, "head"))["Location"] == "/arenden/"


def test_the_provider_is_asked_for_no_more_than_is_needed_and_by_pkce(visitor):
    asked = parameters(visitor.begin())
    assert asked["response_type"] == "code"
    assert asked["scope"] == "openid"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == f"{django_settings.SITE_URL}/logga-in/svar/"
    assert json.loads(asked["claims"]) == {
        "id_token": {
            "employeeHsaId": {"essential": True},
            "acr": {"essential": True, "values": ["http://id.sambi.se/loa/loa3"]},
        }
    }
    assert len(asked["state"]) >= 40
    assert len(asked["nonce"]) >= 40
    kept = visitor.tool.session["oidc.attempts"][asked["state"]]
    digest = hashlib.sha256(kept["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == asked["code_challenge"]


def test_each_log_in_has_secrets_of_its_own(visitor):
    first, second = parameters(visitor.begin()), parameters(visitor.begin())
    for name in ("state", "nonce", "code_challenge"):
        assert first[name] != second[name]


def test_the_claims_name_and_the_level_are_settings(visitor, settings):
    settings.OIDC_HSA_ID_CLAIM = "anotherClaim"
    settings.OIDC_REQUIRED_ACR = ["http://id.sambi.se/loa/loa3", "http://id.sambi.se/loa/loa4"]
    asked = json.loads(parameters(visitor.begin())["claims"])["id_token"]
    assert set(asked) == {"anotherClaim", "acr"}
    assert asked["acr"]["values"] == settings.OIDC_REQUIRED_ACR


def test_a_lower_level_is_enough_where_the_settings_say_so(visitor, settings):
    settings.OIDC_REQUIRED_ACR = ["http://id.sambi.se/loa/loa2"]
    visitor.log_in("weak")
    assert visitor.user_key == cast.HEAD.folded


def test_the_secret_may_be_sent_in_the_form(visitor, settings):
    settings.OIDC_CLIENT_AUTH = "client_secret_post"
    visitor.log_in("head")
    assert visitor.user_key == cast.HEAD.folded


@pytest.mark.parametrize("card", ["list-of-one", "lower-case"])
def test_an_hsa_id_counts_in_a_list_and_in_another_case(card, visitor):
    visitor.log_in(card)
    assert visitor.user_key == cast.HEAD.folded
    assert User.objects.get().hsa_id == cast.HEAD.text  # as the directory writes it


@pytest.mark.parametrize("card", ["head", "lower-case", "one-formless"])
def test_the_strict_form_takes_any_case_and_leaves_out_what_has_no_form(card, visitor, settings):
    settings.HSA_ID_FORM = "strict"
    visitor.log_in(card)
    assert visitor.user_key == cast.HEAD.folded


def test_the_session_gets_a_new_key_at_log_in_and_forgets_the_attempt(visitor):
    visitor.begin()
    before = visitor.tool.session.session_key
    visitor.log_in("head")
    after = visitor.tool.session
    assert before
    assert after.session_key != before
    assert not type(after)(before).exists(before)
    kept = dict(after.items())
    assert {key for key in kept if key.startswith("oidc.")} == {"oidc.proof"}


def test_an_answer_never_turns_one_person_into_another(visitor):
    """Somebody is logged in, and an answer for somebody else arrives in another tab."""
    first, second = visitor.begin(), visitor.begin()
    other_card = Visitor(visitor.issuer).show_card(second, "other")
    visitor.come_back(visitor.show_card(first, "head"))
    assert visitor.come_back(other_card)["Location"] == "/"
    assert visitor.user_key == cast.HEAD.folded


def test_two_tabs_can_log_in_at_once(visitor):
    first, second = visitor.begin("/arenden/"), visitor.begin("/")
    assert visitor.come_back(visitor.show_card(second, "head"))["Location"] == "/"
    assert visitor.come_back(visitor.show_card(first, "head"))["Location"] == "/"
    assert visitor.user_key == cast.HEAD.folded


@pytest.mark.parametrize(
    "wanted",
    [
        "https://evil.invalid/", "//evil.invalid/", "///evil.invalid", "/\\evil.invalid",
        "javascript:alert(1)", "http:evil.invalid", "\thttps://evil.invalid", "http://testserver@evil.invalid/",
    ],
)  # fmt: skip
def test_a_log_in_never_leads_to_another_site(wanted, visitor):
    assert visitor.log_in("head", wanted)["Location"] == "/"
    assert visitor.tool.get("/logga-in/", {"next": wanted})["Location"] == "/"
    assert visitor.tool.get("/logga-in/kort/", {"next": wanted})["Location"] == "/"


def test_nothing_is_kept_of_the_access_token_or_of_the_code(visitor):
    back = visitor.show_card(visitor.begin(), "head")
    visitor.come_back(back)
    kept = json.dumps(dict(visitor.tool.session.items()))
    assert parameters(back)["code"] not in kept
    assert "access_token" not in kept
    assert "code_verifier" not in kept


def test_addresses_and_keys_are_fetched_once_for_many_log_ins(visitor, another_visitor, monkeypatch):
    fetched = []
    fetch = providers._get_json
    monkeypatch.setattr(providers, "_get_json", lambda address: fetched.append(address) or fetch(address))
    visitor.log_in("head")
    another_visitor().log_in("other")
    assert [urlsplit(address).path for address in fetched] == ["/.well-known/openid-configuration", "/jwks"]


# --- Several HSA-ids ----------------------------------------------------------------------------------------


def choose(visitor, answer):
    return visitor.post("/logga-in/identitet/", answer, page="/logga-in/identitet/")


def test_a_person_with_several_hsa_ids_chooses_one(visitor):
    response = visitor.log_in("two-ids", "/arenden/")
    assert response["Location"] == "/logga-in/identitet/"
    assert visitor.user_key is None
    page = visitor.tool.get("/logga-in/identitet/").content.decode()
    assert cast.TWO_IDS.text in page
    assert cast.TWO_IDS_OTHER.text in page
    response = choose(visitor, {"identity": "1"})
    assert response["Location"] == "/arenden/"
    assert visitor.user_key == cast.TWO_IDS_OTHER.folded
    assert facts() == [("login.accepted", {"how": "oidc"})]
    assert visitor.tool.get("/logga-in/identitet/").status_code == 302  # the choice is used up


@pytest.mark.parametrize("answer", ["", "2", "-1", "SE0000000000-1001"])
def test_nothing_else_than_ones_own_hsa_ids_can_be_chosen(answer, visitor):
    visitor.log_in("two-ids")
    response = choose(visitor, {"identity": answer})
    assert response.status_code == 400
    assert visitor.user_key is None


def test_an_hsa_id_that_the_directory_does_not_know_cannot_be_chosen(visitor):
    visitor.log_in("two-one-unknown")
    assert cast.NOBODY.text not in visitor.tool.get("/logga-in/identitet/").content.decode()
    assert choose(visitor, {"identity": "0"}).status_code == 400
    choose(visitor, {"identity": "1"})
    assert visitor.user_key == cast.TWO_IDS.folded


def test_without_any_known_hsa_id_the_page_says_so(visitor):
    visitor.log_in("two-unknown")
    page = page_of(visitor.tool.get("/logga-in/identitet/"), visitor)
    assert page.status_code == 403
    assert facts() == [("login.refused", {"code": "person.missing", "how": "oidc"})]


def test_the_choice_cannot_be_reached_without_a_log_in_and_not_for_long(visitor, settings, monkeypatch):
    assert visitor.tool.get("/logga-in/identitet/")["Location"] == "/logga-in/"
    visitor.log_in("two-ids")
    assert visitor.tool.get("/logga-in/identitet/").status_code == 200
    session = visitor.tool.session
    session["oidc.choice"] = {**session["oidc.choice"], "begun_at": session["oidc.choice"]["begun_at"] - 601}
    session.save()
    assert choose(visitor, {"identity": "0"})["Location"] == "/logga-in/"
    assert visitor.user_key is None


def test_the_choice_waits_for_a_silent_directory(visitor, directory):
    visitor.log_in("two-ids")
    directory.stop()
    page = page_of(visitor.tool.get("/logga-in/identitet/"), visitor)
    assert page.status_code == 503


# --- Out again ----------------------------------------------------------------------------------------------


def test_logging_out_ends_the_session_here_and_at_the_provider(visitor):
    visitor.log_in("head")
    key = visitor.tool.session.session_key
    id_token = visitor.tool.session["oidc.proof"]
    response = visitor.post("/logga-ut/", page="/")
    assert response.status_code == 200
    assert visitor.user_key is None
    assert not type(visitor.tool.session)(key).exists(key)
    address = response["Refresh"].split("url=")[1]
    asked = parameters(address)
    assert asked["id_token_hint"] == id_token
    assert asked["post_logout_redirect_uri"] == f"{django_settings.SITE_URL}/utloggad/"
    assert response["Referrer-Policy"] == "same-origin"  # the provider does not hear of our addresses
    assert "no-store" in response["Cache-Control"]

    question = visitor.provider.get(address, timeout=60).text
    action = re.search(r'action="([^"]+)"', question).group(1)
    xsrf = re.search(r'name="xsrf" value="([^"]+)"', question).group(1)
    answer = visitor.provider.post(
        action, data={"xsrf": xsrf, "logout": "yes"}, allow_redirects=False, timeout=60
    )
    assert answer.headers["Location"].startswith(f"{django_settings.SITE_URL}/utloggad/")
    assert visitor.tool.get("/utloggad/").status_code == 200
    assert "/interaction/" in visitor._get(visitor.begin()).headers["Location"]  # a card is asked for again
    assert [action for action, _data in facts()] == ["login.accepted", "login.ended"]


def test_logging_out_works_while_the_provider_is_silent(visitor, settings):
    visitor.log_in("head")
    providers.forget()
    settings.OIDC_ISSUER = "http://127.0.0.1:9"
    response = visitor.post("/logga-ut/", page="/")
    assert response["Location"] == "/utloggad/"
    assert visitor.user_key is None


@pytest.mark.parametrize("card", ["unknown", "weak", "no-hsa-id", "malformed-hsa-id"])
def test_somebody_refused_can_log_out_at_the_provider_and_use_another_card(card, visitor):
    page = page_of(visitor.log_in(card), visitor).content.decode()
    assert 'action="/logga-ut/"' in page
    response = visitor.post("/logga-ut/", page="/logga-in/nekad/")
    assert "id_token_hint=" in response["Refresh"]


def test_nobody_is_logged_out_by_a_link(visitor):
    visitor.log_in("head")
    assert visitor.tool.get("/logga-ut/").status_code == 405
    assert visitor.user_key == cast.HEAD.folded
