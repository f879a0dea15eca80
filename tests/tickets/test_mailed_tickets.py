"""The contract with a ticket system by mail: what it is sent, what it may say, and what is refused of it."""

import random
from email import policy
from email.parser import BytesParser
from uuid import uuid4

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError
from django.db import OperationalError
from django.urls import reverse

from provisioning.messages import reply_codes
from provisioning.models import AuditEntry, Ticket, TicketReply
from provisioning.rules import ticket_reply
from provisioning.rules.states.request import RequestState
from provisioning.tickets import replies, reply_mail
from provisioning.webhooks import forget
from tests import acts, cast
from tests.config.reading_settings import read_settings
from tests.pages.reading import text_of
from tests.rights import life
from tests.tickets.fake_desk import ADDRESS, REPLIES, MailedDesk

pytestmark = pytest.mark.django_db(transaction=True)

NUMBER, TAKEN, CLOSED = "Nummer: INC-4711", "Status: tagen", "Status: stängd"
NOTE = "Notering: Görs i eftermiddag."


@pytest.fixture
def desk(directory, monkeypatch, settings):
    settings.TICKET_MAIL_ADDRESSES = {cast.PROVIDER.text.lower(): ADDRESS}
    settings.TICKET_REPLY_ADDRESS = REPLIES
    return MailedDesk(monkeypatch)


def with_kiv(**wishes):
    case = acts.order(**wishes)
    acts.work()
    acts.send_mails()
    case.refresh_from_db()
    assert case.current_state is RequestState.AWAITING_KIV
    return case


def refusals():
    rows = AuditEntry.objects.filter(action="ticket.reply_refused").order_by("sequence")
    return [row.data["why"] for row in rows]


def test_a_task_is_mailed_with_a_code_and_names_nobody(desk, settings):
    case = with_kiv()
    (letter,) = desk.letters
    assert letter.reply_to == [REPLIES]
    assert case.case_number in letter.subject
    assert ticket_reply.CODE.search(letter.subject)
    assert letter.alternatives == []
    text = letter.subject + letter.body
    assert reverse("kiv_task", args=[case.public_id]) in text
    for nobody in (case.subject_name, case.subject_hsa_id, case.unit_name, case.unit_hsa_id, cast.HEAD.text):
        assert nobody not in text


def test_a_closed_ticket_leaves_the_task_and_the_directory_ends_it(desk, kiv, enter):
    case = with_kiv()
    (letter,) = desk.letters
    assert desk.say(letter, NUMBER, TAKEN) == f"{case.case_number} written down"
    assert desk.say(letter, CLOSED, NOTE) == f"{case.case_number} written down"
    row = Ticket.objects.get(case_id=case.public_id)
    assert (row.number, row.is_taken, row.is_closed) == ("INC-4711", True, True)
    case.refresh_from_db()
    acts.work()
    case.refresh_from_db()
    assert case.current_state is RequestState.AWAITING_KIV
    page = text_of(enter(cast.HEAD).get(reverse("case", args=[case.public_id])))
    for said in ("INC-4711", "Görs i eftermiddag.", "By mail"):
        assert said in page

    acts.set_values(case, kiv)
    acts.work()
    case.refresh_from_db()
    assert case.current_state is not RequestState.AWAITING_KIV
    assert desk.say(letter, CLOSED) == f"{case.case_number} not taken: old"
    assert refusals() == ["old"]


def test_a_removal_is_mailed_and_answered_as_well(desk, kiv):
    removal = life.with_kiv(life.run_out(life.granted(kiv)))
    acts.send_mails()
    letter = next(one for one in desk.letters if removal.case_number in one.subject)
    assert reverse("removal_task", args=[removal.public_id]) in letter.body
    assert desk.say(letter, NUMBER).endswith("written down")
    assert AuditEntry.objects.get(action="removal.ticket_says").data["ticket"] == "INC-4711"


