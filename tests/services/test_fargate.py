"""ECS on Fargate: tasks and their launch, target tracking, work from queues and callers, and the bill."""

from __future__ import annotations

from typing import Any

import pytest

from simulator.findings import InvalidScenario, check
from simulator.scenario import Scenario
from tests.drawing import INSTANT, Outcome, at_times, constant, drawing, outcome, rate

QUICK = {"image_mb": 0, "start_s": 10, "start_spread_s": 0}
"""Tasks that run ten seconds after their launch."""


def pulling(source: dict[str, Any], service: dict[str, Any] | None = None, queue: dict[str, Any] | None = None, receiving: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
    """A queue whose messages tasks pull."""
    return drawing(
        {"source": ("traffic", source), "queue": ("sqs", {"visibility_timeout_s": 600} | (queue or {})), "service": ("fargate", QUICK | {"duration": constant(1)} | (service or {}))},
        {"source.out -> queue.in": {}, "queue.out -> service.source": {"request_latency": INSTANT} | (receiving or {})}, **how)


def asking(source: dict[str, Any], service: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
    """Callers that wait for an answer."""
    return drawing({"source": ("traffic", source), "service": ("fargate", QUICK | {"duration": constant(1)} | (service or {}))}, {"source.requests -> service.requests": {}}, **how)


def running_tasks(source: dict[str, Any], service: dict[str, Any] | None = None, account: dict[str, Any] | None = None, **how: Any) -> dict[str, Any]:
    """Messages each of which runs a task."""
    return drawing({"source": ("traffic", source), "service": ("fargate", QUICK | {"desired_count": 0, "duration": constant(5)} | (service or {}))}, {"source.out -> service.run": {}},
                   account={"fargate": account} if account else {}, **how)


def setting(name: str, time_s: float, value: Any) -> dict[str, Any]:
    return {"time_s": time_s, "action": "parameter", "node": "service", "parameter": name, "value": value}


def fault(name: str, time_s: float, **value: Any) -> dict[str, Any]:
    return {"time_s": time_s, "action": "fault", "node": "service", "fault": name, "value": value}


# -- work -----------------------------------------------------------------------------------------------------------


def test_tasks_times_their_concurrency_is_what_is_worked_on_at_once() -> None:
    """Three tasks of four: 12 messages a second of one second each, out of a backlog."""
    seen = outcome(pulling({"load": rate(50), "arrivals": "even"}, {"desired_count": 3, "concurrency": 4}, duration_s=60))
    assert seen.metric("service", "BusySlots")["max"] == 12
    assert seen.total("service", "MessagesProcessed") == pytest.approx(12 * 59, abs=12)
    assert seen.waits("queue")["tasks_busy"] > 0
    assert seen.metric("service", "CPUUtilization")["last"] == pytest.approx(0.9)


def test_a_receive_takes_several_messages_one_after_the_other() -> None:
    seen = outcome(pulling(at_times(*[1] * 10), {"desired_count": 1, "concurrency": 1}, receiving={"max_number_of_messages": 10}, duration_s=30))
    assert seen.metric("service", "Duration")["max"] in (9, 10)
    assert seen.total("service", "MessagesProcessed") == 10


def test_failed_messages_come_back_to_their_queue() -> None:
    seen = outcome(pulling(at_times(1), queue={"visibility_timeout_s": 20}, duration_s=60), fault("fails", 0, share=1), {"time_s": 10, "action": "clear_fault", "node": "service", "fault": "fails"})
    assert seen.total("service", "Errors") == 1
    assert seen.path("source", "queue", "service")["latency"]["mean"] == pytest.approx(21, abs=0.1)


def test_requests_wait_for_room_and_the_rest_is_refused() -> None:
    """Two slots, three may wait: of ten at once two run, three wait for a second each two, five are answered 503."""
    seen = outcome(asking(at_times(*[1] * 10), {"desired_count": 1, "concurrency": 2, "waiting_requests": 3}, duration_s=20))
    assert seen.lost("source") == {"no_room": 5}
    assert seen.total("service", "MessagesProcessed") == 5
    assert seen.waits("service")["no_room"] == pytest.approx(1 + 1 + 2)
    assert seen.path("source", "service")["latency"]["max"] == pytest.approx(3)


def test_without_a_running_task_requests_are_refused() -> None:
    seen = outcome(asking(at_times(1, 30), {"desired_count": 0}, duration_s=40), setting("desired_count", 5, 1))
    assert seen.lost("source") == {"no_tasks": 1}
    assert seen.total("service", "MessagesProcessed") == 1


def test_idle_tasks_poll_for_twenty_seconds_each() -> None:
    seen = outcome(pulling(at_times(5000), {"desired_count": 3}, duration_s=600.1))
    assert seen.total("queue", "NumberOfEmptyReceives") == pytest.approx(3 * 30, abs=1)


# -- launches -------------------------------------------------------------------------------------------------------


def test_a_spread_beyond_the_time_to_the_pull_starts_no_task_before_its_launch() -> None:
    scenario = pulling(at_times(2), {"desired_count": 0, "start_s": 1, "start_spread_s": 60}, duration_s=100)
    seen = outcome(scenario, setting("desired_count", 1, 50))
    assert seen.total("service", "TasksLaunched") == seen.last("service", "RunningTaskCount") == 50


def test_a_task_runs_when_its_image_is_there() -> None:
    """20 s, five more or less, and 413 MB at 11 MB a second: between 52 and 63 s, as was measured."""
    scenario = pulling(at_times(2), {"desired_count": 0, "image_mb": 413, "start_s": 20, "start_spread_s": 5}, duration_s=100, frame_interval_s=0.5)
    seen = outcome(scenario, setting("desired_count", 1, 10))
    assert set(seen.waits("queue")) == {"task_start"}
    tasks = seen.series("service", "RunningTaskCount")
    firsts = [min(time_s for time_s, count in tasks.items() if count >= wanted) - 1 for wanted in (1, 10)]
    assert 52 <= firsts[0] <= firsts[1] <= 63.5
    assert seen.waits("queue")["task_start"] == pytest.approx(firsts[0] + 1 - 2, abs=1)


def test_a_hundred_tasks_are_launched_at_once_and_then_twenty_a_second() -> None:
    """The account's bucket, with a service that may start as many as it likes: 300 tasks within ten seconds of each other."""
    scenario = pulling(at_times(5000), {"desired_count": 0, "service_launches_per_min": 100_000}, duration_s=40, frame_interval_s=0.5)
    tasks = outcome(scenario, setting("desired_count", 1, 300)).series("service", "RunningTaskCount")
    assert [tasks[second] for second in (11.5, 16.5, 21.5)] == pytest.approx([110, 210, 300], abs=12)
    assert tasks[10.5] == 0


def test_a_service_starts_five_hundred_tasks_a_minute() -> None:
    scenario = pulling(at_times(5000), {"desired_count": 0}, duration_s=80, frame_interval_s=0.5)
    tasks = outcome(scenario, setting("desired_count", 1, 1000)).series("service", "RunningTaskCount")
    assert tasks[71] - tasks[11.5] == pytest.approx(500, abs=15)


def test_services_share_the_launch_rate() -> None:
    nodes = {f"s{place}": ("fargate", QUICK | {"desired_count": 0, "service_launches_per_min": 100_000}) for place in range(2)}
    scenario = drawing(nodes, {}, duration_s=13)
    starts = [{"time_s": 1, "action": "parameter", "node": node, "parameter": "desired_count", "value": 200} for node in nodes]
    seen = outcome(scenario, *starts)
    assert sum(seen.last(node, "RunningTaskCount") for node in nodes) == pytest.approx(100 + 20 * 2, abs=6)


def test_the_quota_of_virtual_cpus_holds_launches_back() -> None:
    scenario = pulling(at_times(5000), {"desired_count": 0, "cpu_units": "2048", "memory_gb": 4}, account={"fargate": {"vcpu_quota": 6}}, duration_s=120)
    seen = outcome(scenario, setting("desired_count", 1, 5))
    assert seen.last("service", "RunningTaskCount") == 3
    assert seen.last("service", "PendingTaskCount") == 2
    assert seen.total("service", "LaunchesHeldByQuota") > 3


def test_tasks_that_do_not_start_are_tried_again_at_growing_intervals() -> None:
    """Each try lasts 10 s and the pause after it doubles: 2, 4, 8 ... s."""
    scenario = pulling(at_times(5000), {"desired_count": 0}, duration_s=200)
    seen = outcome(scenario, fault("starts_fail", 0), setting("desired_count", 1, 1), {"time_s": 100, "action": "clear_fault", "node": "service", "fault": "starts_fail"})
    assert seen.total("service", "TaskStartsFailed") == 5
    assert seen.last("service", "RunningTaskCount") == 1
    assert seen.last("service", "PendingTaskCount") == 0


# -- scaling --------------------------------------------------------------------------------------------------------


def test_scaling_by_cpu_aims_at_its_target() -> None:
    """24 of work in progress on tasks of four, 90 % CPU when busy: a target of 60 % wants 24 / 4 x 0.9 / 0.6 = 9 tasks."""
    scenario = asking({"load": rate(24), "arrivals": "even"}, {"desired_count": 7, "scales_by": "cpu", "target_cpu": 0.6, "maximum_tasks": 50}, duration_s=1200)
    seen = outcome(scenario)
    assert seen.metric("service", "DesiredTaskCount")["last"] == pytest.approx(9, abs=1)
    assert outcome(scenario, setting("duration", 600, constant(0.1))).metric("service", "DesiredTaskCount")["last"] == pytest.approx(9, abs=1), "scaling in takes fifteen minutes"


def test_scaling_by_backlog_adds_tasks_until_each_has_its_share() -> None:
    """30 a second for two tasks of four: the backlog grows until there are more than eight tasks, and is worked off."""
    scenario = pulling({"load": {"shape": "steps", "steps": [{"at_s": 0, "rate_per_s": 30}, {"at_s": 1200, "rate_per_s": 1}]}}, {"desired_count": 2, "scales_by": "backlog", "target_backlog": 100, "minimum_tasks": 2, "maximum_tasks": 30}, duration_s=3000)
    seen = outcome(scenario)
    assert 8 <= seen.metric("service", "DesiredTaskCount")["max"] <= 30
    assert seen.last("queue", "ApproximateNumberOfMessagesVisible") < 50
    assert seen.metric("service", "DesiredTaskCount")["last"] == 2, "fifteen quiet minutes later"
    fixed = outcome(pulling({"load": rate(30)}, {"desired_count": 2}, duration_s=1200))
    assert fixed.last("queue", "ApproximateNumberOfMessagesVisible") > 20_000


def test_scaling_reacts_after_three_minutes_and_the_start() -> None:
    scenario = pulling({"load": rate(50)}, {"desired_count": 1, "scales_by": "backlog", "target_backlog": 10, "maximum_tasks": 20}, duration_s=300, frame_interval_s=1)
    tasks = outcome(scenario).series("service", "RunningTaskCount")
    assert min(time_s for time_s, count in tasks.items() if count > 1) == pytest.approx(180 + 10, abs=2)


# -- stopping -------------------------------------------------------------------------------------------------------


def test_a_task_that_stops_finishes_its_work_if_it_can() -> None:
    seen = outcome(pulling(at_times(*[1] * 8), {"desired_count": 2, "concurrency": 4, "duration": constant(20)}, duration_s=60), setting("desired_count", 5, 0))
    assert seen.total("service", "MessagesProcessed") == 8
    assert seen.total("service", "WorkKilled") == 0
    assert seen.last("service", "RunningTaskCount") == 0


def test_work_that_outlasts_the_stop_timeout_is_lost_and_comes_back() -> None:
    """Both tasks stop at 5 s and are killed at 35 s; the messages come back at 61 s, to the task that is there then."""
    scenario = pulling(at_times(*[1] * 8), {"desired_count": 2, "concurrency": 4, "duration": constant(50)}, {"visibility_timeout_s": 60}, duration_s=300)
    seen = outcome(scenario, setting("desired_count", 5, 0), setting("desired_count", 40, 1))
    assert seen.total("service", "WorkKilled") == seen.total("service", "Errors") == 8
    assert seen.total("service", "MessagesProcessed") == 8
    assert seen.total("queue", "NumberOfMessagesReceived") == 16


def test_a_killed_task_fails_its_requests() -> None:
    seen = outcome(asking(at_times(1, 1), {"desired_count": 1, "duration": constant(50), "stop_timeout_s": 10}, duration_s=100), setting("desired_count", 5, 0))
    assert seen.lost("source") == {"task_killed": 2}


def test_interrupted_tasks_are_replaced() -> None:
    seen = outcome(pulling(at_times(5000), {"desired_count": 10, "spot": True}, duration_s=60, frame_interval_s=1), fault("interrupts", 20, share=0.5))
    tasks = seen.series("service", "RunningTaskCount")
    assert (tasks[19], tasks[25], tasks[40]) == (10, 5, 10)


# -- tasks for one message each -------------------------------------------------------------------------------------


def test_each_message_runs_a_task_of_its_own() -> None:
    seen = outcome(running_tasks(at_times(1, 2, 3), duration_s=60))
    assert seen.total("service", "TasksLaunched") == seen.total("service", "MessagesProcessed") == 3
    assert seen.path("source", "service")["latency"]["max"] == pytest.approx(10 + 5)
    assert seen.waits("service")["task_start"] == pytest.approx(3 * 10)
    assert seen.metric("service", "RunningTaskCount")["max"] == 3


def test_run_task_is_called_twenty_times_a_second_at_most() -> None:
    seen = outcome(running_tasks(at_times(*[1] * 50), duration_s=30))
    assert seen.total("service", "RunTaskThrottled") == 30
    assert seen.lost("source") == {"run_task_rate": 30}
    assert seen.total("service", "MessagesProcessed") == 20


def test_run_task_beyond_the_virtual_cpus_answers_200_and_runs_nothing() -> None:
    seen = outcome(running_tasks(at_times(1, 2, 3), account={"vcpu_quota": 2}, duration_s=60))
    assert seen.total("source", "MessagesAccepted") == 3
    assert seen.lost("service") == {"vcpu_quota": 1}


def test_a_failed_task_loses_its_message() -> None:
    assert outcome(running_tasks(at_times(1), {"failure_probability": 1}, duration_s=60)).lost("service") == {"task_failed": 1}


# -- the bill -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("architecture", "usd"), [("x86_64", 2 * 0.04048 + 4 * 0.004445), ("arm64", 3600 * (2 * 0.0000089944 + 4 * 0.0000009889))])
def test_tasks_cost_by_the_hour_of_processor_and_memory(architecture: str, usd: float) -> None:
    service = {"desired_count": 3, "cpu_units": "2048", "memory_gb": 4, "architecture": architecture}
    seen = outcome(pulling(at_times(5000), service, duration_s=3600))
    assert seen.report["nodes"]["service"]["cost_usd"] == pytest.approx(3 * usd, rel=0.001)
    spot = outcome(pulling(at_times(5000), service | {"spot": True}, duration_s=3600))
    assert spot.report["nodes"]["service"]["cost_usd"] == pytest.approx(0.3 * 3 * usd, rel=0.001)


def test_a_task_costs_a_minute_at_least() -> None:
    seen = outcome(running_tasks(at_times(1), {"cpu_units": "1024", "memory_gb": 2}, duration_s=300))
    assert seen.quantity("service", "vCPU, x86_64") == pytest.approx(60 / 3600)
    longer = outcome(running_tasks(at_times(1), {"duration": constant(100), "image_mb": 110}, duration_s=300))
    assert longer.quantity("service", "vCPU, x86_64") == pytest.approx((10 + 100) / 3600), "from the pull of the image on"


def test_sizes_and_bounds_are_checked() -> None:
    with pytest.raises(InvalidScenario, match=r"256 CPU units has 0\.5 to 2 GB"):
        outcome(pulling(at_times(1), {"cpu_units": "256", "memory_gb": 8}, duration_s=1))
    with pytest.raises(InvalidScenario, match="more tasks at least"):
        outcome(pulling(at_times(1), {"scales_by": "cpu", "minimum_tasks": 5, "maximum_tasks": 2}, duration_s=1))
    found: set[str] = {finding.code for finding in check(Scenario.from_json(asking(at_times(1), {"scales_by": "backlog"}, duration_s=1)))}
    assert "scales-by-nothing" in found


def test_messages_are_conserved_whatever_happens_to_the_tasks() -> None:
    seen: Outcome = outcome(pulling({"load": rate(20)}, {"desired_count": 6, "duration": constant(8), "stop_timeout_s": 3}, {"visibility_timeout_s": 30}, duration_s=200),
                            fault("interrupts", 20, share=0.7), setting("desired_count", 50, 1), setting("desired_count", 80, 9), fault("interrupts", 120, share=1))
    assert seen.report["conservation"]["residual"] == 0
    assert seen.total("service", "WorkKilled") > 0
