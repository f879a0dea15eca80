"""A service that is not offered from the start: ordered, carried out and proven like the others."""

from __future__ import annotations
