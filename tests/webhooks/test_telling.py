"""Other systems are told: signed, at least once, in order for each case, and nothing about any person."""

from datetime import timedelta

import pytest
from django.utils import timezone
from standardwebhooks.webhooks import WebhookVerificationError

from provisioning.errors import Invalid, WrongState
from provisioning.models import AuditEntry, HookDelivery, Subscription
from provisioning.rules.event_kinds import EventKind
from provisioning.systems import keep
from provisioning.webhooks import collect, forget, post, secret, send, subscribe, target
from tests import acts, cast
from tests.webhooks.receiving import CASE_KINDS, sweep, told
from workflows import steps

pytestmark = pytest.mark.django_db
State = HookDelivery.Telling


def withdraw(case):
    steps.withdraw(case, by=acts.user(cast.HEAD), reason="Behövs inte.")


def states(row):
    return list(row.deliveries.order_by("sequence").values_list("state", flat=True))


def test_what_happens_is_told_signed_and_in_order(directory, heard):
    withdraw(acts.order(person_id=cast.WRONG_CASE))
    row, made = told(heard)
    case = acts.order()
    acts.work()
    withdraw(case)
    sweep()
    sweep()

    assert heard.kinds == ["case.started", "kiv-task.opened", "case.withdrawn"]
    assert {one["data"]["case_id"] for one in heard.said} == {str(case.public_id)}
    assert {one["data"]["case_number"] for one in heard.said} == {case.case_number}
    heard.verify(made)
    with pytest.raises(WebhookVerificationError):
        heard.verify(secret.of(Subscription(system=row.system)))
    assert set(states(row)) == {State.DELIVERED}


@pytest.mark.parametrize("allowed", [False, True])
@pytest.mark.parametrize("person", [cast.COORDINATOR, cast.PROTECTED])
def test_persons_are_told_where_allowed_and_protected_ones_never(directory, heard, person, allowed):
    told(heard, tells_person=allowed)
    acts.order(person_id=person)
    sweep()

    text = heard.came[0][1].decode()
    assert (person.text in text) is (allowed and person is cast.COORDINATOR)
    assert (cast.BJORKHAGA.text in text) is (allowed and person is cast.COORDINATOR)
    assert not {"need", "reason"} & set(heard.said[0]["data"])


def test_nothing_of_a_case_overtakes_what_failed(directory, heard):
    row, _made = told(heard)
    case, other = acts.order(), acts.order(person_id=cast.WRONG_CASE)
    withdraw(case)
    heard.answers = [400]
    sweep()
    assert [one["data"]["case_id"] for one in heard.said] == [str(case.public_id), str(other.public_id)]
    assert states(row).count(State.QUEUED) == 2
    sweep(later=True)
    of_case = [one["type"] for one in heard.said if one["data"]["case_id"] == str(case.public_id)]
    assert of_case == ["case.started", "case.started", "case.withdrawn"]
    assert len(set(heard.ids)) == 3


def test_a_receiver_in_trouble_is_left_alone_until_the_next_sweep(directory, heard):
    told(heard)
    acts.order()
    acts.order(person_id=cast.WRONG_CASE)
    heard.answers = [503]
    sweep()
    assert len(heard.came) == 1
    sweep(later=True)
    assert len(heard.came) == 3


def test_a_worker_that_dies_after_sending_sends_again_under_the_same_id(directory, heard, monkeypatch):
    row, made = told(heard)
    acts.order()
    sent = post.post

    def dying(*args):
        sent(*args)
        raise SystemExit

    monkeypatch.setattr(send, "post", dying)
    with pytest.raises(SystemExit):
        sweep()
    monkeypatch.undo()
    sweep(later=True)
    assert len(heard.came) == 1
    HookDelivery.objects.update(claimed_at=timezone.now() - timedelta(hours=1))
    sweep()

    assert len(heard.came) == 2
    assert len(set(heard.ids)) == 1
    heard.verify(made)
    assert states(row) == [State.DELIVERED]


