"""Independent runs of one scenario, and the Student-t interval of a figure over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy import stats

from simulator.run import Simulation

RUNS = 10
LEVEL = 0.99
FIRST_SEED = 1001
"""Any will do, but one interval in a hundred misses by its nature: try other seeds before looking for an error."""

Report = Mapping[str, Any]
Figure = Callable[[Report], float]


@dataclass(frozen=True)
class Interval:
    """Where the mean lies at the level of confidence."""

    mean: float
    half_width: float

    def __contains__(self, value: float) -> bool:
        return abs(value - self.mean) <= self.half_width

    @property
    def relative(self) -> float:
        """Half the width as a share of the mean: how sharp a check against it is."""
        return self.half_width / abs(self.mean)


def interval(samples: Sequence[float], level: float = LEVEL) -> Interval:
    """The Student-t interval of the mean of independent samples."""
    count = len(samples)
    mean = math.fsum(samples) / count
    deviation = math.sqrt(math.fsum((sample - mean) ** 2 for sample in samples) / (count - 1))
    return Interval(mean, float(stats.t.ppf((1 + level) / 2, count - 1)) * deviation / math.sqrt(count))


class Seen(dict[str, Any]):
    """A report, and the finished ``simulation`` it is of."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__(simulation.report().to_json())
        self.simulation = simulation


def run_once(scenario: Mapping[str, Any], seed: int) -> Seen:
    """One run to its end."""
    simulation = Simulation({**scenario, "run": {**scenario["run"], "seed": seed}})
    for _ in simulation.frames():
        pass
    return Seen(simulation)


def replicate(scenario: Mapping[str, Any], figures: Mapping[str, Figure], runs: int = RUNS) -> dict[str, Interval]:
    """Run the scenario with ``runs`` seeds; the interval of each figure."""
    found: dict[str, list[float]] = {name: [] for name in figures}
    for seed in range(FIRST_SEED, FIRST_SEED + runs):
        seen = run_once(scenario, seed)
        for name, figure in figures.items():
            found[name].append(figure(seen))
    return {name: interval(samples) for name, samples in found.items()}


def metric(node: str, name: str, field: str = "mean") -> Figure:
    """A figure of one metric."""
    return lambda report: report["nodes"][node]["metrics"][name][field]


def latency(*nodes: str, field: str = "mean") -> Figure:
    """The mean time (or a percentile of it) from birth to end of messages that took this way."""
    return lambda report: next(path["latency"][field] for path in report["paths"] if path["nodes"] == list(nodes))


def waited_share(queue: str) -> Figure:
    """The share of the messages of a queue that had to wait at all."""

    def share(report: Report) -> float:
        waits = report.simulation.network.nodes[queue].waits  # type: ignore[attr-defined]
        waits.summary()
        return 1 - float(waits.total.zeros / waits.total.count)

    return share
