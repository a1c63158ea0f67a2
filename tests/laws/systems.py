"""Textbook systems drawn as diagrams, each with the figures that theory gives for it.

Calls to the queue take no time and messages are never hidden long enough to come back, so that nothing but arrivals and
service is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator.mechanics.distributions import Gamma, Lognormal
from tests.drawing import INSTANT, constant, drawing, rate
from tests.laws import theory
from tests.laws.replications import Figure, Report, latency, metric

QUEUE = {"visibility_timeout_s": 43200}
AT_ONCE = {"request_latency": INSTANT}


@dataclass(frozen=True)
class System:
    """A scenario, how to read its figures, and what they should be."""

    scenario: Mapping[str, Any]
    figures: Mapping[str, Figure]
    expected: Mapping[str, float]


def exponential(mean_s: float) -> dict[str, Any]:
    return {"type": "exponential", "mean_s": mean_s}


def run_of(messages: float, per_s: float) -> dict[str, float]:
    """A run of about so many messages after a warm-up of a fifth as many."""
    span_s = messages / per_s
    return {"duration_s": 1.2 * span_s, "warm_up_s": 0.2 * span_s, "frame_interval_s": span_s / 5}


def station(per_s: float, workers: int, duration: Mapping[str, Any], *, messages: float = 20_000, **queue: Any) -> dict[str, Any]:
    """Poisson arrivals, a queue, and workers."""
    return drawing(
        {"source": ("traffic", {"load": rate(per_s)}), "queue": ("sqs", QUEUE | queue), "server": ("worker", {"workers": workers, "duration": duration})},
        {"source.out -> queue.in": {}, "queue.out -> server.source": AT_ONCE}, **run_of(messages, per_s),
    )


def waiting(scenario: Mapping[str, Any], wait_s: float, service_s: float) -> System:
    """A station of which the mean wait and the mean time in the system are known."""
    return System(scenario, {"Wq": metric("queue", "MessageWait"), "W": latency("source", "queue", "server")}, {"Wq": wait_s, "W": wait_s + service_s})


def general(duration: Gamma | Lognormal, per_s: float) -> System:
    """M/G/1."""
    wait_s = theory.mg1_wait_s(per_s, duration.expected_s(), duration.variance_s2())
    return waiting(station(per_s, 1, duration.model_dump()), wait_s, duration.expected_s())


def late_share() -> System:
    """M/M/1 under overload, whose queue drops a message 60 s after it came, served or not."""
    per_s, served_per_s, limit_s = 0.11, 0.1, 60.0

    def lost(report: Report) -> float:
        return sum(entry["messages"] for entry in report["nodes"]["queue"]["losses"]) / report["nodes"]["queue"]["metrics"]["NumberOfMessagesSent"]["total"]

    scenario = station(per_s, 1, exponential(1 / served_per_s), message_retention_period_s=limit_s)
    return System(scenario, {"share late": lost}, {"share late": theory.mm1_late_share(per_s, served_per_s, limit_s)})


def loss(duration: Mapping[str, Any], *, reserved: int | None) -> System:
    """M/G/c/c: a function whose callers do not try again. Its ten environments stay warm once they are."""
    per_s, mean_s, servers = 8.0, 1.0, 10
    function = {"duration": duration, "reserved_concurrency": reserved, "timeout_s": 900, "idle_half_life_s": 86400, "runtime": "rust", "sandbox_start_s": 0}
    scenario = drawing(
        {"source": ("traffic", {"load": rate(per_s)}), "server": ("lambda", function)}, {"source.requests -> server.requests": {}},
        account={} if reserved else {"lambda": {"concurrent_executions": servers}}, **run_of(20_000, per_s),
    )

    def blocked(report: Report) -> float:
        metrics = report["nodes"]["source"]["metrics"]
        return metrics["MessagesRefused"]["total"] / metrics["MessagesCreated"]["total"]

    share = theory.erlang_b(per_s * mean_s, servers)
    return System(scenario, {"B": blocked, "L": metric("server", "ConcurrentExecutions")}, {"B": share, "L": per_s * mean_s * (1 - share)})


def tandem() -> System:
    """Two stations in a row: what leaves M/M/c is Poisson again (Burke), so the second is M/M/1 of its own."""
    per_s = 0.7
    scenario = drawing(
        {
            "source": ("traffic", {"load": rate(per_s)}),
            "queue": ("sqs", QUEUE), "first": ("worker", {"workers": 2, "duration": exponential(2.0)}),
            "next": ("sqs", QUEUE), "second": ("worker", {"workers": 1, "duration": exponential(1.0)}),
        },
        {"source.out -> queue.in": {}, "queue.out -> first.source": AT_ONCE, "first.out -> next.in": {}, "next.out -> second.source": AT_ONCE},
        **run_of(20_000, per_s),
    )
    first_s, second_s = theory.mmc_wait_s(per_s, 0.5, 2), theory.mm1_wait_s(per_s, 1.0)
    return System(
        scenario,
        {"Wq first": metric("queue", "MessageWait"), "Wq second": metric("next", "MessageWait"), "W": latency("source", "queue", "first", "next", "second")},
        {"Wq first": first_s, "Wq second": second_s, "W": first_s + 2.0 + second_s + 1.0},
    )


SYSTEMS = {
    "M/M/1": waiting(station(0.8, 1, exponential(1.0)), theory.mm1_wait_s(0.8, 1.0), 1.0),
    "M/M/1 at little load": waiting(station(0.2, 1, exponential(1.0), messages=10_000), theory.mm1_wait_s(0.2, 1.0), 1.0),
    "M/M/5": waiting(station(4.0, 5, exponential(1.0), messages=30_000), theory.mmc_wait_s(4.0, 1.0, 5), 1.0),
    "M/D/1": waiting(station(0.8, 1, constant(1.0)), theory.md1_wait_s(0.8, 1.0), 1.0),
    "M/G/1, gamma, steady": general(Gamma(mean_s=1.0, coefficient_of_variation=0.5), 0.7),
    "M/G/1, gamma, bursty": general(Gamma(mean_s=1.0, coefficient_of_variation=2.0), 0.5),
    "M/G/1, lognormal": general(Lognormal(p50_s=0.8, p99_s=4.0), 0.5),
    "M/M/1, no longer than 60 s": late_share(),
    "M/M/10/10, reserved": loss(exponential(1.0), reserved=10),
    "M/M/10/10, account": loss(exponential(1.0), reserved=None),
    "M/D/10/10": loss(constant(1.0), reserved=10),
    "two in a row": tandem(),
}
