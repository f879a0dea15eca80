"""The pages about rights: own ones, those of one's units, one right, and its removal."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format

from provisioning import dates
from provisioning.models import Finding, Grant, OutgoingMessage
from provisioning.pages.rights.words import NOW
from provisioning.rules.dates import deadlines
from provisioning.rules.drift.differences import DriftKind
from provisioning.rules.hsa import Answer
from tests import acts, cast
from tests.findings import drifting
from tests.rights import life
from workflows import steps
from workflows.sweeps import expiry

pytestmark = pytest.mark.django_db(transaction=True)


def text(response) -> str:
    return response.content.decode()


def now(answer: Answer) -> str:
    """How the list says whether the right stands in the directory."""
    with translation.override("sv"):
        return f"{NOW[answer][1]}</"


def test_the_person_sees_own_rights_beside_what_the_directory_holds(directory, kiv, page, client):
    grant = life.granted(kiv)
    life.statistics(kiv)
    found = text(page(cast.COORDINATOR, "grants"))
    assert found.count("app-cases__item") == 2
    assert (found.count(now(Answer.YES)), found.count(now(Answer.NO))) == (2, 0)
    life.kiv_removes_role(kiv, grant)
    found = text(page(cast.COORDINATOR, "grants"))
    assert (found.count(now(Answer.YES)), found.count(now(Answer.NO))) == (1, 1)
    directory.faults.is_busy = True
    found = text(client.get(reverse("grants")))
    assert found.count(now(Answer.UNKNOWN)) == 2


def test_the_head_sees_the_rights_of_own_units_and_others_see_none(directory, kiv, page):
    grant = life.granted(kiv)
    assert str(grant.public_id) in text(page(cast.HEAD, "grants", query="?vems=alla"))
    assert str(grant.public_id) not in text(page(cast.OUTSIDER, "grants", query="?vems=alla"))
    assert page(cast.HEAD, "grant", grant.public_id).status_code == 200
    assert page(cast.OUTSIDER, "grant", grant.public_id).status_code == 404


def test_the_list_opens_on_what_the_reader_is_responsible_for(directory, kiv, page):
    grant = life.granted(kiv)
    assert str(grant.public_id) in text(page(cast.HEAD, "grants"))
    assert str(grant.public_id) not in text(page(cast.HEAD, "grants", query="?vems=mina"))
    assert str(grant.public_id) in text(page(cast.COORDINATOR, "grants"))
    assert str(grant.requests.get().public_id) in text(page(cast.HEAD, "cases", query="?visa=avslutade"))


@pytest.mark.parametrize(("by", "place"), [(cast.HEAD, cast.BJORKHAGA), (cast.PROVIDER_HEAD, cast.PROVIDER)])
def test_a_unit_without_rights_is_found_beside_the_directory(directory, page, by, place):
    assert "?vems=alla" in text(page(by, "grants"))
    assert reverse("beside_place", args=[place.text]) in text(page(by, "grants"))
    assert reverse("beside_place", args=[place.text]) not in text(page(by, "grants", query="?vems=mina"))
    assert "?vems=alla" not in text(page(cast.COORDINATOR, "grants"))


def test_an_auditor_reads_and_is_offered_nothing(directory, kiv, page, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    grant = life.granted(kiv)
    found = page(cast.AUDITOR, "grant", grant.public_id)
    assert found.status_code == 200
    for name in ("grant_end", "grant_let_end"):
        assert reverse(name, args=[grant.public_id]) not in text(found)
        assert page(cast.AUDITOR, name, grant.public_id, data={"reason": "Nej."}).status_code == 404
    removal = life.removal_by_head(grant)
    assert page(cast.AUDITOR, "removal", removal.public_id).status_code == 200
    assert page(cast.AUDITOR, "removal_withdraw", removal.public_id, data={}).status_code == 404


@pytest.mark.parametrize("name", ["grant", "grant_end", "grant_let_end", "removal", "removal_withdraw"])
@pytest.mark.parametrize("by", [cast.OUTSIDER, cast.DOCTOR, cast.DELEGATE])
def test_a_person_without_a_part_finds_nothing(directory, kiv, page, name, by):
    grant = life.granted(kiv)
    about = life.removal_by_head(grant) if name.startswith("removal") else grant
    assert page(by, name, about.public_id).status_code == 404
    assert page(by, name, uuid.uuid4()).status_code == 404


@pytest.mark.parametrize(
    ("days_left", "stands", "is_offered"),
    [(200, True, False), (91, True, False), (90, True, True), (200, False, True)],
)
def test_prolonging_is_offered_only_when_it_can_be_done(directory, kiv, page, days_left, stands, is_offered):
    """Towards the end, or where the access has been lost; else the page says from when."""
    grant = life.granted(kiv, days=days_left)
    if not stands:
        life.kiv_removes_role(kiv, grant)
    link = f"forlang={grant.public_id}"
    for by in (cast.HEAD, cast.COORDINATOR):
        assert (link in text(page(by, "grant", grant.public_id))) is is_offered
    assert (link in text(page(cast.COORDINATOR, "grants"))) is is_offered
    opens_on = date_format(grant.ends_on - timedelta(days=90), "j F Y")
    says_from_when = "Kan förlängas från" in text(page(cast.HEAD, "grant", grant.public_id))
    told = [str(told) for told in page(cast.HEAD, "order", query=f"?{link}").context["messages"]]
    assert (says_from_when, any(opens_on in one for one in told)) == (not is_offered, not is_offered)


def test_the_order_page_says_beside_the_field_that_it_is_too_early(directory, kiv, page):
    grant = life.granted(kiv, days=200)
    sent = {
        "action": "look",
        "person": cast.HEAD.text,
        "access": "rehabstod:unit",
        "units": [cast.BJORKHAGA.text],
        "starts_on": (grant.ends_on + timedelta(days=1)).isoformat(),
        "ends_on": (grant.ends_on + timedelta(days=100)).isoformat(),
        "need": acts.NEED,
        "risk_statement": acts.RISK,
    }
    shown = page(cast.COORDINATOR, "order", query=f"?forlang={grant.public_id}")
    sent |= {"person": cast.COORDINATOR.text, "shown": shown.context["shown"]}
    answer = page(cast.COORDINATOR, "order", data=sent)
    assert answer.status_code == 400
    (error,) = answer.context["form"].errors["ends_on"]
    opens_on = date_format(grant.ends_on - timedelta(days=90), "j F Y")
    assert opens_on in error and date_format(grant.ends_on, "j F Y") in error
    (outlook,) = answer.context["outlooks"]
    assert opens_on in outlook.prolongs
    assert answer.context["may_send"] is False
    assert grant.requests.count() == 1


def test_an_ended_right_without_a_removal_says_what_happens_next(directory, kiv, page, settings):
    settings.RENEWAL_GRACE_DAYS, settings.REMOVAL_RETRY_WORKING_DAYS = 7, 5
    grant = life.has_run_out(life.granted(kiv), days_ago=-1)
    life.kiv_removes_role(kiv, grant)
    order = acts.order(starts_on=grant.ends_on + timedelta(days=1), days=100)
    life.has_run_out(grant, days_ago=2)
    expiry.end_due()
    found = text(page(cast.COORDINATOR, "grant", grant.public_id))
    assert date_format(grant.ends_on + timedelta(days=7), "j F Y") in found
    assert reverse("case", args=[order.public_id]) in found
    assert "forlang=" not in found

    life.kiv_adds_role(kiv, grant)
    steps.withdraw(order, by=acts.user(cast.HEAD), reason="Behövs inte.")
    assert "inom tio minuter" in text(page(cast.COORDINATOR, "grant", grant.public_id))
    expiry.end_due()
    removal = life.with_kiv(grant.removals.get())
    assert "inom tio minuter" not in text(page(cast.COORDINATOR, "grant", grant.public_id))

    life.cannot(removal)
    again = deadlines.add_working_days(dates.today(), 5)
    assert date_format(again, "j F Y") in text(page(cast.COORDINATOR, "grant", grant.public_id))


@pytest.mark.parametrize("ends", ["cannot", "undone"])
def test_a_removal_outside_the_tool_promises_only_what_happens(directory, kiv, page, ends):
    """There is no right that goes on, and no removal that is begun again by itself."""
    drifting.swept()
    finding = drifting.finding(cast.SETTLED, DriftKind.ROLE_OUTSIDE)
    removal = life.with_kiv(life.removal_of_finding(finding))
    assert removal.grant is None
    asked = text(page(cast.HEAD, "removal_withdraw", removal.public_id))
    assert "värdet finns kvar" in asked and "sista dag" not in asked
    if ends == "cannot":
        life.cannot(removal)
    else:
        life.withdraw(removal, cast.HEAD)
    found = text(page(cast.HEAD, "removal", removal.public_id))
    assert "nästa jämförelse" in found
    assert "försöker igen" not in found and "sista dag" not in found
    assert expiry.end_due() == 0
    told = OutgoingMessage.objects.filter(kind="findings", recipient_key=cast.HEAD.folded)
    before = told.count()
    drifting.swept()
    finding.refresh_from_db()
    assert finding.state == Finding.State.OPEN
    assert told.count() == before + 1


def test_prolonging_opens_the_order_page_with_the_day_after_the_old_end(directory, kiv, page):
    grant = life.granted(kiv, days=60)
    found = text(page(cast.HEAD, "order", query=f"?forlang={grant.public_id}"))
    assert (grant.ends_on + timedelta(days=1)).isoformat() in found
    assert deadlines.same_day_next_year(grant.ends_on).isoformat() in found
    assert page(cast.OUTSIDER, "order", query=f"?forlang={grant.public_id}").status_code == 404


def test_a_protected_persons_name_is_kept_from_those_who_only_read(directory, kiv, page, settings):
    settings.AUDITORS = (cast.AUDITOR.text,)
    grant = life.granted(kiv)
    Grant.objects.update(subject_is_protected=True, subject_name="Kanarie Fågel")
    grant.requests.update(subject_is_protected=True, subject_name="Kanarie Fågel")
    removal = life.with_kiv(life.removal_by_head(grant))
    for name, about in (("grant", grant), ("removal", removal)):
        assert "Kanarie" not in text(page(cast.AUDITOR, name, about.public_id))
        assert "Kanarie" in text(page(cast.HEAD, name, about.public_id))
    assert "Kanarie" not in text(page(cast.AUDITOR, "grants", query="?vems=alla"))
    task = page(cast.KIV_ADMINISTRATOR, "removal_task", removal.public_id)
    assert "Kanarie" in text(task)


def test_empty_lists_say_what_to_do(directory, page):
    assert reverse("order") in text(page(cast.OUTSIDER, "grants"))
    assert page(cast.OUTSIDER, "grants", query="?visa=avslutade").status_code == 200


def test_a_finished_case_leads_its_readers_to_the_right_it_gave(directory, kiv, page):
    grant = life.granted(kiv)
    address = reverse("grant", args=[grant.public_id])
    for reader in (cast.HEAD, cast.COORDINATOR):
        assert f'href="{address}"' in text(page(reader, "case", grant.origin.public_id))
    assert "/behorigheter/" + str(grant.public_id) not in text(
        page(cast.KIV_ADMINISTRATOR, "case", grant.origin.public_id)
    )
