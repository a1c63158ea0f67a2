"""What is changed in a run is on the bill as it was for as long as it was so, not as it is at the end."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import Outcome, constant, drawing, outcome, rate

HALF_S, WHOLE_S = 1800, 3600


def changed(parameter: str, value: Any, nodes: dict[str, Any], wires: dict[str, Any], **run: Any) -> Outcome:
    """An hour in which a parameter of the node ``it`` is changed at half time, and acts at once."""
    change = {"time_s": HALF_S, "action": "parameter", "after_s": 0, "node": "it", "parameter": parameter, "value": value}
    return outcome(drawing(nodes, wires, **({"duration_s": WHOLE_S} | run)), change)


STEADY = {"load": rate(2), "arrivals": "even", "message_types": [{"name": "m", "size_bytes": 1000}]}


def test_memory_of_a_function_that_is_held_and_restored() -> None:
    """Two environments at 1 GB for half an hour and at 3 GB for another; a snapshot of that size beside them; and each restored environment at the size of its time."""
    held = changed("memory_mb", 3072, {"app": ("traffic", STEADY), "it": ("lambda", {"memory_mb": 1024, "provisioned_concurrency": 2, "provisioned_at_start": True, "duration": constant(0.01)})}, {"app.out -> it.events": {}})
    assert held.quantity("it", "Provisioned concurrency, x86_64") == pytest.approx(2 * HALF_S * (1 + 3))
    # Environments that live for a second, and a message every ten: every one of them is restored anew.
    rare = STEADY | {"load": rate(0.1)}
    snap = {"memory_mb": 1024, "snap_start": True, "runtime": "java21", "idle_half_life_s": 0.001, "duration": constant(0.01)}
    restored = changed("memory_mb", 3072, {"app": ("traffic", rare), "it": ("lambda", snap)}, {"app.out -> it.events": {}})
    assert restored.quantity("it", "SnapStart, cached snapshot") == pytest.approx(HALF_S * (1 + 3))
    assert restored.quantity("it", "SnapStart, restored snapshots") == pytest.approx(180 * (1 + 3), rel=0.02)


def test_retention_of_a_stream() -> None:
    """Three shards keep more than a day for the second half of the hour alone; or for the first alone."""
    nodes = {"app": ("traffic", STEADY), "it": ("kinesis", {"shard_count": 3, "retention_period_hours": 24})}
    longer = changed("retention_period_hours", 48, nodes, {"app.out -> it.in": {}})
    assert longer.quantity("it", "Retention from 24 hours to 7 days") == pytest.approx(3 * 0.5)
    nodes["it"] = ("kinesis", {"shard_count": 3, "retention_period_hours": 48})
    shorter = changed("retention_period_hours", 24, nodes, {"app.out -> it.in": {}})
    assert shorter.quantity("it", "Retention from 24 hours to 7 days") == pytest.approx(3 * 0.5)


def test_type_of_brokers() -> None:
    """Three brokers are replaced one after the other, a minute each, and each is paid as what it is."""
    nodes = {"app": ("traffic", STEADY), "it": ("msk", {"instance_type": "kafka.m7g.large", "restart": constant(60)})}
    seen = changed("instance_type", "kafka.m7g.xlarge", nodes, {"app.out -> it.in": {}})
    before, after = seen.quantity("it", "Broker kafka.m7g.large"), seen.quantity("it", "Broker kafka.m7g.xlarge")
    assert before + after == pytest.approx(3)
    assert 1.5 <= before <= 1.5 + (60 + 120 + 180) / 3600 + 0.01


def test_entries_of_delivery_logs() -> None:
    """7,200 deliveries: half of them in entries of 500 bytes, half in entries of 2,000."""
    nodes = {"app": ("traffic", STEADY), "it": ("sns", {"delivery_log_bytes": 500}), "queue": ("sqs", {})}
    wires = {"app.out -> it.in": {}, "it.out -> queue.in": {}}
    assert changed("delivery_log_bytes", 2000, nodes, wires).quantity("it", "Delivery status logs, CloudWatch Logs") * 1e9 == pytest.approx(3600 * 500 + 3600 * 2000, rel=0.002)
    assert changed("delivery_log_bytes", None, nodes, wires).quantity("it", "Delivery status logs, CloudWatch Logs") * 1e9 == pytest.approx(3600 * 500, rel=0.002)
