"""The demo's own log-in: choosing who to be. It does not exist beside production."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.models import AuditEntry, User
from tests import cast, servers
from tests.pages.reading import beside, text_of

pytestmark = pytest.mark.django_db


def log_in(visitor: Client, who: object, **more: str):
    return visitor.post(reverse("demo_login"), {"person": str(who), **more})


# -- choosing who to be ------------------------------------------------------------------------------------
def test_every_part_of_the_cast_is_in_the_directory(visitor) -> None:
    from provisioning.demo import cast as parts

    page = visitor.get(reverse("demo_login")).content.decode()
    assert parts.ids()
    for hsa_id in parts.ids():
        assert f'value="{hsa_id}"' in page


def test_the_list_is_short_and_the_rest_stands_under_more(visitor) -> None:
    page = visitor.get(reverse("demo_login")).content.decode()
    at_once, _summary, more = page.partition("More people")
    assert at_once.count('name="person"') == 5
    assert f'value="{cast.HEAD}"' in at_once
    assert f'value="{cast.OUTSIDER}"' in more


def test_a_protected_person_is_not_named_on_the_list(visitor) -> None:
    page = text_of(visitor.get(reverse("demo_login")))
    assert "A person with protected identity" in page


def test_choosing_somebody_logs_them_in_and_is_recorded(visitor) -> None:
    answer = log_in(visitor, cast.HEAD)
    assert answer["Location"] == reverse("start")
    user = User.objects.get(pk=visitor.session["_auth_user_id"])
    assert user.identity == cast.HEAD
    assert user.name
    entry = AuditEntry.objects.get(action="login.accepted")
    assert (entry.actor, entry.data) == (user, {"how": "demo"})


def test_the_wanted_page_is_opened_after_the_log_in(visitor) -> None:
    assert visitor.get(reverse("cases"))["Location"] == f"{reverse('login')}?next={reverse('cases')}"
    on = visitor.get(reverse("login"), {"next": reverse("cases")})["Location"]
    assert on.startswith(reverse("demo_login"))
    assert f'name="next" value="{reverse("cases")}"' in visitor.get(on).content.decode()
    assert log_in(visitor, cast.HEAD, next=reverse("cases"))["Location"] == reverse("cases")


@pytest.mark.parametrize("elsewhere", ["https://evil.invalid/", "//evil.invalid/", "javascript:alert(1)"])
def test_nobody_is_led_elsewhere_by_a_log_in(visitor, elsewhere) -> None:
    assert log_in(visitor, cast.HEAD, next=elsewhere)["Location"] == reverse("start")


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        (cast.NOBODY, "The directory has no person with this HSA-id."),
        (cast.ARCHIVED, "archived in the directory"),
        ("", "This field is required."),
    ],
)
def test_who_cannot_be_logged_in_is_told_why_beside_the_field(visitor, who, sentence) -> None:
    answer = log_in(visitor, who)
    assert answer.status_code == 400
    assert sentence in beside(answer, "person")
    assert "_auth_user_id" not in visitor.session


def test_a_refused_log_in_is_recorded_without_the_id(visitor) -> None:
    log_in(visitor, cast.NOBODY)
    entry = AuditEntry.objects.get(action="login.refused")
    assert entry.actor is None
    assert entry.data == {"code": "person.missing", "how": "demo"}


def test_somebody_shut_out_here_cannot_log_in(visitor) -> None:
    from tests import acts

    User.objects.filter(pk=acts.user(cast.HEAD).pk).update(is_active=False)
    answer = log_in(visitor, cast.HEAD)
    assert "You are shut out of this tool" in beside(answer, "person")
    assert "_auth_user_id" not in visitor.session


def test_a_silent_directory_says_so_and_keeps_what_was_typed(visitor, directory) -> None:
    directory.faults.is_busy = True
    assert "nobody can log in" in text_of(visitor.get(reverse("demo_login")))
    answer = log_in(visitor, cast.HEAD)
    assert answer.status_code == 503
    assert str(cast.HEAD) in answer.content.decode()


def test_logging_out_ends_the_session_and_is_recorded(enter) -> None:
    browser = enter(cast.HEAD)
    assert browser.get(reverse("logout")).status_code == 405
    assert browser.post(reverse("logout")).status_code == 302
    assert "_auth_user_id" not in browser.session
    assert AuditEntry.objects.filter(action="login.ended").count() == 1


def test_the_demo_s_pages_do_not_exist_beside_production_settings() -> None:
    program = (
        "import django; django.setup()\n"
        "from django.urls import NoReverseMatch, reverse\n"
        "for name in ('demo_login', 'demo_kiv', 'demo_mail'):\n"
        "    try:\n"
        "        raise SystemExit(reverse(name))\n"
        "    except NoReverseMatch:\n"
        "        pass\n"
        "reverse('kiv_tasks'), reverse('login')\n"
    )
    # A directory elsewhere: no demo page may exist then, either.
    variables = {
        "DIRECTORY_URL": "ldaps://directory.example.invalid",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    environment = {**os.environ, **variables}
    ran = subprocess.run(
        [sys.executable, "-c", program],
        cwd=servers.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert ran.returncode == 0, ran.stderr
