"""A distribution sampled on the hot path: samples are buffered and folded into histograms in blocks."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from simulator.measures.histogram import Histogram, Summary

RAMP_STEPS = (np.arange(8) + 0.5) / 8
"""Where a ramp is sampled, as shares of it."""


class Spread:
    """Samples of a quantity over the whole run, and over the current slice.

    ``add(value, count)`` and ``add_ramp`` buffer. A hot path may append samples of one message to ``singles`` itself. Whoever runs the
    agenda calls `fold` from time to time, so that buffers stay bounded. `slice_summary` closes the slice and reports it.
    """

    __slots__ = ("_ramps", "_slice", "_weighted", "singles", "total")

    def __init__(self) -> None:
        self.singles: list[float] = []
        self._weighted: list[tuple[float, float]] = []
        self._ramps: list[tuple[float, float, float]] = []
        self._slice: Histogram | None = None
        self.total = Histogram()

    def add(self, value: float, count: float = 1) -> None:
        """Record ``count`` samples of ``value``."""
        if count == 1:
            self.singles.append(value)
        else:
            self._weighted.append((value, count))

    def add_ramp(self, first: float, last: float, count: float) -> None:
        """Record ``count`` samples that run evenly from ``first`` to ``last``: those of a cohort."""
        self._ramps.append((first, last, count))

    def add_many(self, values: np.ndarray, counts: np.ndarray) -> None:
        """Record ``counts`` samples of each of ``values``."""
        self.fold()
        self._histogram().add_block(values, counts)

    def fold(self) -> None:
        """Move what is buffered into the histogram of the slice."""
        if self.singles:
            self._histogram().add_block(np.array(self.singles, dtype=np.float64))
            self.singles.clear()
        if len(self._weighted) == 1:
            self._histogram().add_same(*self._weighted.pop())
        if self._weighted:
            pairs = np.array(self._weighted, dtype=np.float64)
            self._histogram().add_block(pairs[:, 0], pairs[:, 1])
            self._weighted.clear()
        if self._ramps:
            ramps = np.array(self._ramps, dtype=np.float64)
            samples = ramps[:, :1] + RAMP_STEPS * (ramps[:, 1:2] - ramps[:, :1])
            weights = np.repeat(ramps[:, 2] / RAMP_STEPS.size, RAMP_STEPS.size)
            self._histogram().add_block(np.maximum(samples, 0.0).ravel(), weights)
            self._ramps.clear()

    def _histogram(self) -> Histogram:
        if self._slice is None:
            self._slice = Histogram()
        return self._slice

    def slice_summary(self) -> Summary | None:
        """Close the slice: its summary (None if nothing was sampled); its samples join the total."""
        self.fold()
        if self._slice is None or self._slice.count == 0:
            return None
        summary = self._slice.summary(("p50", "p90", "p99"))
        self.total.merge(self._slice)
        self._slice.clear()
        return summary

    def summary(self) -> Summary:
        """Summary of all samples since the last restart."""
        self.slice_summary()
        return self.total.summary()

    def restart(self) -> None:
        """Forget all samples (the end of a warm-up)."""
        self.fold()
        if self._slice is not None:
            self._slice.clear()
        self.total.clear()


class Tally(Spread):
    """A spread of few different values, such as sizes: a hot path counts in ``counts`` (value: samples) itself."""

    __slots__ = ("counts",)

    def __init__(self) -> None:
        super().__init__()
        self.counts: defaultdict[float, float] = defaultdict(float)

    def add(self, value: float, count: float = 1) -> None:
        self.counts[value] += count

    def fold(self) -> None:
        if len(self.counts) == 1:
            self._histogram().add_same(*self.counts.popitem())
        if self.counts:
            values, counts = np.array(list(self.counts)), np.array(list(self.counts.values()))
            self._histogram().add_block(values.astype(np.float64), counts.astype(np.float64))
            self.counts.clear()
