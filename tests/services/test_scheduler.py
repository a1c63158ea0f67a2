"""EventBridge Scheduler: one test for each documented rule, counted at the target."""

from __future__ import annotations

from typing import Any

import pytest

from simulator import findings
from simulator.findings import InvalidScenario
from simulator.scenario import Scenario
from tests.drawing import drawing, outcome


def scheduled(schedule: dict[str, Any], policy: dict[str, Any] | None = None, *, dead: bool = False, **run: Any) -> dict[str, Any]:
    """Schedules and a queue; with ``dead``, a dead-letter queue too."""
    nodes: dict[str, Any] = {"cron": ("scheduler", {"precision_s": 0} | schedule), "queue": ("sqs", {})}
    wires: dict[str, Any] = {"cron.out -> queue.in": policy or {}}
    if dead:
        nodes["dead"] = ("sqs", {})
        wires["cron.dlq -> dead.in"] = {}
    return drawing(nodes, wires, **run)


def codes(scenario: dict[str, Any]) -> set[str]:
    return {finding.code for finding in findings.check(Scenario.from_json(scenario))}


def times_of(scenario: dict[str, Any]) -> list[float]:
    """When messages came to the queue: the times at which its count has grown."""
    sent = outcome(scenario).series("queue", "NumberOfMessagesSent")
    return [at_s for (_, before), (at_s, after) in zip(sent.items(), list(sent.items())[1:], strict=False) for _ in range(int(after - before))]


@pytest.mark.parametrize(("expression", "times"), [
    ("rate(1 minute)", [0, 60, 120, 180, 240]),
    ("rate(2 minutes)", [0, 120, 240]),
    ("at(2026-01-01T00:03:00)", [180]),
    ("cron(1/2 0 * * ? *)", [60, 180]),
    ("cron(0 12 * * ? *)", []),
])  # fmt: skip
def test_fires_at_the_times_of_the_expression(expression: str, times: list[float]) -> None:
    found = times_of(scheduled({"schedule_expression": expression}, duration_s=299, frame_interval_s=1))
    assert found == [time + 1 for time in times]


def test_the_clock_at_the_start_decides_when_a_cron_fires() -> None:
    assert times_of(scheduled({"schedule_expression": "cron(0 12 * * ? *)", "clock_at_start": "2026-05-01T11:58:30"}, duration_s=200, frame_interval_s=1)) == [91]


def test_without_a_window_a_schedule_fires_within_its_minute() -> None:
    times = times_of(scheduled({"schedule_expression": "at(2026-01-01T00:01:00)", "schedules": 200, "precision_s": 60}, duration_s=180, frame_interval_s=1))
    assert len(times) == 200
    assert 60 <= min(times) < 65
    assert 115 < max(times) <= 121
    assert sum(times) / 200 == pytest.approx(90.5, abs=4)


def test_a_flexible_window_spreads_invocations_evenly() -> None:
    times = times_of(scheduled({"schedule_expression": "at(2026-01-01T00:01:00)", "schedules": 400, "flexible_window_s": 600}, duration_s=700, frame_interval_s=1))
    assert len(times) == 400
    assert sum(time < 360 for time in times) == pytest.approx(200, abs=30)
    assert max(times) <= 661


def test_invocations_over_the_quota_are_late_not_lost() -> None:
    scenario = scheduled({"schedule_expression": "at(2026-01-01T00:00:10)", "schedules": 300}, account={"scheduler": {"invocations_per_s": 10}}, duration_s=60)
    seen = outcome(scenario)
    assert seen.total("queue", "NumberOfMessagesSent") == 300
    assert seen.total("cron", "InvocationThrottleCount") == 290
    assert seen.metric("cron", "Lateness")["max"] == pytest.approx(29, rel=0.02)
    assert seen.waits("cron")["invocation_quota"] == pytest.approx(sum(range(1, 291)) / 10, rel=0.01)
    assert "schedules-over-quota" in codes(scenario)


