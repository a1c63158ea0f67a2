"""Confidence intervals of means of independent samples, by Student's t; nothing here needs more than the standard library."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from statistics import NormalDist

TINY = 1e-300


@dataclass(frozen=True, slots=True)
class Interval:
    """The mean of ``samples`` independent figures and half the width of its interval at a level of ``confidence``.

    ``half_width`` is None where one sample says nothing of the spread.
    """

    mean: float
    half_width: float | None
    confidence: float
    samples: int
    deviation: float
    lowest: float
    highest: float

    @property
    def relative(self) -> float | None:
        """Half the width as a share of the mean; 0 if both are 0, infinite for a mean of 0 with any spread."""
        if self.half_width is None:
            return None
        if self.half_width == 0:
            return 0.0
        return self.half_width / abs(self.mean) if self.mean else math.inf

    def __contains__(self, value: float) -> bool:
        return self.half_width is not None and abs(value - self.mean) <= self.half_width

    def to_json(self) -> dict[str, float | int | None]:
        return {"mean": self.mean, "half_width": self.half_width, "min": self.lowest, "max": self.highest, "samples": self.samples}


def interval(samples: Sequence[float], confidence: float) -> Interval:
    """The Student-t interval of the mean of independent ``samples``; raise `ValueError` if there are none."""
    count = len(samples)
    if count == 0:
        raise ValueError("an interval needs at least one sample")
    mean = math.fsum(samples) / count
    lowest, highest = min(samples), max(samples)
    mean = min(max(mean, lowest), highest)
    if count == 1:
        return Interval(mean, None, confidence, 1, 0.0, lowest, highest)
    deviation = math.sqrt(math.fsum((sample - mean) ** 2 for sample in samples) / (count - 1))
    half_width = student_t(confidence, count - 1) * deviation / math.sqrt(count)
    return Interval(mean, half_width, confidence, count, deviation, lowest, highest)


def unpaired(first: Sequence[float], second: Sequence[float], confidence: float) -> float:
    """Half the width of the interval of a difference of means of two independent groups of two or more (Welch 1947)."""
    one, other = interval(first, confidence), interval(second, confidence)
    one_error, other_error = one.deviation**2 / one.samples, other.deviation**2 / other.samples
    error = one_error + other_error
    if error == 0:
        return 0.0
    freedom = error**2 / (one_error**2 / (one.samples - 1) + other_error**2 / (other.samples - 1))
    return student_t(confidence, freedom) * math.sqrt(error)


@cache
def student_t(confidence: float, freedom: float) -> float:
    """Where Student's t with so many degrees of freedom lies between minus and plus this value with chance ``confidence``."""
    if not 0 < confidence < 1:
        raise ValueError(f"a confidence lies between 0 and 1, not at {confidence:g}")
    if freedom <= 0:
        raise ValueError("Student's t needs at least one degree of freedom")
    tail = 1 - confidence
    low, high = 0.0, 2 * NormalDist().inv_cdf((1 + confidence) / 2)
    while _two_tails(high, freedom) > tail:
        low, high = high, 2 * high
    for _ in range(200):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        low, high = (middle, high) if _two_tails(middle, freedom) > tail else (low, middle)
    return (low + high) / 2


def _two_tails(value: float, freedom: float) -> float:
    """The chance that Student's t is further from 0 than ``value``."""
    return _beta_share(freedom / 2, 0.5, freedom / (freedom + value * value))


def _beta_share(alpha: float, beta: float, value: float) -> float:
    """The regularised incomplete beta function, by its continued fraction (Abramowitz and Stegun 26.5.8)."""
    if value <= 0:
        return 0.0
    if value >= 1:
        return 1.0
    if value > (alpha + 1) / (alpha + beta + 2):
        return 1 - _beta_share(beta, alpha, 1 - value)
    front = math.exp(
        math.lgamma(alpha + beta) - math.lgamma(alpha) - math.lgamma(beta) + alpha * math.log(value) + beta * math.log1p(-value)
    )
    return front / alpha / _beta_fraction(alpha, beta, value)


def _beta_fraction(alpha: float, beta: float, value: float) -> float:
    """1 + d1 / (1 + d2 / (1 + ...)), by Lentz's method."""
    upper, lower, fraction = 1.0, 0.0, 1.0
    for number in range(1, 10_000):
        half = number // 2
        if number % 2:
            step = -(alpha + half) * (alpha + beta + half) * value / ((alpha + 2 * half) * (alpha + 2 * half + 1))
        else:
            step = half * (beta - half) * value / ((alpha + 2 * half - 1) * (alpha + 2 * half))
        lower = 1 / _nonzero(1 + step * lower)
        upper = _nonzero(1 + step / upper)
        fraction *= upper * lower
        if abs(upper * lower - 1) < 1e-15:
            break
    return fraction


def _nonzero(value: float) -> float:
    return value if abs(value) > TINY else TINY
