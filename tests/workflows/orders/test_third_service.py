"""A service that is not offered from the start goes the whole way, and is found where nobody ordered it."""

from __future__ import annotations

import pytest

from provisioning.models import Finding, Grant
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.hsa import Service
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.findings.drifting import swept

pytestmark = pytest.mark.django_db(transaction=True)

VALUE = f"INTYG;FMU-VARDADMIN-{cast.BJORKHAGA}"


@pytest.fixture(autouse=True)
def all_services(settings):
    settings.SERVICES = [service.value for service in Service]


def test_an_order_for_intygsbestallning_becomes_a_login_that_works(directory, kiv):
    request = acts.order(service=Service.INTYGSBESTALLNING)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert [change["add"] for change in request.changes] == [VALUE]

    acts.set_values(request, kiv)
    acts.work()

    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    assert request.assessment["login"]["units"] == [{"id": cast.BJORKHAGA.text, "role": "FMU_VARDADMIN"}]
    assert Grant.objects.get(requests=request).service == "intygsbestallning"


def test_a_stray_value_is_found_where_the_service_is_offered(directory, kiv, settings):
    settings.SERVICES = ["rehabstod", "intygsstatistik"]
    swept()
    assert not Finding.objects.filter(subject_key=cast.CARE_ADMINISTRATOR.folded).exists()

    settings.SERVICES = [service.value for service in Service]
    swept()

    found = Finding.objects.get(subject_key=cast.CARE_ADMINISTRATOR.folded)
    assert (found.service, found.kind) == ("intygsbestallning", DriftKind.ROLE_OUTSIDE.value)


def test_pages_speak_of_the_service_by_its_name(directory, enter):
    request = acts.order(service=Service.INTYGSBESTALLNING)
    client = enter(cast.HEAD)

    page = client.get(f"/arenden/{request.public_id}/").content.decode()
    form = client.get("/bestall/").content.decode()

    assert "Intygsbeställning: Whole care unit (care administrator)" in page
    assert "Intygsbeställning, whole care unit" in form
