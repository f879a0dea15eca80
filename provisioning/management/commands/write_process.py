"""`manage.py write_process`: write down both flows as BPMN 2.0 and in words, from what runs."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from enum import Enum
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import translation
from django.utils.translation import gettext as _

from provisioning.pages import words as pages_words
from provisioning.pages.flow import description
from provisioning.pages.flow.page import FLOWS, document
from provisioning.pages.rights import words as rights_words
from provisioning.rules.states.request import RequestState
from provisioning.rules.states.right import RemovalState


class Command(BaseCommand):
    """Exit status 0 when the documents say what runs, 1 with --check when one does not."""

    help = "Write both flows as BPMN 2.0 and as Markdown, in Swedish, into docs/process."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--folder", type=Path, default=Path("docs/process"), help="where to write")
        parser.add_argument("--check", action="store_true", help="write nothing; say which file differs")

    def handle(self, *args: Any, **options: Any) -> None:
        folder: Path = options["folder"]
        with translation.override("sv"):
            documents = {
                name: text
                for slug, graph in FLOWS.items()
                for name, text in (
                    (f"{slug}.bpmn", document(graph())),
                    (f"{slug}.md", description.describe(graph(), sentence=_sentence)),
                )
            }
        differing = [name for name, text in documents.items() if _read(folder / name) != text]
        if options["check"]:
            for name in differing:
                self.stderr.write(_("%(file)s differs from the flow that runs.") % {"file": folder / name})
            if differing:
                sys.exit(1)
            return
        folder.mkdir(parents=True, exist_ok=True)
        for name in differing:
            (folder / name).write_text(documents[name], encoding="utf-8")
            self.stdout.write(str(folder / name))


def _sentence(state: Enum) -> str:
    """What the pages say comes next while a case is in this state."""
    if isinstance(state, RemovalState):
        return str(rights_words.NEXT_STEP[state])
    return str(pages_words.NEXT_STEP[RequestState(str(state.value))])


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.exists() else None
