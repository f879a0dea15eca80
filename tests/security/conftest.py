"""People logged in, a real directory, and everything that is written to the log."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from config.logs import DiscreetFormatter


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the configured handler writes, from the most talkative loggers on."""
    handler = next(
        one for one in logging.getLogger("django").handlers if isinstance(one.formatter, DiscreetFormatter)
    )
    assert isinstance(handler, logging.StreamHandler)
    talkative = [logging.getLogger(name) for name in ("", "django", "celery", "provisioning", "workflows")]
    levels = [logger.level for logger in talkative]
    written = io.StringIO()
    stream = handler.setStream(written)
    for logger in talkative:
        logger.setLevel(logging.DEBUG)
    yield written
    for logger, level in zip(talkative, levels, strict=True):
        logger.setLevel(level)
    handler.setStream(stream)
