"""A flow read as nodes and arrows."""

from __future__ import annotations

from provisioning.rules.states.request import RequestState
from workflows import way
from workflows.engine.graph import Arrow, NodeKind


def test_the_nodes_stand_in_the_order_in_which_the_flow_declares_them():
    names = [node.name for node in way.orders().steps]

    assert names == ["start", "attest", "second_attest", "check", "choose", "wait", "kiv", "verify", "arrive"]


def test_every_arrow_leads_to_a_node_and_gates_have_one_way_for_the_rest():
    for graph in (way.orders(), way.removals()):
        for node in graph.nodes.values():
            assert {arrow.to for arrow in node.arrows} <= set(graph.nodes)
            rest = [arrow for arrow in node.arrows if arrow.state is None]
            assert len(rest) == (0 if node.kind is NodeKind.END else 1)


def test_steps_after_a_step_pass_over_the_gate_and_name_the_state():
    after = way.orders().steps_after("choose")

    assert Arrow("wait", RequestState.WAITING_FOR_COMMISSION) in after
    assert {arrow.to for arrow in after} == {"check", "wait", "cannot_be_done", "withdrawn"}
