"""One world for the table: people of every kind, and objects on their own unit and on another one."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from provisioning import dates
from provisioning.demo.directory.changes import Kiv
from provisioning.demo.directory.store import Store
from provisioning.directory import open_directory
from provisioning.incidents import record as incidents_record
from provisioning.mandates import current
from provisioning.models import (
    AccessRequest,
    Delegation,
    Finding,
    Grant,
    HookDelivery,
    Incident,
    IncidentKind,
    OutgoingMessage,
    Removal,
    Reorganisation,
    Review,
    ReviewItem,
    TeamMember,
)
from provisioning.orders.draft import Choice
from provisioning.reviews import said as reviews_said
from provisioning.rules.event_kinds import EventKind
from provisioning.rules.hsa import HsaId, Level, Service
from provisioning.rules.mandates import Delegable
from provisioning.rules.team import TeamTask
from provisioning.systems import keep as systems_keep
from provisioning.systems.keep import Scope
from provisioning.teams import name as teams_name
from provisioning.webhooks import subscribe
from tests import acts, cast, made_once
from tests.made_once import MadeOnce
from tests.mandates import delegating
from tests.reorganisation import moving
from tests.reviews import sitting
from tests.rights import life
from workflows.sweeps import directory

HEAD_ELSEWHERE = HsaId("SE0000000000-1041")  # of EKLIDEN
KIV_ELSEWHERE = cast.PREFIX  # made KIV administrator of EKLIDEN
NO_PLACE = "SE0000000000-E000000008888"  # no entry, and nothing names it
OPERATOR = cast.TWO_IDS

# The columns of the table. `doctor` and `outsider` have nothing to do with any case.
PEOPLE: Mapping[str, HsaId | None] = {
    "nobody": None,
    "subject": cast.COORDINATOR,
    "head": cast.HEAD,
    "delegate": cast.DELEGATE,
    "head-above": cast.HEAD_ABOVE,
    "provider-head": cast.PROVIDER_HEAD,
    "other-head": HEAD_ELSEWHERE,
    "kiv": cast.KIV_ADMINISTRATOR,
    "kiv-above": cast.KIV_ADMINISTRATOR_ABOVE,
    "other-kiv": KIV_ELSEWHERE,
    "doctor": cast.DOCTOR,
    "auditor": cast.AUDITOR,
    "operator": OPERATOR,
    "outsider": cast.OUTSIDER,
}


@dataclass(frozen=True, slots=True)
class World:
    """The objects that addresses are about, by the names that the table uses."""

    cases: Mapping[str, AccessRequest]
    delegations: Mapping[str, Delegation]
    messages: Mapping[str, OutgoingMessage]
    reviews: Mapping[str, Review]
    grants: Mapping[str, Grant]
    removals: Mapping[str, Removal]
    findings: Mapping[str, Finding]
    reorganisations: Mapping[str, Reorganisation]
    searches: Incident
    told: HookDelivery
    team_tasks: Mapping[str, TeamMember]

    def objects(self, parameter: str) -> dict[str, Any]:
        """What can stand in an address's variable."""
        nobodys = {"missing": uuid.UUID(int=0)}
        if parameter in ("case", "order"):
            of_order = parameter == "order"
            return {
                name: row.order.submission if of_order else row.public_id for name, row in self.cases.items()
            } | nobodys
        by_public_id: dict[str, Mapping[str, Any]] = {
            "delegation": self.delegations,
            "review": self.reviews,
            "reorganisation": self.reorganisations,
            "grant": self.grants,
            "removal": self.removals,
            "finding": self.findings,
            "team": self.team_tasks,
        }
        if parameter in by_public_id:
            return {name: row.public_id for name, row in by_public_id[parameter].items()} | nobodys
        if parameter == "message":
            return {name: row.uuid for name, row in self.messages.items()} | nobodys
        if parameter == "place":
            places = {"own": cast.BJORKHAGA, "elsewhere": cast.EKLIDEN}
            return {name: place.text for name, place in places.items()} | {"missing": NO_PLACE}
        of_operators = {
            "incident": {"searches": self.searches.public_id},
            "subscription": {"told": self.told.subscription.public_id},
            "delivery": {"told": self.told.public_id},
        }
        if parameter in of_operators:
            return of_operators[parameter] | nobodys
        # The rest is the API's: without a token nobody comes so far as to ask.
        return {"any": uuid.UUID(int=0)}


