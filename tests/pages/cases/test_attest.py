"""The attest page: who may, what is shown before the decision, both answers, and what stands in the way."""

from __future__ import annotations

import pytest
from django.urls import reverse

from provisioning import directory as provisioning_directory
from provisioning.models import AuditEntry
from provisioning.rules import hsa
from provisioning.rules.hsa import Level, Service
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.pages.reading import beside, form_of, text_of

pytestmark = pytest.mark.django_db


def address(request):
    return reverse("attest", args=[request.public_id])


@pytest.fixture
def wish(directory):
    """The coordinator asks for own access; the head of unit attests."""
    return acts.order(by=cast.COORDINATOR)


@pytest.fixture
def process_leader(directory):
    return acts.order(
        by=cast.DOCTOR,  # has a commission with the provider, so a head of unit there who attests first
        person_id=cast.DOCTOR,
        service=Service.INTYGSSTATISTIK,
        level=Level.PROVIDER,
        units=(cast.PROVIDER,),
    )


def decide(client, request, **answers):
    """Open the page and answer it as a browser would."""
    page = client.get(address(request))
    return client.post(address(request), form_of(page) | {name: [value] for name, value in answers.items()})


def test_everything_that_is_decided_upon_is_on_the_page(enter, wish):
    page = enter(cast.HEAD).get(address(wish))

    words = text_of(page)
    for shown in (wish.subject_name, wish.subject_hsa_id, "Rehabstöd", wish.unit_name, acts.NEED, acts.RISK):
        assert shown in words
    assert "The person lacks the system role that the service asks for." in words
    assert "decision" not in form_of(page)  # nothing is chosen beforehand


def test_the_directory_is_read_again_when_the_page_opens(enter, wish, kiv):
    from provisioning.rules.hsa import Attribute

    dn = provisioning_directory.open_directory().person(cast.COORDINATOR).dn
    kiv.add_value(dn, Attribute.SYSTEM_ROLE, "INTYG;Rehab-" + cast.BJORKHAGA.text)
    words = text_of(enter(cast.HEAD).get(address(wish)))

    assert "as a rehabilitation coordinator, who sees the whole unit" in words
    assert "The person lacks the system role" not in words


def test_the_head_of_unit_attests_and_the_case_goes_on(enter, wish):
    answer = decide(enter(cast.HEAD), wish, decision="attest", reason="Rätt person för uppdraget.")

    wish.refresh_from_db()
    assert answer["Location"] == reverse("case", args=[wish.public_id])
    assert wish.current_state is RequestState.CHECKING
    assert wish.attester_id == cast.HEAD.folded
    assert wish.attestation_comment == "Rätt person för uppdraget."


def test_the_warnings_that_were_shown_are_kept_with_the_attestation(enter, directory):
    request = acts.order(by=cast.DOCTOR, person_id=cast.DOCTOR)
    decide(enter(cast.HEAD), request, decision="attest")

    entry = AuditEntry.objects.get(action="request.attested", request=request)
    assert "effect.doctor_becomes_coordinator" in entry.data["shown"]


def test_a_warning_that_was_not_shown_stops_the_attestation_and_is_shown(enter, directory):
    request = acts.order(by=cast.DOCTOR, person_id=cast.DOCTOR)
    page = enter(cast.HEAD).post(address(request), {"decision": "attest", "shown": "forged"})

    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_ATTESTATION
    words = text_of(page)
    assert "There is a new warning" in words
    assert "acts as rehabilitation coordinator" in words


def test_the_head_of_unit_rejects_with_a_reason_that_the_orderer_reads(enter, wish):
    decide(enter(cast.HEAD), wish, decision="reject", reason="Har ett annat uppdrag nu.")

    wish.refresh_from_db()
    assert wish.current_state is RequestState.REJECTED
    assert "Har ett annat uppdrag nu." in text_of(
        enter(cast.COORDINATOR).get(reverse("case", args=[wish.public_id]))
    )


def test_a_rejection_without_a_reason_is_refused_beside_the_field(enter, wish):
    page = decide(enter(cast.HEAD), wish, decision="reject", reason="  ")

    wish.refresh_from_db()
    assert page.status_code == 400
    assert "Write why you reject the order." in beside(page, "reason")
    assert form_of(page)["decision"] == ["reject"]
    assert wish.current_state is RequestState.AWAITING_ATTESTATION


