"""The settings: demo with nothing set, production with everything, and never a mixture."""

import os
import re
import stat

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import modes
from tests.config.reading_settings import PRODUCTION, read_settings
from tests.servers import ROOT


def without(*names):
    return {name: value for name, value in PRODUCTION.items() if name not in names}


def test_with_nothing_set_the_demo_runs_on_this_machine_alone(tmp_path):
    settings = read_settings({}, tmp_path)
    assert settings.IS_DEMO
    assert not settings.IS_PRODUCTION
    assert settings.DEBUG is False
    assert settings.DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
    assert settings.DATABASES["default"]["NAME"] == str(tmp_path / "database.sqlite3")
    assert settings.DATABASES["default"]["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert settings.CELERY_BROKER_URL == "filesystem://localhost//"
    assert settings.EMAIL_BACKEND == "django.core.mail.backends.filebased.EmailBackend"
    assert settings.DIRECTORY_URL == "ldap://127.0.0.1:3890"
    assert set(settings.ALLOWED_HOSTS) == {"localhost", "127.0.0.1", "[::1]"}


def test_the_demos_secret_is_made_once_and_only_its_owner_can_read_it(tmp_path):
    first = read_settings({}, tmp_path).SECRET_KEY
    assert len(first) >= 50
    assert first == read_settings({}, tmp_path).SECRET_KEY
    assert first != read_settings({}, tmp_path / "another").SECRET_KEY
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["audit_key", "secret_key"]


def test_what_the_address_says_of_planning_is_read_last(tmp_path):
    address = "postgresql://user:p@db.invalid/orders?options=-c%20random_page_cost%3D4"
    database = read_settings(PRODUCTION | {"DATABASE_URL": address}, tmp_path).DATABASES["default"]
    assert database["OPTIONS"]["options"].startswith("-c jit=off ")
    assert database["OPTIONS"]["options"].endswith(" -c random_page_cost=4")


def test_where_nothing_can_be_written_settings_can_still_be_read(tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert len(read_settings({}, tmp_path / "file" / "var").SECRET_KEY) >= 50


def test_production_uses_the_real_parts(tmp_path):
    settings = read_settings(PRODUCTION, tmp_path)
    assert settings.IS_PRODUCTION
    assert not settings.IS_DEMO
    assert settings.DEBUG is False
    database = settings.DATABASES["default"]
    assert database["ENGINE"] == "django.db.backends.postgresql"
    assert (database["HOST"], database["PORT"], database["NAME"]) == ("database.invalid", "5433", "orders")
    assert (database["USER"], database["PASSWORD"]) == ("user", "p@ss")
    planning = database["OPTIONS"].pop("options")
    assert database["OPTIONS"] == {"connect_timeout": 5, "sslmode": "verify-full"}
    assert "-c jit=off" in planning
    assert settings.CELERY_BROKER_URL == "redis://redis.invalid:6379/0"
    assert settings.CACHES["default"]["BACKEND"].endswith("RedisCache")
    assert settings.EMAIL_BACKEND == "django.core.mail.backends.smtp.EmailBackend"
    assert settings.EMAIL_USE_TLS
    assert not settings.EMAIL_USE_SSL
    assert settings.HSA_ID_FORM == "strict"
    assert settings.MOCK_KIV_BIND_PASSWORD == ""
    assert not (tmp_path / "secret_key").exists()


def test_production_sends_cookies_and_pages_over_https_only(tmp_path):
    settings = read_settings(PRODUCTION, tmp_path)
    assert settings.SESSION_COOKIE_SECURE
    assert settings.CSRF_COOKIE_SECURE
    assert settings.SECURE_SSL_REDIRECT
    assert settings.SECURE_HSTS_SECONDS >= 365 * 24 * 3600


@pytest.mark.parametrize("name", sorted(set(PRODUCTION) - {"APP_MODE"}))
def test_production_does_not_start_without(name, tmp_path):
    with pytest.raises(ImproperlyConfigured, match=name):
        read_settings(without(name), tmp_path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", "short"),
        ("AUDIT_KEY", "short"),
        ("AUDIT_KEY", PRODUCTION["SECRET_KEY"]),
        ("AUDIT_CHECKPOINT_TARGETS", "none,syslog:"),
        ("AUDIT_CHECKPOINT_TARGETS", "file:relative/path"),
        ("AUDIT_CHECKPOINT_TARGETS", "ftp:somewhere"),
        ("AUDIT_CHECKPOINT_TARGETS", "mail:nobody"),
        ("SECRET_KEY", "a" * 80),
        ("SECRET_KEY", "please-change-me-gT5_w8Qz-LmR2vXkP9sYb4NcJ7dHf3A0eUiOq6tWyVx"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "access.invalid,*"),
        ("SITE_URL", "http://access.invalid"),
        ("DIRECTORY_URL", "ldap://directory.invalid"),
        ("DATABASE_URL", "sqlite:///file"),
        ("DATABASE_URL", "postgresql://user@host/"),
        ("DATABASE_URL", "postgresql://user@host:port/name"),
        ("DATABASE_URL", "postgresql://user@host/name?sslmoed=require"),
        ("EMAIL_SECURITY", "ssl"),
        ("APP_MODE", "prod"),
        ("HSA_ID_FORM", "loose"),
        ("DIRECTORY_STARTTLS", "maybe"),
        ("LOG_LEVEL", "TRACE"),
        ("RETENTION_CASES_YEARS", "0"),
        ("RETENTION_CASES_YEARS", "five"),
        ("RETENTION_AUDIT_YEARS", "4"),  # shorter than cases
        ("RETENTION_MESSAGES_DAYS", "7"),
        ("RETENTION_MESSAGES_DAYS", "1826"),  # longer than cases
    ],
)
def test_production_does_not_start_with_a_weak_or_unknown_value(name, value, tmp_path):
    with pytest.raises(ImproperlyConfigured, match=name):
        read_settings({**PRODUCTION, name: value}, tmp_path)


def test_errors_about_the_database_do_not_show_its_password(tmp_path):
    with pytest.raises(ImproperlyConfigured) as caught:
        read_settings({**PRODUCTION, "DATABASE_URL": "postgresql://user:hush@host/name?x=1"}, tmp_path)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({}, "HSA_DIRECTORY_BIND_DN"),
        ({"HSA_DIRECTORY_URL": "ldap://hsa.invalid"}, "HSA_DIRECTORY_URL"),
        ({"HSA_DIRECTORY_BIND_PASSWORD": ""}, "HSA_DIRECTORY_BIND_PASSWORD"),
        ({"HSA_DIRECTORY_PERSON_BASE": ""}, "HSA_DIRECTORY_PERSON_BASE"),
        ({"HSA_DIRECTORY_UNIT_BASE": ""}, "HSA_DIRECTORY_UNIT_BASE"),
    ],
)
def test_a_second_directory_in_production_is_whole_and_encrypted(variables, name, tmp_path):
    second = {
        "HSA_DIRECTORY_URL": "ldaps://hsa.invalid",
        "HSA_DIRECTORY_BIND_DN": "cn=reader,o=invalid",
        "HSA_DIRECTORY_BIND_PASSWORD": "not-a-real-one",
        "HSA_DIRECTORY_PERSON_BASE": "ou=people,o=invalid",
        "HSA_DIRECTORY_UNIT_BASE": "ou=units,o=invalid",
    }
    assert read_settings({**PRODUCTION, **second}, tmp_path).HSA_DIRECTORY_URL
    wrong = {**second, **variables} if variables else {"HSA_DIRECTORY_URL": second["HSA_DIRECTORY_URL"]}
    with pytest.raises(ImproperlyConfigured, match=name):
        read_settings({**PRODUCTION, **wrong}, tmp_path)


