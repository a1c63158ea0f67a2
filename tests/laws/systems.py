"""Textbook systems drawn as diagrams, each with the figures that theory gives for it.

Calls to the queue take no time and messages are never hidden long enough to come back, so that nothing but arrivals and
service is left.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from simulator.mechanics.distributions import Gamma, Lognormal
from tests.drawing import INSTANT, at_times, constant, drawing, rate
from tests.laws import theory
from tests.laws.replications import RUNS, Figure, Report, latency, metric, waited_share

QUEUE = {"visibility_timeout_s": 43200}
AT_ONCE = {"request_latency": INSTANT}


SHARP, ROUGH = 0.1, 0.17


@dataclass(frozen=True)
class System:
    """A scenario, how to read its figures, and what they should be.

    ``law`` says what is predicted, and where it was read; ``sharpness`` bounds the half width of the interval as a share of
    the figure, for a wide interval shows nothing.
    """

    scenario: Mapping[str, Any]
    figures: Mapping[str, Figure]
    expected: Mapping[str, float]
    law: str = ""
    runs: int = RUNS
    sharpness: float = SHARP


def exponential(mean_s: float) -> dict[str, Any]:
    return {"type": "exponential", "mean_s": mean_s}


def run_of(messages: float, per_s: float) -> dict[str, Any]:
    """A run of about so many messages after a warm-up of a fifth as many."""
    span_s = messages / per_s
    return {"duration_s": 1.2 * span_s, "warm_up_s": 0.2 * span_s, "frame_interval_s": span_s / 5, "fidelity": "exact"}


def station(per_s: float, workers: int, duration: Mapping[str, Any], *, messages: float = 20_000, **queue: Any) -> dict[str, Any]:
    """Poisson arrivals, a queue, and workers."""
    return drawing(
        {"source": ("traffic", {"load": rate(per_s)}), "queue": ("sqs", QUEUE | queue), "server": ("worker", {"workers": workers, "duration": duration})},
        {"source.out -> queue.in": {}, "queue.out -> server.source": AT_ONCE}, **run_of(messages, per_s),
    )


def waiting(scenario: Mapping[str, Any], wait_s: float, service_s: float, law: str, **how: Any) -> System:
    """A station of which the mean wait and the mean time in the system are known."""
    return System(scenario, {"Wq": metric("queue", "MessageWait"), "W": latency("source", "queue", "server")}, {"Wq": wait_s, "W": wait_s + service_s}, law, **how)


def general(duration: Gamma | Lognormal, per_s: float) -> System:
    """M/G/1."""
    wait_s = theory.mg1_wait_s(per_s, duration.expected_s(), duration.variance_s2())
    return waiting(station(per_s, 1, duration.model_dump()), wait_s, duration.expected_s(), "Pollaczek-Khinchine: `Wq = a (v + s^2) / (2 (1 - a s))` for mean s and variance v")


def late_share() -> System:
    """M/M/1 under overload, whose queue drops a message 60 s after it came, served or not."""
    per_s, served_per_s, limit_s = 0.11, 0.1, 60.0

    def lost(report: Report) -> float:
        return sum(entry["messages"] for entry in report["nodes"]["queue"]["losses"]) / report["nodes"]["queue"]["metrics"]["NumberOfMessagesSent"]["total"]

    scenario = station(per_s, 1, exponential(1 / served_per_s), message_retention_period_s=limit_s)
    return System(scenario, {"share late": lost}, {"share late": theory.mm1_late_share(per_s, served_per_s, limit_s)}, "Customers who leave when their time is up (Barrer 1957); drawn as a retention of 60 s")


FUNCTION = {"timeout_s": 900, "idle_half_life_s": 86400, "runtime": "rust", "sandbox_start_s": 0}
"""A function whose environments stay warm once they are."""


def refused_share(report: Report) -> float:
    """The share of its requests that a source was refused."""
    metrics = report["nodes"]["source"]["metrics"]
    return float(metrics["MessagesRefused"]["total"] / metrics["MessagesCreated"]["total"])


def loss(duration: Mapping[str, Any], *, reserved: int | None, per_s: float = 8.0, messages: float = 20_000, **how: Any) -> System:
    """M/G/c/c: a function with a mean duration of 1 s, whose callers do not try again."""
    servers = reserved or 10
    scenario = drawing(
        {"source": ("traffic", {"load": rate(per_s)}), "server": ("lambda", FUNCTION | {"duration": duration, "reserved_concurrency": reserved})}, {"source.requests -> server.requests": {}},
        account={} if reserved else {"lambda": {"concurrent_executions": servers}}, **run_of(messages, per_s),
    )
    share = theory.erlang_b(per_s, servers)
    return System(scenario, {"B": refused_share, "L": metric("server", "ConcurrentExecutions")}, {"B": share, "L": per_s * (1 - share)},
                  "Erlang B, which depends on the duration by its mean alone; drawn as a function at its concurrency", **how)


def waiting_room(workers: int, room: int, per_s: float) -> System:
    """M/M/c/K: an HTTP endpoint with workers, and room for a few requests that wait."""
    endpoint = {"latency": exponential(1.0), "workers": workers, "queue_limit": room - workers, "server_timeout_s": None}
    scenario = drawing({"source": ("traffic", {"load": rate(per_s)}), "server": ("http_endpoint", endpoint)}, {"source.requests -> server.in": {}}, **run_of(20_000, per_s))
    shares = theory.mmck_shares(per_s, 1.0, workers, room)
    inside = sum(count * share for count, share in enumerate(shares))

    def number_inside(report: Report) -> float:
        metrics = report["nodes"]["server"]["metrics"]
        return float(metrics["ConcurrentRequests"]["mean"] + metrics["RequestsWaiting"]["mean"])

    return System(scenario, {"B": refused_share, "L": number_inside, "W": latency("source", "server")},
                  {"B": shares[-1], "L": inside, "W": inside / (per_s * (1 - shares[-1]))}, "Birth and death: the last of K + 1 states blocks; drawn as an HTTP endpoint with room for so many", sharpness=0.12)


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
        {"Wq first": first_s, "Wq second": second_s, "W": first_s + 2.0 + second_s + 1.0}, "Burke: what leaves M/M/2 is Poisson, so the next station is M/M/1 by itself",
    )


def feedback() -> System:
    """Jackson: two stations, and two of five messages go back from the second to the first."""
    outside_per_s, again = 0.45, 0.4
    per_s = outside_per_s / (1 - again)
    scenario = drawing(
        {
            "source": ("traffic", {"load": rate(outside_per_s)}),
            "queue": ("sqs", QUEUE), "first": ("worker", {"workers": 2, "duration": exponential(1.8)}),
            "next": ("sqs", QUEUE), "second": ("worker", {"workers": 1, "duration": exponential(0.9)}),
        },
        {"source.out -> queue.in": {}, "queue.out -> first.source": AT_ONCE, "first.out -> next.in": {}, "next.out -> second.source": AT_ONCE, "second.out -> queue.in": {"share": again}},
        **run_of(15_000, outside_per_s),
    )
    first_s, second_s = theory.mmc_wait_s(per_s, 1 / 1.8, 2), theory.mm1_wait_s(per_s, 1 / 0.9)
    return System(
        scenario,
        {"Wq first": metric("queue", "MessageWait"), "Wq second": metric("next", "MessageWait"), "rate first": metric("queue", "NumberOfMessagesReceived", "per_s")},
        {"Wq first": first_s, "Wq second": second_s, "rate first": per_s}, "Jackson: product form, each station as if alone at the rate `a / (1 - p)`, though its arrivals are not Poisson",
    )


def machines(number: int, repairers: int, up_s: float, repair_s: float) -> System:
    """A finite source: messages that go round between a place where each runs by itself and one where they queue."""
    scenario = drawing(
        {
            "source": ("traffic", at_times(*[0.0] * number)),
            "running": ("sqs", QUEUE), "machines": ("worker", {"workers": number, "duration": exponential(up_s)}),
            "queue": ("sqs", QUEUE), "server": ("worker", {"workers": repairers, "duration": exponential(repair_s)}),
        },
        {"source.out -> running.in": {}, "running.out -> machines.source": AT_ONCE, "machines.out -> queue.in": {}, "queue.out -> server.source": AT_ONCE, "server.out -> running.in": {}},
        **run_of(12_000, number / (up_s + repair_s)),
    )
    wait_s, per_s = theory.finite_source_wait_s(number, up_s, repair_s, repairers)
    return System(scenario, {"Wq": metric("queue", "MessageWait"), "rate": metric("queue", "NumberOfMessagesReceived", "per_s")}, {"Wq": wait_s, "rate": per_s},
                  "Machine repair, or a closed network: the rate of arrivals falls as more are down")


def users(number: int, workers: int, think_s: float, service_s: float) -> System:
    """A closed load: users who think, ask a server with a line, and wait for the answer."""
    scenario = drawing(
        {"users": ("traffic", {"load": {"shape": "users", "users": number, "think_time": exponential(think_s)}}),
         "server": ("http_endpoint", {"latency": exponential(service_s), "workers": workers, "queue_limit": number, "server_timeout_s": None})},
        {"users.requests -> server.in": {}}, **run_of(12_000, number / (think_s + service_s)),
    )
    wait_s, per_s = theory.finite_source_wait_s(number, think_s, service_s, workers)
    return System(scenario, {"Wq": metric("server", "QueueTime"), "W": metric("users", "ResponseTime"), "rate": metric("users", "MessagesAccepted", "per_s")}, {"Wq": wait_s, "W": wait_s + service_s, "rate": per_s},
                  "Machine repair with users for machines; the response time law `N = rate (think time + W)` follows")


def batches(per_s: float, batch: int) -> System:
    """One poller whose function needs the same time for a batch of any size."""
    scenario = drawing(
        {"source": ("traffic", {"load": rate(per_s)}), "queue": ("sqs", QUEUE), "server": ("lambda", FUNCTION | {"duration": exponential(1.0), "batch_work": "single"})},
        {"source.out -> queue.in": {}, "queue.out -> server.source": {"pollers_at_start": 1, "poller_ceiling": 1, "batch_size": batch, "delivery_latency": INSTANT}}, **run_of(20_000, per_s),
    )
    return System(scenario, {"Wq": metric("queue", "MessageWait")}, {"Wq": theory.bulk_wait_s(per_s, 1.0, batch)},
                  "Batch service: up to b at once, at least one, nobody joins later; drawn as a mapping with one poller")


def unlimited(duration: Gamma | Lognormal, per_s: float) -> System:
    """M/G/infinity: a function far below its concurrency."""
    scenario = drawing({"source": ("traffic", {"load": rate(per_s)}), "server": ("lambda", FUNCTION | {"duration": duration.model_dump()})}, {"source.requests -> server.requests": {}}, **run_of(20_000, per_s))
    return System(scenario, {"L": metric("server", "ConcurrentExecutions"), "W": latency("source", "server")}, {"L": per_s * duration.expected_s(), "W": duration.expected_s()},
                  "Concurrency is the rate times the duration, whatever its distribution")


def from_empty(per_s: float, workers: int, span_s: float, runs: int = 200) -> System:
    """M/M/c near or beyond its capacity, over its first stretch of time: there the steady state is far away, or none."""
    scenario = drawing(
        {"source": ("traffic", {"load": rate(per_s)}), "queue": ("sqs", QUEUE), "server": ("worker", {"workers": workers, "duration": exponential(1.0)})},
        {"source.out -> queue.in": {}, "queue.out -> server.source": AT_ONCE}, duration_s=span_s, frame_interval_s=span_s / 2, fidelity="exact",
    )
    return System(scenario, {"Lq": metric("queue", "ApproximateNumberOfMessagesVisible")}, {"Lq": theory.mmc_mean_waiting(per_s, 1.0, workers, span_s)},
                  "The exact transient of M/M/c, from an empty start", runs, ROUGH)


def many_workers(used: float, *, workers: int = 10, messages: float = 20_000, figures: tuple[str, ...] = ("Wq", "W", "C"), **how: Any) -> System:
    """M/M/c with a service of 1 s, and the share that has to wait; where few do, the mean wait is left out."""
    per_s = used * workers
    system = waiting(station(per_s, workers, exponential(1.0), messages=messages), theory.mmc_wait_s(per_s, 1.0, workers), 1.0, ERLANG_C, **how)
    read, expected = {**system.figures, "C": waited_share("queue")}, {**system.expected, "C": theory.erlang_c(per_s, workers)}
    return replace(system, figures={name: read[name] for name in figures}, expected={name: expected[name] for name in figures})


def percentiles(per_s: float) -> System:
    """M/M/1, of which the whole distribution is known."""
    figures = {name: latency("source", "queue", "server", field=name) for name in ("p50", "p90", "p95")}
    expected = {name: theory.mm1_time_quantile_s(per_s, 1.0, float(name[1:]) / 100) for name in figures}
    return System(station(per_s, 1, exponential(1.0)), figures, expected, "The time in M/M/1 is exponential with mean `1 / (m - a)`")


def regular(per_s: float) -> System:
    """D/M/1."""
    scenario = station(per_s, 1, exponential(1.0))
    scenario["nodes"][0]["parameters"]["arrivals"] = "even"
    wait_s = theory.dm1_wait_s(per_s, 1.0)
    return waiting(scenario, wait_s, 1.0, "D/M/1: the root of `r = e^(-(1 - r) m / a)`, then `Wq = r / (m (1 - r))`")


def filtered(per_s: float, share: float) -> System:
    """A Poisson stream thinned by a filter policy, and joined by another, is Poisson again."""
    types = [{"name": "wanted", "share": share, "attributes": {"kind": {"Type": "String", "Value": "order"}}}, {"name": "other", "share": 1 - share, "attributes": {"kind": {"Type": "String", "Value": "x"}}}]
    scenario = drawing(
        {"source": ("traffic", {"load": rate(per_s), "message_types": types}), "more": ("traffic", {"load": rate(0.3)}), "topic": ("sns", {}), "queue": ("sqs", QUEUE),
         "server": ("worker", {"workers": 1, "duration": exponential(1.0)})},
        {"source.out -> topic.in": {}, "topic.out -> queue.in": {"filter_policy": {"kind": ["order"]}}, "more.out -> queue.in": {}, "queue.out -> server.source": AT_ONCE},
        **run_of(20_000, per_s * share + 0.3),
    )
    return System(scenario, {"Wq": metric("queue", "MessageWait")}, {"Wq": theory.mm1_wait_s(per_s * share + 0.3, 1.0)}, "Thinning by a filter, delay by chance and joining keep a stream Poisson: M/M/1")


ERLANG_C = "Erlang C: `C` has to wait, and `Wq = C / (c m - a)`"
MM1 = "`Wq = u / (m - a)` with u = a / m"
MD1 = "Half the wait of M/M/1"

SYSTEMS = {
    "M/M/1": waiting(station(0.8, 1, exponential(1.0)), theory.mm1_wait_s(0.8, 1.0), 1.0, MM1),
    "M/M/1 at little load": waiting(station(0.2, 1, exponential(1.0), messages=10_000), theory.mm1_wait_s(0.2, 1.0), 1.0, MM1),
    "M/M/1, percentiles": percentiles(0.7),
    "M/M/1 behind a filter": filtered(1.0, 0.4),
    "M/M/5": waiting(station(4.0, 5, exponential(1.0), messages=30_000), theory.mmc_wait_s(4.0, 1.0, 5), 1.0, ERLANG_C),
    "M/M/3 at 2 erlangs": many_workers(2 / 3, workers=3),
    "M/M/26 at 20 erlangs": many_workers(20 / 26, workers=26, figures=("W", "C"), sharpness=ROUGH),
    "M/M/10 at 50 %": many_workers(0.5, figures=("W", "C"), sharpness=ROUGH),
    "M/M/10 at 80 %": many_workers(0.8, sharpness=ROUGH),
    "M/M/10 at 90 %": many_workers(0.9, messages=30_000, sharpness=ROUGH),
    "M/M/10 at 95 %": many_workers(0.95, messages=60_000, sharpness=0.2),
    "M/M/10 at 99 %, its first 100 s": from_empty(9.9, 10, 100.0),
    "M/M/1 at 110 %, its first 300 s": from_empty(1.1, 1, 300.0),
    "M/D/1": waiting(station(0.8, 1, constant(1.0)), theory.md1_wait_s(0.8, 1.0), 1.0, MD1),
    "M/D/5": waiting(station(4.25, 5, constant(1.0), messages=30_000), theory.mdc_wait_s(4.25, 1.0, 5), 1.0, "M/D/c, exactly (Crommelin 1932): the chain of numbers in the system one service apart"),
    "D/M/1": regular(0.8),
    "M/G/1, gamma, steady": general(Gamma(mean_s=1.0, coefficient_of_variation=0.5), 0.7),
    "M/G/1, gamma, bursty": general(Gamma(mean_s=1.0, coefficient_of_variation=2.0), 0.5),
    "M/G/1, lognormal": general(Lognormal(p50_s=0.8, p99_s=4.0), 0.5),
    "M/M/1, no longer than 60 s": late_share(),
    "M/M/10/10, reserved": loss(exponential(1.0), reserved=10),
    "M/M/10/10, account": loss(exponential(1.0), reserved=None),
    "M/D/10/10": loss(constant(1.0), reserved=10),
    "M/G/10/10, gamma": loss({"type": "gamma", "mean_s": 1.0, "coefficient_of_variation": 2.0}, reserved=10),
    "M/M/15/15 at 8.108 erlangs": loss(exponential(1.0), reserved=15, per_s=8.108, messages=30_000, sharpness=ROUGH),
    "M/M/1/5": waiting_room(1, 5, 0.9),
    "M/M/3/8": waiting_room(3, 8, 3.0),
    "M/G/infinity, lognormal": unlimited(Lognormal(p50_s=0.5, p99_s=4.0), 20.0),
    "M/M/1 in batches of 5": batches(3.5, 5),
    "two in a row": tandem(),
    "two with feedback": feedback(),
    "20 machines, 2 repairers": machines(20, 2, 10.0, 1.0),
    "20 users, 2 workers": users(20, 2, 10.0, 1.0),
    "50 users, 1 worker, saturated": users(50, 1, 20.0, 1.0),
}
