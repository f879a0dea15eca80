"""A flow in plain words, as Markdown: each step, how it goes on, and the numbers of the rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import Enum

from django.conf import settings
from django.utils.translation import gettext as _

from provisioning.rules.states.request import RequestState
from workflows import words
from workflows.engine.graph import Arrow, FlowNode, Graph, NodeKind
from workflows.steps import STEP_OF

Sentence = Callable[[Enum], str]


def describe(graph: Graph, *, sentence: Sentence) -> str:
    """The whole flow, in the language that is active. `sentence`: what the pages say of a state."""
    lines = [f"# {words.title(graph)}", "", _made_from(), ""]
    return "\n".join([*lines, *_steps(graph, sentence), *_ends(graph), *_numbers(), ""])


def _made_from() -> str:
    return _("Written by `manage.py write_process` from the flow that runs and from the rules. Do not edit.")


def _steps(graph: Graph, sentence: Sentence) -> Iterator[str]:
    for number, node in enumerate(graph.steps, 1):
        yield f"## {number}. {node.title}"
        yield ""
        if node.kind is not NodeKind.START:
            yield _("Waits for somebody.") if node.kind is NodeKind.STEP else _("Automatic.")
            yield ""
        for state in _states_at(graph, node):
            yield sentence(state)
            yield ""
        for arrow in graph.steps_after(node.name):
            yield f"- {_condition(graph, node, arrow)}: {graph.nodes[arrow.to].title}"
        yield ""


def _condition(graph: Graph, node: FlowNode, arrow: Arrow) -> str:
    if arrow.state is not None:
        return words.state(arrow.state)
    return _("Otherwise") if len(graph.steps_after(node.name)) > 1 else _("Then")


def _states_at(graph: Graph, node: FlowNode) -> list[Enum]:
    """The states in which a case stands at a node: those that lead there, or the one it waits for."""
    arrows = (arrow for one in graph.nodes.values() for arrow in one.arrows if arrow.to == node.name)
    found = dict.fromkeys(arrow.state for arrow in arrows if arrow.state is not None)
    if not found and graph.name == "AccessRequestFlow":
        found = dict.fromkeys(RequestState(state) for state, step in STEP_OF.items() if step == node.name)
    return list(found)


def _ends(graph: Graph) -> Iterator[str]:
    yield f"## {_('How it can end')}"
    yield ""
    for node in graph.ends:
        yield f"- {node.title}"
    yield ""


def _numbers() -> Iterator[str]:
    """The numbers that this installation's settings give the rules."""
    yield f"## {_('Numbers')}"
    yield ""
    yield f"- {_('Waits for what is missing, working days')}: {settings.WAIT_FOR_COMMISSION_WORKING_DAYS}"
    yield f"- {_('Reminds after, working days')}: {settings.REMINDER_WORKING_DAYS}"
    yield f"- {_('Asks the next head of unit after so many reminders')}: {settings.ESCALATION_LEVELS}"
