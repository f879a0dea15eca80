"""Somebody is away: whoever waits reads it and who has the case meanwhile; nobody gets a mandate by it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from provisioning import access
from provisioning.messages import absences
from provisioning.messages.compose import compose
from provisioning.models import Absence, AuditEntry, OutgoingMessage
from provisioning.rules.hsa import HsaId
from provisioning.rules.mandates import Delegable
from tests import acts, cast
from tests.mandates import delegating
from tests.pages.reading import text_of
from workflows import tasks

pytestmark = pytest.mark.django_db(transaction=True)

PAGE = reverse("own_absence")


def in_days(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


def filled(days: int = 5, substitute: HsaId | None = cast.DELEGATE) -> dict[str, str]:
    chosen = substitute.folded if substitute is not None else ""
    return {"starts_on": str(in_days(0)), "ends_on": str(in_days(days)), "substitute": chosen}


@pytest.fixture
def delegated(directory):
    return delegating.give(kinds=(Delegable.ATTESTING,))


def waits_for_the_head():
    request = acts.order(by=cast.COORDINATOR)
    acts.work()
    return request


def case_of(request, enter, who: HsaId = cast.COORDINATOR) -> str:
    return text_of(enter(who).get(reverse("case", args=[request.public_id])))


def mail_to(who: HsaId, kind: str) -> str:
    return compose(OutgoingMessage.objects.get(recipient_key=who.folded, kind=kind)).body


def test_who_waits_reads_until_when_and_who_has_it(delegated, enter):
    request = waits_for_the_head()
    head = enter(cast.HEAD)
    assert head.post(PAGE, filled()).status_code == 302
    text = case_of(request, enter)
    assert "is away until" in text
    assert "has it meanwhile" in text
    assert str(in_days(5).year) in text
    head.post(reverse("end_absence"))
    assert "is away" not in case_of(request, enter)
    actions = AuditEntry.objects.filter(action__startswith="notices.").values_list("action", flat=True)
    assert sorted(actions) == ["notices.absence_ended", "notices.absence_said"]


def test_who_has_no_delegation_cannot_be_named(directory, enter):
    answer = enter(cast.HEAD).post(PAGE, filled())
    assert answer.status_code == 400
    assert not Absence.objects.exists()
    assert enter(cast.HEAD).post(PAGE, filled(substitute=None)).status_code == 302


def test_naming_somebody_gives_no_mandate(delegated, enter):
    enter(cast.HEAD).post(PAGE, filled())
    delegating.revoke(delegated)
    request = waits_for_the_head()
    assert request not in access.to_attest(acts.user(cast.DELEGATE))
    text = case_of(request, enter)
    assert "is away until" in text
    assert "meanwhile" not in text


def test_a_delegation_that_ends_sooner_is_no_substitute_for_the_time(delegated, enter):
    answer = enter(cast.HEAD).post(PAGE, filled(days=40))
    assert answer.status_code == 400
    assert "before you are back" in text_of(answer)


@pytest.mark.parametrize("days", [-1, 800])
def test_days_that_are_none_of_the_coming_year_are_refused(days, directory, enter):
    assert enter(cast.HEAD).post(PAGE, filled(days=days, substitute=None)).status_code == 400
    assert not Absence.objects.exists()


def test_mails_say_it_and_name_nobody(delegated):
    absences.say(
        by=acts.user(cast.HEAD), starts_on=in_days(0), ends_on=in_days(5), substitute_key=cast.DELEGATE.folded
    )
    waits_for_the_head()
    stands_in = mail_to(cast.DELEGATE, "attest")
    assert "Du har det så länge" in stands_in
    assert "borta" not in mail_to(cast.HEAD, "attest")
    assert acts.user(cast.HEAD).name not in stands_in


def test_what_has_passed_or_not_begun_says_nothing_and_is_forgotten(directory, enter):
    request = waits_for_the_head()
    row = absences.say(by=acts.user(cast.HEAD), starts_on=in_days(2), ends_on=in_days(5))
    assert "is away" not in case_of(request, enter)
    Absence.objects.filter(pk=row.pk).update(starts_on=in_days(-5), ends_on=in_days(-1))
    assert "is away" not in case_of(request, enter)
    tasks.sweep_sessions()
    assert not Absence.objects.exists()


def test_the_way_there_is_at_the_persons_name(directory, enter):
    page = enter(cast.HEAD).get(reverse("start")).content.decode()
    header = page[page.index('<header class="app-header">') : page.index("</header>")]
    assert reverse("own_notices") in header
    assert PAGE in enter(cast.HEAD).get(reverse("own_notices")).content.decode()
