"""The receipt: who may have it, what it shows, and that the tool outside can check it with the key alone."""

import json

import pytest
from django.urls import reverse

from provisioning.audit import export, says, sealing
from provisioning.models import AccessRequest, AuditEntry, AuditHead, Evidence, User
from provisioning.rules.hsa import Attribute
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState
from tests import acts, cast
from tests.audit.chains import outside
from tests.rights import life

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def done(directory, kiv):
    """A case that has come all the way, carried out by the KIV administrator."""
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    kiv.add_value(request.changes[0]["dn"], Attribute.SYSTEM_ROLE, "INTYG;Rehab-" + cast.BJORKHAGA.text)
    acts.work()
    request.refresh_from_db()
    assert request.current_state is RequestState.DONE
    return request


def download(enter, request, by=cast.HEAD):
    return enter(by).get(reverse("receipt_json", args=[request.public_id]))


def saved(tmp_path, content):
    file = tmp_path / "receipt.json"
    file.write_text(content if isinstance(content, str) else json.dumps(content))
    return file


def test_a_receipt_shows_who_did_what_and_what_the_directory_said(enter, done, tmp_path, key_file):
    response = download(enter, done)
    assert response.status_code == 200
    assert response["Content-Disposition"] == f'attachment; filename="receipt-{done.case_number}.json"'
    assert "no-store" in response["Cache-Control"]
    content = response.json()
    assert [one["action"] for one in content["people"]] == [
        "order.placed", "request.attested", "request.values_seen", "request.done",
    ]  # fmt: skip
    ordered, _attested, seen, _done = content["people"]
    assert (ordered["actor"], ordered["hsa_id"]) == (cast.HEAD.folded, cast.HEAD.text)
    assert (seen["actor"], cast.KIV_ADMINISTRATOR.text in seen["was_with"]) == (None, True)
    assert [piece["moment"] for piece in content["evidence"]] == ["order", "before", "after", "verification"]
    assert content["verdict"]["answer"] == "yes"
    assert content["subject"]["hsa_id"] == done.subject_hsa_id
    assert outside(saved(tmp_path, response.content.decode()), key_file) == set()


def test_downloading_is_recorded_and_is_in_the_receipt(enter, done):
    content = download(enter, done).json()
    entry = AuditEntry.objects.last()
    assert (entry.action, entry.actor_id, entry.request_id) == (
        "receipt.issued", cast.HEAD.folded, done.public_id,
    )  # fmt: skip
    assert content["entries"][-1]["sequence"] == content["checkpoint"]["sequence"] == entry.sequence


def forge_actor(content):
    content["people"][0]["actor"] = "se0000000000-1099"


def forge_row(content):
    content["entries"][1]["reason"] = "another"


def forge_evidence(content):
    content["evidence"][1]["values"] = []


def forge_anything(content):
    content["access"]["ends_on"] = "2099-12-31"


def forge_removal_evidence(content):
    content["evidence"][0]["values"] = []


def forge_checkpoint(content):
    content["checkpoint"]["count"] = 1


@pytest.mark.parametrize(
    ("forge", "named"),
    [
        (forge_actor, "person"),
        (forge_row, "changed"),
        (forge_evidence, "evidence"),
        (forge_anything, "receipt_forged"),
        (forge_checkpoint, "checkpoint_forged"),
    ],
)
def test_a_forged_receipt_is_found_and_named(enter, done, tmp_path, key_file, forge, named):
    content = download(enter, done).json()
    forge(content)
    found = {kind for kind, _first, _last in outside(saved(tmp_path, content), key_file)}
    assert found == {named, "receipt_forged"}


def test_evidence_that_was_changed_in_the_database_is_found_in_the_receipt(enter, done, tmp_path, key_file):
    Evidence.objects.filter(request=done, moment="before").update(values=[])
    found = outside(saved(tmp_path, download(enter, done).json()), key_file)
    assert {kind for kind, _first, _last in found} == {"evidence"}


def test_a_receipt_that_the_chains_later_history_does_not_know_is_found(
    enter, done, tmp_path, key_file, checkpoint, checkpoint_file
):
    content = download(enter, done).json()
    checkpoint()
    text = checkpoint_file.read_text()
    assert outside(saved(tmp_path, content), key_file, checkpoint_file) == set()
    checkpoint_file.write_text(text.replace('"mac":"', '"mac":"0'))
    kinds = {kind for kind, _f, _l in outside(saved(tmp_path, content), key_file, checkpoint_file)}
    assert kinds == {"checkpoint_forged", "rewritten"}


