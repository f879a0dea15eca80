"""HSA-ids: the same whatever the case, and written as they were read."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from provisioning.rules.hsa import HsaId

AS_WRITTEN = HsaId("SE0000000000-1a")
OTHERWISE = HsaId("se0000000000-1A")


def test_ids_are_the_same_whatever_the_case_and_keep_their_text():
    assert AS_WRITTEN == OTHERWISE
    assert hash(AS_WRITTEN) == hash(OTHERWISE)
    assert {AS_WRITTEN} | {OTHERWISE} == {AS_WRITTEN}
    assert (str(AS_WRITTEN), OTHERWISE.text) == ("SE0000000000-1a", "se0000000000-1A")
    assert HsaId("SE0000000000-1b") != AS_WRITTEN
    assert AS_WRITTEN != "SE0000000000-1a"


@pytest.mark.parametrize(
    "again",
    [copy.copy, copy.deepcopy, dataclasses.replace, lambda one: pickle.loads(pickle.dumps(one))],  # noqa: S301
    ids=["copied", "copied deeply", "replaced", "sent to a process"],
)
def test_an_id_made_from_another_is_folded_like_it(again):
    made = again(AS_WRITTEN)
    assert (made, made.text, made.folded) == (AS_WRITTEN, AS_WRITTEN.text, AS_WRITTEN.folded)


def test_an_id_with_another_text_is_folded_anew():
    assert dataclasses.replace(AS_WRITTEN, text="SE0000000000-2B").folded == "se0000000000-2b"


def test_an_id_cannot_be_changed():
    with pytest.raises(dataclasses.FrozenInstanceError):
        AS_WRITTEN.folded = "somebody else"
