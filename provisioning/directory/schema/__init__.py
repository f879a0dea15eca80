"""The schema that a real slapd loads to hold the demo directory."""

from __future__ import annotations

from pathlib import Path

HSA_SCHEMA = Path(__file__).with_name("hsa.schema")