def test_the_page_shows_the_signed_rows_and_leads_to_the_file(enter, done):
    response = enter(cast.HEAD).get(reverse("receipt", args=[done.public_id]))
    text = response.content.decode()
    assert response.status_code == 200
    assert reverse("receipt_json", args=[done.public_id]) in text
    for entry in export.rows_about(done):
        assert entry.mac in text
    case = enter(cast.HEAD).get(reverse("case", args=[done.public_id])).content.decode()
    assert reverse("receipt", args=[done.public_id]) in case


@pytest.mark.parametrize("page", ["receipt", "receipt_json"])
def test_who_may_not_see_the_case_finds_no_receipt_and_leaves_no_row(enter, done, page):
    client, before = enter(cast.OUTSIDER), AuditEntry.objects.count()
    assert client.get(reverse(page, args=[done.public_id])).status_code == 404
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("page", ["receipt", "receipt_json"])
def test_an_open_case_has_no_receipt(enter, directory, page):
    from tests import acts

    request = acts.order(by=cast.COORDINATOR)
    assert enter(cast.COORDINATOR).get(reverse(page, args=[request.public_id])).status_code == 404


@pytest.mark.parametrize("page", ["receipt", "receipt_json"])
def test_a_receipt_is_only_read(enter, done, page):
    assert enter(cast.HEAD).post(reverse(page, args=[done.public_id])).status_code == 405


def test_no_receipt_is_made_over_a_broken_chain(enter, done):
    AuditHead.objects.update(cut_through=3)
    before = AuditEntry.objects.count()
    assert download(enter, done).status_code == 503
    assert AuditEntry.objects.count() == before


# -- protected persons ---------------------------------------------------------------------------------------


@pytest.fixture
def protected(done):
    AccessRequest.objects.filter(pk=done.pk).update(subject_is_protected=True)
    done.refresh_from_db()
    return done


def test_a_protected_persons_receipt_is_checked_and_tells_nothing_of_them(
    enter, protected, tmp_path, key_file
):
    response = download(enter, protected)
    text = response.content.decode()
    assert outside(saved(tmp_path, text), key_file) == set()
    assert protected.subject_name not in text
    assert protected.subject_hsa_id not in text
    assert "ou=Personal" not in text
    assert all("detail" in row and "data" not in row for row in response.json()["entries"])


def test_an_export_tells_nothing_of_a_protected_persons_case(protected, tmp_path, key_file):
    file = tmp_path / "export.jsonl"
    file.write_text("".join(export.lines()))
    assert outside(file, key_file) == set()
    rows = [json.loads(line) for line in file.read_text().splitlines()[1:-1]]
    about = [row for row in rows if row["case"] == protected.order.case_number]
    assert about
    assert all("detail" in row and "reason" not in row and "data" not in row for row in about)
    assert protected.subject_hsa_id not in file.read_text()


@pytest.mark.parametrize("page", ["case", "receipt"])
def test_opening_a_protected_persons_case_is_recorded_each_time(enter, protected, page):
    client = enter(cast.AUDITOR)
    for _time in range(2):
        assert client.get(reverse(page, args=[protected.public_id])).status_code == 200
    rows = AuditEntry.objects.filter(action="case.protected_read", request=protected)
    assert [row.actor_id for row in rows] == [cast.AUDITOR.folded] * 2


def test_opening_another_case_leaves_no_row(enter, done):
    client, before = enter(cast.AUDITOR), AuditEntry.objects.count()
    client.get(reverse("case", args=[done.public_id]))
    assert AuditEntry.objects.count() == before


# -- removals -----------------------------------------------------------------------------------------------


@pytest.fixture
def removed(directory, kiv):
    """A removal that has come all the way: the KIV administrator has taken the value away."""
    from tests import acts
    from tests.rights import life

    removal = life.removal_by_head(life.granted(kiv))
    acts.work()
    removal.refresh_from_db()
    life.take_away(kiv, removal)
    acts.make_everything_due()
    life.work()
    removal.refresh_from_db()
    assert removal.current_state is RemovalState.DONE
    return removal


def of_removal(enter, removal, by=cast.HEAD):
    return enter(by).get(reverse("removal_receipt_json", args=[removal.public_id]))


