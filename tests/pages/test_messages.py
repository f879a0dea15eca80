"""The list of messages: for operators and auditors, what failed first; only operators send again."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.urls import reverse

from provisioning.messages.texts import MessageKind
from provisioning.models import AuditEntry, OutgoingMessage
from provisioning.pages.messages import ABOUT, PER_PAGE
from tests import cast
from tests.pages.reading import link_to, text_of

pytestmark = pytest.mark.django_db

OPERATOR = cast.KIV_ADMINISTRATOR_ABOVE
State = OutgoingMessage.Delivery


@pytest.fixture
def written(directory) -> list[OutgoingMessage]:
    """The messages of one order, none of them sent yet."""
    from tests import acts

    acts.order()
    acts.work()
    found = list(OutgoingMessage.objects.order_by("pk"))
    assert len(found) >= 2
    return found


def put(message: OutgoingMessage, state: State, **fields: object) -> None:
    OutgoingMessage.objects.filter(pk=message.pk).update(state=state, **fields)


@pytest.mark.parametrize("who", [cast.HEAD, cast.KIV_ADMINISTRATOR, cast.OUTSIDER])
def test_nobody_else_sees_or_sends_messages(who, written, enter) -> None:
    put(written[0], State.FAILED)
    browser = enter(who)
    assert browser.get(reverse("messages")).status_code == 404
    assert browser.post(reverse("resend", args=[written[0].uuid])).status_code == 404
    written[0].refresh_from_db()
    assert written[0].state == State.FAILED


def test_an_auditor_reads_but_changes_nothing(written, enter) -> None:
    put(written[0], State.FAILED)
    browser = enter(cast.AUDITOR)
    answer = browser.get(reverse("messages"))
    assert answer.status_code == 200
    assert reverse("resend", args=[written[0].uuid]) not in answer.content.decode()
    assert browser.post(reverse("resend", args=[written[0].uuid])).status_code == 404
    written[0].refresh_from_db()
    assert written[0].state == State.FAILED


def test_what_failed_stands_first_and_is_counted(written, enter) -> None:
    for message in written[1:]:
        put(message, State.SENT)
    put(written[0], State.FAILED, error_code="SMTPServerDisconnected")
    page = text_of(enter(OPERATOR).get(reverse("messages")))
    assert "1 message did not get through" in page
    assert "Error: SMTPServerDisconnected" in page
    assert page.index("SMTPServerDisconnected") < page.index(" Sent ")


def test_an_operator_sends_again_and_it_is_recorded(written, enter) -> None:
    put(written[0], State.FAILED, attempts=8)
    answer = enter(OPERATOR).post(reverse("resend", args=[written[0].uuid]), follow=True)
    assert "goes out within a minute" in text_of(answer)
    written[0].refresh_from_db()
    assert (written[0].state, written[0].attempts) == (State.QUEUED, 0)
    assert AuditEntry.objects.filter(action="message.resent", actor_id=OPERATOR.folded).count() == 1


def test_what_has_been_sent_is_not_sent_twice(written, enter) -> None:
    put(written[0], State.SENT)
    answer = enter(OPERATOR).post(reverse("resend", args=[written[0].uuid]), follow=True)
    assert "has been sent" in text_of(answer)
    written[0].refresh_from_db()
    assert written[0].state == State.SENT
    assert not AuditEntry.objects.filter(action="message.resent").exists()


def test_an_unknown_message_and_other_methods_are_refused(written, enter) -> None:
    browser = enter(OPERATOR)
    assert browser.post(reverse("resend", args=[uuid4()])).status_code == 404
    assert browser.get(reverse("resend", args=[written[0].uuid])).status_code == 405
    assert browser.post(reverse("messages")).status_code == 405


def test_a_case_is_linked_only_for_who_may_open_it(written, enter) -> None:
    request = written[0].request
    assert request is not None
    link = reverse("case", args=[request.public_id])
    assert link in enter(cast.AUDITOR).get(reverse("messages")).content.decode()


def test_a_protected_person_is_not_pointed_out(directory, enter) -> None:
    from tests import acts

    request = acts.order(person_id=cast.PROTECTED)
    acts.work()
    entry = AuditEntry.objects.filter(request=request).last()
    assert entry is not None
    OutgoingMessage.objects.create(
        cause=entry,
        request=request,
        kind="done",
        recipient_key=request.subject_key,
        recipient_hsa_id=request.subject_hsa_id,
    )
    page = enter(OPERATOR).get(reverse("messages")).content.decode()
    assert "a person with protected identity" in page
    assert request.subject_hsa_id not in page
    assert request.subject_name not in page


def test_messages_of_every_kind_are_named(written, enter) -> None:
    cause, request = written[0].cause, written[0].request
    OutgoingMessage.objects.all().delete()
    for kind in MessageKind:
        OutgoingMessage.objects.create(
            cause=cause, request=request, kind=kind.value, recipient_key="x", recipient_hsa_id="X"
        )
    browser = enter(OPERATOR)
    page = browser.get(reverse("messages"))
    listed = text_of(page)
    while "Next page" in text_of(page):
        page = browser.get(reverse("messages") + link_to(page, "Next page"))
        listed += text_of(page)
    of_case = text_of(enter(cast.HEAD).get(reverse("case", args=[request.public_id])))
    for kind in MessageKind:
        assert str(ABOUT[kind]) in listed
        assert str(ABOUT[kind]) in of_case


def test_no_messages_yet_says_what_will_come(directory, enter) -> None:
    assert "No messages yet" in text_of(enter(OPERATOR).get(reverse("messages")))


def test_the_list_is_paged(written, enter) -> None:
    entry = AuditEntry.objects.first()
    assert entry is not None
    OutgoingMessage.objects.bulk_create(
        OutgoingMessage(cause=entry, kind="done", recipient_key=f"x{number}", recipient_hsa_id=f"X{number}")
        for number in range(25)
    )
    first = enter(OPERATOR).get(reverse("messages"))
    assert len(first.context["rows"]) == PER_PAGE
    second = enter(OPERATOR).get(reverse("messages") + link_to(first, "Next page"))
    assert "Next page" not in text_of(second) and "Previous page" in text_of(second)
    assert len(second.context["rows"]) == OutgoingMessage.objects.count() - PER_PAGE
