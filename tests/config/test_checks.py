"""Demo and production are kept apart by system checks, too, whatever settings say."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpResponse
from django.urls import include, path

from config import checks

HERE = "tests.config.test_checks"


class DemoUrls:
    app_name = "demo"
    urlpatterns = [path("people", lambda request: HttpResponse(), name="people")]


class WithNamespace:
    urlpatterns = [path("demo/", include((DemoUrls.urlpatterns, "demo")))]


class WithName:
    urlpatterns = [
        path("inner/", include([path("login", lambda request: HttpResponse(), name="demo_login")]))
    ]


class Clean:
    urlpatterns = [path("start", lambda request: HttpResponse(), name="start")]


@pytest.fixture
def production(settings):
    settings.IS_DEMO = False
    settings.IS_PRODUCTION = True
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.ROOT_URLCONF = Clean
    return settings


def found():
    return [problem.id for problem in checks.check_modes_apart(None)]


def test_a_demo_on_this_machine_is_in_order():
    assert found() == []


def test_production_without_demo_parts_is_in_order(production):
    assert found() == []
    checks.refuse_mixed_modes()


def test_demo_features_beside_production_are_found(production):
    production.IS_DEMO = True
    assert found() == ["config.E001"]


@pytest.mark.parametrize("is_demo", [True, False])
def test_a_demo_beside_a_directory_elsewhere_is_found(settings, is_demo):
    settings.ROOT_URLCONF = Clean
    settings.IS_DEMO = is_demo
    settings.IS_PRODUCTION = False
    settings.DIRECTORY_URL = "ldaps://directory.invalid"
    assert "config.E002" in found()
    with pytest.raises(ImproperlyConfigured, match="DIRECTORY_URL"):
        checks.refuse_mixed_modes()


def test_a_demo_log_in_beside_production_is_found(production):
    production.AUTHENTICATION_BACKENDS = ["provisioning.demo.DemoBackend"]
    assert found() == ["config.E003"]


def test_mails_to_files_beside_production_are_found(production):
    production.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    assert found() == ["config.E004"]


@pytest.mark.parametrize("addresses", [WithNamespace, WithName])
def test_a_demo_address_beside_production_is_found(production, addresses):
    production.ROOT_URLCONF = addresses
    assert found() == ["config.E005"]


def test_the_demo_addresses_are_there_in_the_demo_and_only_there(settings):
    settings.ROOT_URLCONF = WithNamespace
    assert found() == []