def test_the_number_is_searched_by_those_who_may_read_the_case(desk, enter):
    case = with_kiv()
    desk.say(desk.letters[0], NUMBER)
    assert case.case_number in text_of(enter(cast.HEAD).post(reverse("search"), {"sought": "inc-4711"}))
    hidden = enter(cast.OUTSIDER).post(reverse("search"), {"sought": "inc-4711"})
    assert case.case_number not in text_of(hidden)


def test_the_same_mail_is_written_down_once(desk):
    with_kiv()
    reply = desk.answer(desk.letters[0], NUMBER, NOTE)
    assert desk.send(reply).endswith("written down")
    assert desk.send(reply).endswith("not taken: doubled")
    assert AuditEntry.objects.filter(action="request.ticket_says").count() == 1
    assert refusals() == ["doubled"]


def test_a_forged_code_is_refused_and_belongs_to_no_case(desk):
    with_kiv()
    (letter,) = desk.letters
    good = ticket_reply.CODE.search(letter.subject)[0]
    other_sign = "A" if good[-2] != "A" else "B"
    another_key = reply_codes.of(uuid4())
    for forged in (good[:-2] + other_sign + "]", "[KIV-ABC]", good[:6] + another_key[6:31] + good[31:]):
        assert desk.say(letter, NUMBER, Subject=forged) == "not taken: forged"
    assert not Ticket.objects.exists()
    assert refusals() == ["forged"] * 3
    assert not AuditEntry.objects.filter(action="ticket.reply_refused", request__isnull=False).exists()


def test_a_code_made_by_another_secret_is_forged(desk, settings):
    with_kiv()
    settings.SECRET_KEY = "another-one-that-nobody-knows" * 3
    assert desk.say(desk.letters[0], NUMBER) == "not taken: forged"


def test_a_code_for_a_mail_that_is_not_kept_is_old(desk):
    with_kiv()
    assert desk.say(desk.letters[0], NUMBER, Subject=reply_codes.of(uuid4())) == "not taken: old"


@pytest.mark.parametrize("said_by", ["subject", "In-Reply-To", "two codes"])
def test_a_code_is_good_for_its_own_task_alone(desk, said_by):
    first, second = with_kiv(), with_kiv(person_id=cast.DOCTOR)
    one, other = desk.letters
    code = ticket_reply.CODE.search(one.subject)[0]
    headers = {
        "subject": {"Subject": f"SV: {second.case_number} {code}"},
        "In-Reply-To": {"In_Reply_To": other.extra_headers["Message-ID"]},
        "two codes": {"Subject": f"{one.subject} {other.subject}"},
    }[said_by]
    assert "not taken: " in desk.say(one, NUMBER, **headers)
    assert refusals() == ["two_codes" if said_by == "two codes" else "other_task"]
    assert not Ticket.objects.exists()
    assert first != second


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto_Submitted": "auto-replied"},
        {"Auto_Submitted": "Auto-Replied; owner-email=x@y.invalid"},
        {"Precedence": "bulk"},
        {"X_Autoreply": "yes"},
        {"Return_Path": "<>"},
        {"From": f"Oss <{REPLIES}>"},
        {"Subject": "Jag är på semester"},
    ],
)
def test_automatic_replies_and_loops_are_left_alone(desk, headers):
    with_kiv()
    assert "not taken: " in desk.say(desk.letters[0], NUMBER, **headers)
    assert not Ticket.objects.exists()
    assert refusals() == []