def test_a_worker_that_dies_while_reading_the_log_loses_nothing(directory, heard, monkeypatch):
    row, _made = told(heard)
    acts.order()

    def dying(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr(Subscription, "save", dying)
    with pytest.raises(RuntimeError):
        collect.collect(row.pk)
    monkeypatch.undo()
    assert states(row) == []
    sweep()
    assert heard.kinds == ["case.started"]


def test_what_is_dead_holds_its_case_until_an_operator_has_acted(directory, heard, settings):
    settings.WEBHOOK_TRIES = 2
    row, _made = told(heard)
    withdraw(acts.order())
    heard.answers = [302, 500, 410]
    sweep()
    sweep(later=True)
    assert states(row) == [State.DEAD, State.QUEUED]
    sweep(later=True)
    assert len(heard.came) == 2

    dead = row.deliveries.get(state=State.DEAD)
    subscribe.send_again(dead, by=acts.user(cast.TWO_IDS))
    sweep()
    assert states(row) == [State.DEAD, State.QUEUED]
    subscribe.set_aside(dead, by=None)
    sweep()
    assert states(row) == [State.SET_ASIDE, State.DELIVERED]
    with pytest.raises(WrongState):
        subscribe.send_again(dead, by=None)
    assert AuditEntry.objects.filter(action__in=["webhook.sent_again", "webhook.set_aside"]).count() == 2


def test_a_replay_tells_it_again_in_order_under_the_same_ids(directory, heard):
    row, _made = told(heard)
    case = acts.order()
    withdraw(case)
    sweep()
    row.deliveries.first().delete()
    subscribe.replay(row, sequence=subscribe.first_of(timezone.localdate()), by=None)
    sweep()

    assert heard.kinds == ["case.started", "case.withdrawn"] * 2
    assert heard.ids[:2] == heard.ids[2:]
    with pytest.raises(Invalid):
        subscribe.first_of(timezone.localdate() + timedelta(days=2))


def test_a_new_secret_signs_beside_the_old_one_for_a_day(directory, heard):
    row, old = told(heard)
    new = subscribe.rotate(row, by=None)
    acts.order()
    sweep()
    heard.verify(old)
    heard.verify(new)
    Subscription.objects.update(rotated_at=timezone.now() - timedelta(hours=25))
    acts.order(person_id=cast.WRONG_CASE)
    sweep()
    heard.verify(new)
    with pytest.raises(WebhookVerificationError):
        heard.verify(old)
    assert new.removeprefix("whsec_") not in str(list(Subscription.objects.values()))


@pytest.mark.parametrize("ends", ["subscription", "system"])
def test_nothing_more_is_told_when_it_has_ended(directory, heard, ends):
    row, _made = told(heard)
    acts.order()
    if ends == "system":
        keep.revoke("desk")
    else:
        subscribe.end(row, by=None)
    sweep()
    assert heard.came == []


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://desk.example/",
            "https://",
            "desk",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.8/",
        ),
        *("https://localhost:8000/", "https://169.254.169.254/", "https://user:word@desk.example/"),
        *("https://[::ffff:10.0.0.8]/", "https://[64:ff9b::a00:8]/", "https://desk.example:port/"),
        *(f"https://{'a' * 64}.example/", "https://desk..example/", "https://.desk.example/"),
    ],
)
def test_no_other_address_than_a_public_one_by_https_is_taken(url, settings):
    settings.WEBHOOK_PRIVATE_HOSTS = ()
    with pytest.raises(Invalid):
        target.of(url)


def test_a_name_that_leads_into_our_own_network_is_not_followed(directory, heard, settings, monkeypatch):
    row, _made = told(heard)
    acts.order()
    settings.WEBHOOK_PRIVATE_HOSTS = ()
    Subscription.objects.update(url=heard.url.replace("localhost", "desk.example"))
    found = [(2, 1, 6, "", ("127.0.0.1", 1))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *args, **kwargs: found)
    sweep()
    assert heard.came == []
    assert row.deliveries.get().error == "PermissionError"


def test_a_name_that_nobody_can_look_up_stops_no_other_receiver(directory, heard):
    bad, _made = told(heard)
    Subscription.objects.update(url=f"https://{'a' * 64}.example/")
    good, _made = subscribe.begin(bad.system, url=heard.url, kinds=CASE_KINDS, tells_person=False, by=None)
    acts.order()
    sweep()
    assert bad.deliveries.get().state == State.QUEUED
    assert good.deliveries.get().state == State.DELIVERED


def test_a_certificate_nobody_knows_is_not_believed(directory, heard, settings, hook_certificates):
    row, _made = told(heard)
    acts.order()
    settings.WEBHOOK_CA_FILE = str(hook_certificates.other_ca)
    sweep()
    assert heard.came == []
    assert row.deliveries.get().error == "SSLCertVerificationError"


def test_what_was_told_long_ago_is_forgotten_and_what_waits_is_kept(directory, heard):
    row, _made = told(heard, [EventKind.CASE_STARTED])
    acts.order()
    sweep()
    acts.order(person_id=cast.WRONG_CASE)
    collect.catch_up(row.pk)
    row.deliveries.filter(state=State.DELIVERED).update(settled_at=timezone.now() - timedelta(days=99))
    assert forget.forget_old() == 1
    assert states(row) == [State.QUEUED]
