"""Opening reviews of many units at once, by the command: what is chosen; a dry run writes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from provisioning import directory as provisioning_directory
from provisioning.models import AuditEntry, Decision, Review, ReviewItem
from tests import acts, cast
from tests.reviews import sitting
from tests.rights import life
from workflows.sweeps import reviews

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def auditor(settings, directory):
    settings.AUDITORS = (cast.AUDITOR.text,)
    return acts.user(cast.AUDITOR)


def run(capsys, *options: str, by=cast.AUDITOR) -> str:
    capsys.readouterr()
    call_command("open_reviews", "--by", by.text, *options)
    return capsys.readouterr().out


def test_every_unit_and_provider_with_rights_gets_a_review(directory, kiv, capsys):
    unit_right, provider_right = life.granted(kiv), sitting.process_leader(kiv)
    told = run(capsys, "--all")
    assert "2 reviews opened" in told
    opened = {row.unit_key: row for row in Review.objects.all()}
    assert set(opened) == {unit_right.unit_key, provider_right.unit_key}
    assert {(row.opened_by_id, row.scope) for row in opened.values()} == {(cast.AUDITOR.folded, "all")}
    assert not any(row.reviewers.exists() for row in opened.values())
    reviews.ask_around(provisioning_directory.open_directory())
    assert sitting.waits_for(cast.HEAD) == {unit_right.pk}
    assert sitting.waits_for(cast.PROVIDER_HEAD) == {provider_right.pk}


def test_a_dry_run_tells_and_writes_nothing(directory, kiv, capsys):
    grant = life.granted(kiv)
    before = AuditEntry.objects.count()
    told = run(capsys, "--all", "--dry-run")
    assert f"{grant.unit_hsa_id}      1  {grant.unit_name}" in told
    assert "would open 1 reviews of 1 rights" in told
    assert (Review.objects.count(), ReviewItem.objects.count()) == (0, 0)
    assert AuditEntry.objects.count() == before


def test_only_the_named_units_are_taken(directory, kiv, capsys):
    life.granted(kiv)
    leader = sitting.process_leader(kiv)
    run(capsys, "--unit", cast.PROVIDER.text, "--unit", cast.NOWHERE.text)
    assert [row.unit_key for row in Review.objects.all()] == [leader.unit_key]


def test_a_service_restricts_which_rights_are_reviewed(directory, kiv, capsys):
    life.granted(kiv)
    statistics = life.statistics(kiv)
    assert "would open 1 reviews of 1 rights" in run(
        capsys, "--all", "--service", "intygsstatistik", "--dry-run"
    )
    run(capsys, "--all", "--service", "intygsstatistik")
    review = Review.objects.get()
    assert review.service == "intygsstatistik"
    assert [item.grant_id for item in review.items.all()] == [statistics.pk]


def test_a_unit_that_is_being_reviewed_is_left_alone(directory, kiv, capsys):
    grant = life.granted(kiv)
    sitting.begun(grant)
    assert "is being reviewed already" in run(capsys, "--all", "--dry-run")
    assert "0 reviews opened" in run(capsys, "--all")
    assert Review.objects.count() == 1


@pytest.mark.parametrize(("days_ago", "is_opened"), [(30, False), (31, True)])
def test_what_was_reviewed_not_long_ago_is_left_out(directory, kiv, capsys, days_ago, is_opened):
    grant = life.granted(kiv)
    review = sitting.begun(grant)
    sitting.decide(review, {grant: Decision.KEEP})
    Review.objects.update(opened_at=review.opened_at - timedelta(days=days_ago))
    run(capsys, "--all", "--not-reviewed-for", "30")
    assert Review.objects.count() == 1 + is_opened


@pytest.mark.parametrize("by", [cast.HEAD, cast.OUTSIDER, cast.NOBODY])
def test_nobody_but_an_auditor_starts_many(directory, kiv, capsys, by):
    life.granted(kiv)
    with pytest.raises(CommandError):
        run(capsys, "--all", by=by)
    assert not Review.objects.exists()
