"""Speed of the exact engine: a pipeline with everything measured, against idiomatic SimPy.

Traffic -> SNS -> 2 x SQS -> workers, services of 50 ms (exponential), 90 % busy, with no latencies at all (10 workers each) and with the
latencies that a new diagram has (18 workers each). Backwater keeps all statistics as distributions, each slice's too, the ledger, the causes of waiting
by node and by path, traces, the bill, 600 frames and the report. SimPy's models have a process for each message and a `Resource` for the workers:

- *waiting lines*, a process for each copy: waits and latencies in lists, and nothing else. No visibility timeout, receive count, retention, levels or counters.
- *waiting lines, by hop*: the same, and the topic's delivery of a message is a process of its own.
- *the same model*: what happens to a message is what happens in the diagram: copies, visibility timeout, receive count, dead letters, retention, receipts that may be
  stale; and levels weighted by time (visible, in flight, busy), their samples at each frame, counters, waits, durations and latencies in lists. No distributions by slice,
  causes, paths, ledger, traces or bill. One process for each queue rings the timeouts, or a timeout
  beside each work does (``timeout | timeout``, as SimPy's manual does it).

They take turns, and the ratio is that of the medians of their processor time.
"""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from statistics import mean, median
from typing import Any

from benchmarks import idiomatic_simpy, scenarios
from benchmarks.tables import Table
from simulator.run import simulate

MESSAGES = 200_000
ROUNDS = 3
PLAIN = idiomatic_simpy.Settings(scenarios.RATE_PER_S, scenarios.WORKERS, scenarios.SERVICE_S)
USUAL = replace(PLAIN, workers=scenarios.default_workers(), request_s=scenarios.CALL_S, delivery=(math.log(0.073), math.log(0.225 / 0.073) / 2.3263))
"""With the latencies that a new diagram has."""


def measure(quick: bool = False) -> Iterable[Table]:
    """Yield a table for each setting."""
    messages, rounds = (20_000, 3) if quick else (MESSAGES, ROUNDS)
    yield _table("no latencies", PLAIN, scenarios.pipeline(messages), messages, rounds)
    yield _table("the latencies of a new diagram", USUAL, scenarios.default_pipeline(messages), messages, rounds)


def _table(title: str, settings: idiomatic_simpy.Settings, scenario: dict[str, Any], messages: int, rounds: int) -> Table:
    models: dict[str, Callable[[], float]] = {
        "SimPy, waiting lines": lambda: mean(idiomatic_simpy.pipeline(messages, settings)[0]),
        "SimPy, waiting lines, by hop": lambda: mean(idiomatic_simpy.pipeline(messages, settings, by_hop=True)[0]),
        "SimPy, the same model, one process rings": lambda: mean(idiomatic_simpy.same_model(messages, settings)[0].waits),
        "SimPy, the same model, a timeout each": lambda: mean(idiomatic_simpy.same_model(messages, settings, timer_each=True)[0].waits),
        "Backwater, everything on": lambda: simulate(scenario).to_json()["nodes"]["first"]["metrics"]["MessageWait"]["mean"],
    }
    waits, times = _take_turns(models, rounds)
    ours = times["Backwater, everything on"]
    rows = [
        [name, f"{messages / median(seconds):,.0f}/s", "1" if seconds is ours else _ratio(seconds, ours), f"{waits[name] * 1000:.1f} ms"]
        for name, seconds in times.items()
    ]
    return Table(
        f"Pipeline, {messages:,} messages, {title}", ("Model", "Messages a second", "Backwater is faster by", "Mean wait"), rows,
        f"Of processor time: medians of {rounds} rounds in which they take turns (in brackets the ratios of the worst and the best round). Each message is copied to two queues. "
        "Required against the same model: 2x, then 3x; aim: 4x.")


def _ratio(other_s: list[float], ours_s: list[float]) -> str:
    ratios = [other / ours for other, ours in zip(other_s, ours_s, strict=True)]
    return f"{median(other_s) / median(ours_s):.2f}x ({min(ratios):.2f}-{max(ratios):.2f})"


def _take_turns(models: dict[str, Callable[[], float]], rounds: int) -> tuple[dict[str, float], dict[str, list[float]]]:
    """What each model answers, and its seconds of processor time in each round."""
    answers: dict[str, float] = {}
    times: dict[str, list[float]] = {name: [] for name in models}
    for _ in range(rounds):
        for name, model in models.items():
            gc.collect()
            started = time.process_time()
            answers[name] = model()
            times[name].append(time.process_time() - started)
    return answers, times
