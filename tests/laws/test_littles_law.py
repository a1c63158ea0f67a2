"""L = λ W, over the queue alone and over the whole system, each side measured by another instrument."""

from __future__ import annotations

from typing import Any

import pytest

from tests.drawing import Outcome, outcome
from tests.laws.systems import exponential, run_of, station, tandem

pytestmark = pytest.mark.xdist_group("littles-law")


@pytest.fixture(scope="module")
def busy() -> Outcome:
    return outcome(station(0.85, 1, exponential(1.0), messages=40_000))


def test_the_report_finds_littles_law_at_the_queue(busy: Outcome) -> None:
    law = busy.report["nodes"]["queue"]["littles_law"]
    assert law["mean_in_system"] > 3
    assert law["residual"] == pytest.approx((law["mean_in_system"] - law["arrivals_per_s"] * law["mean_time_s"]) / law["mean_in_system"])
    assert abs(law["residual"]) < 0.005


def test_the_backlog_is_the_rate_times_the_wait(busy: Outcome) -> None:
    """The backlog is integrated over time by a gauge; waits are summed message by message."""
    backlog = busy.metric("queue", "ApproximateNumberOfMessagesVisible")["mean"]
    assert backlog == pytest.approx(busy.metric("queue", "NumberOfMessagesReceived")["per_s"] * busy.metric("queue", "MessageWait")["mean"], rel=0.005)


def test_the_number_in_service_is_the_rate_times_the_duration(busy: Outcome) -> None:
    in_service = busy.metric("queue", "ApproximateNumberOfMessagesNotVisible")["mean"]
    assert in_service == pytest.approx(busy.metric("server", "Duration")["count"] / (40_000 / 0.85) * busy.metric("server", "Duration")["mean"], rel=0.005)
    assert in_service == pytest.approx(busy.metric("server", "BusyWorkers")["mean"], rel=1e-9)


def test_the_number_in_the_system_is_the_rate_times_the_latency() -> None:
    """Over four nodes: gauges of the queues on one side, latencies of whole paths on the other."""
    seen = outcome({**tandem().scenario, "run": run_of(40_000, 0.7)})
    inside = sum(seen.metric(queue, f"ApproximateNumberOfMessages{place}")["mean"] for queue in ("queue", "next") for place in ("Visible", "NotVisible"))
    whole = seen.path("source", "queue", "first", "next", "second")
    assert inside == pytest.approx(whole["messages"] / (40_000 / 0.7) * whole["latency"]["mean"], rel=0.01)


def test_a_gauge_that_forgets_some_of_its_changes_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    from simulator.measures import Gauge

    original = Gauge.area

    def forgetful(self: Any, now_s: float) -> float:
        return original(self, now_s) * 0.98

    monkeypatch.setattr(Gauge, "area", forgetful)
    broken = outcome(station(0.85, 1, exponential(1.0), messages=10_000))
    assert abs(broken.report["nodes"]["queue"]["littles_law"]["residual"]) > 0.01
