"""Independent runs of one scenario, and the Student-t interval of a figure over them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from scipy import stats

from simulator.run import simulate

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


def replicate(scenario: Mapping[str, Any], figures: Mapping[str, Figure], runs: int = RUNS) -> dict[str, Interval]:
    """Run the scenario with ``runs`` seeds; the interval of each figure."""
    reports = [simulate({**scenario, "run": {**scenario["run"], "seed": seed}}).to_json() for seed in range(FIRST_SEED, FIRST_SEED + runs)]
    return {name: interval([figure(report) for report in reports]) for name, figure in figures.items()}


def metric(node: str, name: str, field: str = "mean") -> Figure:
    """A figure of one metric."""
    return lambda report: report["nodes"][node]["metrics"][name][field]


def latency(*nodes: str) -> Figure:
    """The mean time from birth to end of messages that took this way."""
    return lambda report: next(path["latency"]["mean"] for path in report["paths"] if path["nodes"] == list(nodes))
