"""One replication of a scenario, as it is carried out in a process of its own: what goes in, and the little that comes back."""

from __future__ import annotations

import math
import os
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from simulator.figures import Figure, figures_of, path_name
from simulator.measures import Histogram, Spread
from simulator.run import Simulation, number_in_system
from simulator.scenario import Scenario


class TooLarge(Exception):
    """A replication went beyond what it was allowed; the message says which limit."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one replication may use; None: no limit."""

    memory_bytes: float | None = None
    wall_s: float | None = None


@dataclass(slots=True)
class Replication:
    """What is kept of one run: its figures and distributions, not its samples. Only the first keeps its whole report."""

    number: int
    seed: int
    figures: dict[Figure, float | None]
    spreads: dict[Figure, Histogram]
    growing: list[str]
    report: dict[str, Any] | None = None


def replication_seed(seed: int, number: int) -> int:
    """The seed of replication ``number``, from 1: the run's own seed first, then independent ones spawned from it."""
    if number == 1:
        return seed
    return int(np.random.SeedSequence(seed, spawn_key=(number,)).generate_state(1, np.uint64)[0] >> 1)


def with_seed(scenario: Scenario, seed: int, warm_up_s: float | None = None) -> Scenario:
    """The same scenario with another seed (and, if given, a fixed warm-up)."""
    changes: dict[str, Any] = {"seed": seed} if warm_up_s is None else {"seed": seed, "warm_up_s": warm_up_s}
    return scenario.model_copy(update={"run": scenario.run.model_copy(update=changes)})


def replicate_once(saved: Mapping[str, Any], number: int, allowance: Allowance) -> Replication:
    """Carry out replication ``number`` of a scenario given as JSON, with a fixed warm-up."""
    scenario = Scenario.from_json(dict(saved))
    seed = replication_seed(scenario.run.seed, number)
    simulation = Simulation(with_seed(scenario, seed))
    _advance(simulation, allowance)
    report = simulation.report().to_json()
    spreads: dict[Figure, Histogram] = {}
    for node in simulation.network.nodes.values():
        for metric in node.metrics:
            measure = getattr(node, metric.attribute)
            if isinstance(measure, Spread):
                spreads["nodes", node.id, "metrics", metric.name] = measure.total
    for path in simulation.network.root.walk():
        for end in path.ends.values():
            if end.messages:
                spreads["paths", path_name({"nodes": path.nodes, "end": end.end}), "latency"] = end.latency.total
    growing = [entry["node"] for entry in report["steady_state"]["growing"] if entry["unstable"]]
    return Replication(number, seed, figures_of(report), spreads, growing, report if number == 1 else None)


def pilot(saved: Mapping[str, Any], number: int, allowance: Allowance) -> list[float]:
    """The number in the system over a run without warm-up, frame by frame."""
    scenario = Scenario.from_json(dict(saved))
    simulation = Simulation(with_seed(scenario, replication_seed(scenario.run.seed, number), 0.0))
    return _advance(simulation, allowance)


def _advance(simulation: Simulation, allowance: Allowance) -> list[float]:
    deadline = math.inf if allowance.wall_s is None else time.monotonic() + allowance.wall_s
    levels = []
    for frame in simulation.frames():
        levels.append(number_in_system(frame))
        if time.monotonic() > deadline:
            raise TooLarge(f"A replication took longer than the {allowance.wall_s:g} s of real time that it may take here")
        if allowance.memory_bytes is not None and memory_used_bytes() > allowance.memory_bytes:
            raise TooLarge(f"A replication needed more than the {allowance.memory_bytes / 1e9:g} GB of memory that it may use here")
    return levels


def memory_used_bytes() -> int:
    """Memory that this process occupies now (where the system does not tell, the most it ever did)."""
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