def test_all_schedules_of_the_account_share_the_quota() -> None:
    once = {"schedule_expression": "at(2026-01-01T00:00:00)", "schedules": 50, "precision_s": 0}
    nodes = {"a": ("scheduler", once), "b": ("scheduler", once), "queue": ("sqs", {})}
    seen = outcome(drawing(nodes, {"a.out -> queue.in": {}, "b.out -> queue.in": {}}, account={"scheduler": {"invocations_per_s": 10}}, duration_s=8.95))
    assert seen.total("queue", "NumberOfMessagesSent") == 10 + 89


def test_a_failing_target_is_retried_then_dead_lettered() -> None:
    down = {"time_s": 0, "action": "fault", "node": "queue", "fault": "unavailable"}
    scenario = scheduled({"schedule_expression": "at(2026-01-01T00:00:01)"}, {"maximum_retry_attempts": 2}, dead=True, duration_s=60)
    seen = outcome(scenario, down)
    assert seen.total("cron", "InvocationAttemptCount") == seen.total("cron", "TargetErrorCount") == 3
    assert seen.total("cron", "InvocationDroppedCount") == seen.total("cron", "InvocationsSentToDeadLetterCount") == 1
    assert seen.report["nodes"]["dead"]["ledger"]["entered"] == 1
    back = outcome(scenario, down, {"time_s": 1.2, "action": "clear_fault", "node": "queue", "fault": "unavailable"})
    assert back.total("queue", "NumberOfMessagesSent") == 1


def test_a_removed_permission_is_not_retried() -> None:
    removed = {"time_s": 0, "action": "fault", "node": "cron", "fault": "permission_removed"}
    seen = outcome(scheduled({"schedule_expression": "at(2026-01-01T00:00:01)"}, duration_s=60), removed)
    assert seen.lost("cron") == {"no_permissions": 1}
    assert seen.total("cron", "InvocationAttemptCount") == 1


def test_a_disabled_schedule_does_not_fire() -> None:
    off = {"time_s": 90, "action": "parameter", "node": "cron", "parameter": "enabled", "value": False}
    assert outcome(scheduled({"schedule_expression": "rate(1 minute)"}, duration_s=300), off).total("queue", "NumberOfMessagesSent") == 2


def test_every_invocation_is_billed_once_whatever_its_attempts() -> None:
    down = {"time_s": 0, "action": "fault", "node": "queue", "fault": "unavailable"}
    seen = outcome(scheduled({"schedule_expression": "rate(1 minute)"}, {"maximum_retry_attempts": 1}, duration_s=150), down)
    assert seen.quantity("cron", "Invocations") == 3


def test_the_input_is_what_filters_further_on_see() -> None:
    nodes = {"cron": ("scheduler", {"precision_s": 0, "input_body": {"source": "clock", "detail-type": "Tick", "detail": {}}}), "bus": ("eventbridge", {}), "q": ("sqs", {}), "p": ("sqs", {})}
    wires = {"cron.out -> bus.in": {}, "bus.out -> q.in": {"event_pattern": {"source": ["clock"]}}, "bus.out -> p.in": {"event_pattern": {"source": ["other"]}}}
    seen = outcome(drawing(nodes, wires, duration_s=60))
    assert (seen.total("q", "NumberOfMessagesSent"), seen.total("p", "NumberOfMessagesSent")) == (1, 0)


def test_expressions_that_aws_rejects_are_errors_with_the_way_out() -> None:
    with pytest.raises(InvalidScenario, match="write 'rate") as caught:
        outcome(scheduled({"schedule_expression": "rate(1 minutes)"}, duration_s=10))
    assert caught.value.findings[0].parameter == "schedule_expression"
    with pytest.raises(InvalidScenario, match="not a time"):
        outcome(scheduled({"clock_at_start": "now"}, duration_s=10))


def test_findings() -> None:
    assert "schedule-never-fires" in codes(scheduled({"schedule_expression": "at(2020-01-01T00:00:00)"}, duration_s=10))
    assert "no-target-dead-letter-queue" in codes(scheduled({}, duration_s=10))
    assert "no-target" in codes(drawing({"cron": ("scheduler", {})}, {}, duration_s=10))
