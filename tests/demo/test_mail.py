"""The demo's mails as a page: newest first, readable, and for those who have logged in."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.core.mail.backends.filebased import EmailBackend
from django.urls import reverse

from tests import cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db


# -- the mails ---------------------------------------------------------------------------------------------
def test_the_mails_are_shown_newest_first_with_their_links(enter, settings, tmp_path) -> None:
    settings.EMAIL_FILE_PATH = str(tmp_path)
    for number in (1, 2):
        EmailMessage(
            subject=f"Ärende {number}",
            body="Öppna ärendet:\nhttp://127.0.0.1:8000/arenden/\n<script>alert(1)</script>",
            to=[f"nummer{number}@demo.invalid"],
            headers={"Date": f"Sat, 21 Nov 2026 12:0{number}:00 -0000"},
            connection=EmailBackend(file_path=str(tmp_path)),
        ).send()
    answer = enter(cast.OUTSIDER).get(reverse("demo_mail"))
    seen = text_of(answer)
    assert seen.index("Ärende 2") < seen.index("Ärende 1")
    assert "To nummer2@demo.invalid" in seen
    assert "13:02:00" in seen  # Stockholm's time
    page = answer.content.decode()
    assert 'href="http://127.0.0.1:8000/arenden/"' in page
    assert "<script>alert" not in page


def test_a_swedish_mail_is_shown_with_its_swedish_letters(tmp_path: Path, enter, settings) -> None:
    settings.EMAIL_FILE_PATH = str(tmp_path)
    words = "Värdet är på plats i öppna uppgiften."
    mail = EmailMultiAlternatives(
        subject="Ärende",
        body=words,
        to=["a@demo.invalid"],
        connection=EmailBackend(file_path=str(tmp_path)),
    )
    mail.attach_alternative(f"<p>{words}</p>", "text/html")
    mail.send()
    assert words in text_of(enter(cast.OUTSIDER).get(reverse("demo_mail")))


def test_several_mails_in_one_file_are_several_mails(tmp_path: Path, enter, settings) -> None:
    settings.EMAIL_FILE_PATH = str(tmp_path)
    connection = EmailBackend(file_path=str(tmp_path))
    mails = [EmailMessage(subject=f"Brev {number}", body="Hej", to=["a@demo.invalid"]) for number in range(3)]
    connection.send_messages(mails)
    assert len(list(tmp_path.iterdir())) == 1
    seen = text_of(enter(cast.OUTSIDER).get(reverse("demo_mail")))
    assert all(f"Brev {number}" in seen for number in range(3))


def test_no_mails_yet_says_what_to_do(enter, settings, tmp_path) -> None:
    settings.EMAIL_FILE_PATH = str(tmp_path / "none")
    assert "No mails yet" in text_of(enter(cast.OUTSIDER).get(reverse("demo_mail")))


def test_mails_are_for_those_who_have_logged_in(visitor) -> None:
    assert visitor.get(reverse("demo_mail")).status_code == 302
