"""What AWS documents in numbers, and how to measure the same in a run. No chance is in most of them, so one run will do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.drawing import INSTANT, Outcome, at_times, constant, deliveries, drawing, outcome, rate

QUICK = {"sandbox_start_s": 0, "runtime": "rust", "idle_half_life_s": 86400, "timeout_s": 900}


@dataclass(frozen=True)
class Documented:
    """A behaviour, the figures AWS gives for it, how far a run may be from them, and where they are documented."""

    says: str
    source: str
    expected: Mapping[str, float]
    measure: Callable[[], Mapping[str, float]]
    within: float = 0.0


def undeliverable() -> dict[str, float]:
    """A subscribed queue that is never there."""
    scenario = drawing({"source": ("traffic", at_times(1)), "topic": ("sns", {}), "queue": ("sqs", {})}, {"source.out -> topic.in": {}, "topic.out -> queue.in": {"delivery_latency": INSTANT}}, duration_s=2_100_000)
    tried = deliveries(scenario, "queue", {"time_s": 0, "action": "fault", "node": "queue", "fault": "unavailable"})
    return {"attempts": len(tried), "days": tried[-1].at_s / 86_400}


def function_called(source: Mapping[str, Any], work_s: float, account: Mapping[str, Any], **run: Any) -> Outcome:
    """Requests to a function in an account with these limits."""
    scenario = drawing({"source": ("traffic", source), "function": ("lambda", QUICK | {"duration": constant(work_s)})}, {"source.requests -> function.requests": {}}, account={"lambda": account}, **run)
    return outcome(scenario)


def burst(minutes: int) -> Callable[[], dict[str, float]]:
    """10,000 requests, each nearly a minute long, in equal parts at the start of each minute."""

    def measure() -> dict[str, float]:
        times_s = [60 * minute for minute in range(minutes) for _ in range(round(10_000 / minutes))]
        limits = {"concurrent_executions": 20_000, "environments_at_once": 3000, "environments_per_10_s": 500 / 6 + 0.01}
        throttles = function_called(at_times(*times_s), 59, limits, duration_s=60 * minutes, frame_interval_s=30).series("function", "Throttles")
        return {f"minute {minute + 1}": throttles[60 * minute + 30] - throttles[60 * minute] for minute in range(minutes)}

    return measure


def present_rate() -> dict[str, float]:
    """3,000 requests at once, then one every 2 ms, all longer than the run."""
    source = at_times(*[0.5] * 3000, *[1 + place * 0.002 for place in range(5000)])
    running = function_called(source, 800, {"concurrent_executions": 20_000}, duration_s=11, frame_interval_s=0.5).series("function", "ConcurrentExecutions")
    return {"at once": running[1], "more in 5 s": running[10] - running[5]}


def concurrency() -> dict[str, float]:
    """100 requests a second of half a second each."""
    seen = function_called({"load": rate(100), "arrivals": "even"}, 0.5, {}, duration_s=120, warm_up_s=20)
    return {"concurrency": seen.metric("function", "ConcurrentExecutions")["mean"]}


def mapped(source: Mapping[str, Any], mapping: Mapping[str, Any], work_s: float, **run: Any) -> Outcome:
    """A queue and a function with a mapping between them."""
    scenario = drawing(
        {"source": ("traffic", source), "queue": ("sqs", {"visibility_timeout_s": 43200}), "function": ("lambda", QUICK | {"duration": constant(work_s)})},
        {"source.out -> queue.in": {}, "queue.out -> function.source": {"delivery_latency": INSTANT} | mapping}, account={"lambda": {"concurrent_executions": 5000}}, **run)
    return outcome(scenario)


def ramp() -> dict[str, float]:
    """More messages than pollers at all times, none of which is ever done."""
    seen = mapped({"load": {"shape": "steps", "steps": [{"at_s": 0, "rate_per_s": 2000}, {"at_s": 1, "rate_per_s": 0}]}, "arrivals": "even"}, {"batch_size": 1}, 800, duration_s=300, frame_interval_s=0.1)
    running = seen.series("function", "ConcurrentExecutions")
    return {"at the start": running[0.1], **{f"after {minute} min": running[60 * minute] for minute in range(1, 5)}, "at most": seen.metric("function", "ConcurrentExecutions")["max"]}


def cleared() -> dict[str, float]:
    """100,000 messages of one second each, at once."""
    source = {"load": {"shape": "steps", "steps": [{"at_s": 0, "rate_per_s": 100_000}, {"at_s": 1, "rate_per_s": 0}]}, "arrivals": "even"}
    backlog = mapped(source, {"batch_size": 1}, 1, duration_s=260, frame_interval_s=1).series("queue", "ApproximateNumberOfMessagesVisible")
    return {"minutes": min(time_s for time_s, waiting in backlog.items() if time_s > 2 and waiting == 0) / 60}


def idle() -> dict[str, float]:
    """Nothing to poll."""
    return {"receives a minute": mapped(at_times(5000), {}, 1, duration_s=600.1).total("queue", "NumberOfEmptyReceives") / 10}


RETRIES = "SNS Developer Guide, message delivery retries"
OLDER = "the rule before November 2023: 3,000 at once, then 500 a minute"
SCALING = "Lambda Developer Guide, function scaling"
MAPPING = "Lambda Developer Guide, scaling of SQS event source mappings"

DOCUMENTED = {
    "SNS retries": Documented("A delivery to SQS or Lambda is tried 100,015 times over 23 days", RETRIES, {"attempts": 100_015, "days": 23.15}, undeliverable, 0.004),
    "Lambda burst, 1 minute": Documented("10,000 requests in one minute: how many are throttled", OLDER, {"minute 1": 7000}, burst(1)),
    "Lambda burst, 2 minutes": Documented("5,000 requests a minute", OLDER, {"minute 1": 2000, "minute 2": 1500}, burst(2)),
    "Lambda burst, 3 minutes": Documented("3,333 requests a minute", OLDER, {"minute 1": 333, "minute 2": 0, "minute 3": 0}, burst(3)),
    "Lambda burst, 4 minutes": Documented("2,500 requests a minute", OLDER, {"minute 1": 0, "minute 2": 0, "minute 3": 0, "minute 4": 0}, burst(4)),
    "Lambda scaling": Documented("1,000 environments at once, then 100 a second", SCALING, {"at once": 1000, "more in 5 s": 500}, present_rate, 0.002),
    "Lambda concurrency": Documented("Concurrency is the rate times the duration: 100/s x 0.5 s", SCALING, {"concurrency": 50}, concurrency, 0.001),
    "SQS mapping, ramp": Documented(
        "5 pollers, 300 more a minute, 1,250 at most", MAPPING,
        {"at the start": 5, "after 1 min": 305, "after 2 min": 605, "after 3 min": 905, "after 4 min": 1205, "at most": 1250}, ramp, 0.01),
    "SQS mapping, burst": Documented("100,000 messages of 1 s, one a batch: gone when the area under 5 + 300 t is 100,000 s", MAPPING + ", derived", {"minutes": 3.3}, cleared, 0.02),
    "SQS mapping, idle": Documented("5 pollers, each a long poll of 20 s", MAPPING + ", derived", {"receives a minute": 15}, idle, 0.001),
}
