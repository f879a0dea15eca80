"""After a test with real transactions nothing of it is left, and the guards stand."""

import pytest
from django.contrib.auth.models import Permission
from django.test import TransactionTestCase

from provisioning.audit import guards
from provisioning.models import AuditEntry, User
from tests import cast, emptying
from tests.audit import chains

pytestmark = pytest.mark.django_db(transaction=True)


def test_rows_go_that_the_guards_would_keep_and_the_guards_stand_again():
    from django.db import connection

    User.objects.seen(cast.HEAD, name="Chef")
    assert "provisioning_user" in emptying.filled_tables()
    chains.record(1)
    emptying.empty(TransactionTestCase("run"))
    assert emptying.filled_tables() == set()
    assert not AuditEntry.objects.exists()
    assert guards.missing(connection) == set()


def test_guards_that_a_test_took_away_stand_again():
    from django.db import connection

    guards.remove(connection)
    emptying.empty(TransactionTestCase("run"))
    assert guards.missing(connection) == set()


def test_permissions_that_a_test_took_away_are_made_anew():
    names = set(Permission.objects.values_list("codename", flat=True))
    Permission.objects.all().delete()
    emptying.empty(TransactionTestCase("run"))
    assert set(Permission.objects.values_list("codename", flat=True)) == names
    assert names
