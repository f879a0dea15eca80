"""Four eyes by human, not by HSA-id: whoever has two ids decides about neither with the other."""

from __future__ import annotations

import pytest

from provisioning import access, dates
from provisioning.directory import open_directory
from provisioning.errors import DirectoryError, Invalid, NotAllowed
from provisioning.findings import settle, tell
from provisioning.mandates import current
from provisioning.models import Decision, Delegation, Finding, Handler, OutgoingMessage
from provisioning.reviews import ask, end
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.hsa import Attribute, HsaId, Level, Service
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import GrantState
from tests import acts, cast
from tests.findings import drifting
from tests.mandates import delegating
from tests.reviews import sitting
from tests.rights import life
from workflows.sweeps import reviews

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER = "personalIdentityNumber"


def are_one_human(kiv, one: HsaId, other: HsaId) -> None:
    """From now on the directory shows one human behind both ids."""
    persons = open_directory().persons([one, other])
    (number,) = kiv.values(persons[one].dn, NUMBER)
    for old in kiv.values(persons[other].dn, NUMBER):
        kiv.remove_value(persons[other].dn, NUMBER, old)
    kiv.add_value(persons[other].dn, NUMBER, number)


def asked(case) -> set[HsaId]:
    return {HsaId(row.person_hsa_id) for row in Handler.objects.all() if row in case.handlers.all()}


# -- attesting -----------------------------------------------------------------------------------------------


def test_an_order_for_an_own_other_id_goes_to_the_head_above(directory, kiv):
    are_one_human(kiv, cast.HEAD, cast.COORDINATOR)
    request = acts.order(by=cast.HEAD, person_id=cast.COORDINATOR)
    assert (request.current_state, request.attester) == (RequestState.AWAITING_ATTESTATION, None)
    assert asked(request) == {cast.HEAD_ABOVE}
    acts.attest(request, cast.HEAD_ABOVE)
    request.refresh_from_db()
    assert request.attester_id == cast.HEAD_ABOVE.folded


def test_an_order_from_the_other_id_is_not_attested_by_the_first(directory, kiv):
    are_one_human(kiv, cast.HEAD, cast.COORDINATOR)
    request = acts.order(by=cast.COORDINATOR, person_id=cast.COORDINATOR)
    assert asked(request) == {cast.HEAD_ABOVE}


def test_an_attester_found_to_be_the_subject_is_refused_at_the_act(directory, kiv):
    request = acts.order(by=cast.COORDINATOR, person_id=cast.COORDINATOR)
    assert asked(request) == {cast.HEAD}
    are_one_human(kiv, cast.HEAD, cast.COORDINATOR)
    with pytest.raises(NotAllowed):
        acts.attest(request, cast.HEAD)
    request.refresh_from_db()
    assert (request.current_state, request.attester) == (RequestState.AWAITING_ATTESTATION, None)


def test_a_delegate_who_is_the_subject_by_another_id_is_not_asked(directory, kiv):
    are_one_human(kiv, cast.DELEGATE, cast.COORDINATOR)
    delegating.give(kinds=[Delegable.ATTESTING])
    request = acts.order(by=cast.COORDINATOR, person_id=cast.COORDINATOR)
    assert asked(request) == {cast.HEAD}


def test_nobody_delegates_to_ones_own_other_id(directory, kiv):
    are_one_human(kiv, cast.HEAD, cast.DELEGATE)
    with pytest.raises(Invalid) as refused:
        delegating.give()
    assert refused.value.field == "who"
    assert not Delegation.objects.exists()


def test_the_first_attester_is_not_the_second_by_another_id(directory, kiv, settings):
    settings.PROVIDER_MANDATES = {cast.PROVIDER.text: [cast.OUTSIDER.text]}
    are_one_human(kiv, cast.HEAD, cast.OUTSIDER)
    request = acts.order(
        by=cast.HEAD,
        person_id=cast.PROCESS_LEADER,
        service=Service.INTYGSSTATISTIK,
        level=Level.PROVIDER,
        units=[cast.PROVIDER],
    )
    assert request.current_state is RequestState.AWAITING_SECOND_ATTESTATION
    assert asked(request) == {cast.PROVIDER_HEAD}
    asked_instead(request, cast.OUTSIDER)
    with pytest.raises(NotAllowed):
        acts.attest(request, cast.OUTSIDER)


def asked_instead(case, who: HsaId) -> None:
    """Somebody else has the case, as a row of their own: no act changes whose a row is."""
    row = case.handlers.get()
    row.delete()
    row.pk, row.person_key, row.person_hsa_id = None, who.folded, who.text
    row.save()


# -- carrying out --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("in_the_case", [cast.COORDINATOR, cast.HEAD])
def test_neither_subject_nor_attester_carries_out_by_another_id(directory, kiv, in_the_case):
    are_one_human(kiv, cast.KIV_ADMINISTRATOR, in_the_case)
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    assert asked(request) == {cast.KIV_ADMINISTRATOR_ABOVE}
    asked_instead(request, cast.KIV_ADMINISTRATOR)  # as if asked before the directory showed it
    with pytest.raises(NotAllowed):
        acts.report_done(request, cast.KIV_ADMINISTRATOR)
    request.refresh_from_db()
    assert (request.current_state, request.carried_out_by) == (RequestState.AWAITING_KIV, None)


