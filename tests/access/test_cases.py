"""Who sees a case, and what of it."""

from __future__ import annotations

import pytest

from provisioning import access
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)


def test_nobody_sees_what_is_not_theirs(directory):
    request = acts.order()
    acts.work()
    for who in (cast.HEAD, cast.COORDINATOR, cast.KIV_ADMINISTRATOR, cast.KIV_ADMINISTRATOR_ABOVE):
        assert access.visible_requests(acts.user(who)).filter(pk=request.pk).exists(), who
    for who in (cast.OUTSIDER, cast.DOCTOR, cast.PROCESS_LEADER):
        assert not access.visible_requests(acts.user(who)).exists(), who


def test_an_auditor_reads_everything(directory, settings):
    request = acts.order()
    settings.AUDITORS = ()
    assert not access.visible_requests(acts.user(cast.AUDITOR)).exists()
    settings.AUDITORS = (cast.AUDITOR.text,)
    assert access.visible_requests(acts.user(cast.AUDITOR)).get() == request


def test_only_handlers_of_the_case_see_a_protected_persons_name(directory):
    request = acts.order(person_id=cast.PROTECTED)
    acts.work()
    request.refresh_from_db()
    assert request.subject_is_protected
    assert access.may_read_name(acts.user(cast.HEAD), request)
    assert access.may_read_name(acts.user(cast.KIV_ADMINISTRATOR), request)
    assert not access.may_read_name(acts.user(cast.AUDITOR), request)
    assert not access.may_read_name(acts.user(cast.HEAD_ABOVE), request)
