"""Speed of the exact engine: a pipeline with everything measured, against the same model in idiomatic SimPy.

Traffic -> SNS -> 2 x SQS -> 10 workers each, services of 50 ms (exponential), 90 % busy. Backwater keeps all statistics, the
ledger, the causes of waiting, visibility timers, 600 frames and the report; the SimPy models note waits and latencies only. They
take turns, and the ratio is that of the medians of their processor time.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable
from functools import partial
from statistics import median

from benchmarks import idiomatic_simpy, scenarios
from benchmarks.tables import Table
from simulator.run import simulate

MESSAGES = 200_000
ROUNDS = 3
DELIVERY_S = 0.1


def measure(quick: bool = False) -> Iterable[Table]:
    """Yield one table: with deliveries that take no time, and with an SNS delivery latency."""
    messages, rounds = (20_000, 3) if quick else (MESSAGES, ROUNDS)
    rows = [_row("Deliveries take no time", messages, rounds, 0.0), _row(f"Delivery latency of {DELIVERY_S * 1000:.0f} ms", messages, rounds, DELIVERY_S)]
    yield Table(
        f"Pipeline, {messages:,} messages, exact",
        ("Model", "SimPy, a process per copy", "SimPy, a process per message and copy", "Backwater, all on", "Backwater to the first", "Backwater to the second", "Mean wait, SimPy", "Mean wait, Backwater"),
        rows,
        f"Messages a second of processor time: medians of {rounds} rounds in which the three take turns (in brackets the ratios of the worst and the best round). "
        "Each message is copied to two queues. Required: 2x; aim: 3x, then 4x.")


def _row(title: str, messages: int, rounds: int, delivery_s: float) -> list[str]:
    waits: dict[str, float] = {}

    def in_simpy(*, by_hop: bool = False) -> None:
        samples, _ = idiomatic_simpy.pipeline(messages, scenarios.RATE_PER_S, scenarios.WORKERS, scenarios.SERVICE_S, delivery_s, by_hop=by_hop)
        waits["SimPy"] = sum(samples) / len(samples)

    def in_backwater() -> None:
        report = simulate(scenarios.pipeline(messages, delivery_s)).to_json()
        waits["Backwater"] = report["nodes"]["first"]["metrics"]["MessageWait"]["mean"]

    lean_s, by_hop_s, backwater_s = _take_turns([in_simpy, partial(in_simpy, by_hop=True), in_backwater], rounds)
    return [
        title, *(f"{messages / median(seconds):,.0f}/s" for seconds in (lean_s, by_hop_s, backwater_s)), _ratio(lean_s, backwater_s), _ratio(by_hop_s, backwater_s),
        f"{waits['SimPy'] * 1000:.1f} ms", f"{waits['Backwater'] * 1000:.1f} ms"]


def _ratio(other_s: list[float], ours_s: list[float]) -> str:
    ratios = [other / ours for other, ours in zip(other_s, ours_s, strict=True)]
    return f"{median(other_s) / median(ours_s):.2f}x ({min(ratios):.2f}-{max(ratios):.2f})"


def _take_turns(models: list[Callable[[], None]], rounds: int) -> list[list[float]]:
    """Seconds of processor time of each model in each round."""
    times: list[list[float]] = [[] for _ in models]
    for _ in range(rounds):
        for place, model in enumerate(models):
            gc.collect()
            started = time.process_time()
            model()
            times[place].append(time.process_time() - started)
    return times
