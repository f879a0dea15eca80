"""What the flows and their states are called, for pictures and documents of them."""

from __future__ import annotations

from enum import Enum

from django.utils.translation import gettext as _

from provisioning.models import RemovalStateChoice, StateChoice
from provisioning.rules.states.right import RemovalState
from workflows.engine.graph import Graph


def state(one: Enum) -> str:
    """The state's name in the language that is active."""
    choices = RemovalStateChoice if isinstance(one, RemovalState) else StateChoice
    return str(choices(one.value).label)


def title(graph: Graph) -> str:
    """The flow's name in the language that is active."""
    return {"AccessRequestFlow": _("How an order goes"), "RemovalFlow": _("How a right is removed")}[
        graph.name
    ]
