"""Messages are delivered, and one that cannot be stops no other."""

from __future__ import annotations

import pytest

from provisioning.models import OutgoingMessage
from tests import acts, cast

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_missing_mail_address_is_shown_and_stops_no_other_mail(directory, kiv):
    request = acts.order(person_id=cast.PROTECTED)
    acts.work()
    request.refresh_from_db()
    kiv.add_value(request.changes[0]["dn"], "hsaSystemRole", request.changes[0]["add"])
    acts.work()
    acts.send_mails()
    state = dict(OutgoingMessage.objects.filter(kind="done").values_list("recipient_key", "state"))
    assert state == {cast.PROTECTED.folded: "no_address", cast.HEAD.folded: "sent"}
