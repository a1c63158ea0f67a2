"""Load shapes: a rate of arrivals over time, as a user says it; or a number of users who wait for answers.

Every shape but the last is a piecewise linear curve on the clock of the run (a sine by 4096 pieces a cycle, exact to 3e-7 of its rate).
"""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from simulator.mechanics.distributions import Distribution, Exponential
from simulator.vocabulary import ParameterSet, parameter

SINE_POINTS = 4096


def _rate(default: Any, title: str, help: str) -> Any:  # noqa: A002
    return parameter(default, help, title=title, unit="per_s", section="Load", ge=0, le=1e9, changeable=True)


def _time(default: Any, title: str, help: str, **bounds: Any) -> Any:  # noqa: A002
    return parameter(default, help, title=title, unit="s", section="Load", **({"ge": 0, "le": 31_536_000} | bounds))


class Shape(ParameterSet):
    """A rate over time, as a piecewise linear curve: `corners` for the first period, repeated if it has one."""

    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        """Times (s, increasing from 0; equal times are a step) and the rates (1/s) there."""
        raise NotImplementedError

    def period_s(self) -> float:
        """After this time the curve repeats; infinite if its last rate goes on for ever."""
        return math.inf


class ConstantLoad(Shape):
    """The same rate all the time."""

    shape: Literal["constant"] = "constant"
    rate_per_s: float = _rate(10.0, "Rate", "Messages a second.")

    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array([0.0]), np.array([self.rate_per_s])


class RampLoad(Shape):
    """From one rate to another in a straight line, then on at that rate."""

    shape: Literal["ramp"] = "ramp"
    from_per_s: float = _rate(0.0, "From", "Messages a second at the start.")
    to_per_s: float = _rate(100.0, "To", "Messages a second at the end of the ramp, and after it.")
    over_s: float = _time(300.0, "Over", "How long the ramp takes.", ge=0.001)

    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        return np.array([0.0, self.over_s]), np.array([self.from_per_s, self.to_per_s])


class BurstLoad(Shape):
    """A base rate with a burst, once or again and again."""

    shape: Literal["burst"] = "burst"
    base_per_s: float = _rate(10.0, "Base", "Messages a second outside the burst.")
    peak_per_s: float = _rate(100.0, "Peak", "Messages a second in the burst.")
    start_s: float = _time(60.0, "Start", "When the burst begins.")
    length_s: float = _time(60.0, "Length", "How long it lasts.", ge=0.001)
    repeat_s: float | None = _time(None, "Repeat every", "Time from one burst to the next. Empty: only one.", ge=0.001)

    @model_validator(mode="after")
    def _fits(self) -> BurstLoad:
        if self.repeat_s is not None and self.repeat_s < self.start_s + self.length_s:
            raise ValueError(f"the burst ends at {self.start_s + self.length_s:g} s, after the next period begins at {self.repeat_s:g} s; repeat less often")
        return self

    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        end_s = self.start_s + self.length_s
        times = [0.0, self.start_s, self.start_s, end_s, end_s]
        rates = [self.base_per_s, self.base_per_s, self.peak_per_s, self.peak_per_s, self.base_per_s]
        return np.array(times), np.array(rates)

    def period_s(self) -> float:
        return math.inf if self.repeat_s is None else self.repeat_s


class Step(ParameterSet):
    """From a moment on, a rate."""

    at_s: float = _time(0.0, "At", "When this rate begins.")
    rate_per_s: float = _rate(10.0, "Rate", "Messages a second from then on.")


class StepsLoad(Shape):
    """Rates that change at given moments."""

    shape: Literal["steps"] = "steps"
    steps: tuple[Step, ...] = parameter(
        lambda: (Step(at_s=0, rate_per_s=10), Step(at_s=120, rate_per_s=50), Step(at_s=240, rate_per_s=10)),
        "Each step holds until the next. Before the first, nothing arrives.", title="Steps", section="Load", min_length=1, max_length=1000)

    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        times, rates = [0.0], [0.0]
        for step in sorted(self.steps, key=lambda step: step.at_s):
            times += [step.at_s, step.at_s]
            rates += [rates[-1], step.rate_per_s]
        return np.array(times), np.array(rates)


class SineLoad(Shape):
    """A day's rise and fall: a sine around a mean."""

    shape: Literal["sine"] = "sine"
    mean_per_s: float = _rate(50.0, "Mean", "Messages a second on average.")
    amplitude: float = parameter(
        0.5, "How far the rate swings, as a share of the mean.", title="Amplitude", unit="share", section="Load", ge=0, le=1, changeable=True)
    cycle_s: float = _time(86400.0, "Period", "Time from one peak to the next.", ge=0.001)
    peak_at_s: float = _time(21600.0, "First peak at", "When the rate is highest for the first time.")

    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        times = np.linspace(0.0, self.cycle_s, SINE_POINTS + 1)
        return times, self.mean_per_s * (1 + self.amplitude * np.cos(2 * np.pi * (times - self.peak_at_s) / self.cycle_s))

    def period_s(self) -> float:
        return self.cycle_s


