"""The demo's own pages: choosing who to be, the mock KIV, and the mails. None of them beside production."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.filebased import EmailBackend
from django.test import Client
from django.urls import reverse

from provisioning.models import AuditEntry, User
from tests import cast, servers
from tests.views.reading import beside, text_of

pytestmark = pytest.mark.django_db

WANTED = f"INTYG;Rehab-{cast.BJORKHAGA}"
COORDINATOR_DN = "cn=demo1005,ou=Personal,o=Demoregionen"
UNIT_DN = "ou=Björkhaga vårdcentral,ou=Område Norr,ou=Demoregionens vård,ou=Org,o=Demoregionen"
COMMISSION_DN = f"cn=Vård och behandling 11011,{UNIT_DN}"


@pytest.fixture
def visitor(directory) -> Client:
    """Somebody who has not logged in."""
    client = Client()
    client.cookies["django_language"] = "en"
    return client


def log_in(visitor: Client, who: object, **more: str):
    return visitor.post(reverse("demo_login"), {"person": str(who), **more})


# -- choosing who to be ------------------------------------------------------------------------------------
def test_every_part_of_the_cast_is_in_the_directory(visitor) -> None:
    from provisioning.demo import cast as parts

    page = visitor.get(reverse("demo_login")).content.decode()
    assert parts.ids()
    for hsa_id in parts.ids():
        assert f'value="{hsa_id}"' in page


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
    from tests.workflows import acts

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


# -- the mock KIV ------------------------------------------------------------------------------------------
def act(browser: Client, name: str, **values: str):
    return browser.post(reverse("demo_kiv"), {"act": name, **values}, follow=True)


@pytest.fixture
def administrator(enter) -> Client:
    """A KIV administrator with the coordinator's entry open."""
    browser = enter(cast.KIV_ADMINISTRATOR)
    act(browser, "open_person", person=str(cast.COORDINATOR))
    return browser


@pytest.mark.parametrize("who", [cast.HEAD, cast.COORDINATOR, cast.OUTSIDER, cast.AUDITOR])
def test_who_administers_nothing_may_not_use_it(who, enter, kiv) -> None:
    browser = enter(who)
    assert browser.get(reverse("demo_kiv")).status_code == 403
    browser.post(reverse("demo_kiv"), {"act": "open_person", "person": str(cast.COORDINATOR)})
    answer = browser.post(reverse("demo_kiv"), {"act": "add_role", "value": WANTED})
    assert answer.status_code == 403
    assert kiv.values(COORDINATOR_DN, "hsaSystemRole") == ()


def test_a_person_is_found_by_name_and_by_id(enter) -> None:
    browser = enter(cast.KIV_ADMINISTRATOR)
    for text in ("Sagolund", str(cast.COORDINATOR)):
        assert f'value="{cast.COORDINATOR}"' in act(browser, "find_person", text=text).content.decode()
    assert "Nobody matches" in text_of(act(browser, "find_person", text="Ingen Alls"))


def test_nobody_s_id_stands_in_an_address(administrator) -> None:
    answer = act(administrator, "open_person", person=str(cast.COORDINATOR))
    assert answer.redirect_chain == [(reverse("demo_kiv"), 302)]
    assert str(cast.COORDINATOR) in text_of(answer)


def test_a_role_is_added_and_removed_byte_for_byte(administrator, kiv) -> None:
    value = f" {WANTED} "  # blanks are kept: the real tool keeps them, too
    assert "Saved in the directory" in text_of(act(administrator, "add_role", value=value))
    assert kiv.values(COORDINATOR_DN, "hsaSystemRole") == (value,)
    act(administrator, "remove_role", value=value)
    assert kiv.values(COORDINATOR_DN, "hsaSystemRole") == ()
    changes = [entry.data for entry in AuditEntry.objects.filter(action="demo.value_changed")]
    assert [(data["add"], data["remove"]) for data in changes] == [(value, ""), ("", value)]


def test_an_empty_role_is_refused_beside_its_field(administrator) -> None:
    answer = act(administrator, "add_role", value="")
    assert answer.status_code == 400
    assert "Write the value to add." in text_of(answer)


