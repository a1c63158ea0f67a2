"""MSK Connect sinks, counted at the sink."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import Outcome, at_times, constant, drawing, outcome, rate
from tests.services.test_kinesis import codes

KEYS = {"keys": "uniform", "number": 300}


def connected(put: dict[str, Any], partitions: int, connector: dict[str, Any] | None = None, sink: tuple[str, str, dict[str, Any]] = ("s3", "sink", {}), reading: dict[str, Any] | None = None, **run: Any) -> dict[str, Any]:
    kind, port, parameters = sink
    return drawing(
        {"source": ("traffic", put), "cluster": ("msk", {"topics": [{"name": "events", "partitions": partitions}]}), "connector": ("msk_connect", connector or {}), "target": (kind, parameters)},
        {"source.out -> cluster.in": {"linger_s": 0}, "cluster.out -> connector.topics": {"has_offsets": True} | (reading or {}), f"connector.{port} -> target.in": {}}, **run)


def steady(per_s: float, **more: Any) -> dict[str, Any]:
    return {"load": rate(per_s), "arrivals": "even", "message_types": [{"key": KEYS, "size_bytes": 500} | more]}


def for_a_while(per_s: float, seconds: float) -> dict[str, Any]:
    return at_times(*(number / per_s for number in range(int(per_s * seconds)))) | {"message_types": [{"key": KEYS, "size_bytes": 500}]}


def fault(at_s: float, name: str, node: str = "connector", **value: Any) -> dict[str, Any]:
    return {"time_s": at_s, "action": "fault", "node": node, "fault": name, "value": value}


def clear(at_s: float, name: str, node: str = "connector") -> dict[str, Any]:
    return {"time_s": at_s, "action": "clear_fault", "node": node, "fault": name}


def unique(seen: Outcome) -> float:
    return seen.total("connector", "SinkRecordSendRate") - seen.total("connector", "DuplicatesDelivered")


def test_records_are_gathered_into_objects_by_number_or_by_age() -> None:
    full = outcome(connected(steady(100), 2, {"records_per_request": 50}, duration_s=120))
    assert full.total("target", "PutRequests") == pytest.approx(120 * 100 / 50, rel=0.1)
    assert full.total("target", "PutRequests") == full.total("connector", "RequestsDelivered")
    old = outcome(connected(steady(4), 2, {"records_per_request": 1000, "flush_interval_s": 10}, duration_s=120))
    assert old.total("target", "PutRequests") == pytest.approx(2 * 120 / 10, abs=5)
    assert old.path("source", "cluster", "connector")["latency"]["mean"] == pytest.approx(5.3, abs=1.5)


def test_a_task_has_one_request_at_a_time_and_more_tasks_than_partitions_are_idle() -> None:
    """0.5 s a request of 10 records: 20 a second for each task that has a partition."""
    def rate_of(tasks: int) -> float:
        seen = outcome(connected(steady(300), 3, {"tasks_max": tasks, "records_per_request": 10, "request": constant(0.5), "mcu_count": 8}, duration_s=120))
        return seen.total("connector", "SinkRecordSendRate") / 114

    assert rate_of(1) == pytest.approx(20, rel=0.08)
    assert rate_of(3) == pytest.approx(60, rel=0.08)
    assert rate_of(6) == pytest.approx(60, rel=0.08)
    assert "idle-tasks" in codes(connected(steady(1), 3, {"tasks_max": 6}, duration_s=1))


def test_tasks_of_a_worker_share_its_processors() -> None:
    """10 ms of processor a record: a worker of one MCU does 100 a second, with one task or with four."""
    def rate_of(**connector: Any) -> float:
        seen = outcome(connected(steady(600), 4, {"worker_count": 1, "tasks_max": 4, "convert": constant(0.01), "request": constant(0.0)} | connector, duration_s=90))
        return seen.total("connector", "SinkRecordReadRate") / 84

    assert rate_of(mcu_count=1) == pytest.approx(100, rel=0.12)
    assert rate_of(mcu_count=4) == pytest.approx(400, rel=0.12)
    assert rate_of(mcu_count=4, tasks_max=1) == pytest.approx(100, rel=0.12), "a task is one thread"


def test_what_was_not_committed_is_delivered_again_when_a_worker_is_lost() -> None:
    scenario = connected(for_a_while(50, 100), 2, {"worker_count": 2, "tasks_max": 2, "records_per_request": 1}, duration_s=300)
    seen = outcome(scenario, fault(55, "workers_lost", workers=1))
    assert unique(seen) == 5000
    assert 500 < seen.total("connector", "DuplicatesDelivered") <= 60 * 50
    assert outcome(connected(for_a_while(50, 100), 2, {"worker_count": 2, "tasks_max": 2, "records_per_request": 1, "offset_flush_interval_s": 1}, duration_s=300), fault(55, "workers_lost", workers=1)).total(
        "connector", "DuplicatesDelivered") < 60


def test_tasks_of_a_lost_worker_wait_for_the_rebalance_delay_and_their_partitions_for_the_session() -> None:
    scenario = connected(steady(20), 2, {"worker_count": 2, "tasks_max": 2}, duration_s=500, frame_interval_s=1.0)
    seen = outcome(scenario, fault(60, "workers_lost", workers=1))
    running = seen.series("connector", "RunningTaskCount")
    assert running[70.0] == running[350.0] == 1
    assert running[365.0] == 2
    behind = seen.series("connector", "BehindLatest")
    assert max(value for time_s, value in behind.items() if 100 < time_s < 112) > 35
    assert behind[150.0] < 20, "the other task has both partitions"


DOWN = ("http_endpoint", "endpoint", {})


def test_a_sink_that_is_down_fails_the_tasks_unless_errors_are_tolerated() -> None:
    def run(**connector: Any) -> Outcome:
        return outcome(connected(for_a_while(20, 30), 2, {"records_per_request": 1, "retry_timeout_s": 20} | connector, DOWN, duration_s=400), fault(10, "fails", "target", share=1.0), clear(100, "fails", "target"))

    strict = run()
    assert strict.last("connector", "ErroredTaskCount") == 2
    assert strict.total("connector", "SinkRecordSendRate") < 300
    assert strict.lost("cluster") == {}
    watched = run(restart_failed_s=120)
    assert watched.last("connector", "ErroredTaskCount") == 0
    assert unique(watched) == 600
    patient = run(retry_timeout_s=10_000)
    assert unique(patient) == 600
    assert patient.total("connector", "RequestsFailed") > 4
    tolerant = run(errors_tolerance="all")
    assert tolerant.lost("cluster")["sink_refused"] > 0
    assert unique(tolerant) == 600 - tolerant.lost("cluster")["sink_refused"]


def test_dead_letters_go_to_a_topic() -> None:
    scenario = connected(for_a_while(20, 30), 2, {"records_per_request": 1, "retry_timeout_s": 0, "errors_tolerance": "all"}, DOWN, duration_s=60)
    scenario["nodes"].append({"id": "dead", "kind": "sqs", "parameters": {}})
    scenario["wires"].append({"id": "w9", "from": {"node": "connector", "port": "dead_letters"}, "to": {"node": "dead", "port": "in"}, "parameters": {}})
    seen = outcome(scenario, fault(10, "fails", "target", share=1.0))
    assert seen.total("connector", "DeadLetters") == seen.total("dead", "NumberOfMessagesSent") > 200
    assert seen.lost("cluster") == {}


def test_an_autoscaled_connector_follows_its_cpu_and_its_tasks_follow_it() -> None:
    connector = {"capacity": "autoscaled", "worker_count": 1, "maximum_workers": 3, "convert": constant(0.01), "request": constant(0.0), "scaling_s": 60}
    seen = outcome(connected(steady(200), 6, connector, duration_s=600))
    workers = seen.series("connector", "WorkerCount")
    assert workers[30.0] == 1
    assert max(workers.values()) == 3
    assert seen.last("connector", "RunningTaskCount") == seen.last("connector", "WorkerCount")
    assert seen.quantity("connector", "MCUs") == pytest.approx(sum(workers.values()) / len(workers) * 600 / 3600, rel=0.05)


def test_mcu_hours_are_billed() -> None:
    seen = outcome(connected(steady(1), 1, {"worker_count": 2, "mcu_count": 4}, duration_s=60))
    assert seen.quantity("connector", "MCUs") == pytest.approx(8 * 60 / 3600)


def test_findings() -> None:
    assert "workers-bounds" in codes(connected(steady(1), 1, {"minimum_workers": 5}, duration_s=1))
    assert "scaling-bounds" in codes(connected(steady(1), 1, {"scale_in_cpu": 0.9}, duration_s=1))
    assert "no-such-topic" in codes(connected(steady(1), 1, None, reading={"topics": ["nothing"]}, duration_s=1))
    two = connected(steady(1), 1, duration_s=1)
    two["nodes"].append({"id": "web", "kind": "http_endpoint", "parameters": {}})
    two["wires"].append({"id": "w9", "from": {"node": "connector", "port": "endpoint"}, "to": {"node": "web", "port": "in"}, "parameters": {}})
    assert "two-sinks" in codes(two)
