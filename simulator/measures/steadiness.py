"""When a series has settled, and whether it settles at all: MSER-5 for the warm-up, and a test of lasting growth."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

BATCH = 5
LAST_BATCHES_IGNORED = 5
"""Near the end the statistic rests on few batches and can be small by chance."""

FEWEST_BATCHES = 12
GROWTH_BATCHES = 10
GROWTH_NOISE = 2.0
"""Growth counts if it is more than so many standard deviations of Poisson arrivals and departures."""

FEWEST_ARRIVALS = 50


@dataclass(frozen=True, slots=True)
class Truncation:
    """How many values at the start to leave out; ``settled`` is false where the series had not settled by its middle."""

    values: int
    settled: bool


def mser_5(series: Sequence[float]) -> Truncation:
    """Where to cut the warm-up off ``series``, so that the mean of the rest has the smallest standard error.

    Means of batches of five; the cut is at the batch d that minimises the sum of squared deviations from the mean of all
    batches from d on, divided by the square of their number (White 1997; White, Cobb and Spratt 2000). A minimum beyond
    the middle says that the series is too short or does not settle, and then the middle is returned.
    """
    count = len(series) // BATCH
    if count < FEWEST_BATCHES:
        return Truncation(0, False)
    batches = np.array(series[: count * BATCH], dtype=float).reshape(count, BATCH).mean(axis=1)
    left = count - np.arange(count)
    sums = np.cumsum(batches[::-1])[::-1]
    squares = np.cumsum(((batches - batches.mean()) ** 2)[::-1])[::-1]
    shifts = sums / left - batches.mean()
    statistic = np.maximum(squares - left * shifts**2, 0.0) / left**2
    cut = int(np.argmin(statistic[: count - LAST_BATCHES_IGNORED]))
    middle = count // 2
    return Truncation(BATCH * cut, True) if cut <= middle else Truncation(BATCH * middle, False)


@dataclass(frozen=True, slots=True)
class Growth:
    """A level that keeps rising: by how much a second over the time looked at, from ``start`` on in the series."""

    per_s: float
    start: int


def lasting_growth(time_s: Sequence[float], level: Sequence[float], arrived: Sequence[float]) -> Growth | None:
    """Whether ``level`` rose through the whole second half of the series, by more than chance; None if it did not.

    The means of ten stretches must rise nearly every time, and the rise must exceed what a queue in equilibrium wanders:
    two standard deviations of as many arrivals and departures as there were (``arrived`` counts them up).
    """
    start = len(time_s) // 2
    span_s = time_s[-1] - time_s[start] if len(time_s) > 2 * GROWTH_BATCHES else 0.0
    if span_s <= 0:
        return None
    arrivals = arrived[-1] - arrived[start]
    means = [float(part.mean()) for part in np.array_split(np.array(level[start:], dtype=float), GROWTH_BATCHES)]
    rises = sum(later > earlier for earlier, later in pairwise(means))
    # Means lie half a stretch from either end.
    risen = (means[-1] - means[0]) * GROWTH_BATCHES / (GROWTH_BATCHES - 1)
    if rises < GROWTH_BATCHES - 2 or arrivals < FEWEST_ARRIVALS or risen <= GROWTH_NOISE * math.sqrt(2 * arrivals):
        return None
    return Growth(risen / span_s, start)