SETTINGS = {
    "AUDITORS": (cast.AUDITOR.text,),
    "OPERATORS": (OPERATOR.text,),
    # Whoever opens every page is in no one's way.
    "LIMIT_LOGINS_PER_MINUTE": 1_000_000,
    "LIMIT_SEARCHES_PER_MINUTE": 1_000_000,
    "LIMIT_ORDERS_PER_HOUR": 1_000_000,
}


# A file that imports these three has one world, made once.
@pytest.fixture(scope="module")
def world_once(django_db_setup, django_db_blocker, demo_store) -> Iterator[MadeOnce[World]]:
    with made_once.hold(make, begin_with=demo_store, blocker=django_db_blocker, **SETTINGS) as world:
        yield world


@pytest.fixture
def served(world_once: MadeOnce[World]) -> Store:
    return world_once.store


@pytest.fixture
def made(world_once: MadeOnce[World], db, directory, settings) -> World:
    """The world, and settings as they were when it was made."""
    for name, value in SETTINGS.items():
        setattr(settings, name, value)
    return world_once.copy()


def make(kiv: Kiv) -> World:
    """Everything by real operations; `subject` is the one most cases of the own unit concern."""
    ekliden = open_directory().unit(cast.EKLIDEN)
    person = open_directory().person(KIV_ELSEWHERE)
    assert ekliden
    assert person
    kiv.add_value(person.dn, "vgrManagedObjects", ekliden.dn)
    kiv.add_value(person.dn, "vgrAdminType", "C")
    own = delegating.give(kinds=[Delegable.ATTESTING])
    elsewhere = delegating.give(HEAD_ELSEWHERE, to=cast.DOCTOR_UNCOUPLED, unit=cast.EKLIDEN)
    in_kiv = acts.order(service=Service.INTYGSSTATISTIK)
    cases = {
        "to-attest": acts.order(by=cast.COORDINATOR),
        "to-choose": acts.order(units=[cast.ALMBY]),
        "in-kiv": in_kiv,
        "protected": acts.order(person_id=cast.PROTECTED),
        "done": acts.order(person_id=cast.SETTLED),
        "elsewhere": acts.order(
            by=cast.DOCTOR_UNCOUPLED, person_id=cast.DOCTOR_UNCOUPLED, units=[cast.EKLIDEN]
        ),
        "second": acts.order(
            person_id=cast.PROCESS_LEADER,
            service=Service.INTYGSSTATISTIK,
            level=Level.PROVIDER,
            units=[cast.PROVIDER],
        ),
    }
    acts.work()
    acts.choose(AccessRequest.objects.get(pk=in_kiv.pk), Choice.COUPLE)
    away = life.granted(kiv, by=HEAD_ELSEWHERE, person_id=cast.COORDINATOR_UNCOUPLED, units=[cast.EKLIDEN])
    ending = life.granted(kiv, person_id=cast.DEAD_RIGHT)
    removal = life.with_kiv(life.removal_by_head(ending))
    removals = {"removal": removal, "elsewhere": life.removal_by_head(away, by=HEAD_ELSEWHERE)}
    grants = {"right": Grant.objects.get(requests=cases["done"]), "elsewhere": away}
    long_ago = timezone.now() - timedelta(days=3)  # so that whoever waits may remind
    AccessRequest.objects.update(state_since=long_ago)
    failed = OutgoingMessage.objects.filter(kind="attest").order_by("pk")[0]
    OutgoingMessage.objects.filter(pk=failed.pk).update(state=OutgoingMessage.Delivery.FAILED, attempts=8)
    rows = {name: AccessRequest.objects.get(pk=row.pk) for name, row in cases.items()}
    swept = directory.sweep(is_full=True, believes_losses=True, directory=open_directory())
    assert swept
    assert swept.sweep.outcome == "complete", swept.sweep.code
    found = {
        "dead": Finding.objects.get(subject_key=cast.ENDED.folded),
        "mistyped": Finding.objects.get(subject_key=cast.BLANKS.folded),
        "unknown-id": Finding.objects.get(subject_key=cast.UNKNOWN_ID.folded),
    }
    grant = rows["done"].grant
    assert grant
    own_review = sitting.begun(grant)
    _right_without_review(rows["to-choose"])
    return World(
        rows,
        {"own": own, "elsewhere": elsewhere},
        {"failed": failed},
        {"own-review": own_review},
        grants,
        removals,
        found,
        {"own": moving.propose()},
        _searches(),
        _told(),
        {"own": _named(cast.HEAD, cast.BJORKHAGA), "elsewhere": _named(HEAD_ELSEWHERE, cast.EKLIDEN)},
    )


