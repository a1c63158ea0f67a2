"""Any rate: a million messages a second for an hour, and how close cohorts come to single messages.

A topic, two queues and two functions, with 20 minutes of overload and the drain, all statistics on. The accuracy is measured at a
rate where every message can be simulated by itself, in four regimes; each figure is the mean of several seeds.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from statistics import mean
from typing import Any

from benchmarks.tables import Table

HOUR_S = 3600
REGIMES: dict[str, list[tuple[float, float]]] = {
    "overload and drain": [(0, 0.7), (20, 1.5), (60, 0.5)],
    "steady, 70 %": [(0, 0.7)],
    "steady, 85 %": [(0, 0.85)],
    "steady, 95 %": [(0, 0.95)],
}
SLOTS = 200
LENGTH_S = 120
CHAINS = (1, 2, 4, 8)


def diagram(unit_per_s: float, slots: int, steps: list[tuple[float, float]], duration_s: float, queues: int = 2, **run: Any) -> dict[str, Any]:
    """``unit_per_s`` is what the slower function can take; ``steps`` are (from_s, share of that)."""
    duration = {"type": "lognormal", "p50_s": 0.2, "p99_s": 0.8}
    load = {"shape": "steps", "steps": [{"at_s": at_s, "rate_per_s": share * unit_per_s} for at_s, share in steps]}
    nodes: list[dict[str, Any]] = [{"id": "source", "kind": "traffic", "parameters": {"load": load}}, {"id": "topic", "kind": "sns"}]
    wires: list[dict[str, Any]] = [{"id": "published", "from": {"node": "source", "port": "out"}, "to": {"node": "topic", "port": "in"}}]
    for number in range(queues):
        queue, work = f"queue-{number}", f"work-{number}"
        nodes += [
            {"id": queue, "kind": "sqs", "parameters": {"in_flight_quota": 10_000_000}},
            {"id": work, "kind": "lambda", "parameters": {"batch_work": "single", "duration": duration, "failure_probability": 0.0005}},
        ]
        mapping = {"pollers_at_start": min(slots, 1250), "poller_ceiling": slots, "poller_ramp_per_min": 100_000, "report_batch_item_failures": True}
        wires += [
            {"id": f"to-{queue}", "from": {"node": "topic", "port": "out"}, "to": {"node": queue, "port": "in"}},
            {"id": f"to-{work}", "from": {"node": queue, "port": "out"}, "to": {"node": work, "port": "source"}, "parameters": mapping},
        ]
    account = {"sns": {"publish_per_s": 5_000_000}, "lambda": {"concurrent_executions": max(1000, queues * slots), "environments_per_10_s": 1_000_000}}
    return {"version": 1, "nodes": nodes, "wires": wires, "account": account, "run": {"duration_s": duration_s, **run}}


def _capacity_per_s(slots: int) -> float:
    from simulator.mechanics.distributions import Lognormal

    return slots * 10 / Lognormal(p50_s=0.2, p99_s=0.8).expected_s()


def million(queues: int = 2, duration_s: float = HOUR_S) -> dict[str, Any]:
    """A million a second on average, with 20 minutes of overload."""
    steps = [(0.0, 0.85), (duration_s / 6, 1.25), (duration_s / 2, 0.65)]
    return diagram(_capacity_per_s(27_500), 27_500, steps, duration_s, queues)


def measure(quick: bool = False) -> Iterable[Table]:
    """Yield the tables: speed, growth with nodes, accuracy."""
    yield _speed(quick)
    yield _growth(quick)
    yield _accuracy(quick)


def _speed(quick: bool) -> Table:
    runs = [_in_a_fresh_process("million", 60 if quick else HOUR_S, 2) for _ in range(1 if quick else 3)]
    messages, wall_s, peak_mb = runs[0][0], sorted(run[1] for run in runs)[len(runs) // 2], max(run[2] for run in runs)
    row = [f"{messages / 1e9:.2f} billion", f"{wall_s:.1f} s", f"{messages / wall_s / 1e6:,.0f} million", f"{peak_mb:.0f} MB"]
    return Table("One hour at a million messages a second", ("Messages, copies counted", "Wall time", "Messages a second of wall time", "Peak memory"), [row],
                 "Wanted: under 10 s and under 500 MB. Median of three fresh processes, start of Python not counted.")


def _growth(quick: bool) -> Table:
    rows = []
    first = 0.0
    for queues in CHAINS:
        wall_s = min(_in_a_fresh_process("million", 30 if quick else 600, queues)[1] for _ in range(1 if quick else 2))
        first = first or wall_s / queues
        rows.append([str(2 + 2 * queues), f"{wall_s:.2f} s", f"{wall_s / queues / first:.2f}"])
    return Table("Cost by the number of nodes", ("Nodes", "Wall time", "Time for each queue with its function, against the first row"), rows,
                 "Wanted: no faster than linear. Ten simulated minutes of the same load, at 1, 2, 4 and 8 queues behind one topic; the faster of two runs.")


def _accuracy(quick: bool) -> Table:
    rows = []
    for name, steps in REGIMES.items():
        exact, cohorts = ([_figures(steps, fidelity, seed, quick) for seed in ((1,) if quick else (1, 2, 3))] for fidelity in ("exact", 2000))
        cells = []
        for figure in ("throughput", "mean", "p50", "p95", "p99", "peak", "drained"):
            single, cohort = (mean(run[figure] for run in runs) for runs in (exact, cohorts))
            cells.append("–" if single < 1e-9 or (figure in ("peak", "drained") and name.startswith("steady")) else f"{cohort / single - 1:+.1%}")
        speed = mean(run["wall"] for run in exact) / mean(run["wall"] for run in cohorts)
        rows.append([name, *cells, f"x{speed:.0f}"])
    return Table("Error of cohorts against single messages", ("Regime", "Throughput", "Mean latency", "p50", "p95", "p99", "Peak backlog", "Drained at", "Speed-up"), rows,
                 f"Wanted: within 3 %. {SLOTS} slots, {_capacity_per_s(SLOTS):,.0f} messages a second, {LENGTH_S} s. In steady state there is no backlog to speak of.")


def _figures(steps: list[tuple[float, float]], fidelity: str | int, seed: int, quick: bool) -> dict[str, float]:
    from simulator.run import simulate

    length_s = 20 if quick else LENGTH_S
    scenario = diagram(_capacity_per_s(SLOTS), SLOTS, [(at_s * length_s / LENGTH_S, share) for at_s, share in steps], length_s, 1, fidelity=fidelity, seed=seed, frame_interval_s=0.5)
    started = time.perf_counter()
    report = simulate(scenario).to_json()
    wall_s = time.perf_counter() - started
    path = next(path for path in report["paths"] if path["nodes"][-1] == "work-0")
    levels = report["series"]["nodes"]["queue-0"]["ApproximateNumberOfMessagesVisible"]
    peak = max(levels)
    drained = max((at_s for at_s, level in zip(report["series"]["time_s"], levels, strict=True) if level > 0.05 * peak), default=0.0)
    return {"throughput": path["messages"], **{name: path["latency"][name] for name in ("mean", "p50", "p95", "p99")}, "peak": peak, "drained": drained, "wall": wall_s}


def _in_a_fresh_process(name: str, duration_s: float, queues: int) -> tuple[float, float, float]:
    answer = subprocess.run([sys.executable, "-m", "benchmarks.cohorts", str(duration_s), str(queues)], check=True, capture_output=True, text=True)
    messages, wall_s, peak_mb = map(float, answer.stdout.split())
    return messages, wall_s, peak_mb


def _run(duration_s: float, queues: int) -> None:
    from simulator.run import simulate

    scenario = million(queues, duration_s) | {}
    scenario["run"]["token_budget"] = 1000
    scenario["run"]["frame_interval_s"] = HOUR_S / 600
    started = time.perf_counter()
    report = simulate(scenario).to_json()
    wall_s = time.perf_counter() - started
    print(report["conservation"]["created"], wall_s, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)


if __name__ == "__main__":
    _run(float(sys.argv[1]), int(sys.argv[2]))
