"""A histogram with logarithmic bins: any number of samples in bounded memory, quantiles to about 0.5 %."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

SMALLEST = 1e-6
BINS_PER_E = 100
BINS = 3700
"""From 1 µs to e^37 µs (370 years): beyond, samples are kept in the last bin, with their exact maximum."""

Summary = dict[str, float | int | None]


class Histogram:
    """Counts of samples in logarithmic bins of 1 % width, with exact count, mean, minimum and maximum.

    Samples below 1e-6 count as zero. Two histograms merge by addition, so parts of a run (or several runs) add up.
    """

    __slots__ = ("_bins", "_high", "_low", "count", "maximum", "minimum", "square_sum", "sum", "zeros")

    def __init__(self) -> None:
        self._bins = np.zeros(BINS, dtype=np.float64)
        self._low, self._high = BINS, 0
        self.clear()

    def clear(self) -> None:
        """Forget all samples."""
        self._bins[self._low : self._high] = 0
        self._low, self._high = BINS, 0
        self.count: float = 0
        self.zeros: float = 0
        self.sum = self.square_sum = 0.0
        self.minimum, self.maximum = math.inf, -math.inf

    def __getstate__(self) -> tuple[object, ...]:
        """Only the bins in use: that is what goes from one process to another."""
        used = self._bins[self._low : self._high] if self._low < self._high else self._bins[:0]
        return self._low, used.copy(), self.count, self.zeros, self.sum, self.square_sum, self.minimum, self.maximum

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        self.__init__()  # type: ignore[misc]
        low, used, *totals = state
        self.count, self.zeros, self.sum, self.square_sum, self.minimum, self.maximum = totals
        if used.size:
            self._low, self._high = low, low + used.size
            self._bins[self._low : self._high] = used

    def add_block(self, samples: np.ndarray, weights: np.ndarray | None = None) -> None:
        """Fold a block of samples (each standing for ``weights`` equal ones, by default one) into the bins."""
        if samples.size == 0:
            return
        weighted = samples if weights is None else samples * weights
        self.count += samples.size if weights is None else float(weights.sum())
        self.sum += float(weighted.sum())
        self.square_sum += float((weighted * samples).sum())
        least = float(samples.min())
        self.minimum = min(self.minimum, least)
        self.maximum = max(self.maximum, float(samples.max()))
        if least < SMALLEST:
            positive = samples >= SMALLEST
            self.zeros += float((~positive).sum() if weights is None else weights[~positive].sum())
            samples = samples[positive]
            weights = None if weights is None else weights[positive]
            if samples.size == 0:
                return
        places = np.minimum((np.log(samples / SMALLEST) * BINS_PER_E).astype(np.int64), BINS - 1)
        low, high = int(places.min()), int(places.max()) + 1
        self._bins[low:high] += np.bincount(places - low, weights=weights, minlength=high - low)
        self._low, self._high = min(self._low, low), max(self._high, high)

    def add_same(self, value: float, count: float) -> None:
        """`add_block` for ``count`` equal samples."""
        self.count += count
        self.sum += value * count
        self.square_sum += value * value * count
        self.minimum = min(self.minimum, value)
        self.maximum = max(self.maximum, value)
        if value < SMALLEST:
            self.zeros += count
            return
        place = min(int(math.log(value / SMALLEST) * BINS_PER_E), BINS - 1)
        self._bins[place] += count
        self._low, self._high = min(self._low, place), max(self._high, place + 1)

    def merge(self, other: Histogram) -> None:
        """Add all samples of ``other``."""
        if other.count == 0:
            return
        self.count += other.count
        self.zeros += other.zeros
        self.sum += other.sum
        self.square_sum += other.square_sum
        self.minimum, self.maximum = min(self.minimum, other.minimum), max(self.maximum, other.maximum)
        low, high = other._low, other._high
        if low < high:
            self._bins[low:high] += other._bins[low:high]
            self._low, self._high = min(self._low, low), max(self._high, high)

    def quantiles(self, shares: Sequence[float]) -> list[float]:
        """The values below which these shares of the samples lie; 0 for an empty histogram."""
        if self.count == 0:
            return [0.0] * len(shares)
        if self.minimum == self.maximum:
            return [self.minimum] * len(shares)
        if self._low >= self._high:
            return [self._below_smallest()] * len(shares)
        cumulative = self.zeros + np.cumsum(self._bins[self._low : self._high])
        ranks = [share * self.count for share in shares]
        places = np.minimum(np.searchsorted(cumulative, ranks), cumulative.size - 1)
        after = cumulative[places].tolist()
        before = np.where(places > 0, cumulative[places - 1], self.zeros).tolist()
        return [self._quantile(*entry) for entry in zip(ranks, places.tolist(), before, after, strict=True)]

    def _quantile(self, rank: float, place: int, before: float, after: float) -> float:
        if rank < self.zeros:
            return self._below_smallest()
        inside = after - before
        fraction = (rank - before) / inside if inside > 0 else 0.5
        value = SMALLEST * math.exp((self._low + place + min(max(fraction, 0.0), 1.0)) / BINS_PER_E)
        return min(max(value, self.minimum), self.maximum)

    def _below_smallest(self) -> float:
        return max(0.0, min(self.minimum, SMALLEST)) if self.zeros else self.minimum

    def summary(self, names: Iterable[str] = ("p50", "p90", "p95", "p99")) -> Summary:
        """``count``, ``mean``, the named percentiles (``p50`` ... ``p99``) and ``max``; None where nothing was sampled."""
        names = list(names)
        if self.count == 0:
            return {"count": 0, "mean": None, **dict.fromkeys(names), "max": None}
        values = self.quantiles([float(name[1:]) / 100 for name in names])
        whole = int(self.count) if float(self.count).is_integer() else self.count
        return {"count": whole, "mean": self.mean, **dict(zip(names, values, strict=True)), "max": self.maximum}

    @property
    def mean(self) -> float:
        """Mean of all samples; 0 when there are none."""
        return self.sum / self.count if self.count else 0.0

    @property
    def variance(self) -> float:
        """Population variance of all samples; 0 when there are none."""
        return max(0.0, self.square_sum / self.count - self.mean**2) if self.count else 0.0