def test_no_decision_is_no_decision(enter, wish):
    page = decide(enter(cast.HEAD), wish, reason="Ja")

    assert "Choose whether you approve or reject." in beside(page, "decision")
    assert form_of(page)["reason"] == ["Ja"]
    wish.refresh_from_db()
    assert wish.current_state is RequestState.AWAITING_ATTESTATION


@pytest.mark.parametrize("person", [cast.COORDINATOR, cast.OUTSIDER, cast.KIV_ADMINISTRATOR, cast.AUDITOR])
def test_nobody_but_the_attester_meets_the_page(enter, wish, settings, person):
    settings.AUDITORS = (cast.AUDITOR.text,)
    client = enter(person)

    assert client.get(address(wish)).status_code == 404
    assert client.post(address(wish), {"decision": "attest"}).status_code == 404
    wish.refresh_from_db()
    assert wish.current_state is RequestState.AWAITING_ATTESTATION


def test_a_second_click_comes_to_the_case_and_says_that_it_has_moved_on(enter, wish):
    client = enter(cast.HEAD)
    decide(client, wish, decision="attest")
    again = client.post(address(wish), {"decision": "reject", "reason": "Ångrade mig"}, follow=True)

    wish.refresh_from_db()
    assert wish.current_state is RequestState.CHECKING
    assert again.redirect_chain[-1][0] == reverse("case", args=[wish.public_id])
    assert "the case has changed" in text_of(again)


def test_a_silent_directory_decides_nothing_and_keeps_what_was_written(enter, wish, directory):
    client = enter(cast.HEAD)
    filled = form_of(client.get(address(wish))) | {"decision": ["attest"], "reason": ["Rätt person."]}
    directory.faults.drop_connections = -1
    page = client.post(address(wish), filled)

    wish.refresh_from_db()
    assert wish.current_state is RequestState.AWAITING_ATTESTATION
    assert page.status_code in (200, 503)
    assert form_of(page)["reason"] == ["Rätt person."]
    assert "does not answer" in text_of(page)


def test_a_mandate_that_ended_in_between_is_refused_with_a_way_back(enter, wish, monkeypatch):
    from provisioning.mandates.current import Mandates

    client = enter(cast.HEAD)
    monkeypatch.setattr("provisioning.pages.cases.attest.current.read", lambda _id: Mandates())
    answer = decide(client, wish, decision="attest")

    assert answer.status_code == 403
    assert "Your mandate may have ended." in text_of(answer)
    assert reverse("case", args=[wish.public_id]) in answer.content.decode()


def test_a_process_leader_is_attested_by_two_different_persons(enter, process_leader):
    first = hsa.HsaId(process_leader.handlers.get().person_hsa_id)
    decide(enter(first), process_leader, decision="attest")
    process_leader.refresh_from_db()
    assert process_leader.current_state is RequestState.AWAITING_SECOND_ATTESTATION

    holder = enter(cast.PROVIDER_HEAD)
    assert "second approver" in text_of(holder.get(address(process_leader)))
    assert enter(first).get(address(process_leader)).status_code == 404
    decide(holder, process_leader, decision="attest")
    process_leader.refresh_from_db()
    assert process_leader.current_state is RequestState.CHECKING
    assert process_leader.second_attester_id == cast.PROVIDER_HEAD.folded


def test_without_a_second_attester_the_first_attestation_is_not_made(enter, process_leader, monkeypatch):
    first = hsa.HsaId(process_leader.handlers.get().person_hsa_id)
    monkeypatch.setattr("provisioning.cases.candidates.mandate_holders", lambda *a, **k: ())
    page = decide(enter(first), process_leader, decision="attest", reason="Ja")

    process_leader.refresh_from_db()
    assert page.status_code == 400
    assert "Nobody else is responsible for the care provider" in text_of(page)
    assert process_leader.current_state is RequestState.AWAITING_ATTESTATION
    assert process_leader.attester_id is None
    assert form_of(page)["reason"] == ["Ja"]