def test_a_person_is_uncoupled_and_coupled_again(administrator, kiv) -> None:
    act(administrator, "uncouple", commission=COMMISSION_DN, value=f"{cast.COORDINATOR};;")
    assert f"{cast.COORDINATOR};;" not in kiv.values(COMMISSION_DN, "hsaCommissionMember")
    assert f'value="{cast.BJORKHAGA}"' in act(administrator, "find_unit", text="Björkhaga").content.decode()
    act(administrator, "open_unit", unit=str(cast.BJORKHAGA))
    act(administrator, "couple", commission=COMMISSION_DN)
    assert f"{cast.COORDINATOR};;" in kiv.values(COMMISSION_DN, "hsaCommissionMember")


def test_only_what_the_page_offers_can_be_changed(administrator, kiv) -> None:
    others = kiv.values(COMMISSION_DN, "hsaCommissionMember")
    act(administrator, "uncouple", commission=COMMISSION_DN, value=f"{cast.DOCTOR};;")
    act(administrator, "couple", commission="o=Demoregionen")
    act(administrator, "remove_role", value="INTYG;Annat")
    assert kiv.values(COMMISSION_DN, "hsaCommissionMember") == others
    assert not AuditEntry.objects.filter(action="demo.value_changed").exists()


def test_an_unknown_act_changes_nothing(administrator) -> None:
    assert act(administrator, "format").status_code == 200
    assert not AuditEntry.objects.filter(action="demo.value_changed").exists()


def test_a_silent_directory_leaves_the_page_as_it_is(administrator, directory) -> None:
    directory.faults.is_busy = True
    answer = act(administrator, "find_person", text="Sagolund")
    assert answer.status_code == 503
    assert "Sagolund" in answer.content.decode()


# -- the mails ---------------------------------------------------------------------------------------------
def test_the_mails_are_shown_newest_first_with_their_links(enter, settings, tmp_path) -> None:
    settings.EMAIL_FILE_PATH = str(tmp_path)
    for number in (1, 2):
        EmailMessage(
            subject=f"Ärende {number}",
            body="Öppna ärendet:\nhttp://127.0.0.1:8000/arenden/\n<script>alert(1)</script>",
            to=[f"nummer{number}@demo.invalid"],
            headers={"Date": f"Sat, 21 Nov 2026 12:0{number}:00 -0000"},
            connection=EmailBackend(file_path=str(tmp_path)),
        ).send()
    answer = enter(cast.OUTSIDER).get(reverse("demo_mail"))
    seen = text_of(answer)
    assert seen.index("Ärende 2") < seen.index("Ärende 1")
    assert "To nummer2@demo.invalid" in seen
    assert "13:02:00" in seen  # Stockholm's time
    page = answer.content.decode()
    assert 'href="http://127.0.0.1:8000/arenden/"' in page
    assert "<script>alert" not in page


def test_a_swedish_mail_is_shown_with_its_swedish_letters(tmp_path: Path, enter, settings) -> None:
    settings.EMAIL_FILE_PATH = str(tmp_path)
    words = "Värdet är på plats i öppna uppgiften."
    mail = EmailMultiAlternatives(
        subject="Ärende",
        body=words,
        to=["a@demo.invalid"],
        connection=EmailBackend(file_path=str(tmp_path)),
    )
    mail.attach_alternative(f"<p>{words}</p>", "text/html")
    mail.send()
    assert words in text_of(enter(cast.OUTSIDER).get(reverse("demo_mail")))


def test_several_mails_in_one_file_are_several_mails(tmp_path: Path, enter, settings) -> None:
    settings.EMAIL_FILE_PATH = str(tmp_path)
    connection = EmailBackend(file_path=str(tmp_path))
    mails = [EmailMessage(subject=f"Brev {number}", body="Hej", to=["a@demo.invalid"]) for number in range(3)]
    connection.send_messages(mails)
    assert len(list(tmp_path.iterdir())) == 1
    seen = text_of(enter(cast.OUTSIDER).get(reverse("demo_mail")))
    assert all(f"Brev {number}" in seen for number in range(3))


def test_no_mails_yet_says_what_to_do(enter, settings, tmp_path) -> None:
    settings.EMAIL_FILE_PATH = str(tmp_path / "none")
    assert "No mails yet" in text_of(enter(cast.OUTSIDER).get(reverse("demo_mail")))


def test_mails_are_for_those_who_have_logged_in(visitor) -> None:
    assert visitor.get(reverse("demo_mail")).status_code == 302
