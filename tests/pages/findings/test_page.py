"""The pages of findings, as heads of unit, KIV administrators and operators meet them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.models import AccessRequest, Finding, Removal
from provisioning.pages.findings import words as findings_words
from provisioning.rules.drift.differences import DriftKind, owner_of, steps_for
from provisioning.rules.hsa import Attribute
from tests import cast
from tests.findings import drifting
from tests.findings.drifting import swept
from tests.pages.reading import beside, text_of
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/avvikelser/"
WHY = "Samordnar rehabiliteringen för enhetens sjukskrivna."


@pytest.fixture
def strange(directory) -> Finding:
    swept()
    return drifting.finding(cast.SETTLED, DriftKind.ROLE_OUTSIDE)


def page_of(finding: Finding) -> str:
    return f"{LIST}{finding.public_id}/"


def filled(**changes) -> dict[str, str]:
    last_day = timezone.localdate() + timedelta(days=200)
    return {"reason": WHY, "risk_statement": WHY, "ends_on": last_day.isoformat()} | changes


def test_a_head_meets_what_is_hers_on_the_start_page_and_in_the_list(strange, enter):
    head = enter(cast.HEAD)
    assert "match the directory. Please resolve" in text_of(head.get("/"))
    shown = text_of(head.get(LIST))
    assert "nobody has approved it here" in shown and strange.subject_name in shown
    assert "Last comparison with the directory" in shown


@pytest.mark.parametrize(
    ("who", "sees"),
    [
        (cast.HEAD, True),
        (cast.AUDITOR, True),
        (cast.OUTSIDER, False),
        (cast.SETTLED, False),
        (cast.PROVIDER_HEAD, False),
        (cast.KIV_ADMINISTRATOR, False),
    ],
)
def test_who_reads_a_finding_and_who_does_not(strange, enter, who, sees):
    assert (enter(who).get(page_of(strange)).status_code == 200) is sees
    assert (page_of(strange) in enter(who).get(LIST).content.decode()) is sees


def test_kiv_administrators_and_operators_see_their_own_kinds(strange, enter, settings):
    settings.OPERATORS = (cast.OUTSIDER.text,)
    mistyped = drifting.finding(cast.BLANKS, DriftKind.ROLE_BLANKS)
    unknown = drifting.finding(cast.UNKNOWN_ID, DriftKind.ROLE_UNKNOWN_ID)
    assert enter(cast.KIV_ADMINISTRATOR).get(page_of(mistyped)).status_code == 200
    assert enter(cast.OUTSIDER).get(page_of(unknown)).status_code == 200
    assert enter(cast.OUTSIDER).get(page_of(mistyped)).status_code == 404


def test_a_finding_is_explained(strange, enter):
    answer = enter(cast.HEAD).post(page_of(strange), filled(step="explain"), follow=True)
    assert "It comes back if something changes" in text_of(answer)
    strange.refresh_from_db()
    assert strange.state == Finding.State.EXPLAINED


def test_a_finding_is_adopted_by_an_order_in_the_heads_name(strange, enter):
    answer = enter(cast.HEAD).post(page_of(strange), filled(step="adopt"), follow=True)
    assert answer.status_code == 200
    request = AccessRequest.objects.get()
    assert request.attester_id == cast.HEAD.folded and request.findings.get() == strange


def test_a_finding_is_removed(strange, enter):
    enter(cast.HEAD).post(page_of(strange), filled(step="remove"))
    removal = Removal.objects.get()
    assert removal.started_by_id == cast.HEAD.folded
    strange.refresh_from_db()
    assert strange.removal == removal
    assert removal.case_number in text_of(enter(cast.HEAD).get(page_of(strange)))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "step"),
        ({"step": "explain", "reason": ""}, "reason"),
        ({"step": "adopt", "risk_statement": ""}, "risk_statement"),
        ({"step": "adopt", "ends_on": ""}, "ends_on"),
        ({"step": "adopt", "ends_on": "2001-01-01"}, "ends_on"),
    ],
)
def test_what_is_missing_is_said_beside_its_field_and_nothing_happens(strange, enter, changes, field):
    answer = enter(cast.HEAD).post(page_of(strange), filled(**changes))
    assert answer.status_code == 400
    assert beside(answer, field)
    strange.refresh_from_db()
    assert strange.state == Finding.State.OPEN and not AccessRequest.objects.exists()


def test_an_auditor_reads_and_settles_nothing(strange, enter):
    auditor = enter(cast.AUDITOR)
    assert "Resolve it" not in text_of(auditor.get(page_of(strange)))
    assert auditor.post(page_of(strange), filled(step="explain")).status_code == 403


def test_a_step_that_is_not_offered_is_refused(directory, enter):
    swept()
    mistyped = drifting.finding(cast.BLANKS, DriftKind.ROLE_BLANKS)
    answer = enter(cast.KIV_ADMINISTRATOR).post(page_of(mistyped), filled(step="adopt"))
    assert answer.status_code == 400 and not AccessRequest.objects.exists()


def test_a_second_click_changes_nothing(strange, enter):
    head = enter(cast.HEAD)
    head.post(page_of(strange), filled(step="explain"))
    head.post(page_of(strange), filled(step="remove"))
    assert not Removal.objects.exists()


def test_a_silent_directory_settles_nothing(strange, enter, directory):
    head = enter(cast.HEAD)
    directory.stop()
    assert head.post(page_of(strange), filled(step="explain")).status_code in (404, 503)
    strange.refresh_from_db()
    assert strange.state == Finding.State.OPEN


@pytest.mark.parametrize("kind", DriftKind)
def test_every_kind_says_what_it_is_its_owner_and_what_follows(kind):
    assert findings_words.sentence(kind)
    assert findings_words.OWNERS[owner_of(kind)]
    assert findings_words.if_nothing(kind)
    assert all(findings_words.STEPS[step] for step in steps_for(kind))


def test_the_page_says_since_when_its_owner_and_what_follows(strange, enter):
    for person in (cast.HEAD, cast.AUDITOR):
        page = text_of(enter(person).get(page_of(strange)))
        for words in ("Since", "Who resolves it", "If nothing is done", "nobody has answered for"):
            assert words in page, (person, words)
        assert "Approve it: the person needs this access." in page, person


def test_what_is_settled_offers_no_form_that_would_be_refused(strange, enter):
    head = enter(cast.HEAD)
    head.post(page_of(strange), filled(step="remove"))
    page = head.get(page_of(strange))
    assert "If nothing is done" not in text_of(page)
    assert b'name="step"' not in page.content


def test_the_head_above_sees_and_settles_what_is_about_the_head(directory, kiv, enter):
    kiv.add_value(drifting.person_dn(cast.HEAD), Attribute.SYSTEM_ROLE, life.ROLE)
    swept()
    row = Finding.objects.not_over().get(subject_key=cast.HEAD.folded, value=life.ROLE)
    assert enter(cast.HEAD).get(page_of(row)).status_code == 404
    above = enter(cast.HEAD_ABOVE)
    assert page_of(row) in above.get(LIST).content.decode()
    shown = text_of(above.get(page_of(row)))
    assert "The next head of unit up resolves it" in shown
    assert "Take it away" in shown and "Approve it" not in shown
    above.post(page_of(row), filled(step="remove"))
    assert Removal.objects.get().started_by_id == cast.HEAD_ABOVE.folded


def test_an_explained_finding_can_be_taken_up_again(strange, enter):
    head = enter(cast.HEAD)
    head.post(page_of(strange), filled(step="explain"))
    assert "Take it up again" in text_of(head.get(page_of(strange)))
    shown = text_of(
        head.post(page_of(strange), filled(step="remove"), follow=True)
    )  # from a page shown before
    assert "Take it up again" in shown and not Removal.objects.exists()
    assert head.post(page_of(strange), {"reason": WHY}).status_code == 400
    head.post(page_of(strange), filled(step="reconsider"))
    assert "Approve it" in text_of(head.get(page_of(strange)))
