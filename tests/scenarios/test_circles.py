"""Diagrams in which messages go round in a circle: a run of any length, and paths that stay few and short."""

from __future__ import annotations

from typing import Any

from tests.drawing import INSTANT, at_times, constant, drawing, outcome


def circle(*after: tuple[str, str], **run: Any) -> dict[str, Any]:
    """A worker that sends each message it has processed back to its own queue; ``after`` names further nodes and where they hang."""
    nodes: dict[str, Any] = {"source": ("traffic", at_times(1, 2, 3)), "queue": ("sqs", {}), "worker": ("worker", {"workers": 1, "duration": constant(0.01)})}
    wires: dict[str, Any] = {"source.out -> queue.in": {}, "queue.out -> worker.source": {"request_latency": INSTANT}, "worker.out -> queue.in": {}}
    for node, kind in after:
        nodes[node] = (kind, {})
        wires[f"worker.out -> {node}.in"] = {}
    return drawing(nodes, wires, **run)


def test_messages_can_go_round_many_thousand_times() -> None:
    seen = outcome(circle(duration_s=101))
    assert seen.total("worker", "MessagesProcessed") > 9900
    assert seen.last("queue", "ApproximateNumberOfMessagesVisible") + seen.last("queue", "ApproximateNumberOfMessagesNotVisible") == 3


def test_going_round_is_no_new_way() -> None:
    seen = outcome(circle(("archive", "sns"), duration_s=11))
    assert [path["nodes"] for path in seen.report["paths"]] == [["source", "queue", "worker", "archive"]]
    assert seen.path("source", "queue", "worker", "archive")["messages"] == seen.total("archive", "NumberOfMessagesPublished") > 900
