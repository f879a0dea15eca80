"""A session that is gone when it is to be saved: the log-in page; a database that is away: try again."""

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import InterfaceError, OperationalError

from provisioning.pages.middleware import session_limits
from tests import cast

pytestmark = pytest.mark.django_db
IS_NOTED = session_limits.NOTED_EVERY_SECONDS + 1


@pytest.fixture
def saving(enter, monkeypatch):
    """A log-in whose next page saves the session, after the given has happened."""
    client = enter(cast.HEAD)
    client.get("/")
    client.raise_request_exception = False
    late = session_limits.time.time() + IS_NOTED
    monkeypatch.setattr(session_limits.time, "time", lambda: late)

    def instead_of(act):
        plain = SessionStore.save

        def save(store, must_create=False):
            act()
            plain(store, must_create=must_create)

        monkeypatch.setattr(SessionStore, "save", save)
        return client

    return instead_of


@pytest.mark.parametrize(
    ("method", "leads_to"), [("get", "/logga-in/?next=/arenden/"), ("post", "/logga-in/?next=/")]
)
def test_a_session_ended_elsewhere_meanwhile_leads_to_the_log_in(saving, method, leads_to):
    client = saving(lambda: Session.objects.all().delete())
    answer = getattr(client, method)("/arenden/")
    assert (answer.status_code, answer.headers.get("Location")) == (302, leads_to)


@pytest.mark.parametrize("fault", [OperationalError, InterfaceError])
def test_a_database_that_goes_before_the_session_is_saved_is_503(saving, fault, monkeypatch):
    def away():
        monkeypatch.setattr(Session, "save", raising(fault))

    answer = saving(away).get("/arenden/")
    assert answer.status_code == 503
    assert answer["Retry-After"]


def raising(fault):
    def save(*_given, **_named):
        raise fault("the database is away")

    return save
