"""What the states of the flows are called, for pictures and documents of them."""

from __future__ import annotations

from enum import Enum

from provisioning.models import RemovalStateChoice, StateChoice
from provisioning.rules.states.right import RemovalState


def state(one: Enum) -> str:
    """The state's name in the language that is active."""
    choices = RemovalStateChoice if isinstance(one, RemovalState) else StateChoice
    return str(choices(one.value).label)
