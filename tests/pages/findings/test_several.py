"""Several findings with the same cause settled at once, each for itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.models import AccessRequest, Finding
from provisioning.rules.drift.differences import DriftKind
from tests import cast
from tests.findings.drifting import swept
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/avvikelser/flera/"
OUTSIDE = DriftKind.ROLE_OUTSIDE.value
WHY = "Samordnar rehabiliteringen för enhetens sjukskrivna."


@pytest.fixture
def strange(directory) -> list[Finding]:
    """Two of the same cause on the head's unit."""
    swept()
    rows = list(Finding.objects.filter(state="open", unit_key=cast.BJORKHAGA.folded))
    Finding.objects.filter(pk__in=[row.pk for row in rows[:2]]).update(kind=OUTSIDE)
    return list(Finding.objects.filter(state="open", unit_key=cast.BJORKHAGA.folded, kind=OUTSIDE))


def filled(rows, **changes):
    last_day = timezone.localdate() + timedelta(days=200)
    ids = [str(row.public_id) for row in rows]
    return {
        "slag": OUTSIDE,
        "chosen": ids,
        "step": "explain",
        "reason": WHY,
        "ends_on": last_day.isoformat(),
    } | changes


def test_the_list_groups_by_cause_and_leads_to_settling_several(strange, enter):
    assert len(strange) > 1
    head = enter(cast.HEAD)
    shown = head.get("/avvikelser/")
    assert f"Resolve {len(strange)} at once" in text_of(shown)
    assert f"{ADDRESS}?slag={OUTSIDE}" in shown.content.decode()
    page = head.get(ADDRESS, {"slag": OUTSIDE})
    assert page.content.decode().count('name="chosen"') == len(strange)
    assert "checked" not in page.content.decode()  # none is chosen beforehand


def test_those_chosen_are_settled_and_the_others_are_not(strange, enter):
    answer = enter(cast.HEAD).post(ADDRESS, filled(strange[:2]), follow=True)
    assert "2 differences are dealt with." in text_of(answer)
    states = {row.pk: row.state for row in Finding.objects.filter(pk__in=[one.pk for one in strange])}
    assert [states[row.pk] for row in strange[:2]] == ["explained"] * 2
    assert all(states[row.pk] == "open" for row in strange[2:])


def test_an_order_asks_for_the_risks_also_for_several(strange, enter):
    answer = enter(cast.HEAD).post(ADDRESS, filled(strange, step="adopt", risk_statement=""))
    assert answer.status_code == 400
    assert "Write which risks the access brings." in text_of(answer)
    assert not AccessRequest.objects.exists()


def test_nothing_chosen_is_said_and_nothing_is_done(strange, enter):
    answer = enter(cast.HEAD).post(ADDRESS, filled([]))
    assert answer.status_code == 400
    assert "Choose at least one." in text_of(answer)
    assert not Finding.objects.filter(state="explained").exists()


def test_others_settle_none_of_them(strange, enter, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    for person in (cast.OUTSIDER, cast.AUDITOR, cast.DOCTOR):
        client = enter(person)
        assert client.get(ADDRESS, {"slag": OUTSIDE}).status_code == 302
        assert client.post(ADDRESS, filled(strange)).status_code == 302
    assert not Finding.objects.filter(state="explained").exists()
    assert enter(cast.HEAD).get(ADDRESS, {"slag": "nonsense"}).status_code == 302