def test_nobody_removes_the_right_of_ones_own_other_id(directory, kiv):
    grant = life.granted(kiv)
    are_one_human(kiv, cast.KIV_ADMINISTRATOR, cast.COORDINATOR)
    removal = life.with_kiv(life.removal_by_head(grant))
    assert asked(removal) == {cast.KIV_ADMINISTRATOR_ABOVE}
    asked_instead(removal, cast.KIV_ADMINISTRATOR)
    with pytest.raises(NotAllowed):
        life.report_done(removal)
    removal.refresh_from_db()
    assert removal.carried_out_by is None


def test_the_head_does_not_keep_the_right_of_an_own_other_id(directory, kiv):
    grant = life.granted(kiv)
    drifting.uncouple(kiv, cast.COORDINATOR, cast.BJORKHAGA)
    drifting.couple(kiv, cast.COORDINATOR, cast.EKLIDEN)
    drifting.swept()
    removal = life.with_kiv(grant.removals.get())
    are_one_human(kiv, cast.HEAD, cast.COORDINATOR)
    assert not access.may_take_back(acts.user(cast.HEAD), removal)
    with pytest.raises(NotAllowed):
        life.withdraw(removal, cast.HEAD, reason="Arbetar på båda enheterna.")
    grant.refresh_from_db()
    assert grant.current_state is GrantState.ENDING


# -- reviewing -----------------------------------------------------------------------------------------------


def test_the_head_above_reviews_the_right_of_a_heads_other_id(directory, kiv, monkeypatch):
    monkeypatch.setattr("provisioning.rules.dates.deadlines.is_working_day", lambda day: True)
    own, other = life.granted(kiv), life.statistics(kiv, person_id=cast.DOCTOR)
    are_one_human(kiv, cast.HEAD, cast.COORDINATOR)
    review = sitting.opened(own, other)
    assert sitting.waits_for(cast.HEAD) == {other.pk}
    assert sitting.waits_for(cast.HEAD_ABOVE) == {own.pk}
    with pytest.raises(NotAllowed):
        sitting.decide(review, {own: Decision.KEEP}, by=cast.HEAD)
    sitting.decide(review, {other: Decision.KEEP}, by=cast.HEAD)
    assert ask.send_notices(dates.today()) == 1, "the head has nothing left"
    told = OutgoingMessage.objects.get(kind="review_waits")
    assert told.recipient_key == cast.HEAD_ABOVE.folded
    sitting.decide(review, {own: Decision.KEEP}, by=cast.HEAD_ABOVE)
    review.refresh_from_db()
    assert not review.is_open


def test_silence_about_it_counts_only_when_somebody_else_was_told(directory, kiv, settings):
    settings.REVIEW_UNDECIDED = "remove"
    settings.OPERATORS = (cast.AUDITOR.text,)
    own = life.granted(kiv)
    are_one_human(kiv, cast.HEAD, cast.COORDINATOR)
    review = sitting.opened(own)
    sitting.has_lasted(review)
    review.reviewers.filter(person_key=cast.HEAD_ABOVE.folded).delete()
    end.end(review.pk, on=dates.today(), start=_not_started)
    assert sitting.item(review, own).decision == ""
    assert OutgoingMessage.objects.filter(kind="review_stuck").exists()


def test_the_subject_loses_the_right_from_the_inbox_for_a_while(directory, kiv):
    grant = life.granted(kiv)
    sitting.opened(grant)
    are_one_human(kiv, cast.HEAD, cast.COORDINATOR)
    reviews.ask_around(open_directory())
    assert sitting.waits_for(cast.HEAD) == set()
    are_one_human(kiv, cast.DOCTOR, cast.COORDINATOR)
    reviews.ask_around(open_directory())
    assert sitting.waits_for(cast.HEAD) == {grant.pk}
    assert sitting.waits_for(cast.HEAD_ABOVE) == set()


# -- findings ------------------------------------------------------------------------------------------------


def test_nobody_sees_or_settles_a_finding_about_an_own_other_id(directory, kiv):
    grant = life.granted(kiv)
    kiv.remove_value(grant.person_dn, Attribute.SYSTEM_ROLE, life.ROLE)
    are_one_human(kiv, cast.HEAD, cast.COORDINATOR)
    drifting.swept()
    finding = drifting.finding(cast.COORDINATOR, DriftKind.ROLE_MISSING)
    head = acts.user(cast.HEAD)
    assert finding not in access.visible_findings(head)
    with pytest.raises(NotAllowed):
        settle.explain(finding, by=head, mandates=current.read(cast.HEAD), reason="Det ska vara så här.")
    before = list(OutgoingMessage.objects.values_list("pk", flat=True))  # about others
    Finding.objects.filter(pk=finding.pk).update(told_at=None)
    tell.tell(open_directory())
    told = set(OutgoingMessage.objects.exclude(pk__in=before).values_list("recipient_key", flat=True))
    assert told == {cast.HEAD_ABOVE.folded}, "the next head up, who is nobody concerned"
    assert finding in access.visible_findings(acts.user(cast.HEAD_ABOVE))


# -- don't know ----------------------------------------------------------------------------------------------


def test_a_directory_that_does_not_tell_lets_nobody_act(directory, kiv):
    directory.faults.is_busy = True
    with pytest.raises(DirectoryError):
        current.read(cast.HEAD)


def _not_started(removal: object) -> None:
    raise AssertionError("nothing is to be removed")
