"""Lambda's event source mapping of a Kafka topic, counted at the function."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.run import Simulation
from tests.drawing import Outcome, at_times, constant, drawing, outcome, rate
from tests.services.test_kinesis import codes

KEYS = {"keys": "uniform", "number": 300}


def mapped(put: dict[str, Any], partitions: int, function: dict[str, Any] | None = None, mapping: dict[str, Any] | None = None, topic: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    return drawing(
        {"source": ("traffic", put), "cluster": ("msk", {"topics": [{"name": "events", "partitions": partitions} | (topic or {})]}),
         "worker": ("lambda", {"duration": constant(0.1), "batch_work": "parallel"} | (function or {}))},
        {"source.out -> cluster.in": {"linger_s": 0}, "cluster.out -> worker.kafka": mapping or {}}, **run)


def steady(per_s: float, **more: Any) -> dict[str, Any]:
    return {"load": rate(per_s), "arrivals": "even", "message_types": [{"key": KEYS} | more]}


def run(*arguments: Any, **keywords: Any) -> Outcome:
    return outcome(mapped(*arguments, **keywords))


def test_a_batch_is_what_half_a_second_brings_to_a_partition() -> None:
    seen = run(steady(40), 2, duration_s=60)
    assert seen.total("worker", "MessagesProcessed") == pytest.approx(2400, abs=60)
    assert seen.total("worker", "Invocations") == pytest.approx(2 * 60 / 0.6, rel=0.15), "the window starts when the batch before is done"
    assert seen.total("worker", "CommittedEventCount") == seen.total("worker", "MessagesProcessed")
    assert seen.last("worker", "SumOffsetLag") < 80


def test_batches_of_a_partition_follow_one_another_in_order() -> None:
    simulation = Simulation(mapped(steady(100), 3, {"duration": constant(0.5)}, {"batch_size": 20, "batching_window_s": 0}, duration_s=60))
    function: Any = simulation.network.nodes["worker"]
    begun: dict[int, list[int]] = {}
    running: dict[int, int] = {}
    most = 0
    run_batch = function.run_batch

    def noting(batch: Any, done: Any, partial: bool) -> Any:
        nonlocal most
        reader = id(batch[0].source)
        begun.setdefault(reader, []).extend(token.position for token in batch)
        running[reader] = running.get(reader, 0) + 1
        most = max(most, running[reader])

        def over(*result: Any) -> None:
            running[reader] -= 1
            done(*result)

        return run_batch(batch, over, partial)

    function.run_batch = noting
    for _ in simulation.frames():
        pass
    assert most == 1
    assert len(begun) == 3
    assert all(positions == sorted(positions) for positions in begun.values())


def test_more_than_partitions_never_run_at_once_and_five_of_a_poller() -> None:
    eight = run(steady(800), 8, {"duration": constant(1)}, {"batch_size": 10, "batching_window_s": 0, "scaling_delay_s": 3600}, duration_s=60)
    assert eight.metric("worker", "ConcurrentExecutions")["max"] == 5, "one poller, five batches"
    assert eight.total("worker", "MessagesProcessed") == pytest.approx(60 * 50, rel=0.1)
    two = run(steady(800), 2, {"duration": constant(1)}, {"batch_size": 10, "batching_window_s": 0}, duration_s=60)
    assert two.metric("worker", "ConcurrentExecutions")["max"] == 2


def test_pollers_grow_within_four_minutes_of_a_lag() -> None:
    seen = run(steady(100), 20, {"duration": constant(2)}, {"batch_size": 10, "batching_window_s": 0}, duration_s=900)
    concurrency = seen.series("worker", "ConcurrentExecutions")
    grown = min(time_s for time_s, value in concurrency.items() if value > 5)
    assert 60 + 180 <= grown <= 120 + 185
    assert max(concurrency.values()) == 20
    assert seen.last("worker", "ConcurrentBatches") == 20


def test_provisioned_pollers_are_there_at_once_and_cost_units() -> None:
    seen = run(steady(100), 20, {"duration": constant(2)}, {"batch_size": 10, "batching_window_s": 0, "provisioned_mode": True, "minimum_pollers": 12}, duration_s=120)
    assert seen.metric("worker", "ConcurrentExecutions")["max"] == 20
    assert seen.last("worker", "ProvisionedPollers") == 12
    assert seen.last("worker", "EventPollerUnit") == 2
    assert seen.quantity("worker", "Event poller units of Kafka mappings") == pytest.approx(2 * 120 / 3600)
    few = run(steady(1), 3, None, {"provisioned_mode": True, "minimum_pollers": 12}, duration_s=10)
    assert few.last("worker", "ProvisionedPollers") == 3, "no more than partitions"


def test_a_poller_reads_five_megabytes_a_second() -> None:
    put = steady(100, size_bytes=100_000)
    seen = run(put, 4, {"duration": constant(0.01)}, {"batching_window_s": 0, "scaling_delay_s": 3600}, duration_s=60)
    assert seen.total("worker", "MessagesProcessed") == pytest.approx(60 * 50, rel=0.08)
    assert seen.waits("cluster")["poller_limit"] > 0


POISON = {"load": rate(20), "arrivals": "even", "message_types": [{"share": 299, "key": KEYS}, {"name": "poison", "failure_probability": 1, "key": KEYS}]}


def test_a_batch_that_fails_blocks_its_partition_on_demand() -> None:
    seen = run(POISON, 2, duration_s=300)
    assert seen.total("worker", "Errors") > 10
    assert seen.total("worker", "MessagesProcessed") < 0.7 * 6000
    assert seen.lost("cluster") == {}
    assert seen.waits("cluster")["retry_pause"] > 0


def test_provisioned_mode_bisects_and_gives_up_to_a_topic_which_gets_the_records() -> None:
    scenario = mapped(POISON, 2, None, {"provisioned_mode": True, "bisect_batch_on_function_error": True, "maximum_retry_attempts": 1, "retry_base_s": 0.1, "retry_max_s": 0.5}, duration_s=300)
    scenario["nodes"][1]["parameters"]["topics"].append({"name": "failed", "partitions": 1})
    scenario["wires"].append({"id": "w9", "from": {"node": "worker", "port": "discarded"}, "to": {"node": "cluster", "port": "in"}, "parameters": {"topic": "failed"}})
    seen = outcome(scenario)
    given_up = seen.total("worker", "OnFailureDestinationDeliveredEventCount")
    assert given_up == pytest.approx(20, abs=12)
    assert seen.total("cluster", "MessagesInPerSec") == pytest.approx(6000 + given_up, rel=0.02)
    assert seen.total("worker", "MessagesProcessed") == pytest.approx(6000 - given_up, rel=0.05)


def test_endless_retries_end_after_ten_if_there_is_a_destination() -> None:
    put = at_times(5) | {"message_types": [{"failure_probability": 1, "key": KEYS}]}
    scenario = mapped(put, 1, None, {"provisioned_mode": True, "retry_max_s": 1}, duration_s=60)
    scenario["nodes"].append({"id": "failed", "kind": "sqs", "parameters": {}})
    scenario["wires"].append({"id": "w9", "from": {"node": "worker", "port": "discarded"}, "to": {"node": "failed", "port": "in"}, "parameters": {}})
    seen = outcome(scenario)
    assert seen.total("worker", "Errors") == 11
    assert seen.total("failed", "NumberOfMessagesSent") == 1


def test_a_record_that_does_not_fit_into_a_payload_is_not_processed() -> None:
    put = at_times(5, 6, 7) | {"message_types": [{"size_bytes": 5_000_000, "key": KEYS}]}
    scenario = mapped(put, 1, duration_s=30)
    scenario["wires"][0]["parameters"] = {"max_request_size_bytes": 10_000_000, "linger_s": 0}
    scenario["nodes"][1]["parameters"]["message_max_bytes"] = 10_000_000
    seen = outcome(scenario)
    assert seen.lost("cluster") == {"payload": 3}
    assert seen.total("worker", "Invocations") == 0


def test_where_it_begins_when_it_is_enabled_late() -> None:
    def processed(**mapping: Any) -> float:
        on = {"time_s": 30, "action": "parameter", "node": "worker", "wire": "w1", "parameter": "enabled", "value": True}
        return outcome(mapped(steady(20), 2, None, {"enabled": False} | mapping, duration_s=60), on).total("worker", "MessagesProcessed")

    assert processed(starting_position="TRIM_HORIZON") == pytest.approx(1200, rel=0.05)
    assert processed(starting_position="LATEST") == pytest.approx(600, rel=0.05)
    assert processed(starting_position="AT_TIMESTAMP", starting_timestamp_s=15) == pytest.approx(900, rel=0.05)


def test_filters_look_at_the_value() -> None:
    put = {"load": rate(20), "message_types": [{"name": "a", "body": {"kind": "order"}}, {"name": "b", "body": {"kind": "click"}}]}
    seen = run(put, 1, None, {"filter_criteria": [{"value": {"kind": ["order"]}}]}, duration_s=60)
    assert seen.total("worker", "FilteredOutEventCount") == pytest.approx(600, rel=0.15)
    assert seen.total("worker", "MessagesProcessed") + seen.total("worker", "FilteredOutEventCount") == pytest.approx(1200, rel=0.05)
    assert seen.last("worker", "SumOffsetLag") < 30


def test_findings() -> None:
    assert "timeout-for-broker" in codes(mapped(steady(1), 1, {"timeout_s": 900}))
    assert "provisioned-only" in codes(mapped(steady(1), 1, None, {"maximum_retry_attempts": 3}))
    assert "provisioned-only" not in codes(mapped(steady(1), 1, None, {"maximum_retry_attempts": 3, "provisioned_mode": True}))
    assert "no-such-topic" in codes(mapped(steady(1), 1, None, {"topic": "nothing"}))
    assert "pollers-bounds" in codes(mapped(steady(1), 1, None, {"provisioned_mode": True, "minimum_pollers": 5, "maximum_pollers": 2}))


@pytest.mark.parametrize("kind", ["lambda", "pipe", "msk_connect"])
def test_a_cut_wire_stops_the_reading_and_loses_nothing(kind: str) -> None:
    cut, healed = ({"time_s": at_s, "action": action, "wire": "w1", "fault": "cut", "value": {}} for at_s, action in ((30, "fault"), (90, "clear_fault")))
    put = at_times(*[1 + 0.05 * place for place in range(1600)]) | {"message_types": [{"key": KEYS}]}
    port, into = {"lambda": ("worker.kafka", None), "pipe": ("worker.kafka", "worker.out -> end.in"), "msk_connect": ("worker.topics", "worker.sink -> end.in")}[kind]
    settings = {"lambda": {"duration": constant(0.1), "batch_work": "single"}, "pipe": {}, "msk_connect": {"flush_interval_s": 5, "offset_flush_interval_s": 1}}[kind]
    nodes: dict[str, Any] = {"source": ("traffic", put), "cluster": ("msk", {"topics": [{"name": "events", "partitions": 3}]}), "worker": (kind, settings)}
    wires: dict[str, Any] = {"source.out -> cluster.in": {"linger_s": 0}, f"cluster.out -> {port}": {}}
    if into is not None:
        nodes["end"] = ("sqs", {}) if kind == "pipe" else ("s3", {})
        wires[into] = {}
    simulation = Simulation(drawing(nodes, wires, duration_s=600), [cut, healed])
    entered: dict[float, int] = {}
    for frame in simulation.frames():
        entered[frame.time_s] = simulation.network.nodes["worker"].entered
    repeated = 30 / 0.05 if kind == "msk_connect" else 0
    assert 1600 <= entered[max(entered)] <= 1600 + repeated, "tasks that were put out of their group read again what they had not committed"
    assert entered[50] == entered[88], "nothing is read while it is cut"
    assert entered[50] <= 30 / 0.05
    waits = Outcome(simulation.report().to_json()).waits("cluster")
    assert waits["partition"] > 20 * 50 * 25
