"""Amazon MSK: partitions, replication and producers, counted at the logs."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from simulator.mechanics.kafka.kafka_partitioner import murmur2, partition_of
from simulator.run import Simulation
from tests.drawing import Outcome, drawing, rate


def messages(per_s: float, **more: Any) -> dict[str, Any]:
    """A source of messages with many keys."""
    return {"load": rate(per_s), "message_types": [{"size_bytes": 1000, "key": {"keys": "uniform", "number": 1000}, **more}]}


def kafka(per_s: float, producer: dict[str, Any], cluster: dict[str, Any], **run: Any) -> dict[str, Any]:
    """A source and a cluster."""
    return drawing({"source": ("traffic", messages(per_s)), "kafka": ("msk", cluster)}, {"source.out -> kafka.in": producer}, **{"duration_s": 30, **run})


def run(scenario: dict[str, Any], *controls: dict[str, Any]) -> tuple[Any, Outcome]:
    """Run it; the cluster itself, and the report."""
    simulation = Simulation(scenario, controls)
    for _ in simulation.frames():
        pass
    return simulation.network.nodes["kafka"], Outcome(simulation.report().to_json())


def records(cluster: Any, number: int | None = None) -> list[Any]:
    """What is in the logs of all partitions, or of one, in order."""
    found: list[Any] = []
    for partition in cluster.partitions if number is None else [cluster.partitions[number]]:
        found.extend(partition.log.between(partition.log.base, partition.log.base + partition.log.written))
    return found


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("21", -973932308), ("foobar", -790332482), ("a-little-bit-long-string", -985981536), ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971), ("abc", 479470107),
    ],
)
def test_keys_are_hashed_as_kafka_hashes_them(key: str, expected: int) -> None:
    assert murmur2(key.encode()) == expected


def test_a_key_stays_in_its_partition() -> None:
    cluster, _ = run(kafka(200, {}, {"topics": [{"partitions": 6}]}))
    for partition in cluster.partitions:
        kept = partition.log.between(partition.log.base, partition.log.base + partition.log.end)
        assert {partition_of(str(message.key).encode(), 6) for message in kept} == {partition.number}
    assert sum(partition.log.end for partition in cluster.partitions) == pytest.approx(6000, rel=0.1)


def test_leaders_are_spread_over_the_brokers() -> None:
    cluster, _ = run(kafka(1, {}, {"topics": [{"partitions": 9}]}))
    assert Counter(partition.leader for partition in cluster.partitions) == {1: 3, 2: 3, 3: 3}
    assert all(len({cluster.brokers[number].zone for number in partition.isr}) == 3 for partition in cluster.partitions)
