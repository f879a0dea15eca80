"""The steps from a bare machine to running name what there is: commands, files, variables, programs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import get_commands

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
STEPS = PAGE[PAGE.index("## From a bare machine") : PAGE.index("## Connecting a directory")]


def test_every_command_of_manage_py_on_the_page_exists():
    named = set(re.findall(r"manage\.py\s+([a-z_]+)", PAGE))
    assert {"migrate", "collectstatic", "check_directory", "verify_audit", "write_checkpoint"} <= named
    assert named - set(get_commands()) == set()


def test_every_variable_of_the_steps_is_in_the_example():
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)[`=]", STEPS))
    assert len(named) > 10
    assert [one for one in sorted(named) if not re.search(rf"^#?{one}=", example, re.MULTILINE)] == []


def test_the_units_start_what_the_image_starts():
    image = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    (web,) = re.findall(r"ExecStart=/srv/access/venv/bin/(gunicorn .+)", STEPS)
    for word in web.split():
        assert f'"{word}"' in image or word.startswith("127.0.0.1"), word


@pytest.mark.parametrize("program", ["worker", "beat"])
def test_celery_knows_every_option_of_the_units(program: str):
    (line,) = re.findall(
        rf"ExecStart=/srv/access/venv/bin/celery --app config\.celery {program} ([^`]+)`", STEPS
    )
    done = subprocess.run(
        [sys.executable, "-m", "celery", "--app", "config.celery", program, "--help"],
        capture_output=True, text=True, check=True, cwd=ROOT,
    )  # fmt: skip
    options = re.findall(r"--[a-z-]+", line)
    assert options
    assert [option for option in options if option not in done.stdout] == []
