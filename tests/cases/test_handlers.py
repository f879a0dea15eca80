"""Who may act on a case follows the directory, and its silence takes nobody off."""

from __future__ import annotations

import pytest

from provisioning import directory as provisioning_directory
from provisioning.models import OutgoingMessage
from tests import acts, cast
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)


def test_handlers_follow_the_directory(directory, kiv):
    request = acts.order(by=cast.COORDINATOR)
    unit = provisioning_directory.open_directory().unit(cast.BJORKHAGA)
    kiv.remove_value(unit.dn, "hsaHealthCareUnitManager", cast.HEAD.text)
    kiv.add_value(unit.dn, "hsaHealthCareUnitManager", cast.HEAD_ABOVE.text)
    tasks.sweep_handlers()
    assert list(request.handlers.values_list("person_key", flat=True)) == [cast.HEAD_ABOVE.folded]
    assert OutgoingMessage.objects.filter(kind="attest", recipient_key=cast.HEAD_ABOVE.folded).exists()


def test_a_silent_directory_takes_nobodys_task_away(directory):
    request = acts.order(by=cast.COORDINATOR)
    directory.faults.is_busy = True
    tasks.sweep_handlers()
    assert list(request.handlers.values_list("person_key", flat=True)) == [cast.HEAD.folded]
