"""The pages of delegations, as people press them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone, translation

from provisioning import dates
from provisioning.models import Delegation
from tests import acts, cast
from tests.mandates import delegating
from tests.pages.reading import form_of, text_of

pytestmark = pytest.mark.django_db(transaction=True)


FORM = "/delegeringar/ny/"


LIST = "/delegeringar/"


def fill(**changes):
    today = timezone.localdate()
    filled = {
        "who": cast.DELEGATE.text,
        "unit": cast.BJORKHAGA.text,
        "kinds": ["attesting"],
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=30)).isoformat(),
        "reason": delegating.REASON,
    }
    return filled | changes


def test_a_head_delegates_and_sees_it_and_so_does_the_delegate(enter):
    head = enter(cast.HEAD)
    answer = head.post(FORM, fill(kinds=["ordering", "attesting"]), follow=True)
    assert answer.redirect_chain[-1][0] == LIST
    text = answer.content.decode()
    assert "Given by you" in text
    assert delegating.REASON in text
    assert set(Delegation.objects.values_list("kind", flat=True)) == {"ordering", "attesting"}
    other = enter(cast.DELEGATE).get(LIST).content.decode()
    assert "Given to you" in other
    assert acts.user(cast.HEAD).name in other


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"who": ""}, "who"),
        ({"who": "SE0000000000-9999"}, "who"),
        ({"who": "19121212-1212"}, "who"),
        ({"who": cast.HEAD.text}, "who"),
        ({"unit": cast.EKLIDEN.text}, "unit"),  # of another head: it cannot even be chosen
        ({"kinds": []}, "kinds"),
        ({"kinds": ["reviewing"]}, "kinds"),
        ({"ends_on": "2020-01-01"}, "ends_on"),
        ({"ends_on": "2999-01-01"}, "ends_on"),
        ({"ends_on": "soon"}, "ends_on"),
        ({"reason": "test"}, "reason"),
    ],
)
def test_each_bad_input_is_said_beside_its_field_and_nothing_typed_is_lost(enter, changes, field):
    answer = enter(cast.HEAD).post(FORM, fill(**changes))
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert form["reason"].value() == fill(**changes)["reason"]
    assert not Delegation.objects.exists()


def test_a_name_that_fits_several_is_asked_back(enter):
    client = enter(cast.HEAD)
    answer = client.post(FORM, fill(who="Exempelsson"))
    options = answer.context["form"].person_options
    assert len(options) > 1
    assert list(answer.context["form"].errors) == ["person"]
    chosen = next(option.value for option in options if option.value != cast.HEAD.text)
    client.post(FORM, fill(who="Exempelsson", person=chosen))
    assert Delegation.objects.get().delegate_id == chosen.casefold()


def test_somebody_who_was_not_found_cannot_be_slipped_in(enter):
    answer = enter(cast.HEAD).post(FORM, fill(who=cast.DELEGATE.text, person=cast.OUTSIDER.text))
    assert list(answer.context["form"].errors) == ["person"]
    assert not Delegation.objects.exists()


@pytest.mark.parametrize("who", [cast.COORDINATOR, cast.KIV_ADMINISTRATOR, cast.AUDITOR, cast.DELEGATE])
def test_the_form_is_for_heads_of_units_alone(enter, who):
    client = enter(who)
    assert client.get(FORM).status_code == 404
    assert client.post(FORM, fill()).status_code == 404
    assert not Delegation.objects.exists()


def test_a_delegation_is_ended_from_its_page(enter):
    row = delegating.give()
    client = enter(cast.DELEGATE)
    page = client.get(f"{LIST}{row.public_id}/aterkalla/")
    assert page.status_code == 200
    row.refresh_from_db()
    assert row.ended_at is None  # looking ends nothing
    client.post(f"{LIST}{row.public_id}/aterkalla/")
    row.refresh_from_db()
    assert (row.end_code, row.ended_by_id) == ("revoked", cast.DELEGATE.folded)
    assert client.get(f"{LIST}{row.public_id}/aterkalla/").status_code == 404


def test_an_auditor_reads_delegations_and_ends_none(enter, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    row = delegating.give()
    client = enter(cast.AUDITOR)
    assert row.unit_name in client.get(LIST).content.decode()
    assert client.post(f"{LIST}{row.public_id}/aterkalla/").status_code == 404
    row.refresh_from_db()
    assert row.ended_at is None


@pytest.mark.parametrize("who", [cast.OUTSIDER, cast.COORDINATOR, cast.HEAD_ABOVE])
def test_others_find_nothing(enter, who):
    row = delegating.give()
    client = enter(who)
    assert row.unit_name not in client.get(LIST).content.decode()
    for method in (client.get, client.post):
        assert method(f"{LIST}{row.public_id}/aterkalla/").status_code == 404
    row.refresh_from_db()
    assert row.ended_at is None


def test_the_two_it_is_between_can_end_it_while_the_directory_is_silent(enter, directory):
    row = delegating.give()
    client = enter(cast.HEAD)
    directory.faults.is_busy = True
    client.post(f"{LIST}{row.public_id}/aterkalla/")
    row.refresh_from_db()
    assert row.ended_at is not None


def test_a_silent_directory_lets_nobody_delegate_and_says_so(enter, directory):
    client = enter(cast.HEAD)
    directory.faults.is_busy = True
    assert client.get(FORM).status_code == 503
    assert client.post(FORM, fill()).status_code == 503
    assert not Delegation.objects.exists()


def test_the_case_names_the_delegate_and_the_one_they_stand_in_for(enter):
    delegating.give()
    request = acts.order(by=cast.COORDINATOR)
    principal, delegate = acts.user(cast.HEAD).name, acts.user(cast.DELEGATE).name
    client = enter(cast.COORDINATOR)
    waiting = client.get(f"/arenden/{request.public_id}/").content.decode()
    assert f"{delegate} (by delegation from {principal})" in waiting
    acts.attest(request, cast.DELEGATE)
    decided = client.get(f"/arenden/{request.public_id}/").content.decode()
    assert (
        decided.count(f"{delegate} (by delegation from {principal})") >= 2
    )  # among the facts and in the timeline


def test_a_delegate_attests_on_the_page(enter):
    delegating.give()
    request = acts.order(by=cast.COORDINATOR)
    client = enter(cast.DELEGATE)
    page = client.get(f"/arenden/{request.public_id}/attestera/")
    answer = {"decision": "attest", "reason": "", "shown": page.context["shown"]}
    client.post(f"/arenden/{request.public_id}/attestera/", answer)
    request.refresh_from_db()
    assert (request.attester_id, request.attested_for_id) == (cast.DELEGATE.folded, cast.HEAD.folded)


def test_an_ordering_delegate_finds_the_unit_on_the_order_page(enter):
    from provisioning.rules.mandates import Delegable

    client = enter(cast.OUTSIDER)
    assert cast.ALMBY.text not in client.get("/bestall/").content.decode()
    delegating.give(to=cast.OUTSIDER, unit=cast.ALMBY, kinds=[Delegable.ORDERING])
    assert cast.ALMBY.text in client.get("/bestall/").content.decode()


def test_the_page_stands_in_the_menu_of_those_it_concerns_only(enter):
    row = delegating.give()
    link = f'href="{LIST}"'
    assert link in enter(cast.HEAD).get("/").content.decode()
    assert link in enter(cast.DELEGATE).get("/").content.decode()
    assert link not in enter(cast.OUTSIDER).get("/").content.decode()
    delegating.revoke(row)
    assert link in enter(cast.DELEGATE).get("/").content.decode()  # what has been can still be read


def test_a_protected_delegates_name_is_for_the_two_it_is_between(enter, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    delegating.give(to=cast.PROTECTED)
    name = acts.user(cast.PROTECTED).name
    assert name
    assert name in enter(cast.HEAD).get(LIST).content.decode()
    assert name not in enter(cast.AUDITOR).get(LIST).content.decode()
    request = acts.order(by=cast.COORDINATOR)
    assert name not in enter(cast.COORDINATOR).get(f"/arenden/{request.public_id}/").content.decode()


def test_a_short_reason_will_do_and_no_last_day_is_chosen_beforehand(enter):
    head = enter(cast.HEAD)
    assert form_of(head.get(FORM))["ends_on"] == [""]
    assert head.post(FORM, fill(reason="Semester")).status_code == 302
    assert head.post(FORM, fill(reason="  ", kinds=["ordering"])).status_code == 400


def test_whoever_delegates_reads_who_can_do_what_until_when(enter):
    words = text_of(enter(cast.HEAD).post(FORM, fill(kinds=["ordering", "attesting"]), follow=True))
    until = dates.in_words(timezone.localdate() + timedelta(days=30))
    name = acts.user(cast.DELEGATE).name
    assert f"{name} can now order and approve on Björkhaga vårdcentral until {until}." in words


def test_a_delegates_first_page_and_header_say_what_where_and_until_when(enter):
    row = delegating.give(kinds=delegating.BOTH)
    page = text_of(enter(cast.DELEGATE).get("/"))
    until, head = dates.in_words(row.ends_on), acts.user(cast.HEAD).name
    assert f"By delegation until {until}: order and approve on {row.unit_name}" in page
    assert f"You may order on {row.unit_name} by delegation from {head}, until {until}." in page
    delegating.revoke(row)
    assert "By delegation until" in text_of(enter(cast.DELEGATE).get("/"))  # the other one
    assert "By delegation" not in text_of(enter(cast.OUTSIDER).get("/"))


def test_an_ended_delegation_says_who_ended_it_and_when(enter):
    delegating.revoke(delegating.give())
    with translation.override("en"):
        today = dates.in_words(timezone.localdate())
    assert f"Ended by {acts.user(cast.HEAD).name} on {today}" in text_of(enter(cast.DELEGATE).get(LIST))
    lapsed = delegating.give(kinds=delegating.BOTH)
    Delegation.objects.filter(pk=lapsed.pk).update(ended_at=timezone.now(), end_code=Delegation.End.LAPSED)
    assert f"Ended automatically on {today}" in text_of(enter(cast.DELEGATE).get(LIST))


def test_what_was_done_takes_focus_and_a_quiet_page_does_not(enter):
    head = enter(cast.HEAD)
    told = head.post(FORM, fill(), follow=True).content.decode()
    assert 'role="status" tabindex="-1" autofocus' in told
    assert 'role="status" tabindex="-1"' not in head.get(LIST).content.decode()
