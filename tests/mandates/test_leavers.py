"""Whoever has left acts no more: at log-in, among those who are asked, at each act, and for notices."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.urls import reverse

from provisioning.cases import candidates
from provisioning.directory import open_directory
from provisioning.errors import Invalid, NotAllowed
from provisioning.login import facts
from provisioning.mandates import current, delegations
from provisioning.models import AuditEntry, Grant, Notice
from provisioning.rights import notices
from provisioning.rules.mandates import Delegable
from provisioning.rules.states.request import RequestState
from tests import acts, cast
from tests.findings import drifting
from tests.mandates import delegating
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

WAYS_OUT = ("ended", "archived")


@pytest.fixture(autouse=True)
def _no_copies():
    cache.clear()


def leave(kiv, hsa_id, how="ended"):
    """The employment ends, or the entry is archived; units name the person as before."""
    person = open_directory().person(hsa_id)
    if how == "ended":
        drifting.replace(kiv, person.dn, "hsaEndDate", ["20240101000000Z"])
    else:
        kiv.add_value(person.dn, "objectClass", "hsaArchivedObject")
    cache.clear()


def ids(asked):
    return {one.person.hsa_id for one in asked}


@pytest.mark.parametrize("how", WAYS_OUT)
def test_a_person_who_has_left_does_not_log_in(directory, kiv, how):
    facts.accept(cast.HEAD, how="test")
    leave(kiv, cast.HEAD, how)

    with pytest.raises(NotAllowed) as refused:
        facts.accept(cast.HEAD, how="test")
    assert refused.value.code == f"person.{how}"
    assert AuditEntry.objects.filter(action="login.refused", data__code=f"person.{how}").exists()


def test_the_last_day_of_employment_still_counts(directory, kiv):
    from provisioning import dates

    today = dates.today().strftime("%Y%m%d")
    drifting.replace(kiv, open_directory().person(cast.HEAD).dn, "hsaEndDate", [f"{today}110000Z"])

    assert facts.accept(cast.HEAD, how="test").identity == cast.HEAD
    assert cast.BJORKHAGA in current.read(cast.HEAD).unit_ids


@pytest.mark.parametrize("how", WAYS_OUT)
def test_a_head_who_has_left_is_not_asked_and_the_next_head_is(directory, kiv, how):
    unit = open_directory().unit(cast.BJORKHAGA)
    assert ids(candidates.attesters(open_directory(), unit, subject_id=cast.COORDINATOR)) == {cast.HEAD}
    leave(kiv, cast.HEAD, how)

    asked = candidates.attesters(open_directory(), unit, subject_id=cast.COORDINATOR)
    assert ids(asked) == {cast.HEAD_ABOVE}


@pytest.mark.parametrize("how", WAYS_OUT)
def test_a_kiv_administrator_who_has_left_is_not_asked(directory, kiv, how):
    dn = open_directory().unit(cast.BJORKHAGA).dn
    before = {one.hsa_id for one in candidates.kiv_administrators(open_directory(), dn, excluded=[])}
    assert cast.KIV_ADMINISTRATOR in before
    leave(kiv, cast.KIV_ADMINISTRATOR, how)

    after = {one.hsa_id for one in candidates.kiv_administrators(open_directory(), dn, excluded=[])}
    assert after == before - {cast.KIV_ADMINISTRATOR}


def test_a_provider_head_who_has_left_is_no_second_attester(directory, kiv):
    provider = open_directory().provider(cast.PROVIDER)
    assert cast.PROVIDER_HEAD in {
        one.hsa_id for one in candidates.mandate_holders(open_directory(), provider)
    }
    leave(kiv, cast.PROVIDER_HEAD)

    holders = candidates.mandate_holders(open_directory(), provider)
    assert cast.PROVIDER_HEAD not in {one.hsa_id for one in holders}


def test_a_mandate_from_the_settings_ends_with_the_employment(directory, kiv, settings):
    settings.PROVIDER_MANDATES = {cast.PROVIDER.text: [cast.AUDITOR.text]}
    holder = acts.user(cast.AUDITOR)
    assert cast.PROVIDER in current.read(cast.AUDITOR).provider_ids(holder)
    leave(kiv, cast.AUDITOR)

    assert current.read(cast.AUDITOR).provider_ids(holder) == frozenset()


@pytest.mark.parametrize("who", [cast.HEAD, cast.KIV_ADMINISTRATOR, cast.PROVIDER_HEAD])
def test_a_person_who_has_left_holds_no_mandate(directory, kiv, who):
    before = current.read(who)
    assert before.units or before.managed_dns or before.providers
    leave(kiv, who)

    after = current.read(who)
    assert after.has_left
    assert not (after.units or after.managed_dns or after.providers or after.delegated)


def test_a_head_who_has_left_attests_nothing_that_waits(directory, kiv):
    request = acts.order(by=cast.COORDINATOR)
    acts.work()
    leave(kiv, cast.HEAD)

    with pytest.raises(NotAllowed):
        acts.attest(request, cast.HEAD)
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_ATTESTATION


def test_an_administrator_who_has_left_reports_nothing_done(directory, kiv):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.AWAITING_KIV
    leave(kiv, cast.KIV_ADMINISTRATOR)

    with pytest.raises(NotAllowed):
        acts.report_done(request)
    request.refresh_from_db()
    assert request.carried_out_by is None


def test_a_delegation_does_not_count_when_its_giver_has_left(directory, kiv):
    delegating.give(kinds=(Delegable.ORDERING, Delegable.ATTESTING))
    assert current.read(cast.DELEGATE).delegated
    leave(kiv, cast.HEAD)

    assert not current.read(cast.DELEGATE).delegated
    unit = open_directory().unit(cast.BJORKHAGA)
    assert cast.DELEGATE not in ids(candidates.attesters(open_directory(), unit, subject_id=cast.COORDINATOR))


def test_a_head_who_has_left_delegates_nothing(directory, kiv):
    leave(kiv, cast.HEAD)

    with pytest.raises(NotAllowed):
        delegating.give()


def test_nothing_is_delegated_to_somebody_who_has_left(directory, kiv):
    leave(kiv, cast.DELEGATE)
    wanted = delegating.wish()
    giver = acts.user(cast.HEAD)

    with pytest.raises(Invalid):
        delegations.give(wanted, delegations.look_up(wanted, by=giver), by=giver)


def test_an_open_session_ends_with_the_employment(directory, kiv, enter):
    browser = enter(cast.HEAD)
    assert browser.get(reverse("start")).status_code == 200
    leave(kiv, cast.HEAD)

    answer = browser.get(reverse("start"))
    assert answer.status_code == 302
    assert reverse("login") in answer["Location"]
    assert AuditEntry.objects.filter(actor_id=cast.HEAD.folded, data__code="person.ended").count() == 1


def test_a_person_who_is_not_seen_is_logged_out_by_a_second_look(directory, kiv, enter):
    browser, store, before = enter(cast.HEAD), directory.store, directory.store.copy()
    dn = open_directory().person(cast.HEAD).dn
    assert browser.get(reverse("start")).status_code == 200
    store.delete(dn)
    assert [start_page_after(browser, seconds) for seconds in (0, 0, 290)] == [200, 200, 200]
    assert not current.read(cast.HEAD).units
    for name in ("_entries", "_children", "_equal", "_sorted"):
        setattr(store, name, getattr(before, name))
    assert start_page_after(browser, 20) == 200

    store.delete(dn)
    assert [start_page_after(browser, seconds) for seconds in (0, 290, 20)] == [200, 200, 302]
    assert AuditEntry.objects.filter(actor_id=cast.HEAD.folded, data__code="person.ended").count() == 1


def start_page_after(browser, seconds):
    """As if so many seconds had passed since the last look, of which no copy is left."""
    cache.clear()
    session = browser.session
    if "session.missed_at" in session:
        session["session.missed_at"] -= seconds
        session.save()
    return browser.get(reverse("start")).status_code


def test_a_silent_directory_ends_no_session(directory, kiv, enter):
    browser = enter(cast.HEAD)
    acts.silence(directory, "busy")

    assert browser.get(reverse("cases")).status_code == 200


def test_the_head_above_hears_of_a_right_whose_head_has_left(directory, kiv):
    grant = life.nearly_over(life.granted(kiv), days_left=5)
    Grant.objects.filter(pk=grant.pk).update(noticed_on=None)
    leave(kiv, cast.HEAD)

    notices.give_notices(open_directory())
    told = set(Notice.objects.values_list("recipient_key", flat=True))
    assert cast.HEAD_ABOVE.folded in told
    assert cast.HEAD.folded not in told