Payload = Callable[[uuid.UUID], dict[str, Any]]

REASON = "Behövs inte längre på enheten, enligt verksamhetschefen."


def _right_without_review(row: AccessRequest) -> None:
    """As if the case had given a right: one whose unit's head may start a review."""
    named = ("subject_key", "subject_hsa_id", "subject_name", "service", "level", "starts_on", "ends_on")
    placed = ("unit_key", "unit_hsa_id", "unit_name", "unit_dn")
    fields = {name: getattr(row, name) for name in (*named, *placed)}
    Grant.objects.create(origin=row, next_review_on=row.ends_on, **fields)


def _searches() -> Incident:
    """The doctor has searched too often, and the operators are to ask why."""
    incidents_record.searched_much(acts.user(cast.DOCTOR), count=101, day="2026-11-28")
    return Incident.objects.get(kind=IncidentKind.SEARCHES)


def _named(by: HsaId, unit_id: HsaId) -> TeamMember:
    """A head has named the coordinator of the unit's team."""
    return teams_name.name(
        by=acts.user(by),
        mandates=current.read(by),
        unit_id=unit_id,
        task=TeamTask.COORDINATOR,
        person_id=cast.COORDINATOR,
        starts_on=dates.today(),
    )


def _told() -> HookDelivery:
    """Another system has not been reached about something."""
    system, _secret = systems_keep.add("desk", name="The ticket desk", scopes=[Scope.READ_CASES])
    kinds = [EventKind.CASE_STARTED]
    row, _secret = subscribe.begin(
        system, url="https://desk.example/", kinds=kinds, tells_person=False, by=None
    )
    return HookDelivery.objects.create(
        subscription=row,
        sequence=1,
        kind=kinds[0].value,
        happened_at=timezone.now(),
        case_key="1",
        state=HookDelivery.Telling.DEAD,
    )


def _answers(public_id: uuid.UUID) -> dict[str, Any]:
    """Every right of the review is kept, as a reviewer's page would send it."""
    data: dict[str, Any] = {}
    for item in ReviewItem.objects.filter(review__public_id=public_id).select_related("grant"):
        said = reviews_said.look([item.grant])[item.grant_id]
        data |= {
            f"{item.pk}-decision": "keep",
            f"{item.pk}-reason": REASON,
            f"{item.pk}-shown": said.fingerprint,
        }
    return data


# What is posted, by the address's name: enough to change something, were it allowed. Others: an empty form.
PAYLOADS: Mapping[str, Payload] = {
    "unit_team": lambda _place: {
        "task": "doctor",
        "person": cast.DOCTOR.text,
        "starts_on": dates.today().isoformat(),
    },
    "reorganise": lambda pk: {
        "old": cast.ALMBY.text,
        "closes": "on",
        "answer": "propose",
        "reason": REASON,
    },
    "reorganisation": lambda pk: {"answer": "attest"},
    "attest": lambda _id: {"decision": "reject", "reason": REASON},
    "order_attest": lambda submission: {
        "action": "reject_some",
        "chosen": [str(row.public_id) for row in AccessRequest.objects.filter(order__submission=submission)],
        "reason": REASON,
    },
    "order_withdraw": lambda _id: {"reason": REASON},
    "choose": lambda _id: {"choice": "wait"},
    "withdraw": lambda _id: {"reason": REASON},
    "finding": lambda _id: {"step": "explain", "reason": REASON},
    "kiv_task": lambda public_id: {
        "answer": "cannot",
        "cannot-items": [str(public_id)],
        "cannot-why": "other",
        "cannot-note": REASON,
    },
    "kiv_ask": lambda _id: {"text": REASON},
    "kiv_answer": lambda _id: {"text": REASON},
    "begin_review": lambda _id: {"unit": cast.ALMBY.folded},
    "review": _answers,
    "delegate": lambda _id: {
        "who": cast.OUTSIDER.text,
        "unit": cast.BJORKHAGA.text,
        "kinds": ["attesting"],
        "starts_on": timezone.localdate().isoformat(),
        "ends_on": (timezone.localdate() + timedelta(days=9)).isoformat(),
        "reason": delegating.REASON,
    },
    "grant_end": lambda _id: {"reason": REASON},
    "grant_let_end": lambda _id: {"reason": REASON},
    "removal_withdraw": lambda _id: {"reason": REASON},
    "removal_task": lambda _id: {"answer": "cannot", "cannot-why": "other", "cannot-note": REASON},
    "set_language": lambda _id: {"language": "sv"},
}
