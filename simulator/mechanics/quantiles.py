"""A distribution as a table, for stratified draws: one value for each of many equal shares."""

from __future__ import annotations

import numpy as np

from simulator.engine.streams import Stream
from simulator.mechanics.distributions import DurationDistribution

ROWS = 4096
SAMPLES_A_ROW = 16


class QuantileTable:
    """``at(share)`` gives a value of the distribution for a share in [0, 1): evenly spread shares give evenly spread values.

    Each row is the mean of its part of the distribution, so no mean is lost, however skewed the distribution is.
    """

    __slots__ = ("_rows", "cut_share", "mean")

    def __init__(self, samples: np.ndarray) -> None:
        rows = np.sort(samples)[: samples.size // ROWS * ROWS].reshape(ROWS, -1).mean(axis=1)
        self._rows: list[float] = rows.tolist()
        self.mean = float(rows.mean())
        self.cut_share = 0.0
        """The share that `capped` cut off."""

    def at(self, share: float) -> float:
        """The value below which this share of the distribution lies."""
        return self._rows[int(share * ROWS)]

    def squared_variation(self) -> float:
        """The variance as a share of the square of the mean."""
        if self.mean <= 0:
            return 0.0
        return max(0.0, sum(row * row for row in self._rows) / ROWS / self.mean**2 - 1.0)

    def capped(self, longest: float) -> QuantileTable:
        """The table with nothing above ``longest``."""
        above = sum(row > longest for row in self._rows)
        if above:
            self._rows[ROWS - above :] = [longest] * above
            self.mean = sum(self._rows) / ROWS
            self.cut_share = above / ROWS
        return self


def draws(distribution: DurationDistribution, stream: Stream, rows: int) -> np.ndarray:
    """``rows`` draws of a duration, whose mean is made the distribution's own."""
    blocks: list[np.ndarray] = []
    while sum(block.size for block in blocks) < rows:
        blocks.append(distribution.block(stream.generator))
    drawn = np.concatenate(blocks)[:rows]
    mean = drawn.mean()
    return drawn * (distribution.expected_s() / mean) if mean > 0 else drawn


def table_of(distribution: DurationDistribution, stream: Stream) -> QuantileTable:
    """The table of one duration."""
    return QuantileTable(draws(distribution, stream, ROWS * SAMPLES_A_ROW))
