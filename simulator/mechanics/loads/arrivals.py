"""When messages arrive: the process that draws arrivals from a load shape.

Arrivals are drawn by time rescaling: a process of rate 1 runs in *operational time*, the integral of the rate, and each of
its points is mapped back through the inverse of that integral. This is exact for every shape, and costs the same for all.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np

from simulator.mechanics.loads.load_shapes import Shape, TimesTrace, TraceLoad

FAR_S = 1e15
BLOCK_POINTS = 2048
RATE_WINDOWS = 200
"""The rate of recorded arrival times is shown as an average over this part of the trace."""


class RateCurve:
    """The rate of a shape, its integral, and the inverse of the integral, vectorised."""

    def __init__(self, shape: Shape) -> None:
        times, rates = shape.corners()
        self._period_s = shape.period_s()
        if math.isfinite(self._period_s):
            keep = times < self._period_s
            times, rates = np.append(times[keep], self._period_s), np.append(rates[keep], np.interp(self._period_s, times, rates))
        else:
            times, rates = np.append(times, times[-1] + FAR_S), np.append(rates, rates[-1])
        self._times, self._rates = times, rates
        areas = np.diff(times) * (rates[1:] + rates[:-1]) / 2
        self._integral = np.concatenate([[0.0], np.cumsum(areas)])
        self.mass = float(self._integral[-1]) if math.isfinite(self._period_s) else math.inf

    def rate_per_s(self, time_s: float) -> float:
        """The rate at ``time_s``."""
        if math.isfinite(self._period_s):
            time_s = math.fmod(time_s, self._period_s)
        place = int(np.searchsorted(self._times, time_s, side="right")) - 1
        place = min(max(place, 0), len(self._times) - 2)
        span_s = self._times[place + 1] - self._times[place]
        share = (time_s - self._times[place]) / span_s if span_s > 0 else 0.0
        return float(self._rates[place] + share * (self._rates[place + 1] - self._rates[place]))

    def expected(self, time_s: float) -> float:
        """Arrivals expected from 0 to ``time_s``."""
        whole = 0.0
        if math.isfinite(self._period_s):
            cycles = math.floor(time_s / self._period_s)
            whole, time_s = cycles * self.mass, time_s - cycles * self._period_s
        place = min(max(int(np.searchsorted(self._times, time_s, side="right")) - 1, 0), len(self._times) - 2)
        passed_s = time_s - self._times[place]
        span_s = self._times[place + 1] - self._times[place]
        slope = (self._rates[place + 1] - self._rates[place]) / span_s if span_s > 0 else 0.0
        return whole + float(self._integral[place] + passed_s * (self._rates[place] + slope * passed_s / 2))

    def when(self, expected: np.ndarray) -> np.ndarray:
        """The times (s) by which so many arrivals are expected; infinite where that never happens."""
        if self._integral[-1] <= 0:
            return np.full(expected.shape, np.inf)
        offset_s, never = np.zeros_like(expected), ~np.isfinite(expected)
        expected = np.where(never, 0.0, expected)
        if math.isfinite(self._period_s):
            cycles = np.floor(expected / self.mass)
            offset_s, expected = cycles * self._period_s, expected - cycles * self.mass
        # the first moment of several: what is due when a rate falls to zero comes before the pause, not after it
        places = np.clip(np.searchsorted(self._integral, expected, side="left") - 1, 0, len(self._times) - 2)
        rest = expected - self._integral[places]
        start, end = self._rates[places], self._rates[places + 1]
        span_s = self._times[places + 1] - self._times[places]
        slope = np.divide(end - start, span_s, out=np.zeros_like(start), where=span_s > 0)
        # rest = start t + slope t^2 / 2, solved in the form that is stable for a small slope
        root = np.sqrt(np.maximum(start**2 + 2 * slope * rest, 0.0))
        with np.errstate(over="ignore"):
            passed_s = np.divide(2 * rest, start + root, out=np.full_like(rest, np.inf), where=(start + root) > 0)
        passed_s[rest <= 0] = 0.0
        times: np.ndarray = offset_s + self._times[places] + passed_s
        times[never | (expected > self._integral[-1])] = np.inf
        return times


class Arrivals:
    """Arrival times of a load, block by block: Poisson, or evenly spaced. ``factor`` multiplies the load and may change."""

    def __init__(self, shape: Shape, process: Literal["poisson", "even"], generator: np.random.Generator) -> None:
        self._source: _Rescaled | _Replay
        if isinstance(shape, TraceLoad) and isinstance(shape.trace, TimesTrace):
            self._source = _Replay(shape, shape.trace, generator)
        else:
            self._source = _Rescaled(RateCurve(shape), process, generator)

    def change_factor(self, factor: float, now_s: float) -> None:
        """From ``now_s`` on the load is multiplied by ``factor``; times drawn before for ``now_s`` or later are void.

        A Poisson process has no memory, so it starts anew; an even one keeps the share of the gap that has passed.
        """
        self._source.change_factor(factor, now_s)

    def block(self) -> np.ndarray:
        """The next arrival times (s), not decreasing; empty when no more will come."""
        return self._source.block()

    def count(self, from_s: float, to_s: float) -> int:
        """Draw how many arrivals there are from ``from_s`` to ``to_s``, for cohorts; ask for one stretch after the other."""
        return self._source.count(from_s, to_s)

    def rate_per_s(self, time_s: float) -> float:
        """The rate at ``time_s`` that the shape asks for, in arrivals a second, with the factor in force."""
        return self._source.rate_per_s(time_s)

    def expected(self, from_s: float, to_s: float) -> float:
        """Arrivals expected from ``from_s`` to ``to_s`` with the factor in force."""
        return self._source.expected(from_s, to_s)


class _Rescaled:
    """A process of rate 1 in operational time, mapped back through the inverse of the integrated rate."""

    def __init__(self, curve: RateCurve, process: Literal["poisson", "even"], generator: np.random.Generator) -> None:
        self._curve = curve
        self._process = process
        self._generator = generator
        self._base = 0.0
        self._phase = 0.0
        self._point = 0.0
        self._factor = 1.0

    def change_factor(self, factor: float, now_s: float) -> None:
        reached = self._curve.expected(now_s)
        if self._process == "even":
            self._phase = self._phase_at(reached, now_s)
        self._base, self._point, self._factor = reached, 0.0, factor

    def _phase_at(self, reached: float, now_s: float) -> float:
        """The share of a gap that has passed since the last arrival before ``now_s``: 1 if one is due at that moment."""
        if self._factor <= 0:
            return self._phase
        passed = self._phase + (reached - self._base) * self._factor
        arrived = math.floor(passed)
        if arrived:
            latest = self._curve.when(np.array([self._base + (arrived - self._phase) / self._factor]))[0]
            arrived -= bool(latest >= now_s)
        return passed - arrived

    def block(self) -> np.ndarray:
        if self._factor <= 0:
            return np.zeros(0)
        points: np.ndarray
        if self._process == "poisson":
            points = self._point + np.cumsum(self._generator.exponential(1.0, BLOCK_POINTS))
        else:
            points = self._point + np.arange(1, BLOCK_POINTS + 1)
        self._point = float(points[-1])
        # At a factor next to nothing, what would arrive after all time is infinitely late, and never comes.
        with np.errstate(over="ignore"):
            times = self._curve.when(self._base + (points - self._phase) / self._factor)
        coming: np.ndarray = times[np.isfinite(times) & (times < FAR_S)]
        return coming

    def rate_per_s(self, time_s: float) -> float:
        return self._curve.rate_per_s(time_s) * self._factor

    def expected(self, from_s: float, to_s: float) -> float:
        return (self._curve.expected(to_s) - self._curve.expected(from_s)) * self._factor

    def count(self, from_s: float, to_s: float) -> int:
        expected = self.expected(from_s, to_s)
        if self._process == "poisson":
            return int(self._generator.poisson(expected))
        passed = self._phase + expected
        whole = math.floor(passed)
        self._phase = passed - whole
        return whole


class _Replay:
    """Recorded arrival times, each repeated as often as the scale says (a fraction by chance)."""

    def __init__(self, shape: TraceLoad, trace: TimesTrace, generator: np.random.Generator) -> None:
        self._times_s: np.ndarray = np.array(trace.times_s)
        self._scale = shape.scale
        self._jitter_s = shape.jitter_s
        self._factor = 1.0
        self._period_s = shape.period_s()
        self._generator = generator
        self._cycle = 0
        self._place = 0
        self._ahead: np.ndarray = np.zeros(0)

    def change_factor(self, factor: float, now_s: float) -> None:
        self._factor = factor
        self._cycle, within_s = self._split(now_s)
        self._place = int(np.searchsorted(self._times_s, within_s, side="left"))
        self._ahead = np.zeros(0)

    def _split(self, time_s: float) -> tuple[int, float]:
        """Whole repetitions before ``time_s``, and the time since the last began."""
        if not math.isfinite(self._period_s):
            return 0, time_s
        cycles = int(time_s // self._period_s)
        return cycles, time_s - cycles * self._period_s

    def block(self) -> np.ndarray:
        if self._factor <= 0:
            return np.zeros(0)
        while True:
            chunk = self._next_chunk()
            if chunk is None:
                times, self._ahead = self._ahead, np.zeros(0)
                return times
            times = self._copies(chunk)
            if self._jitter_s > 0:
                times = self._moved(times, float(chunk[-1]))
            if len(times):
                return times

    def _next_chunk(self) -> np.ndarray | None:
        """The next recorded times: enough for a block of arrivals, and for as many as are held back, so that sorting them in costs little for each."""
        parts: list[np.ndarray] = []
        wanted = math.ceil(max(BLOCK_POINTS, len(self._ahead)) / max(1.0, self._scale * self._factor))
        while wanted > 0:
            if self._place >= len(self._times_s):
                if not math.isfinite(self._period_s):
                    break
                self._cycle, self._place = self._cycle + 1, 0
            part = self._times_s[self._place : self._place + wanted]
            self._place += len(part)
            wanted -= len(part)
            parts.append(part + self._cycle * self._period_s if self._cycle else part)
        return np.concatenate(parts) if parts else None

    def _copies(self, chunk: np.ndarray) -> np.ndarray:
        scale = self._scale * self._factor
        whole = math.floor(scale)
        copies = whole + (self._generator.random(len(chunk)) < scale - whole)
        return np.repeat(chunk, copies)

    def _moved(self, times: np.ndarray, reached_s: float) -> np.ndarray:
        """The arrivals with jitter, in order; those that may still be overtaken by the next chunk are held back."""
        moved: np.ndarray = np.sort(np.concatenate([self._ahead, times + self._generator.uniform(0, self._jitter_s, len(times))]))
        ready = int(np.searchsorted(moved, reached_s, side="right"))
        self._ahead = moved[ready:]
        return moved[:ready]

    def rate_per_s(self, time_s: float) -> float:
        """The rate of the recorded arrivals around ``time_s``: recorded times have none at a moment."""
        half_s = max(float(self._times_s[-1]) / RATE_WINDOWS, 1.0) / 2
        start_s = max(0.0, time_s - half_s)
        return self.expected(start_s, time_s + half_s) / (time_s + half_s - start_s)

    def expected(self, from_s: float, to_s: float) -> float:
        return (self._recorded(to_s) - self._recorded(from_s)) * self._scale * self._factor

    def count(self, from_s: float, to_s: float) -> int:
        expected = self.expected(from_s, to_s)
        whole = math.floor(expected)
        return whole + int(self._generator.random() < expected - whole)

    def _recorded(self, time_s: float) -> int:
        cycles, within_s = self._split(time_s)
        return cycles * len(self._times_s) + int(np.searchsorted(self._times_s, within_s, side="left"))