def test_our_own_mail_that_comes_back_is_a_loop(desk):
    with_kiv()
    (letter,) = desk.letters
    assert desk.send(letter.message().as_bytes()) == "not taken: loop"


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (("Hej!",), "nothing_said"),
        (("> Nummer: INC-4711",), "nothing_said"),
        (("Nummer: Anna Svensson",), "no_number"),
        (("Nummer: " + "1" * 41,), "no_number"),
        (("Status: klar kanske",), "unknown_status"),
        (("Notering: Gäller 19121212-1212.",), "unfit"),
        (("Nummer: 191212121212",), "unfit"),
        (("Notering: " + "x" * 2001,), "unfit"),
    ],
)
def test_nothing_is_guessed_and_no_personal_number_is_kept(desk, lines, why):
    case = with_kiv()
    assert desk.say(desk.letters[0], *lines) == f"{case.case_number} not taken: {why}"
    assert not Ticket.objects.exists()
    entry = AuditEntry.objects.get(action="ticket.reply_refused")
    assert (entry.request_id, entry.reason, entry.data) == (case.public_id, "", {"why": why})


def test_what_was_quoted_or_stands_below_the_line_says_nothing(desk):
    with_kiv()
    reply = desk.answer(desk.letters[0], TAKEN, f"{ticket_reply.MARK} x", NUMBER)
    assert desk.send(reply).endswith("written down")
    assert Ticket.objects.get().number == ""


def test_only_so_much_is_read(desk):
    with_kiv()
    raw = desk.answer(desk.letters[0], NUMBER).as_bytes() + b"x" * reply_mail.MOST_BYTES
    assert desk.send(raw) == "not taken: too_large"
    assert refusals() == ["too_large"]


def test_whatever_is_piped_gets_an_answer(desk):
    with_kiv()
    good = desk.answer(desk.letters[0], NUMBER).as_bytes()
    chance = random.Random(13)  # noqa: S311 - odd mails, no secret
    odd = [b"", b"\x00" * 100, b"Subject: =?utf-8?q?=ff?= [KIV-", b"Content-Type: multipart/mixed\n\n"]
    for _time in range(60):
        raw = bytearray(good)
        for _sign in range(chance.randrange(1, 40)):
            raw[chance.randrange(len(raw))] = chance.randrange(256)
        odd.append(bytes(raw))
    for raw in odd:
        assert desk.send(raw)


def test_a_database_that_is_away_asks_for_another_try(desk, monkeypatch):
    with_kiv()
    reply = desk.answer(desk.letters[0], NUMBER)

    def away(raw):
        raise OperationalError

    monkeypatch.setattr(replies, "take", away)
    with pytest.raises(CommandError) as raised:
        desk.send(reply)
    assert raised.value.returncode == 75


def test_codes_survive_a_subject_that_was_changed_and_folded(desk):
    with_kiv()
    (letter,) = desk.letters
    raw = desk.answer(letter, NUMBER, Subject=f"Ärende löst: {letter.subject.lower()} ÅÄÖ " * 2).as_bytes()
    assert BytesParser(policy=policy.default).parsebytes(raw)["Subject"].count("[kiv-") == 2
    assert desk.send(raw).endswith("written down")


def test_tickets_and_replies_are_forgotten_with_their_case(desk):
    with_kiv()
    desk.say(desk.letters[0], NUMBER)
    forget.forget_old()
    assert (Ticket.objects.count(), TicketReply.objects.count()) == (1, 1)
    for model in (Ticket, TicketReply):
        model.objects.update(case_id="00000000-0000-0000-0000-000000000000")
    forget.forget_old()
    assert not Ticket.objects.exists()
    assert not TicketReply.objects.exists()


def test_without_an_address_no_ticket_system_is_told(desk, settings):
    settings.TICKET_MAIL_ADDRESSES = {cast.OTHER_PROVIDER.text: ADDRESS}
    with_kiv()
    assert desk.letters == []


@pytest.mark.parametrize("replies_to", ["", "x", ADDRESS])
def test_an_address_to_answer_to_is_asked_for(replies_to, tmp_path):
    variables = {
        "TICKET_MAIL_ADDRESSES": f'{{"{cast.PROVIDER.text}": "{ADDRESS}"}}',
        "TICKET_REPLY_ADDRESS": replies_to,
    }
    with pytest.raises(ImproperlyConfigured, match="TICKET_REPLY_ADDRESS"):
        read_settings(variables, tmp_path)
