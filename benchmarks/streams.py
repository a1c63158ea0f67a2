"""A stream of a thousand shards at a million records a second, with three consumers.

A million clicks a second, whose keys are Zipf over a million users, go through a stream to three consumers: an application with the client
library, a function that polls and one with enhanced fan-out. The keys of the hot users go to a few shards, which refuse what they
cannot take. Everything is measured as ever: positions and backlogs of each shard and consumer, latencies by path, causes, the bill, frames and the report.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Iterable
from typing import Any

from benchmarks.tables import Table

MINUTES = (10, 60)
SHARDS, PER_S, KEYS = 1000, 1_000_000, 1_000_000
BACKLOG_S = 120.0


def diagram(duration_s: float, shards: int = SHARDS, per_s: float = PER_S, keys: int = KEYS) -> dict[str, Any]:
    """The stream and its consumers; for two minutes in the middle, more comes than the application can process."""
    work = {"duration": {"type": "lognormal", "p50_s": 0.05, "p99_s": 0.15}, "batch_work": "single"}
    steps = [(0.0, 0.8), (duration_s / 3, 1.0), (duration_s / 3 + BACKLOG_S, 0.8)]
    load = {"shape": "steps", "steps": [{"at_s": at_s, "rate_per_s": share * per_s} for at_s, share in steps]}
    clicks = {"load": load, "message_types": [{"name": "click", "size_bytes": 400, "key": {"keys": "zipf", "number": keys, "exponent": 0.8}}]}
    nodes = [
        {"id": "clicks", "kind": "traffic", "parameters": clicks}, {"id": "stream", "kind": "kinesis", "parameters": {"shard_count": shards}},
        {"id": "sessions", "kind": "kcl_application", "parameters": {"workers": 50, "duration": {"type": "exponential", "mean_s": 0.0011}}},
        {"id": "scores", "kind": "lambda", "parameters": work}, {"id": "alerts", "kind": "lambda", "parameters": work},
    ]
    readings: list[tuple[str, dict[str, Any]]] = [("sessions", {}), ("scores", {"batch_size": 500}), ("alerts", {"batch_size": 500, "enhanced_fan_out": True})]
    wires = [{"id": "put", "from": {"node": "clicks", "port": "out"}, "to": {"node": "stream", "port": "in"}}]
    wires += [{"id": name, "from": {"node": "stream", "port": "out"}, "to": {"node": name, "port": "stream"}, "parameters": settings} for name, settings in readings]
    return {"version": 1, "nodes": nodes, "wires": wires, "account": {"lambda": {"concurrent_executions": 10 * shards}}, "run": {"duration_s": duration_s}}


def measure(quick: bool = False) -> Iterable[Table]:
    """Yield the table of speed."""
    rows = []
    for minutes in (1,) if quick else MINUTES:
        runs = sorted(_in_a_fresh_process(60 * minutes) for _ in range(1 if quick else 3))
        wall_s, processor_s, hashing_s, records, peak_mb = runs[len(runs) // 2]
        rows.append([
            f"{minutes} min", f"{records / 1e9:.2f} billion", f"{wall_s:.1f} s", f"x{60 * minutes / wall_s:.0f}", f"{processor_s:.1f} s", f"x{60 * minutes / processor_s:.0f}",
            f"{hashing_s:.2f} s ({hashing_s / processor_s:.0%})", f"{peak_mb:.0f} MB"])
    yield Table("1,000 shards, 1,000,000 records a second, three consumers, as `auto` runs them",
                ("Simulated", "Messages, copies counted", "Wall time", "Faster than real time", "Processor time", "Faster, by processor time", "Hashing the keys (share)", "Peak memory"), rows,
                f"Wanted: 60 times real time, and at most a fifth of a run for hashing {KEYS:,} keys. Median of three fresh processes by wall time.")


def _in_a_fresh_process(duration_s: float) -> tuple[float, ...]:
    answer = subprocess.run([sys.executable, "-m", "benchmarks.streams", str(duration_s)], check=True, capture_output=True, text=True)
    return tuple(map(float, answer.stdout.split()))


def _run(duration_s: float) -> None:
    from simulator.engine.key_space import KeySpace
    from simulator.mechanics.streams.key_shares import hash_heads
    from simulator.run import simulate

    started, started_processor = time.perf_counter(), time.process_time()
    report = simulate(diagram(duration_s)).to_json()
    wall_s, processor_s = time.perf_counter() - started, time.process_time() - started_processor
    hash_heads.cache_clear()
    hashing = time.process_time()
    hash_heads(KeySpace(KEYS, 0.8), 0)
    hashing_s = time.process_time() - hashing
    assert report["fidelity"]["nodes"]["stream"]["used"] == "cohorts"  # noqa: S101
    print(wall_s, processor_s, hashing_s, report["conservation"]["created"], resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6)


if __name__ == "__main__":
    _run(float(sys.argv[1]))
