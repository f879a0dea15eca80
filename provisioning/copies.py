"""Short-lived copies of what was read, in the cache that all processes share. Nothing is decided by one.

A cache that does not answer costs one wait; for a few seconds each process then keeps copies of its own.
"""

from __future__ import annotations

import logging
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.base import BaseCache
from redis.exceptions import RedisError

log = logging.getLogger(__name__)

NEAR = "near"  # the cache in the process itself
SILENCE_SECONDS = 5  # so long nobody waits for a cache again that did not answer
_TROUBLES = (RedisError, OSError)
_IS_SILENT = "copies:cache_is_silent"


def recall(key: str) -> Any:
    """The copy that is kept under this key; None where there is none."""
    try:
        return _store().get(key)
    except _TROUBLES as exc:
        return _do_without(exc).get(key)


def keep(key: str, copy: Any, seconds: int) -> None:
    """Keep it for so long at the most; in the process alone for SILENCE_SECONDS at the most."""
    store = _store()
    if store is not caches[NEAR]:
        try:
            store.set(key, copy, seconds)
            return
        except _TROUBLES as exc:
            store = _do_without(exc)
    store.set(key, copy, min(seconds, SILENCE_SECONDS))


def forget(key: str) -> None:
    """No copy is kept any more. Where the cache is silent, one lives on for as long as it was kept."""
    caches[NEAR].delete(key)
    try:
        _store().delete(key)
    except _TROUBLES as exc:
        _do_without(exc)


def _store() -> BaseCache:
    near = caches[NEAR]
    return near if near.get(_IS_SILENT) else caches["default"]


def _do_without(exc: Exception) -> BaseCache:
    log.warning("the cache does not answer: %s", type(exc).__name__)
    near = caches[NEAR]
    near.set(_IS_SILENT, True, SILENCE_SECONDS)
    return near
