"""The model in idiomatic SimPy that the benchmark compares with does what Backwater does, visibility timeouts that run out included."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benchmarks import idiomatic_simpy, scenarios
from benchmarks.pipeline import PLAIN
from tests.drawing import outcome

MESSAGES = 12_000
VISIBILITY_S = 0.1
WORKERS = 16


@pytest.mark.parametrize("timer_each", [False, True])
def test_both_receive_time_out_and_wait_alike(timer_each: bool) -> None:
    settings = replace(PLAIN, workers=WORKERS, visibility_timeout_s=VISIBILITY_S)
    queue = idiomatic_simpy.same_model(MESSAGES, settings, timer_each=timer_each)[0]

    scenario = scenarios.pipeline(MESSAGES)
    for node in scenario["nodes"]:
        if node["kind"] == "sqs":
            node["parameters"]["visibility_timeout_s"] = VISIBILITY_S
        if node["kind"] == "worker":
            node["parameters"]["workers"] = WORKERS
    ours = outcome(scenario)

    sent = ours.total("first", "NumberOfMessagesSent")
    assert queue.timed_out / queue.sent == pytest.approx(ours.total("first", "VisibilityTimeoutsExpired") / sent, rel=0.12)
    assert queue.received / queue.sent == pytest.approx(ours.total("first", "NumberOfMessagesReceived") / sent, rel=0.03)
    assert queue.stale_deletes / queue.sent == pytest.approx(ours.total("first", "StaleDeletes") / sent, rel=0.12)
    received, simulated_s = ours.total("first", "NumberOfMessagesReceived"), ours.report["simulated_s"]
    in_flight, busy = ours.metric("first", "ApproximateNumberOfMessagesNotVisible")["mean"], ours.metric("first-workers", "BusyWorkers")["mean"]
    assert queue.in_flight.area / queue.received == pytest.approx(in_flight * simulated_s / received, rel=0.04)
    assert queue.busy.area / queue.received == pytest.approx(busy * simulated_s / received, rel=0.04)
    assert queue.sent == queue.deleted + queue.visible.value + queue.in_flight.value


def test_retention_deletes_what_no_worker_came_to() -> None:
    settings = replace(PLAIN, rate_per_s=10.0, workers=1, service_s=1.0, retention_s=60.0, visibility_timeout_s=1000.0)
    queue = idiomatic_simpy.same_model(2_000, settings)[0]
    assert queue.expired > 0.6 * queue.sent, "a worker takes a tenth, and what came in the last minute is still there"
    assert max(queue.waits) <= 60.0
    assert queue.sent == queue.deleted + queue.expired + queue.visible.value + queue.in_flight.value