def test_a_removals_receipt_shows_who_ended_the_right_and_that_it_is_gone(enter, removed, tmp_path, key_file):
    response = of_removal(enter, removed)

    content = response.json()
    assert content["removal"] == str(removed.public_id) and content["cause"] == "head_of_unit"
    assert [one["action"] for one in content["people"]] == [
        "removal.started", "removal.values_gone", "removal.done",
    ]  # fmt: skip
    assert content["people"][0]["actor"] == cast.HEAD.folded
    assert [piece["moment"] for piece in content["evidence"]] == ["before", "after", "verification"]
    role = "INTYG;Rehab-" + cast.BJORKHAGA.text
    assert [change["remove"] for change in content["removed"]] == [role]
    places = [place for piece in content["evidence"][1:] for place in piece["values"]]
    assert not any(role in place["values"] for place in places)
    assert outside(saved(tmp_path, response.content.decode()), key_file) == set()


@pytest.mark.parametrize(
    ("forge", "named"),
    [(forge_actor, "person"), (forge_row, "changed"), (forge_removal_evidence, "evidence")],
)
def test_a_forged_receipt_of_a_removal_is_found_and_named(enter, removed, tmp_path, key_file, forge, named):
    content = of_removal(enter, removed).json()
    forge(content)
    found = {kind for kind, _first, _last in outside(saved(tmp_path, content), key_file)}
    assert found == {named, "receipt_forged"}


def test_a_removals_receipt_as_a_page_shows_the_value_before_and_after(enter, removed):
    page = enter(cast.HEAD).get(reverse("removal_receipt", args=[removed.public_id]))
    text = page.content.decode()
    assert page.status_code == 200
    assert "INTYG;Rehab-" + cast.BJORKHAGA.text in text
    assert reverse("removal_receipt_json", args=[removed.public_id]) in text
    for entry in export.rows_about(removed):
        assert entry.mac in text
    case = enter(cast.HEAD).get(reverse("removal", args=[removed.public_id])).content.decode()
    assert reverse("removal_receipt", args=[removed.public_id]) in case


@pytest.mark.parametrize("page", ["removal_receipt", "removal_receipt_json"])
def test_who_may_not_see_the_removal_finds_no_receipt_and_leaves_no_row(enter, removed, page):
    client, before = enter(cast.OUTSIDER), AuditEntry.objects.count()
    assert client.get(reverse(page, args=[removed.public_id])).status_code == 404
    assert AuditEntry.objects.count() == before


@pytest.mark.parametrize("page", ["removal_receipt", "removal_receipt_json"])
def test_an_open_removal_has_no_receipt(enter, directory, kiv, page):
    from tests.rights import life

    removal = life.removal_by_head(life.granted(kiv))
    assert enter(cast.HEAD).get(reverse(page, args=[removal.public_id])).status_code == 404


@pytest.fixture(params=[1, 2, 3, 4])
def acted_protected(request, monkeypatch, directory, kiv):
    """A finished case whose rows are of that form, and whose attester has become protected since."""
    if request.param < 4:
        monkeypatch.setattr(sealing, "VERSION", request.param)
        monkeypatch.setattr(says, "of", lambda rows, key: [])
    grant = life.granted(kiv, by=cast.COORDINATOR)
    monkeypatch.undo()
    User.objects.filter(pk=cast.HEAD.folded).update(is_protected=True)
    return grant.origin


def test_a_protected_actor_is_named_in_no_form_of_rows(acted_protected, enter, tmp_path, key_file):
    file = tmp_path / "export.jsonl"
    file.write_text("".join(export.lines()))
    receipt = download(enter, acted_protected, by=cast.COORDINATOR).content.decode()
    name = acts.user(cast.HEAD).name
    for text in (file.read_text(), receipt):
        assert cast.HEAD.text.casefold() not in text.casefold()
        assert name not in text
    assert outside(file, key_file) == set()
    assert outside(saved(tmp_path, receipt), key_file) == set()


def test_an_older_row_without_its_actor_is_still_checked(acted_protected, tmp_path, key_file):
    lines = [json.loads(line) for line in "".join(export.lines()).splitlines()]
    masked = [row for row in lines if "masked" in row]
    assert bool(masked) is (lines[1].get("version", 4) < 3)
    for row in masked[:1]:
        row["action"] = "request.withdrawn"
        file = tmp_path / "export.jsonl"
        file.write_text("".join(json.dumps(line) + "\n" for line in lines))
        assert {kind for kind, _first, _last in outside(file, key_file)} == {"changed"}