class CountsTrace(ParameterSet):
    """A recorded load: how many messages in each interval."""

    kind: Literal["counts"] = "counts"
    name: str = parameter("", "Where it came from.", title="Name", section="Trace", max_length=200)
    interval_s: float = _time(60.0, "Interval", "Length of each interval.", ge=0.001)
    counts: tuple[Annotated[float, Field(ge=0, le=1e12)], ...] = parameter(..., "Messages in each interval.", title="Counts", section="Trace", min_length=1, max_length=1_000_000)


class TimesTrace(ParameterSet):
    """A recorded load: when each message arrived."""

    kind: Literal["times"] = "times"
    name: str = parameter("", "Where it came from.", title="Name", section="Trace", max_length=200)
    times_s: tuple[Annotated[float, Field(ge=0, le=31_536_000)], ...] = parameter(..., "Arrival times in seconds from the start.", title="Times", unit="s", section="Trace", min_length=1, max_length=1_000_000)

    @model_validator(mode="after")
    def _ordered(self) -> TimesTrace:
        if any(later < earlier for earlier, later in zip(self.times_s, self.times_s[1:], strict=False)):
            raise ValueError("arrival times must not decrease")
        return self


Trace = Annotated[CountsTrace | TimesTrace, Field(discriminator="kind")]


class TraceLoad(Shape):
    """A recorded load, replayed."""

    shape: Literal["trace"] = "trace"
    trace: Trace = parameter(
        lambda: CountsTrace(name="example", interval_s=60, counts=(600, 900, 1800, 1200, 600)), "The recorded arrivals.", title="Trace", section="Load", widget="trace")
    scale: float = parameter(1.0, "Every count is multiplied by this. Of recorded times, whole copies are made, and one more by chance for the fraction.",
                             title="Scale", unit="times", section="Load", gt=0, le=1e6)
    after: Literal["stop", "repeat", "hold"] = parameter(
        "stop", "What follows the end of the trace: nothing, the trace again, or (for counts) the rate of its last interval.", title="After the end", section="Load")
    jitter_s: float = _time(0.0, "Jitter", "For recorded times: each arrival is moved later by up to this, at random. Use the resolution of the clock that recorded them.", le=86_400)

    @model_validator(mode="after")
    def _fits(self) -> TraceLoad:
        if self.after == "hold" and isinstance(self.trace, TimesTrace):
            raise ValueError("recorded times have no last rate to hold; choose 'stop' or 'repeat'")
        if self.after == "repeat" and isinstance(self.trace, TimesTrace) and self.trace.times_s[-1] == 0:
            raise ValueError("all arrivals are recorded at 0 s, so it is unknown after how long they repeat; choose 'stop'")
        if self.jitter_s and isinstance(self.trace, CountsTrace):
            raise ValueError("jitter is for recorded times; inside an interval of counts, arrivals are spread already")
        return self

    def corners(self) -> tuple[np.ndarray, np.ndarray]:
        if isinstance(self.trace, TimesTrace):
            raise TypeError("arrival times have no rate curve")
        rates = np.repeat(np.array(self.trace.counts, dtype=float) * self.scale / self.trace.interval_s, 2)
        edges = np.arange(len(self.trace.counts) + 1) * self.trace.interval_s
        times = np.repeat(edges, 2)[1:-1]
        return (np.append(times, edges[-1]), np.append(rates, 0.0)) if self.after == "stop" else (times, rates)

    def period_s(self) -> float:
        if self.after != "repeat":
            return math.inf
        trace = self.trace
        if isinstance(trace, CountsTrace):
            return len(trace.counts) * trace.interval_s
        last_s = trace.times_s[-1]
        return last_s + last_s / max(1, len(trace.times_s) - 1)


class UsersLoad(ParameterSet):
    """A closed load: so many users, each of whom asks, waits for the answer, thinks, and asks again."""

    shape: Literal["users"] = "users"
    users: int = parameter(
        50, "How many users there are (times the load multiplier). Each waits for the answers to what was asked, all retries included, before thinking about the next. A message whose type has a"
        " single key gets the number of its user as its key.", title="Users", unit="count", section="Load", ge=0, le=1_000_000, changeable=True)
    think_time: Distribution = parameter(
        lambda: Exponential(mean_s=5.0), "Time from the answer to the next request. Who does not think at all, and is answered in no time, asks again after 1 ms.", title="Think time", unit="s",
        section="Load", widget="distribution", changeable=True)


Load = Annotated[ConstantLoad | RampLoad | BurstLoad | StepsLoad | SineLoad | TraceLoad | UsersLoad, Field(discriminator="shape")]
