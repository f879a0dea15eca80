"""Short-lived copies: shared where the cache answers, in the process for seconds where it does not."""

from __future__ import annotations

from django.core.cache import caches

from provisioning import copies


def lasting(monkeypatch) -> list[int]:
    """For how many seconds copies are kept in the process."""
    kept = []
    near = caches[copies.NEAR]
    keep = near.set

    def noting(key, copy, seconds):
        kept.append(seconds)
        keep(key, copy, seconds)

    monkeypatch.setattr(near, "set", noting)
    return kept


def test_a_copy_is_kept_and_forgotten():
    copies.keep("test:one", {"a": 1}, 60)
    assert copies.recall("test:one") == {"a": 1}
    assert caches[copies.NEAR].get("test:one") is None
    copies.forget("test:one")
    assert copies.recall("test:one") is None


def test_a_silent_cache_leaves_a_copy_for_seconds_in_the_process(dead_cache, monkeypatch):
    kept = lasting(monkeypatch)
    assert copies.recall("test:two") is None
    copies.keep("test:two", "read", 3600)
    assert copies.recall("test:two") == "read"
    assert max(kept) == copies.SILENCE_SECONDS
    copies.forget("test:two")
    assert copies.recall("test:two") is None


def test_a_silent_cache_is_asked_once_in_a_while(dead_cache, caplog):
    for number in range(5):
        copies.keep(f"test:{number}", number, 60)
    assert [copies.recall(f"test:{number}") for number in range(5)] == list(range(5))
    assert [record.message.partition(":")[0] for record in caplog.records] == ["the cache does not answer"]
