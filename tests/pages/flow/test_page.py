"""How it works, and the way of one case: what everybody reads, and what is marked."""

from __future__ import annotations

import pytest
from django.core.management import call_command

from provisioning.pages.flow import picture
from tests import acts, cast
from tests.pages import reading
from workflows import way

pytestmark = pytest.mark.django_db(transaction=True)


def marks(request) -> dict[str, str]:
    drawn = picture.draw(way.graph_of(request), taken=way.taken(request))
    return {box.name: box.mark for box in drawn.boxes if box.mark}


def test_whoever_is_logged_in_reads_how_it_works(directory, enter):
    page = enter(cast.OUTSIDER).get("/sa-gar-det-till/")

    assert page.status_code == 200
    assert "How an order goes" in reading.text_of(page)
    assert "How a right is removed" in reading.text_of(page)


def test_the_page_is_not_for_those_who_have_not_logged_in(client):
    assert client.get("/sa-gar-det-till/").status_code == 302
    assert client.get("/sa-gar-det-till/bestallning.bpmn").status_code == 302


def test_a_flow_is_fetched_as_a_file_and_another_is_not_found(directory, enter):
    client = enter(cast.OUTSIDER)

    answer = client.get("/sa-gar-det-till/borttagning.bpmn")

    assert answer["Content-Disposition"] == 'attachment; filename="borttagning.bpmn"'
    assert b"RemovalFlow" in answer.content
    assert client.get("/sa-gar-det-till/annat.bpmn").status_code == 404


def test_the_way_of_a_case_is_marked_and_told_in_words(directory, kiv, enter):
    request = acts.order()
    acts.work()
    request.refresh_from_db()
    assert marks(request) == {"start": "done", "check": "done", "kiv": "now"}
    text = reading.text_of(enter(cast.HEAD).get(f"/arenden/{request.public_id}/"))
    assert "The way of this case" in text
    assert "here now" in text

    acts.set_values(request, kiv)
    acts.work()
    request.refresh_from_db()

    assert marks(request)["granted"] == "done"
    assert "now" not in marks(request).values()


def test_only_the_ways_that_were_taken_are_marked(directory):
    request = acts.order()
    acts.work()
    drawn = picture.draw(way.graph_of(request), taken=way.taken(request))

    assert sum(line.is_taken for line in drawn.lines) == 2
    assert not any(line.is_taken for line in picture.draw(way.orders()).lines)


def test_nothing_of_the_picture_stands_outside_it():
    for graph in (way.orders(), way.removals()):
        drawn = picture.draw(graph)
        for box in drawn.boxes:
            assert box.x >= 0 and box.x + drawn.box_width <= drawn.width
            assert box.y + drawn.box_height <= drawn.height


def test_the_documents_of_the_flows_say_what_runs():
    call_command("write_process", "--check")


def test_a_document_that_differs_is_named(tmp_path, capsys):
    call_command("write_process", folder=tmp_path)
    (tmp_path / "bestallning.md").write_text("Något annat.", encoding="utf-8")

    with pytest.raises(SystemExit) as ended:
        call_command("write_process", folder=tmp_path, check=True)

    assert ended.value.code == 1
    assert "bestallning.md" in capsys.readouterr().err
