"""Distributions of durations: how long one piece of work takes, as a user says it, and as the engine draws it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from statistics import NormalDist
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from simulator.engine.streams import BLOCK, Stream
from simulator.vocabulary import ParameterSet, parameter

_NORMAL = NormalDist()
Z99 = _NORMAL.inv_cdf(0.99)
"""The 99th percentile of the standard normal distribution."""

LONGEST_S = 31_536_000.0


def _seconds(default: Any, title: str, help: str, **bounds: Any) -> Any:  # noqa: A002
    return parameter(default, help, title=title, unit="s", section="Distribution", le=LONGEST_S, **bounds)


WIDEST_RATIO = 1e6


class DurationDistribution(ParameterSet):
    """What every distribution of durations offers."""

    def expected_s(self) -> float:
        """The mean, in seconds."""
        raise NotImplementedError

    def variance_s2(self) -> float:
        """The variance, in seconds squared."""
        raise NotImplementedError

    def quantile_s(self, share: float) -> float:
        """The duration that a ``share`` (from 0 to below 1) of the work does not exceed, in seconds."""
        raise NotImplementedError

    def share_within(self, duration_s: float) -> float:
        """The share (0 to 1) of the work that takes no longer than this: what `quantile_s` inverts."""
        raise NotImplementedError

    def block(self, generator: np.random.Generator) -> np.ndarray:
        """Draw a block of durations in seconds."""
        raise NotImplementedError

    def sampler(self, stream: Stream) -> Callable[[], float]:
        """A function that draws one duration in seconds at a time."""
        return stream.draws(self.block)


class Constant(DurationDistribution):
    """Always the same. The D of M/D/1."""

    type: Literal["constant"] = "constant"
    value_s: float = _seconds(1.0, "Value", "Every piece of work takes this long.", ge=0)

    def expected_s(self) -> float:
        return self.value_s

    def variance_s2(self) -> float:
        return 0.0

    def quantile_s(self, share: float) -> float:
        return self.value_s

    def share_within(self, duration_s: float) -> float:
        return float(duration_s >= self.value_s)

    def sampler(self, stream: Stream) -> Callable[[], float]:
        value_s = self.value_s
        return lambda: value_s

    def block(self, generator: np.random.Generator) -> np.ndarray:
        return np.full(BLOCK, self.value_s)


class Exponential(DurationDistribution):
    """Memoryless: many short, few long. The M of M/M/c."""

    type: Literal["exponential"] = "exponential"
    mean_s: float = _seconds(1.0, "Mean", "The average duration.", gt=0)

    def expected_s(self) -> float:
        return self.mean_s

    def variance_s2(self) -> float:
        return self.mean_s**2

    def quantile_s(self, share: float) -> float:
        return -math.log1p(-share) * self.mean_s

    def share_within(self, duration_s: float) -> float:
        return -math.expm1(-max(0.0, duration_s) / self.mean_s)

    def block(self, generator: np.random.Generator) -> np.ndarray:
        return generator.exponential(self.mean_s, BLOCK)


class Lognormal(DurationDistribution):
    """Skewed like most measured latencies; given by its median and 99th percentile."""

    type: Literal["lognormal"] = "lognormal"
    p50_s: float = _seconds(0.1, "Median", "Half take less than this.", gt=0)
    p99_s: float = _seconds(0.5, "99th percentile", "One in a hundred takes longer than this.", gt=0)

    @model_validator(mode="after")
    def _ordered(self) -> Lognormal:
        if self.p99_s < self.p50_s:
            raise ValueError(f"the 99th percentile ({self.p99_s} s) must not be below the median ({self.p50_s} s)")
        if self.p99_s > WIDEST_RATIO * self.p50_s:
            raise ValueError(f"the 99th percentile must be at most {WIDEST_RATIO:,.0f} times the median: the mean of such a distribution says nothing")
        return self

    @property
    def sigma(self) -> float:
        """Standard deviation of the logarithm."""
        return math.log(self.p99_s / self.p50_s) / Z99

    def expected_s(self) -> float:
        return self.p50_s * math.exp(self.sigma**2 / 2)

    def variance_s2(self) -> float:
        return math.expm1(self.sigma**2) * self.expected_s() ** 2

    def quantile_s(self, share: float) -> float:
        return self.p50_s * math.exp(self.sigma * _NORMAL.inv_cdf(share)) if share > 0 else 0.0

    def share_within(self, duration_s: float) -> float:
        if duration_s <= 0:
            return 0.0
        if self.sigma == 0:
            return float(duration_s >= self.p50_s)
        return _NORMAL.cdf(math.log(duration_s / self.p50_s) / self.sigma)

    def block(self, generator: np.random.Generator) -> np.ndarray:
        return generator.lognormal(math.log(self.p50_s), self.sigma, BLOCK)


class Gamma(DurationDistribution):
    """Given by its mean and coefficient of variation: below 1 steadier than exponential, above 1 burstier."""

    type: Literal["gamma"] = "gamma"
    mean_s: float = _seconds(1.0, "Mean", "The average duration.", gt=0)
    coefficient_of_variation: float = parameter(
        0.5, "Standard deviation divided by the mean.", title="Coefficient of variation", section="Distribution", ge=0.001, le=100)

    def expected_s(self) -> float:
        return self.mean_s

    def variance_s2(self) -> float:
        return (self.coefficient_of_variation * self.mean_s) ** 2

    def quantile_s(self, share: float) -> float:
        shape = self.coefficient_of_variation**-2
        return _gamma_quantile(shape, share) * self.mean_s / shape

    def share_within(self, duration_s: float) -> float:
        shape = self.coefficient_of_variation**-2
        return _gamma_share(shape, duration_s * shape / self.mean_s)

    def block(self, generator: np.random.Generator) -> np.ndarray:
        shape = self.coefficient_of_variation**-2
        return generator.gamma(shape, self.mean_s / shape, BLOCK)


class Uniform(DurationDistribution):
    """Anything between two bounds, equally likely."""

    type: Literal["uniform"] = "uniform"
    low_s: float = _seconds(0.5, "From", "The shortest duration.", ge=0)
    high_s: float = _seconds(1.5, "To", "The longest duration.", ge=0)

    @model_validator(mode="after")
    def _ordered(self) -> Uniform:
        if self.high_s < self.low_s:
            raise ValueError(f"the upper bound ({self.high_s} s) must not be below the lower ({self.low_s} s)")
        return self

    def expected_s(self) -> float:
        return (self.low_s + self.high_s) / 2

    def variance_s2(self) -> float:
        return (self.high_s - self.low_s) ** 2 / 12

    def quantile_s(self, share: float) -> float:
        return self.low_s + share * (self.high_s - self.low_s)

    def share_within(self, duration_s: float) -> float:
        if self.high_s == self.low_s:
            return float(duration_s >= self.low_s)
        return min(1.0, max(0.0, (duration_s - self.low_s) / (self.high_s - self.low_s)))

    def block(self, generator: np.random.Generator) -> np.ndarray:
        return generator.uniform(self.low_s, self.high_s, BLOCK)


Sample = Annotated[float, Field(ge=0, le=LONGEST_S)]


class Empirical(DurationDistribution):
    """Measured durations, drawn again with equal chance."""

    type: Literal["empirical"] = "empirical"
    samples_s: tuple[Sample, ...] = parameter(
        (0.1, 0.12, 0.2), "Measured durations in seconds.", title="Samples", unit="s", section="Distribution", min_length=1, max_length=100_000)

    def expected_s(self) -> float:
        return float(np.mean(self.samples_s))

    def variance_s2(self) -> float:
        return float(np.var(self.samples_s))

    def quantile_s(self, share: float) -> float:
        return float(np.quantile(self.samples_s, share, method="inverted_cdf"))

    def share_within(self, duration_s: float) -> float:
        return float(np.count_nonzero(self._samples <= duration_s)) / self._samples.size

    @cached_property
    def _samples(self) -> np.ndarray:
        return np.array(self.samples_s)

    def block(self, generator: np.random.Generator) -> np.ndarray:
        return self._samples[generator.integers(0, self._samples.size, BLOCK)]


class PercentilePoint(ParameterSet):
    """One measured percentile."""

    share: float = parameter(0.5, "Share of the work that is done within this time: 0.99 for p99.", title="Share", unit="share", section="Distribution", ge=0, le=1)
    value_s: float = _seconds(0.1, "Within", "That share takes no longer than this.", ge=1e-9)


class Percentiles(DurationDistribution):
    """Measured percentiles, as a monitoring page shows them; between two of them the logarithm is interpolated in a line.

    Below the first and above the last nothing is known: all that lies there takes as long as the first or last says.
    """

    type: Literal["percentiles"] = "percentiles"
    points: tuple[PercentilePoint, ...] = parameter(
        lambda: tuple(PercentilePoint(share=share, value_s=value) for share, value in ((0.01, 0.05), (0.5, 0.1), (0.9, 0.2), (0.99, 0.5), (0.999, 1.0))),
        "Measured percentiles, from the smallest share to the largest.", title="Percentiles", section="Distribution", min_length=2, max_length=1000)

    @model_validator(mode="after")
    def _ordered(self) -> Percentiles:
        for lower, upper in zip(self.points, self.points[1:], strict=False):
            if upper.share <= lower.share:
                raise ValueError(f"the shares must increase, but {upper.share:g} follows {lower.share:g}")
            if upper.value_s < lower.value_s:
                raise ValueError(f"p{upper.share * 100:g} ({upper.value_s:g} s) must not be below p{lower.share * 100:g} ({lower.value_s:g} s)")
        return self

    @cached_property
    def _curve(self) -> tuple[np.ndarray, np.ndarray]:
        """Shares from 0 to 1, and the logarithms of the durations there."""
        shares = np.array([0.0, *(point.share for point in self.points), 1.0])
        values = np.array([self.points[0].value_s, *(point.value_s for point in self.points), self.points[-1].value_s])
        return shares, np.log(values)

    def _moment(self, power: int) -> float:
        """The mean of the duration to this power: exact, piece by piece."""
        shares, logs = self._curve
        widths, steps = np.diff(shares), power * np.diff(logs)
        starts = np.exp(power * logs[:-1])
        growth = np.divide(np.expm1(steps), steps, out=np.ones_like(steps), where=steps != 0)
        return float((widths * starts * growth).sum())

    def expected_s(self) -> float:
        return self._moment(1)

    def variance_s2(self) -> float:
        return max(0.0, self._moment(2) - self._moment(1) ** 2)

    def quantile_s(self, share: float) -> float:
        return float(np.exp(np.interp(share, *self._curve)))

    def share_within(self, duration_s: float) -> float:
        shares, logs = self._curve
        if duration_s <= 0 or math.log(duration_s) < logs[0]:
            return 0.0
        # Where a value is given for several shares, all of them are within it.
        place = int(np.searchsorted(logs, math.log(duration_s), side="right"))
        if place == logs.size:
            return 1.0
        passed = (math.log(duration_s) - logs[place - 1]) / (logs[place] - logs[place - 1])
        return float(shares[place - 1] + passed * (shares[place] - shares[place - 1]))

    def block(self, generator: np.random.Generator) -> np.ndarray:
        durations: np.ndarray = np.exp(np.interp(generator.random(BLOCK), *self._curve))
        return durations


def measured(*points: tuple[float, float]) -> Percentiles:
    """Percentiles from pairs of (share, seconds)."""
    return Percentiles(points=tuple(PercentilePoint(share=share, value_s=value_s) for share, value_s in points))


Distribution = Annotated[Constant | Exponential | Lognormal | Gamma | Uniform | Empirical | Percentiles, Field(discriminator="type", json_schema_extra={"widget": "distribution"})]


def _gamma_share(shape: float, value: float) -> float:
    """The share of a gamma distribution of this shape and scale 1 that lies below ``value``.

    Series for small values, continued fraction (Lentz's method) for large ones: Abramowitz and Stegun 6.5.29 and 6.5.31.
    """
    if value <= 0:
        return 0.0
    front = math.exp(shape * math.log(value) - value - math.lgamma(shape))
    if value < shape + 1:
        term = total = 1.0 / shape
        step = shape
        while term > total * 1e-16:
            step += 1
            term *= value / step
            total += term
        return front * total
    low = value + 1 - shape
    upper, lower = 1e300, 1.0 / low
    fraction = lower
    for number in range(1, 10_000):
        weight = -number * (number - shape)
        low += 2
        lower = 1.0 / (weight * lower + low)
        upper = low + weight / upper
        fraction *= upper * lower
        if abs(upper * lower - 1) < 1e-15:
            break
    return 1.0 - front * fraction


def _gamma_quantile(shape: float, share: float) -> float:
    """Where `_gamma_share` reaches ``share``, by bisection of the logarithm."""
    if share <= 0:
        return 0.0
    low, high = -700.0, math.log(shape + 1.0) + 1.0
    while _gamma_share(shape, math.exp(high)) < share:
        high += 1.0
    for _ in range(80):
        middle = (low + high) / 2
        if _gamma_share(shape, math.exp(middle)) < share:
            low = middle
        else:
            high = middle
    return math.exp(high)
