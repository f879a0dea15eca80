"""Subscriptions on the page: operators begin, repair and end them, auditors read, nobody else finds them."""

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse
from django.utils import timezone

from provisioning.models import AuditEntry, HookDelivery, Subscription
from provisioning.rules.event_kinds import EventKind
from provisioning.systems import keep
from provisioning.systems.keep import Scope
from provisioning.webhooks import collect, secret, subscribe
from tests import acts, cast
from tests.pages.reading import text_of

pytestmark = pytest.mark.django_db
OPERATOR = cast.TWO_IDS
WISH = {"system": "desk", "url": "https://desk.example/events", "kinds": ["case.done", "case.started"]}


@pytest.fixture(autouse=True)
def operators(settings, directory):
    settings.OPERATORS = (OPERATOR.text,)
    settings.AUDITORS = (cast.AUDITOR.text,)
    keep.add("desk", name="The ticket desk", scopes=[Scope.READ_CASES])


@pytest.fixture
def row():
    system = keep.System.objects.get()
    kinds = [EventKind.CASE_STARTED]
    return subscribe.begin(system, url=WISH["url"], kinds=kinds, tells_person=False, by=None)[0]


def dead(row):
    acts.order()
    collect.catch_up(row.pk)
    row.deliveries.update(state=HookDelivery.Telling.DEAD, error="HTTP 500", tries=10)
    return row.deliveries.get()


def test_an_operator_begins_it_and_sees_the_secret_once(enter):
    client = enter(OPERATOR)
    answer = client.post(reverse("subscribe"), WISH)
    row = Subscription.objects.get()

    assert secret.of(row) in answer.content.decode().replace("&#x2B;", "+").replace("&#43;", "+")
    assert (row.kinds, row.tells_person) == (["case.done", "case.started"], False)
    assert AuditEntry.objects.get(action="webhook.begun").actor_id == OPERATOR.folded
    page = client.get(reverse("subscription", args=[row.public_id])).content.decode()
    assert "whsec_" not in page
    assert client.post(reverse("subscribe"), WISH).status_code == 400
    assert Subscription.objects.count() == 1


@pytest.mark.parametrize(
    "wrong",
    [{"url": "http://desk.example/"}, {"url": "https://10.0.0.1/"}, {"kinds": ["nothing"]}, {"system": "x"}],
)
def test_what_may_not_be_told_is_said_beside_the_field(enter, wrong):
    answer = enter(OPERATOR).post(reverse("subscribe"), WISH | wrong)
    assert answer.status_code == 400
    assert not Subscription.objects.exists()


def test_what_did_not_get_through_is_seen_sent_again_and_given_up(enter, row):
    found = dead(row)
    client = enter(OPERATOR)
    page = text_of(client.get(reverse("subscription", args=[row.public_id])))
    assert "1 event did not get through" in page
    assert "HTTP 500" in page
    assert "1 do not get through" in text_of(client.get(reverse("operation")))

    client.post(reverse("hook_again", args=[found.public_id]))
    found.refresh_from_db()
    assert (found.state, found.tries) == ("queued", 0)
    client.post(reverse("hook_aside", args=[found.public_id]))
    found.refresh_from_db()
    assert found.state == "queued"
    dead_again = row.deliveries
    dead_again.update(state=HookDelivery.Telling.DEAD)
    client.post(reverse("hook_aside", args=[found.public_id]))
    found.refresh_from_db()
    assert found.state == "set_aside"


def test_it_is_told_again_given_a_new_secret_and_ended(enter, row):
    dead(row)
    client = enter(OPERATOR)
    address = reverse("subscription", args=[row.public_id])
    assert client.post(address, {"day": "", "sequence": ""}).status_code == 400
    assert client.post(address, {"day": "2999-01-01"}).status_code == 400
    client.post(address, {"day": timezone.localdate().isoformat()})
    assert not row.deliveries.exists()
    collect.catch_up(row.pk)
    assert row.deliveries.get().state == "queued"

    client.post(reverse("hook_secret", args=[row.public_id]))
    client.post(reverse("unsubscribe", args=[row.public_id]))
    row.refresh_from_db()
    assert (row.secret_number, row.is_in_force) == (2, False)
    assert "Nothing more is told" in text_of(client.get(address))


def test_auditors_read_it_and_change_nothing_and_others_do_not_find_it(enter, row):
    found = dead(row)
    pages = [reverse("subscription", args=[row.public_id])]
    acts_of_operators = [
        reverse("subscribe"),
        *(reverse(name, args=[row.public_id]) for name in ("subscription", "hook_secret", "unsubscribe")),
        *(reverse(name, args=[found.public_id]) for name in ("hook_again", "hook_aside")),
    ]
    auditor, other = enter(cast.AUDITOR), enter(cast.HEAD)
    for page in pages:
        assert auditor.get(page).status_code == 200
        assert other.get(page).status_code == 404
    for address in acts_of_operators:
        assert auditor.post(address, {"sequence": 1}).status_code == 404
        assert other.post(address, {"sequence": 1}).status_code == 404
    row.refresh_from_db()
    found.refresh_from_db()
    assert (row.secret_number, row.is_in_force, found.state) == (1, True, "dead")


def test_the_page_asks_the_database_as_often_however_much_was_told(enter, row, django_assert_max_num_queries):
    made = [
        HookDelivery(
            subscription=row, sequence=number, kind="case.done", happened_at=timezone.now(), case_key="1"
        )
        for number in range(200)
    ]
    HookDelivery.objects.bulk_create(made)
    client = enter(OPERATOR)
    with django_assert_max_num_queries(25):
        client.get(reverse("subscription", args=[row.public_id]))


def test_the_command_does_the_same(capsys):
    call_command("systems", subscribe="desk", url=WISH["url"], kind=["case.done"], with_person=True)
    row = Subscription.objects.get()
    assert secret.of(row) in capsys.readouterr().out
    assert row.tells_person
    call_command("systems")
    assert f"{row.public_id} {WISH['url']}, with person: case.done" in capsys.readouterr().out
    call_command("systems", new_secret=row.public_id)
    assert secret.of(Subscription.objects.get()) in capsys.readouterr().out
    call_command("systems", "--replay", str(row.public_id), "--from", "1")
    assert Subscription.objects.get().cursor == 0
    with pytest.raises(CommandError):
        call_command("systems", replay=row.public_id)
    call_command("systems", unsubscribe=row.public_id)
    with pytest.raises(CommandError):
        call_command("systems", unsubscribe=row.public_id)
