"""The diagrams that are measured."""

from __future__ import annotations

from typing import Any

WORKERS = 10
SERVICE_S = 0.05
BUSY = 0.9
CALL_S = 0.02
"""Round trip of a call to a queue, by default."""
RATE_PER_S = BUSY * WORKERS / SERVICE_S


def pipeline(messages: int, delivery_s: float = 0.0, **run: Any) -> dict[str, Any]:
    """A topic, two queues and ten workers at each, 90 % busy, for as long as ``messages`` take to be published.

    ``delivery_s`` is the mean of the exponential latency from topic to queue; 0: none. Calls of the workers to the queue take no time.
    """
    latency = {"type": "exponential", "mean_s": delivery_s} if delivery_s else {"type": "constant", "value_s": 0}
    nodes = [_node("source", "traffic", load={"shape": "constant", "rate_per_s": RATE_PER_S}), _node("topic", "sns")]
    wires = [_wire("source", "out", "topic", "in")]
    for name in ("first", "second"):
        nodes += [_node(name, "sqs"), _node(f"{name}-workers", "worker", workers=WORKERS, duration={"type": "exponential", "mean_s": SERVICE_S})]
        wires += [
            _wire("topic", "out", name, "in", delivery_latency=latency),
            _wire(name, "out", f"{name}-workers", "source", request_latency={"type": "constant", "value_s": 0}),
        ]
    return {
        "version": 1, "name": "Pipeline", "nodes": nodes, "wires": wires,
        "run": {"duration_s": messages / RATE_PER_S, "seed": 1, "fidelity": "exact", **run},
    }


def default_pipeline(messages: int, **run: Any) -> dict[str, Any]:
    """The same with what a new diagram has: the usual delivery latency of a topic, and calls to the queue that take 20 ms.

    A worker is busy for its two calls as well, so there are more of them: they are 90 % busy again.
    """
    scenario = pipeline(messages, **run)
    for wire in scenario["wires"]:
        wire["parameters"] = {}
    for node in scenario["nodes"]:
        if node["kind"] == "worker":
            node["parameters"]["workers"] = default_workers()
    return scenario


def default_workers() -> int:
    """Workers that are as busy as `WORKERS` are when calls take no time."""
    return round(WORKERS * (SERVICE_S + 2 * CALL_S) / SERVICE_S)


def lanes(count: int, rate_per_s: float, **run: Any) -> dict[str, Any]:
    """``count`` lanes of five nodes beside each other: traffic, topic, queue with dead-letter queue, workers; with positions."""
    nodes: list[dict[str, Any]] = []
    wires: list[dict[str, Any]] = []
    positions: dict[str, list[int]] = {}
    for lane in range(count):
        ids = [f"{word}-{lane}" for word in ("source", "topic", "queue", "workers", "dead")]
        source, topic, queue, workers, dead = ids
        nodes += [
            _node(source, "traffic", load={"shape": "sine", "mean_per_s": rate_per_s, "amplitude": 0.6, "cycle_s": 60}), _node(topic, "sns"), _node(queue, "sqs", max_receive_count=3),
            _node(workers, "worker", workers=max(1, round(rate_per_s * 0.1)), duration={"type": "exponential", "mean_s": SERVICE_S}, failure_probability=0.02),
            _node(dead, "sqs", message_retention_period_s=1_209_600),
        ]
        wires += [_wire(source, "out", topic, "in"), _wire(topic, "out", queue, "in"), _wire(queue, "out", workers, "source"), _wire(queue, "dlq", dead, "in")]
        column, row = lane % 2 * 1100, lane // 2 * 210
        places = [(0, 0), (260, 0), (520, 0), (780, 0), (780, 100)]
        positions |= {node: [column + x, row + y] for node, (x, y) in zip(ids, places, strict=True)}
    return {"version": 1, "name": f"{len(nodes)} nodes", "nodes": nodes, "wires": wires, "run": {"seed": 1, **run}, "view": {"positions": positions}}


def _node(node: str, kind: str, **parameters: Any) -> dict[str, Any]:
    return {"id": node, "kind": kind, "name": node, "parameters": parameters}


def _wire(source: str, port: str, target: str, target_port: str, **parameters: Any) -> dict[str, Any]:
    return {"id": f"{source} {port} {target}", "from": {"node": source, "port": port}, "to": {"node": target, "port": target_port}, "parameters": parameters}