def test_a_national_directory_elsewhere_switches_the_demo_off_too(tmp_path):
    assert not read_settings({"HSA_DIRECTORY_URL": "ldaps://hsa.invalid"}, tmp_path).IS_DEMO
    assert read_settings({"HSA_DIRECTORY_URL": "ldap://127.0.0.1:4001"}, tmp_path).IS_DEMO


def test_each_of_several_directory_addresses_must_be_good_enough(tmp_path):
    both = "ldaps://one.invalid, ldaps://two.invalid:636"
    read = read_settings({**PRODUCTION, "DIRECTORY_URL": both}, tmp_path)
    assert both == read.DIRECTORY_URL
    with pytest.raises(ImproperlyConfigured, match="DIRECTORY_URL"):
        read_settings({**PRODUCTION, "DIRECTORY_URL": "ldaps://one.invalid,ldap://two.invalid"}, tmp_path)
    mixed = "ldap://127.0.0.1:4001,ldap://two.invalid"
    assert not read_settings({"DIRECTORY_URL": mixed}, tmp_path).IS_DEMO


def test_a_key_without_a_certificate_stops_the_start(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="DIRECTORY_KEY_FILE"):
        read_settings({**PRODUCTION, "DIRECTORY_KEY_FILE": "key.pem"}, tmp_path)


def test_starttls_makes_a_plain_directory_address_good_enough(tmp_path):
    variables = {**PRODUCTION, "DIRECTORY_URL": "ldap://directory.invalid", "DIRECTORY_STARTTLS": "true"}
    assert read_settings(variables, tmp_path).DIRECTORY_STARTTLS


