"""Where a log-in leads afterwards: an address of ours that begins with one slash, and nothing else."""

from __future__ import annotations

import pytest

from tests import cast

NOT_OURS = [
    "abc",
    "start",
    "arenden/",
    "?x=1",
    "#x",
    ".",
    "..",
    "%2f",
    "//evil.invalid",
    "/\\evil.invalid",
    "http:evil.invalid",
    "http://testserver/arenden/",
    " /arenden/",
    "/arenden/\r\nX: y",
    "/aren\x7fden/",
    "/" + "x" * 5000,
]


@pytest.mark.parametrize("wanted", NOT_OURS, ids=repr)
def test_what_is_no_path_of_ours_leads_to_the_start(wanted, visitor):
    assert visitor.tool.get("/logga-in/", {"next": wanted})["Location"] in ("/", "/logga-in/kort/?next=%2F")
    assert visitor.log_in("head", wanted)["Location"] == "/"
    assert visitor.tool.get("/logga-in/", {"next": wanted})["Location"] == "/"
    assert visitor.tool.get("/logga-in/kort/", {"next": wanted})["Location"] == "/"


def test_what_was_kept_is_looked_at_again_when_the_card_comes_back(visitor):
    back = visitor.show_card(visitor.begin("/arenden/"), "head")
    session = visitor.tool.session
    for attempt in session["oidc.attempts"].values():
        attempt["wanted"] = "abc"
    session.save()
    assert visitor.come_back(back)["Location"] == "/"
    assert visitor.user_key == cast.HEAD.folded


def test_a_path_of_ours_is_kept_with_its_question(visitor):
    assert visitor.log_in("head", "/arenden/?vems=mina&page=2")["Location"] == "/arenden/?vems=mina&page=2"


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", [one for one in NOT_OURS if one != " /arenden/"], ids=repr)
def test_the_demo_leads_nowhere_else_either(wanted, directory, client):
    data = {"person": cast.HEAD.text, "next": wanted}
    assert client.post("/demo/login/", data)["Location"] == "/"
    assert client.get("/demo/login/", {"next": wanted}).status_code == 200
