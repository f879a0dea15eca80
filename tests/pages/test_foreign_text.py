"""Text from the directory and from people stands by itself: <bdi> keeps it from turning ours around."""

from __future__ import annotations

import pytest
from django.template import Context, Template
from django.urls import reverse

from provisioning.models import AccessRequest, User
from tests import acts, cast

HEBREW = "\u05d0\u05e0\u05d4 \u05db\u05d4\u05df 12"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("directory")
def test_names_and_units_of_a_case_are_isolated(client):
    acts.order()
    request = AccessRequest.objects.get()
    AccessRequest.objects.update(subject_name=HEBREW)
    client.force_login(User.objects.get(pk=cast.HEAD.folded))
    page = client.get(reverse("case", args=[request.public_id])).content.decode()
    for foreign in (HEBREW, request.unit_name):
        assert f"<bdi>{foreign}" in page
    listed = client.get(reverse("cases")).content.decode()
    assert f"<bdi>{HEBREW}</bdi>" in listed
    assert f"<bdi>{request.unit_name}" in listed


def test_foreign_text_within_a_sentence_is_escaped_and_isolated():
    sentence = Template("{% load components %}{{ text|foreign }}")
    assert sentence.render(Context({"text": "<b>x"})) == "<bdi>&lt;b&gt;x</bdi>"