@pytest.mark.parametrize(
    "name",
    [
        "DEMO_LOGIN",
        "DEMO_ANYTHING",
        "MOCK_KIV_BIND_DN",
        "MOCK_KIV_BIND_PASSWORD",
        "MOCK_KIV_BIND_PASSWORD_FILE",
    ],
)
def test_production_does_not_start_beside_a_demo_variable(name, tmp_path):
    with pytest.raises(ImproperlyConfigured, match=name):
        read_settings({**PRODUCTION, name: "1"}, tmp_path)


@pytest.mark.parametrize("name", ["ALLOWED_HOSTS", "DATABASE_URL", "EMAIL_HOST", "REDIS_URL", "SITE_URL"])
def test_the_demo_does_not_start_beside_a_production_setting(name, tmp_path):
    with pytest.raises(ImproperlyConfigured, match=name):
        read_settings({name: PRODUCTION[name]}, tmp_path)


def test_the_demo_may_use_real_servers_on_this_machine(tmp_path):
    settings = read_settings(
        {"DATABASE_URL": "postgresql://user@127.0.0.1:5433/name", "REDIS_URL": "redis://localhost:6379"},
        tmp_path,
    )
    assert settings.IS_DEMO
    assert settings.DATABASES["default"]["HOST"] == "127.0.0.1"


@pytest.mark.parametrize(
    "url",
    [
        "ldaps://directory.invalid",
        "ldap://10.0.0.1",
        "ldap://127.0.0.1.evil.invalid",
        "ldap://localhost.evil",
    ],
)
def test_a_directory_elsewhere_switches_everything_of_the_demo_off(url, tmp_path):
    settings = read_settings({"DIRECTORY_URL": url}, tmp_path)
    assert not settings.IS_DEMO
    assert not settings.IS_PRODUCTION


@pytest.mark.parametrize(
    "url", ["ldap://127.0.0.1:4000", "ldaps://localhost", "ldap://[::1]:389", "ldapi:///run/ldapi"]
)
def test_another_directory_on_this_machine_leaves_the_demo_on(url, tmp_path):
    settings = read_settings({"DIRECTORY_URL": url}, tmp_path)
    assert settings.IS_DEMO
    assert settings.DIRECTORY_BIND_DN == ""
    assert not settings.IS_OWN_DIRECTORY


def listed_names():
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    return [match.group(1) for line in lines if (match := re.match(r"#?([A-Z][A-Z0-9_]*)=", line))]


def test_variables_that_are_read_and_that_are_listed_are_the_same(tmp_path):
    listed = listed_names()
    assert len(listed) == len(set(listed))
    assert set(listed) == set(read_settings({}, tmp_path).ENV_NAMES)


def test_each_listed_variable_has_a_comment_above_it():
    is_explained = False
    for line in (ROOT / ".env.example").read_text(encoding="utf-8").splitlines():
        if not line.strip():
            is_explained = False
        elif line.startswith("# "):
            is_explained = True
        else:
            assert is_explained or re.match(r"#?[A-Z_]+=", line), line


def test_the_defaults_in_the_list_are_the_defaults_in_the_settings(tmp_path):
    lines = (ROOT / ".env.example").read_text(encoding="utf-8").splitlines()
    shown = dict(match.groups() for line in lines if (match := re.match(r"#([A-Z_]+)=(.+)", line)))
    shown.pop("VAR_DIR")
    assert len(shown) > 10
    as_default = vars(read_settings({}, tmp_path))
    as_shown = vars(read_settings(shown, tmp_path))
    for name in sorted(as_default):
        if name.isupper() and name not in ("ENV_NAMES", "CONTENT_SECURITY_POLICY", "LANGUAGES"):
            assert as_shown[name] == as_default[name], name


def test_settings_are_read_without_touching_the_machines_variables(tmp_path):
    before = dict(os.environ)
    read_settings(PRODUCTION, tmp_path)
    assert dict(os.environ) == before


@pytest.mark.parametrize("words", [["attest", "none"], ["everything"], ["Attest"], [""]], ids=str)
def test_an_unknown_decision_stops_the_start(words):
    with pytest.raises(ImproperlyConfigured, match="OIDC_STEP_UP"):
        modes.step_up(words)


def test_decisions_that_ask_for_the_card_can_be_none():
    assert modes.step_up(["none"]) == ()
    assert modes.step_up(["attest", "delegate"]) == ("attest", "delegate")
    assert modes.step_up(["prolong", "review", "end", "settle"]) == ("prolong", "review", "end", "settle")
