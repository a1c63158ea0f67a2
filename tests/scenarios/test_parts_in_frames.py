"""What frames tell of the parts of a node agrees with what they tell of the whole, also where there are too many parts to tell of each."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import examples
from simulator.observer import fewer_parts
from simulator.run import Simulation
from simulator.vocabulary import PartFigure

FIGURES = (PartFigure("count", "Count", "messages", "sum"), PartFigure("age_s", "Age", "s", "gauge", "max"))


def frames_of(slug: str, **run: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """An example's graph, and its frames as JSON."""
    graph = examples.example(slug).graph
    graph = {**graph, "run": {**graph.get("run", {}), **run}}
    return graph, [dict(frame.to_json()) for frame in Simulation(graph).frames()]


def test_too_many_parts_are_told_of_together() -> None:
    parts = {f"p{number}": {"count": number, "age_s": 10 - number} for number in range(7)}
    assert fewer_parts(parts, FIGURES, 7) == parts
    assert fewer_parts(parts, FIGURES, 3) == {
        "p0 … p1": {"count": 1, "age_s": 10}, "p2 … p3": {"count": 5, "age_s": 8}, "p4 … p6": {"count": 15, "age_s": 6},
    }
    assert fewer_parts(parts, FIGURES, 1) == {"p0 … p6": {"count": 21, "age_s": 10}}


@pytest.mark.parametrize("most_parts", [64, 2])
def test_shards_add_up_to_their_stream(most_parts: int) -> None:
    graph, frames = frames_of("hot-shard", duration_s=60, most_parts=most_parts)
    stream = next(node["id"] for node in graph["nodes"] if node["kind"] == "kinesis")
    out = [wire["id"] for wire in graph["wires"] if wire["from"]["node"] == stream]
    for frame in frames:
        told, metrics = frame["nodes"][stream]["parts"].values(), frame["nodes"][stream]["metrics"]
        assert len(told) <= most_parts
        assert sum(part["throttled"] for part in told) == metrics["WriteProvisionedThroughputExceeded"]
        assert max(part["write_share"] for part in told) == pytest.approx(metrics["HottestShardWriteShare"])
        assert max(part["age_s"] for part in told) == metrics["GetRecords.IteratorAgeMilliseconds"]
        behind = [frame["wires"][wire]["behind"] for wire in out]
        assert max(wire["age_s"] for wire in behind) == metrics["GetRecords.IteratorAgeMilliseconds"]
        assert max(wire["messages"] for wire in behind) <= metrics["RecordsNotProcessed"]
    assert metrics["WriteProvisionedThroughputExceeded"] > 0
    assert max(part["write_share"] for part in told) > 2 * min(part["write_share"] for part in told) or most_parts == 2


def test_only_consumers_of_a_log_are_behind() -> None:
    _, frames = frames_of("sns-fan-out", duration_s=5)
    assert all("behind" not in wire for frame in frames for wire in frame["wires"].values())


def test_destinations_add_up_to_their_broker() -> None:
    graph, frames = frames_of("slow-consumer-large-prefetch", duration_s=60)
    broker = next(node["id"] for node in graph["nodes"] if node["kind"] == "mq")
    for frame in frames:
        node = frame["nodes"][broker]
        waiting, dispatched = (sum(part[name] for part in node["parts"].values()) for name in ("waiting", "dispatched"))
        assert waiting + dispatched == node["metrics"]["TotalMessageCount"]
    assert waiting + dispatched > 0


def test_a_partition_without_a_member_is_a_number() -> None:
    """A truth value is none in JSON: whoever prints or adds it up would be told nonsense."""
    graph, frames = frames_of("kafka-hot-key", duration_s=30)
    group = next(node["id"] for node in graph["nodes"] if node["kind"] == "kafka_consumer")
    assert {type(value) for frame in frames for part in frame["nodes"][group]["parts"].values() for value in part.values()} <= {int, float}


def test_a_limit_that_counts_nothing_tells_its_unit() -> None:
    graph, frames = frames_of("slow-consumer-large-prefetch", duration_s=5)
    broker = next(node["id"] for node in graph["nodes"] if node["kind"] == "mq")
    limits = frames[-1]["nodes"][broker]["limits"]
    assert limits["memory"]["unit"] == "bytes"
    assert "unit" not in limits["connections"]
